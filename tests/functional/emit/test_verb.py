"""`comfylock emit` as a user calls it: where files go, what is refused, what `--check` says."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from comfylock.config.emit import KINDS
from comfylock.emit.kinds import TABLE
from comfylock.lockfile.mark import marked_digest
from comfylock.lockfile.schema import Gap
from comfylock.lockfile.write import write_lock
from tests.builders import node, ui
from tests.functional.verbs import call, data, locked, project
from tests.locks import image, python_pin, release

if TYPE_CHECKING:
    from tests.project import Run

NAME = "extra_model_paths.yaml"


def digest(run: Run) -> str:
    return hashlib.sha256((run.folder / "comfy.lock").read_bytes()).hexdigest()


def test_the_table_has_known_kinds_in_their_order() -> None:
    assert list(TABLE) == [kind for kind in KINDS if kind in TABLE]


def test_one_kind_goes_to_standard_output_and_nowhere_else(run: Run) -> None:
    project(run)
    assert call(run, "emit", "model-paths") == 0
    assert marked_digest(run.out.encode()) == digest(run)
    assert run.err == ""
    assert not (run.folder / NAME).exists()


def test_the_lock_alone_is_enough(run: Run) -> None:
    run.write("comfy.lock", write_lock(locked()))
    assert call(run, "emit", "model-paths", "-o", NAME) == 0
    assert run.out == f"Wrote {NAME}\n"
    assert call(run, "emit", "model-paths", "-o", NAME) == 0
    assert run.out.startswith(f"Same  {NAME}\n")


@pytest.mark.parametrize("output", ["deploy", "deploy/", "a/b/"])
def test_all_goes_into_a_folder(run: Run, output: str) -> None:
    project(run)
    run.write("comfylock.toml", b'[emit]\nkinds = ["model-paths"]\n')
    assert call(run, "emit", "all", "-o", output) == 0
    assert (run.folder / output / NAME).is_file()


def test_comfylock_toml_says_where_and_how(run: Run) -> None:
    project(run)
    run.write(
        "comfylock.toml", b'[emit]\noutput = "deploy"\nkinds = ["model-paths"]\nvolume = "/v"\n'
    )
    assert call(run, "emit", "all") == 0
    assert "base_path: /v/\n" in (run.folder / "deploy" / NAME).read_text("utf-8")
    assert call(run, "emit", "model-paths", "--volume", "/w") == 0
    assert "base_path: /w/\n" in run.out
    assert call(run, "emit", "--check") == 0
    assert run.out == "1 file as the lock gives\n"


def test_check_names_each_file_that_is_not_right(run: Run) -> None:
    project(run)
    run.write("comfylock.toml", b'[emit]\noutput = "deploy"\nkinds = ["model-paths"]\n')
    assert call(run, "emit", "--check") == 1
    assert run.out.startswith(f"./deploy/{NAME} is not there\n")
    assert run.err == "\nhint: comfylock emit all\n"
    call(run, "emit", "all")
    path = run.folder / "deploy" / NAME
    whole = path.read_bytes()
    path.write_bytes(whole + b"# mine\n")
    assert call(run, "emit", "--check") == 1
    assert "is not what the lock gives: changed by hand, or" in run.out
    path.write_bytes(whole.replace(digest(run).encode(), b"ab" * 32))
    assert call(run, "emit", "--check") == 1
    assert run.out == f"./deploy/{NAME} is of another lock, sha256 {'ab' * 32}\n"
    path.write_bytes(whole)
    run.write("deploy/old.yaml", whole.replace(digest(run).encode(), b"ab" * 32))
    (run.folder / "deploy" / "circle").symlink_to("circle")
    assert call(run, "emit", "--check") == 1
    assert run.out == f"deploy/old.yaml is of another lock, sha256 {'ab' * 32}\n"
    (run.folder / "deploy" / "old.yaml").unlink()
    assert call(run, "emit", "--check") == 0


def test_check_of_one_file(run: Run) -> None:
    project(run)
    call(run, "emit", "model-paths", "-o", "paths.yaml")
    assert call(run, "emit", "model-paths", "--check", "-o", "paths.yaml") == 0
    assert call(run, "emit", "model-paths", "--check", "-o", "paths.yaml", "--volume", "/x") == 1
    assert call(run, "emit", "model-paths", "--check", "-o", "nothing.yaml") == 1
    assert run.out == "nothing.yaml is not there\n"


def test_what_cannot_be_given_again_is_not_called_right(run: Run) -> None:
    project(run)
    call(run, "emit", "model-paths", "-o", "deploy/")
    call(run, "emit", "model-paths", "-o", "deploy/other.yaml")
    assert call(run, "emit", "--check", "-o", "deploy") == 1
    assert run.out == (
        "deploy/other.yaml cannot be checked: it says that it is of this lock, which with these "
        "settings gives no such file\n"
    )
    assert call(run, "emit", "model-paths", "--check", "-o", f"deploy/{NAME}") == 0


def test_nothing_emitted_is_no_success(run: Run) -> None:
    project(run)
    assert call(run, "emit", "--check", "-o", "deploy") == 1
    assert run.out == "nothing that was emitted is there\n"


def test_json(run: Run) -> None:
    project(run)
    told = data(run, "emit", "model-paths")
    assert told["lock"] == digest(run)
    assert told["files"][0]["name"] == NAME
    text = told["files"][0]["text"].encode()
    assert told["files"][0]["sha256"] == hashlib.sha256(text).hexdigest()
    told = data(run, "emit", "model-paths", "-o", NAME)
    assert [(file["path"], file["changed"]) for file in told["files"]] == [(NAME, True)]
    assert not data(run, "emit", "model-paths", "-o", NAME)["files"][0]["changed"]
    assert data(run, "emit", "model-paths", "--check", "-o", NAME)["differences"] == []
    run.write(NAME, b"x")
    call(run, "emit", "model-paths", "--check", "-o", NAME, "--json")
    envelope = json.loads(run.out)
    assert not envelope["ok"]
    assert envelope["data"]["differences"][0]["fault"] == "differs"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "say what to emit"),
        (["scirpt"], "there is no kind `scirpt`"),
        (["all", "model-paths", "-o", "x"], "`all` stands alone: it is every kind"),
        (["all"], "nobody says where the files belong"),
        (["model-paths", "-o", ""], "`-o` names nothing"),
        (["model-paths", "--layout", "pod"], "`layout` must be one of `workspace`, "),
        (["model-paths", "--comfyui-dir", "../x", "--port", "0"], "; `port` must be from 1"),
        (["model-paths", "--port", "x"], "argument --port: `x` is no port"),
        (["model-paths", "--layout", "plain"], "the layout `plain` has no volume"),
        (["model-paths", "--variant", "vdieo"], "there is no variant or group `vdieo`"),
        (["model-paths", "--tier", "fp8"], "no model has a tier `fp8`"),
        (["model-paths", "--target", "cu128"], "the lock has no target `cu128`"),
        (["model-paths", "--from", "old.lock"], "an earlier lock says nothing to `model-paths`"),
    ],
)
def test_bad_usage_writes_nothing(run: Run, words: list[str], message: str) -> None:
    project(run)
    before = sorted(run.folder.rglob("*"))
    assert call(run, "emit", *words) == 2
    assert message in run.err
    assert run.out == ""
    assert sorted(run.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("in_the_way", "told"),
    [
        ("deploy", "`{}/deploy` is no folder"),
        ("deploy/.github", "`{}/deploy/.github` is no folder"),
        ("deploy/sbom.cdx.json/x", "it is a folder"),
    ],
)
def test_all_or_nothing_is_written(run: Run, in_the_way: str, told: str) -> None:
    project(run)
    run.write("comfylock.toml", b'[emit]\nkinds = ["model-paths", "sbom", "ci"]\n')
    run.write(in_the_way, b"mine")
    before = sorted(run.folder.rglob("*"))
    assert call(run, "emit", "all", "-o", "deploy") == 2
    assert f"cannot be written: {told.format(run.folder)}\n" in run.err
    assert sorted(run.folder.rglob("*")) == before


def test_a_link_is_replaced_and_not_followed(run: Run) -> None:
    project(run)
    run.write("mine.txt", b"mine")
    (run.folder / NAME).symlink_to("mine.txt")
    assert call(run, "emit", "model-paths", "-o", NAME) == 0
    assert (run.folder / "mine.txt").read_bytes() == b"mine"
    assert marked_digest((run.folder / NAME).read_bytes()) == digest(run)


def test_no_lock(run: Run) -> None:
    assert call(run, "emit", "model-paths") == 2
    assert run.err == "error: no lockfile at `./comfy.lock`\n\nhint: comfylock lock\n"


def test_a_stale_lock_is_refused_unless_it_is_taken_as_it_is(run: Run) -> None:
    project(run)
    run.write("workflows/second.json", ui(node(1, "Nobody Knows"), node(2, "BetaNode")))
    assert call(run, "emit", "model-paths", "-o", NAME) == 1
    assert "comfy.lock is stale: nothing needs the pack `carl/gamma` (and 4 more)" in run.err
    assert not (run.folder / NAME).exists()
    assert call(run, "emit", "model-paths", "-o", NAME, "--frozen") == 0


def test_what_is_unresolved_is_refused_unless_allowed(run: Run) -> None:
    gap = Gap("pack", "beta", "not-found", "nobody knows it")
    run.write("comfy.lock", write_lock(locked(unresolved=(gap,))))
    assert call(run, "emit", "model-paths", "-o", NAME) == 1
    assert run.err.startswith("error: not everything is pinned: pack `beta`: nobody knows it\n")
    assert not (run.folder / NAME).exists()
    assert call(run, "emit", "model-paths", "-o", NAME, "--allow-unpinned") == 0
    assert run.err == "warning: not pinned: pack `beta`: nobody knows it\n"


def test_a_pylock_that_is_not_the_one(run: Run) -> None:
    run.write("comfy.lock", write_lock(locked(python=(python_pin(),))))
    assert call(run, "emit", "model-paths") == 0
    run.write("pylock.comfy.toml", b"lock-version = '1.0'\n")
    assert call(run, "emit", "model-paths") == 4
    assert "pylock.comfy.toml is not what was locked\n  expected abab" in run.err


def test_a_way_from_an_old_lock_reads_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.ops.emit.LEADING", "model-paths")
    run.write("comfy.lock", write_lock(locked()))
    assert call(run, "emit", "model-paths", "--from", "old.lock") == 2
    assert "no lockfile at `old.lock`" in run.err
    run.write("old.lock", write_lock(locked(packs=(release("alpha", "1.0.0"), locked().packs[1]))))
    assert call(run, "emit", "model-paths", "--from", "old.lock") == 0
    run.write("old.lock", b"version = 99\n")
    assert call(run, "emit", "model-paths", "--from", "old.lock") == 2


def test_the_same_lock_gives_the_same_bytes(run: Run) -> None:
    run.write("comfy.lock", write_lock(locked(images=(image(),))))
    call(run, "emit", "model-paths")
    first = run.out
    call(run, "emit", "model-paths")
    assert run.out == first
