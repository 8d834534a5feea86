"""What is found below a folder: behind links too, and no circle is gone round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.verifying.disk import walk

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_with_two_names_is_in_two_places(tmp_path: Path) -> None:
    for real in ("a", "z"):
        folder = tmp_path / real
        (folder / real / "deep").mkdir(parents=True)
        (folder / real / "deep/x.bin").write_bytes(b"x")
        (folder / "m").symlink_to(real)
        found = walk(str(folder), follows=True)
        assert set(found.files) == {f"{real}/deep/x.bin", "m/deep/x.bin"}
        assert set(found.links) == {"m"}
        assert set(walk(str(folder), follows=False).files) == {f"{real}/deep/x.bin"}


def test_a_circle_is_not_gone_round(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x.bin").write_bytes(b"x")
    (tmp_path / "a/b/up").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to(".")
    found = walk(str(tmp_path), follows=True)
    assert set(found.files) == {"a/b/x.bin"}
    assert found.unreadable == []


def test_links_that_multiply_are_told(tmp_path: Path) -> None:
    """Each level leads to the next by nine names: 9 ** 30 folders."""
    for level in range(30):
        (tmp_path / f"{level}").mkdir()
        for name in range(9):
            (tmp_path / f"{level}/{name}").symlink_to(tmp_path / f"{level + 1}")
    (tmp_path / "30").mkdir()
    found = walk(str(tmp_path / "0"), follows=True, most_folders=1000)
    assert [told for _, told in found.unreadable] == ["there is more than is looked at"]
