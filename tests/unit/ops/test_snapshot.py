from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.errors import UsageError
from comfylock.ops.snapshot import (
    MAX_SNAPSHOT_BYTES,
    MAX_YAML_BYTES,
    InstalledPack,
    Snapshot,
    load_snapshot,
    read_snapshot,
)

if TYPE_CHECKING:
    from pathlib import Path


def read(text: str) -> Snapshot:
    return read_snapshot(text.encode(), "snapshot")


def test_texts_of_yaml_stay_as_they_are_written() -> None:
    commit = "1" * 40
    snapshot = read(f"""
        comfyui: {commit}
        custom_nodes:
          git_custom_nodes:
            https://github.com/o/r: {{hash: {commit}, disabled: true}}
            https://github.com/o/s: {{hash: 0123e5, disabled: false}}
          cnr_custom_nodes: {{a: 1.10, b: 2025-01-01, c: ~}}
          file_custom_nodes: [{{filename: x.py, disabled: Yes}}, {{other: 1}}, 3]
        pips: {{numpy==1: ''}}
        """)
    assert snapshot.comfyui == commit
    assert snapshot.python_packages == 1
    assert snapshot.packs == (
        InstalledPack("file", "x.py", is_disabled=True),
        InstalledPack("git", "https://github.com/o/r", commit, is_disabled=True),
        InstalledPack("git", "https://github.com/o/s", "0123e5"),
        InstalledPack("registry", "a", "1.10"),
        InstalledPack("registry", "b", "2025-01-01"),
        InstalledPack("registry", "c"),
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"git_custom_nodes": null}',
        '{"git_custom_nodes": [], "cnr_custom_nodes": 3, "file_custom_nodes": {}, "pips": 1}',
        '{"custom_nodes": {"cnr_custom_nodes": {}}, "comfyui": null}',
        '\ufeff{"cnr_custom_nodes": {}, "comfyui": 3}',
    ],
)
def test_sections_that_are_empty_or_odd(text: str) -> None:
    assert read(text) == Snapshot()


def test_entries_that_are_odd() -> None:
    text = '{"git_custom_nodes": {"u": "abc", "v": 3}, "cnr_custom_nodes": {"a": 1.1, "b": " "}}'
    assert read(text).packs == (
        InstalledPack("git", "u", "abc"),
        InstalledPack("git", "v"),
        InstalledPack("registry", "a"),
        InstalledPack("registry", "b"),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it holds no table"),
        ("[]", "it holds no table"),
        ("3", "it holds no table"),
        ("{}", "it has none of `git_custom_nodes`, `cnr_custom_nodes`, `file_custom_nodes`"),
        ('{"custom_nodes": []}', "it has none of"),
        ("{", "it is neither JSON nor YAML"),
        ("a: \x00", "it is neither JSON nor YAML"),
        ("!!python/object/apply:os.system [id]", "it holds no table"),
        ("a: &x [1]\nb: *x", "it is neither JSON nor YAML"),
        ("? {a: b}\n: c", "it is neither JSON nor YAML"),
        ("[" * 100_000, "it is neither JSON nor YAML"),
        ("a: b: c", "it is neither JSON nor YAML"),
    ],
)
def test_what_is_no_snapshot(text: str, why: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(text)
    assert str(raised.value).startswith(f"snapshot is no snapshot of ComfyUI-Manager: {why}")
    assert raised.value.hint is not None


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(UsageError, match="it is neither JSON nor YAML"):
        read_snapshot(b"\xff\xfe\x00", "x")


def test_files_that_are_too_large(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b" " * (MAX_SNAPSHOT_BYTES + 9))
    with pytest.raises(UsageError, match="is larger than 16 MiB"):
        load_snapshot(str(tmp_path / "large"))
    with pytest.raises(UsageError, match="is no JSON, and too large for YAML"):
        read("#" * (MAX_YAML_BYTES + 1))
