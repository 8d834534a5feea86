from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.cli.change_text import changes_text
from comfylock.cli.markdown import MAX_ROWS, code, difference_markdown
from comfylock.cli.text import Style, cells
from comfylock.errors import UsageError
from comfylock.lockfile.diff import Change, Changes, FieldChange, diff
from comfylock.lockfile.schema import Lock
from comfylock.lockfile.write import write_lock
from comfylock.ops.diff import Difference, Side
from comfylock.sources.git_history import file_at
from comfylock.sources.interface import Missing
from tests.functional.shell import everything
from tests.functional.verbs import call, commit, data, git, locked, project
from tests.locks import full, hub_model, release

if TYPE_CHECKING:
    from tests.project import Run


def moved() -> Lock:
    """The lock with a newer pack, another model and a workflow less."""
    lock = locked()
    return replace(
        lock,
        packs=(replace(lock.packs[0], version="1.3.0"), lock.packs[1]),
        models=(*lock.models, hub_model()),
        workflows=lock.workflows[:1],
    )


@pytest.fixture
def history(run: Run) -> Run:
    """A repository without a lock at first, then one, tagged; the project's is newer."""
    run.write("README.md", b"nothing yet")
    commit(run.folder)
    git(run.folder, "tag", "empty")
    project(run)
    commit(run.folder)
    git(run.folder, "tag", "v1")
    run.write("comfy.lock", write_lock(moved()))
    return run


CHANGED = (
    "Packs (1)\n"
    "  ~ alpha                               1.2.0 -> 1.3.0\n"
    "Models (1)\n"
    "  + vae/ae.safetensors                  org/repo 0123456789\n"
    "Workflows (1)\n"
    "  - workflows/second.json               2 packs, 0 models\n"
)


def test_from_the_last_commit_to_the_project(history: Run) -> None:
    before = everything(history.folder)
    assert call(history, "diff") == 0
    assert (history.out, history.err) == (CHANGED, "")
    assert call(history, "diff", "--exit-code") == 1
    assert everything(history.folder) == before


@pytest.mark.parametrize(
    "words",
    [
        ("v1",),
        ("v1:comfy.lock",),
        ("HEAD:./comfy.lock", "comfy.lock"),
        (":",),
        ("main", "./comfy.lock"),
    ],
)
def test_revisions_and_files(history: Run, words: tuple[str, ...]) -> None:
    assert call(history, "diff", *words) == 0
    assert history.out == CHANGED


def test_nothing_differs(history: Run) -> None:
    assert call(history, "diff", "v1", "HEAD", "--exit-code") == 0
    assert history.out == "nothing differs\n"
    assert data(history, "diff", "v1", "HEAD")["differs"] is False


def test_files_need_no_repository(run: Run) -> None:
    run.write("a.lock", write_lock(locked()))
    run.write("b.lock", write_lock(moved()))
    assert call(run, "diff", "a.lock", "b.lock") == 0
    assert run.out == CHANGED


def test_a_project_below_its_repository(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.write("sub/comfy.lock", write_lock(locked()))
    commit(run.folder)
    run.write("sub/comfy.lock", write_lock(moved()))
    assert call(run, "diff", "-C", "sub") == 0
    assert run.out == CHANGED
    assert call(run, "diff", "HEAD:sub/comfy.lock", "sub/comfy.lock") == 0
    assert run.out == CHANGED
    monkeypatch.setenv("GIT_DIR", ".git")  # as hooks have it, seen from the top
    assert call(run, "diff", "-C", "sub") == 0
    assert run.out == CHANGED
    git(run.folder, "add", "-A")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert call(run, "diff", ":", "-C", "sub") == 0
    assert run.out == "nothing differs\n"


def test_a_work_tree_beside_its_repository(history: Run) -> None:
    git(history.folder, "worktree", "add", "-q", "../beside", "v1")
    history.write("../beside/comfy.lock", write_lock(moved()))
    assert call(history, "diff", "-C", "../beside") == 0
    assert history.out == CHANGED


def test_a_revision_without_a_lock_is_empty(history: Run) -> None:
    assert call(history, "diff", "empty", "v1") == 0
    assert history.err == "note: empty has no lock\n"
    assert history.out.startswith(
        "Options (1)\n  ~ options                             inputs +workflows\n"
    )
    assert "  + alpha                               1.2.0\n" in history.out
    assert call(history, "diff", "v1", "empty", "-q") == 0
    assert history.err == ""
    assert "  - alpha                               1.2.0\n" in history.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "`nowhere` is neither a file nor a revision of the project's repository"),
        (["v2:comfy.lock"], "there is no revision `v2`"),
        (["v1:other.lock"], "there is no file `other.lock` at that revision"),
        (["v1:workflows"], "`workflows` is no file at that revision"),
        (["v1", "HEAD", "more"], "there is no option `more`"),
        (["x" * 600], "is neither a file nor a revision"),
        (["v1\n"], "is neither a file nor a revision"),
        (["workflows"], "`workflows` is neither a file nor a revision"),
        (["v1:README.md"], "v1:README.md: is not TOML"),
    ],
)
def test_what_is_neither(history: Run, words: list[str], message: str) -> None:
    assert call(history, "diff", *words) == 2
    assert message in history.err


def test_a_dash_is_no_option_of_git(history: Run) -> None:
    found = file_at(str(history.folder), "--all", "comfy.lock", 100)
    assert isinstance(found, Missing)
    assert found.message == "there is no revision `--all`"


def test_a_file_that_is_too_large(history: Run) -> None:
    with pytest.raises(UsageError, match="is larger than 0 MiB at that revision"):
        file_at(str(history.folder), "HEAD", "comfy.lock", 100)


def test_without_a_repository_or_a_lock(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(run.folder.parent))
    assert call(run, "diff") == 2
    assert f"error: {run.folder} is in no git repository\n" in run.err
    git(run.folder, "init", "-q")
    assert call(run, "diff") == 2
    assert "`HEAD` is neither a file nor a revision" in run.err
    commit(run.folder)
    assert call(run, "diff") == 2
    assert "no lockfile at `./comfy.lock`" in run.err
    assert call(run, "diff", "HEAD", "comfy.lock") == 2
    assert "`comfy.lock` is neither a file nor a revision" in run.err
    assert call(run, "diff", "HEAD", "-C", "gone") == 2
    assert "gone: there is no such folder" in run.err


def test_a_repository_of_somebody_else(history: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert call(history, "diff") == 2
    assert f"git does not trust the repository of {history.folder}: it belongs" in history.err
    assert f"git config --global --add safe.directory {history.folder}" in history.err


def test_a_repository_that_is_damaged(history: Run) -> None:
    git(history.folder, "config", "core.repositoryFormatVersion", "99")
    assert call(history, "diff") == 2
    assert "git cannot read the repository of" in history.err


def test_without_git(history: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("git.cmd.Git.GIT_PYTHON_GIT_EXECUTABLE", "no-such-program")
    assert call(history, "diff") == 2
    assert "error: git is not installed\n" in history.err


def test_a_lock_of_a_revision_that_cannot_be_read(run: Run) -> None:
    run.write("comfy.lock", b"version = 99\n")
    commit(run.folder)
    project(run)
    assert call(run, "diff") == 2
    assert "HEAD: lock version 99, this comfylock reads up to 1" in run.err


def test_nothing_of_the_repository_is_run(history: Run) -> None:
    script = history.folder / "script"
    script.write_text("#!/bin/sh\ntouch ran\n", "utf-8")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "diff.external", "filter.x.smudge"):
        git(history.folder, "config", key, str(script))
    (history.folder / ".gitattributes").write_text("* filter=x diff=x\n", "utf-8")
    assert call(history, "diff") == 0
    assert history.out == CHANGED
    assert not (history.folder / "ran").exists()


def test_a_partial_clone_fetches_nothing(history: Run) -> None:
    git(history.folder, "config", "uploadpack.allowFilter", "true")
    (history.folder / "comfy.lock").unlink()
    git(history.folder, "checkout", "-q", "comfy.lock")
    words = ("--no-local", "--no-checkout", "--filter=blob:none")
    git(history.folder, "clone", "-q", *words, f"file://{history.folder}", "../partial")
    history.write("../partial/comfy.lock", write_lock(moved()))
    assert call(history, "diff", "-C", "../partial") == 2
    assert "git cannot read `./comfy.lock` at that revision" in history.err


# what is printed


def test_every_field_of_a_change(history: Run) -> None:
    assert call(history, "diff", "--verbose") == 0
    assert "      version: 1.2.0 -> 1.3.0\n" in history.out


def test_json(history: Run) -> None:
    found = data(history, "diff")
    assert found["old"] == {"name": "HEAD", "is_absent": False}
    assert found["changes"]["packs"] == [
        {
            "kind": "changed",
            "name": "alpha",
            "summary": "1.2.0 -> 1.3.0",
            "fields": [{"field": "version", "old": "1.2.0", "new": "1.3.0"}],
        }
    ]


def test_markdown(history: Run) -> None:
    assert call(history, "diff", "--markdown") == 0
    assert history.out == (
        "### `comfy.lock`: 3 differences (1 added, 1 changed, 1 removed)\n"
        "\n"
        "| | what | name | change |\n"
        "|---|---|---|---|\n"
        "| changed | pack | `alpha` | `1.2.0 -> 1.3.0` |\n"
        "| added | model | `vae/ae.safetensors` | `org/repo 0123456789` |\n"
        "| removed | workflow | `workflows/second.json` | `2 packs, 0 models` |\n"
    )
    assert call(history, "diff", "v1", "HEAD", "--markdown") == 0
    assert history.out == "### `comfy.lock`: nothing differs\n"
    assert call(history, "diff", "empty", "--markdown") == 0
    assert "\n\n`empty` has no lock.\n\n| | what" in history.out


HOSTILE = (
    "a | b `c` @team #1 <img src=x> [x](https://evil.example) \\| \n| x |\r**b** \\",
    "``` |\n</td>",
    "\\|\\`|`",
    "\u202e|\x1b[2J",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_in_their_cell(text: str) -> None:
    change = Change("added", text, text)
    found = Difference(Side(text, is_absent=True), Side("b"), Changes(packs=(change,)))
    lines = difference_markdown(found).splitlines()
    assert len(lines) == 7
    row = lines[-1]
    assert row.count("|") == 5
    assert row.count("`") == 4
    assert "\\" not in row
    assert row.isprintable()
    assert code(" ") == ""


def test_a_table_that_is_too_long_is_cut() -> None:
    many = Lock(packs=tuple(release(f"pack-{n:04}") for n in range(MAX_ROWS + 5)))
    text = difference_markdown(Difference(Side("a"), Side("b"), diff(Lock(), many)))
    assert text.endswith("\nand 5 more: `comfylock diff`\n")
    assert text.count("\n| added |") == MAX_ROWS


@pytest.mark.parametrize("columns", [20, 45, 80])
def test_narrow_terminals_and_hostile_names(columns: int) -> None:
    evil = "\x1b[2J\u202eevil" + "漢" * 60
    fields = (FieldChange("a", None, (evil, evil)), FieldChange("b", True, ()))
    changes = Changes(packs=(Change("changed", evil, evil * 3, fields), Change("added", "", "")))
    text = changes_text(changes, Style("never", sys.stdout), columns, verbose=True)
    assert not set(text) & set("\x1b\u202e")
    assert max(cells(line) for line in text.splitlines()) <= columns
    assert "b: True -> none" in " ".join(text.split())


def test_all_parts_of_a_lock(run: Run) -> None:
    run.write("a.lock", write_lock(full()))
    run.write("b.lock", write_lock(Lock()))
    assert call(run, "diff", "b.lock", "a.lock") == 0
    titles = ["Options", "ComfyUI", "Images", "Python packages", "Packs", "Models"]
    titles += ["Workflows", "Unresolved", "Tools"]
    shown = [line.partition(" (")[0] for line in run.out.splitlines() if line[:1] != " "]
    assert shown == titles
