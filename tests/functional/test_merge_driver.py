"""P18: git merges locks entry by entry, and what is left to decide can be taken up by `lock`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from comfylock.errors import LockConflictError
from comfylock.lockfile.markers import split_conflict
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.schema import ComfyuiPin, Lock, Options, PackPin, WorkflowEntry
from comfylock.lockfile.write import write_lock
from comfylock.ops.merge_driver import COMMANDS
from tests.builders import stamped, ui
from tests.functional.shell import everything
from tests.functional.verbs import call, commit, data, git, locked, project
from tests.locks import hub_model, release
from tests.services.comfy_registry import registry_serving

if TYPE_CHECKING:
    from tests.project import Run

ROOT = str(Path(__file__).parents[2])


def with_packs(*packs: PackPin, **fields: Any) -> Lock:
    """A lock whose one workflow needs these packs."""
    entry = WorkflowEntry("workflows/a.json", tuple(sorted(pin.name for pin in packs)))
    options = Options(inputs=("workflows",))
    values: dict[str, Any] = {"options": options, "workflows": (entry,), "packs": packs}
    return Lock(**{**values, **fields})


class Branches:
    """A repository whose branches change the lock, with the driver installed as told."""

    def __init__(self, run: Run, base: Lock) -> None:
        self.run = run
        self.folder = run.folder
        run.write("comfy.lock", write_lock(base))
        assert call(run, "merge-driver", "--install") == 0
        commit(run.folder)
        for command in COMMANDS:
            git(self.folder, *self._words(command))

    def _words(self, command: str) -> list[str]:
        import shlex  # noqa: PLC0415

        _, *words = shlex.split(command)
        python = f"PYTHONPATH={shlex.quote(ROOT)} {shlex.quote(sys.executable)} -m comfylock"
        return [word.replace("comfylock merge-driver", f"{python} merge-driver") for word in words]

    def merge(self, ours: Lock, theirs: Lock) -> tuple[int, str, bytes]:
        """Commit both, each on its branch, and merge; how git ended, what it said, the lock."""
        git(self.folder, "checkout", "-q", "-b", "theirs")
        self.run.write("comfy.lock", write_lock(theirs))
        commit(self.folder)
        git(self.folder, "checkout", "-q", "main")
        self.run.write("comfy.lock", write_lock(ours))
        commit(self.folder)
        names = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        command = ["git", *names, "merge", "--no-edit", "theirs"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        lock = (self.folder / "comfy.lock").read_bytes()
        return done.returncode, done.stdout + done.stderr, lock


def test_p18_neighbours_merge_cleanly(run: Run) -> None:
    base = with_packs(release("alpha"), release("omega"))
    ours = with_packs(release("alpha"), release("beta"), release("omega", "1.3.0"))
    theirs = with_packs(release("alpha"), release("delta"), release("gamma"), release("omega"))
    code, said, lock = Branches(run, base).merge(ours, theirs)
    assert (code, "CONFLICT" in said) == (0, False), said
    pins = {pin.name: pin.version for pin in read_lock(lock).packs}
    assert pins == {
        "alpha": "1.2.0",
        "beta": "1.2.0",
        "delta": "1.2.0",
        "gamma": "1.2.0",
        "omega": "1.3.0",
    }
    assert read_lock(lock).workflows[0].packs == tuple(pins)


def test_p18_the_same_entry_is_a_conflict_around_that_entry_alone(run: Run) -> None:
    base = with_packs(release("alpha"), release("beta"))
    ours = with_packs(release("aaa"), release("alpha", "1.3.0"), release("beta"))
    theirs = with_packs(release("alpha", "2.0.0"), release("beta"), release("zeta"))
    code, said, lock = Branches(run, base).merge(ours, theirs)
    assert code == 1
    assert "error: comfy.lock: pack `alpha` differs on both sides\n" in said
    assert "hint: comfylock lock -P alpha\n" in said
    between = lock[lock.index(b"<<<<<<<") : lock.index(b">>>>>>>")]
    assert lock.count(b"<<<<<<<") == 1
    assert between.count(b"[[pack]]") == 3
    assert between.count(b'name = "alpha"') == 3
    with pytest.raises(LockConflictError):
        read_lock(lock)
    sides = split_conflict(lock)
    assert sides.base is not None
    versions = [
        {pin.name: pin.version for pin in read_lock(side).packs}["alpha"]
        for side in (sides.ours, sides.base, sides.theirs)
    ]
    assert versions == ["1.3.0", "1.2.0", "2.0.0"]
    names = [pin.name for pin in read_lock(sides.ours).packs]
    assert names == ["aaa", "alpha", "beta", "zeta"]
    assert call(run, "tree") == 2
    assert "`comfylock lock` takes both sides" in run.err


def test_p18_lock_takes_the_conflict_up(run: Run) -> None:
    base = locked()
    ours = replace(base, packs=(replace(base.packs[0], version="1.3.0"), base.packs[1]))
    theirs = replace(base, packs=(replace(base.packs[0], version="1.4.0"), base.packs[1]))
    project(run, base)
    Branches(run, base).merge(ours, theirs)
    before = everything(run.folder)
    assert call(run, "lock", "--offline") == 1
    told = "both sides of the merge pin it, differently; comfylock lock --upgrade-package alpha"
    assert f"error: alpha: {told}\n" in run.err
    assert everything(run.folder) == before


def test_p18_naming_the_entry_settles_the_conflict(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMFYLOCK_CACHE_DIR", str(tmp_path / "cache"))
    run.write("workflows/a.json", ui(stamped(2, "AlphaNode", cnr_id="alpha", ver="1.2.0")))
    run.write("comfylock.toml", b"[comfyui]\npin = false\n")
    base, ours, theirs = (
        with_packs(release("alpha", version, provides=("AlphaNode",)))
        for version in ("1.2.0", "1.3.0", "1.4.0")
    )
    _, _, lock = Branches(run, base).merge(ours, theirs)
    assert b"<<<<<<<" in lock
    with registry_serving() as registry:
        monkeypatch.setenv("COMFYLOCK_REGISTRY_URL", registry.url)
        for version in ("1.2.0", "1.3.0", "1.4.0"):
            registry.publish("alpha", version, ("AlphaNode",))
        assert call(run, "lock", "-P", "alpha") == 0, run.err
    found = read_lock((run.folder / "comfy.lock").read_bytes())
    assert [(pin.name, pin.version) for pin in found.packs] == [("alpha", "1.4.0")]
    assert call(run, "lock", "--check") == 0


def test_a_lock_in_a_folder_with_a_strange_name(run: Run) -> None:
    folder = "--install $(touch ran) 'x"
    lock = with_packs(release("alpha"))
    run.write(f"{folder}/comfy.lock", write_lock(lock))
    branches = Branches(run, lock)
    run.write(f"{folder}/.gitattributes", b"comfy.lock merge=comfylock\n")
    git(run.folder, "checkout", "-q", "-b", "other")
    run.write(f"{folder}/comfy.lock", write_lock(with_packs(release("alpha", "1.3.0"))))
    commit(run.folder)
    git(run.folder, "checkout", "-q", "main")
    run.write(f"{folder}/comfy.lock", write_lock(with_packs(release("alpha", "1.4.0"))))
    commit(run.folder)
    names = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    command = ["git", *names, "merge", "other"]
    done = subprocess.run(command, cwd=branches.folder, capture_output=True, text=True, check=False)
    assert f"error: {folder}/comfy.lock: pack `alpha` differs on both sides" in done.stderr
    assert not (run.folder / "ran").exists()


# the verb by itself


def three(run: Run, base: Lock | bytes, ours: Lock | bytes, theirs: Lock | bytes) -> list[str]:
    names = ["base", "ours", "theirs"]
    for name, lock in zip(names, (base, ours, theirs), strict=True):
        run.write(name, lock if isinstance(lock, bytes) else write_lock(lock))
    return names


def test_a_clean_merge_is_silent(run: Run) -> None:
    one = with_packs(release("alpha"))
    both = with_packs(release("alpha"), release("beta"))
    assert call(run, "merge-driver", *three(run, one, one, both)) == 0
    assert (run.out, run.err) == ("", "")
    assert (run.folder / "ours").read_bytes() == write_lock(both)
    assert sorted(everything(run.folder))[-3:] == ["base", "ours", "theirs"]


def test_without_a_common_ancestor(run: Run) -> None:
    ours = with_packs(release("alpha"), release("beta", "1.3.0"))
    theirs = with_packs(release("beta", "2.0.0"), release("gamma"))
    words = three(run, b"", ours, theirs)
    assert call(run, "merge-driver", *words, "sub/comfy.lock") == 1
    assert run.err.startswith("error: sub/comfy.lock: pack `beta` differs on both sides\n")
    sides = split_conflict((run.folder / "ours").read_bytes())
    assert sides.base is None
    assert [pin.name for pin in read_lock(sides.theirs).packs] == ["alpha", "beta", "gamma"]


def test_moved_here_and_removed_there(run: Run) -> None:
    base = with_packs(release("alpha"), release("beta"))
    ours = with_packs(release("alpha"))
    theirs = with_packs(release("alpha"), release("beta", "2.0.0"))
    found = data(run, "merge-driver", *three(run, base, ours, theirs), "--path", "x.lock")
    assert [(c["kind"], c["name"], c["ours"]) for c in found["conflicts"]] == [
        ("pack", "beta", None)
    ]
    assert "pack `beta` was moved on one side and removed on the other" in run.err


def test_sides_that_make_no_sense_alone_stand_whole(run: Run) -> None:
    model = hub_model()
    entry = WorkflowEntry("workflows/a.json", (), (model.key,))
    base = Lock(workflows=(entry,), models=(model,))
    ours = Lock(workflows=(replace(entry, models=()),))
    more = WorkflowEntry("workflows/b.json", (), (model.key,))
    theirs = replace(base, workflows=(entry, more), models=(replace(model, sha256="ef" * 32),))
    assert call(run, "merge-driver", *three(run, base, ours, theirs)) == 1
    found = (run.folder / "ours").read_bytes()
    assert found.startswith(b"<<<<<<< ours\n# Written by comfylock")
    sides = split_conflict(found)
    assert (sides.ours, sides.base, sides.theirs) == tuple(map(write_lock, (ours, base, theirs)))


def test_models_and_comfyui_with_a_common_ancestor(run: Run) -> None:
    def of(version: str, digest: str) -> Lock:
        return Lock(
            comfyui=ComfyuiPin(f">={version}"), models=(hub_model(sha256=digest * 32, size=1),)
        )

    words = three(run, of("0.1.0", "aa"), of("0.2.0", "bb"), of("0.3.0", "cc"))
    assert call(run, "merge-driver", *words) == 1
    assert "the pin of `comfyui` differs on both sides\n" in run.err
    assert "model `vae/ae.safetensors` differs on both sides\n" in run.err
    found = (run.folder / "ours").read_bytes()
    sides = split_conflict(found)
    assert sides.base == write_lock(of("0.1.0", "aa"))
    assert (sides.ours, sides.theirs) == (
        write_lock(of("0.2.0", "bb")),
        write_lock(of("0.3.0", "cc")),
    )


@pytest.mark.parametrize(
    ("field", "kind", "values"),
    [
        ("options", "option", [Options(prefer="latest"), Options(prefer="authored")]),
        ("tool", "table", [{"x": {"a": 1}}, {"x": {"a": 2}}]),
    ],
)
def test_what_is_no_pin(run: Run, field: str, kind: str, values: list[Any]) -> None:
    ours, theirs = (Lock(**{field: value}) for value in values)
    assert call(run, "merge-driver", *three(run, b"", ours, theirs)) == 1
    assert f"error: comfy.lock: {kind} `" in run.err
    assert "hint: decide between the markers, then `comfylock lock`\n" in run.err


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (b"version = 99\n", "lock version 99, this comfylock reads up to 1"),
        (b"no lock", "is not TOML"),
        (b"<<<<<<< a\n=======\n>>>>>>> b\n", "has unresolved merge conflicts (lines 1, 3)"),
    ],
)
def test_a_lock_that_cannot_be_understood(run: Run, place: int, broken: bytes, told: str) -> None:
    given: list[Lock | bytes] = [with_packs(release("alpha"))] * 3
    given[place] = broken
    words = three(run, given[0], given[1], given[2])
    before = everything(run.folder)
    assert call(run, "merge-driver", *words) == 2
    assert f"comfy.lock ({words[place]})" in run.err
    assert told in run.err
    assert everything(run.folder) == before


def test_newer_keys_are_not_lost(run: Run) -> None:
    lock = write_lock(with_packs(release("alpha"))).replace(
        b"version = 1\n", b"version = 1\nrevision = 7\n", 1
    )
    lock = lock.replace(b"[options]\n", b'[options]\nnew-key = "x"\n')
    words = three(run, lock, lock, with_packs(release("alpha"), release("beta")))
    before = everything(run.folder)
    assert call(run, "merge-driver", *words) == 2
    assert "keys that this comfylock does not know" in run.err
    assert everything(run.folder) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "`merge-driver` needs three files: %O %A %B"),
        (["base", "ours"], "`merge-driver` needs three files: %O %A %B"),
        (["base", "ours", "gone"], "gone: there is no such file"),
        (["base", "ours", "theirs", "--install"], "--install takes no files"),
        (["--install", "-C", "gone"], "gone: there is no such folder"),
    ],
)
def test_a_command_line_that_makes_no_sense(run: Run, words: list[str], message: str) -> None:
    three(run, Lock(), Lock(), Lock())
    assert call(run, "merge-driver", *words) == 2
    assert message in run.err


def test_a_result_that_cannot_be_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = three(run, b"", Lock(), with_packs(release("alpha")))

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    assert call(run, "merge-driver", *words) == 1
    assert "error: ours cannot be written: Permission denied\n" in run.err
    assert set(everything(run.folder)) >= set(words)
    assert not [name for name in os.listdir(run.folder) if name.startswith(".comfylock-")]


# --install


def test_installing_writes_one_line_and_runs_nothing(run: Run) -> None:
    git(run.folder, "init", "-q")
    before = (run.folder / ".git" / "config").read_bytes()
    assert call(run, "merge-driver", "--install") == 0
    assert (run.folder / ".gitattributes").read_text("utf-8") == "comfy.lock merge=comfylock\n"
    assert run.out == (
        "Wrote ./.gitattributes: comfy.lock merge=comfylock\n"
        "Commit it. Then, once in each clone, as git takes no command from a repository:\n"
        "\n"
        '  git config merge.comfylock.name "comfy.lock, entry by entry"\n'
        '  git config merge.comfylock.driver "comfylock merge-driver %O %A %B --path=%P"\n'
    )
    assert (run.folder / ".git" / "config").read_bytes() == before
    again = data(run, "merge-driver", "--install")
    assert (again["is_written"], again["commands"]) == (False, list(COMMANDS))
    assert call(run, "merge-driver", "--install") == 0
    assert run.out.startswith("Already in ./.gitattributes: ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"*.png binary", b"*.png binary\ncomfy.lock merge=comfylock\n"),
        (b"*.png binary\r\n", b"*.png binary\r\ncomfy.lock merge=comfylock\r\n"),
        (b"\n\xff\n# x\n", b"\n\xff\n# x\ncomfy.lock merge=comfylock\n"),
        (b"comfy.lock text\n", b"comfy.lock text\ncomfy.lock merge=comfylock\n"),
        (b"/comfy.lock text merge=comfylock\n", b"/comfy.lock text merge=comfylock\n"),
    ],
)
def test_other_attributes_stay(run: Run, before: bytes, after: bytes) -> None:
    run.write(".gitattributes", before)
    assert call(run, "merge-driver", "--install") == 0
    assert (run.folder / ".gitattributes").read_bytes() == after


@pytest.mark.parametrize("said", ["merge=union", "-merge", "!merge", "merge"])
def test_another_driver_is_not_overruled(run: Run, said: str) -> None:
    run.write(".gitattributes", f"comfy.lock {said}\n".encode())
    assert call(run, "merge-driver", "--install") == 2
    assert f"./.gitattributes says `{said}` of comfy.lock already" in run.err


def test_a_link_or_a_folder_is_left_alone(run: Run) -> None:
    (run.folder / "real").write_bytes(b"")
    (run.folder / ".gitattributes").symlink_to("real")
    assert call(run, "merge-driver", "--install") == 2
    assert "is a link, which git does not follow" in run.err
    (run.folder / ".gitattributes").unlink()
    (run.folder / ".gitattributes").mkdir()
    assert call(run, "merge-driver", "--install") == 2


def test_attributes_that_cannot_be_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    assert call(run, "merge-driver", "--install") == 2
    assert "error: .: .gitattributes cannot be written: Permission denied\n" in run.err
