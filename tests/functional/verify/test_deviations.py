"""A seeded tree: each deviation is found and named, and nothing else is."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from comfylock.verifying.kinds import KINDS
from tests.dependency_report import falsely_verified
from tests.functional.verify.conftest import found, verify
from tests.functional.verify.deviations import DEVIATIONS

if TYPE_CHECKING:
    from tests.installation import Tree


def test_there_are_enough_of_them() -> None:
    assert len(DEVIATIONS) >= 60


def test_nothing_is_said_about_a_clean_tree(tree: Tree) -> None:
    ended = found(tree, "--strict")
    assert ended.data["findings"] == []
    assert ended.code == 0
    assert {item["status"] for item in ended.data["items"]} == {"verified"}
    assert len(ended.data["items"]) == 10


@pytest.mark.parametrize("name", DEVIATIONS)
def test_each_deviation_is_found_and_named_and_no_other(tree: Tree, name: str) -> None:
    seeded = DEVIATIONS[name]
    seeded.change(tree)
    ended = found(tree)
    assert ended.found == seeded.found
    assert ended.code == seeded.code
    assert falsely_verified(ended.data) == []
    for finding in ended.data["findings"]:
        assert finding["message"]
        assert finding["mend"] or finding["severity"] == "note"


@pytest.mark.parametrize("name", [name for name in DEVIATIONS if DEVIATIONS[name].is_mended])
def test_the_commands_that_are_named_mend_it(tree: Tree, name: str) -> None:
    DEVIATIONS[name].change(tree)
    for _ in range(3):
        mends = [finding["mend"] for finding in found(tree).data["findings"] if finding["mend"]]
        if not mends:
            break
        done = subprocess.run(
            ["bash", "-c", mends[0]],
            cwd=tree.root,
            env=tree.variables()
            | {
                "GIT_AUTHOR_NAME": "A",
                "GIT_COMMITTER_NAME": "A",
                "GIT_AUTHOR_EMAIL": "a@b.c",
                "GIT_COMMITTER_EMAIL": "a@b.c",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    ended = verify(tree)
    assert "nothing differs" in ended.out, ended.out


def test_every_kind_that_a_disk_can_show_is_seeded() -> None:
    seeded = {kind for each in DEVIATIONS.values() for kind, _ in each.found}
    parts = ("pack-", "model-", "comfyui-")
    elsewhere = {"pack-unproven", "model-alternative"}
    assert {kind for kind in KINDS if kind.startswith(parts)} - elsewhere <= seeded
