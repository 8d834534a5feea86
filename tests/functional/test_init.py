from __future__ import annotations

import json
import os
from typing import Any

import pytest

from comfylock.cli.main import main
from comfylock.config import load_config
from comfylock.errors import UsageError
from comfylock.ops.init import begin, write
from comfylock.registry.store import Registry
from comfylock.requirements import PackRule
from tests.builders import node, ui
from tests.functional.shell import everything
from tests.project import GOOD, OPEN, Run

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SETTLED = b"""
[class-types]
Shared = "beta"
[models]
"mystery.safetensors" = { local = true }
"""
SNAPSHOT = {
    "comfyui": COMMIT,
    "git_custom_nodes": {
        "https://github.com/Ann/Alpha.git": {"hash": COMMIT, "disabled": False},
        "git@git.example.com:me/private.git": {"hash": COMMIT, "disabled": False},
        "https://me:hunter2@git.example.com/me/secret": {"hash": COMMIT, "disabled": False},
        "https://github.com/off/switched": {"hash": COMMIT, "disabled": True},
        "https://github.com/no/commit": {"hash": None, "disabled": False},
        "nowhere": {"hash": COMMIT, "disabled": False},
    },
    "cnr_custom_nodes": {"Beta": "1.2.3", "delta": "nightly", "alpha": "2.0.0"},
    "file_custom_nodes": [{"filename": "tiny.py", "disabled": False}],
    "pips": {"numpy==2.1.0": "", "torch==2.5.1": ""},
}


def call(run: Run, *words: str) -> int:
    code = main(["init", *words])
    out, err = run.capture.readouterr()
    run.out, run.err = out.decode(), err.decode()
    return code


def written(run: Run, folder: str = ".") -> str:
    return (run.folder / folder / "comfylock.toml").read_text("utf-8")


def test_a_file_with_a_line_for_all_that_is_open(run: Run) -> None:
    run.write("workflows/good.json", GOOD)
    run.write("workflows/open.json", OPEN)
    assert call(run) == 0
    assert (run.out, run.err) == (
        "Wrote ./comfylock.toml: 2 class types and 1 model to complete\n",
        "",
    )
    text = written(run)
    assert '\nworkflows = ["workflows/"]\n' in text
    assert '\n# "Nobody Knows" = "owner/repo"\n' in text
    assert '\n# "Shared" = "beta"  # or alpha, carl/gamma\n' in text
    assert '\n# "loras/mystery.safetensors" = "https://…"\n' in text
    assert load_config(str(run.folder)).workflows == ("workflows/",)


def test_the_completed_lines_settle_it(run: Run) -> None:
    run.write("workflows/open.json", OPEN)
    assert call(run) == 0
    text = written(run).replace('# "', '"').replace("https://…", "https://huggingface.co/a/b/c")
    (run.folder / "comfylock.toml").write_text(text.replace('"some-pack" =', "# ="), "utf-8")
    assert run("workflows", "--strict") == 0
    assert "no source known" not in run.out


def test_nothing_is_open(run: Run) -> None:
    run.write("workflows/good.json", GOOD)
    assert call(run) == 0
    assert written(run).count("# Nothing is open.\n") == 2


def test_a_project_without_workflows(run: Run) -> None:
    assert call(run) == 0
    assert run.err == "warning: no workflows were looked at: there is no folder `workflows`\n"
    assert '\n# workflows = ["workflows/"]\n' in written(run)


def test_files_folders_and_patterns(run: Run) -> None:
    for name in ("p/a.json", "p/b/c.json", "p/-d.json"):
        run.write(name, GOOD)
    assert call(run, "-C", "p", "p/a.json", "p/b", "p/b/*.json", "p/-d.json", "p") == 0
    expected = ("a.json", "b/", "b/*.json", "./-d.json", "./")
    assert load_config(str(run.folder / "p")).workflows == expected


def test_workflows_that_cannot_be_read_are_told(run: Run) -> None:
    run.write("workflows/a.json", OPEN)
    run.write("workflows/broken.json", b'{"nodes": [')
    assert call(run, "workflows", "workflows/broken.json") == 0
    assert run.err.startswith("warning: workflows/broken.json: ")
    assert "Nobody Knows" in written(run)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.json"], "nowhere.json: there is no such file or folder"),
        (["-"], "`init` needs files and folders, not standard input"),
        (["-C", "nowhere"], "nowhere: there is no such folder"),
        (["-C", "p", "a.json"], "a.json is not inside the project's folder p"),
        (["--from-snapshot", "nowhere"], "nowhere cannot be read: No such file or directory"),
        (["--from-snapshot", "a.json"], "a.json is no snapshot of ComfyUI-Manager: it has none"),
    ],
)
def test_mistakes(run: Run, words: list[str], message: str) -> None:
    run.write("a.json", GOOD)
    (run.folder / "p").mkdir()
    before = everything(run.folder)
    assert call(run, *words) == 2
    assert run.err.startswith(f"error: {message}")
    assert everything(run.folder) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("comfylock.toml", ""),
        ("comfylock.toml", "broken ["),
        ("pyproject.toml", '[tool.comfylock.class-types]\nA = "x"\n'),
        ("pyproject.toml", "[tool.comfylock]\nzzz = 1\n"),
    ],
)
def test_settings_that_are_there_are_never_overwritten(run: Run, name: str, text: str) -> None:
    run.write(name, text.encode())
    before = everything(run.folder)
    assert call(run) == 2
    assert name in run.err
    assert "hint: comfylock init --dry-run, and take over what you want" in run.err
    assert everything(run.folder) == before


def test_a_file_that_somebody_writes_meanwhile_stays(run: Run) -> None:
    started = begin(".", [], registry=Registry((str(run.folder / ".comfylock" / "registry"),)))
    run.write("comfylock.toml", b"# mine\n")
    with pytest.raises(UsageError, match="is there already and is not overwritten"):
        write(started)
    assert written(run) == "# mine\n"


def test_a_link_that_leads_nowhere_is_not_overwritten(run: Run) -> None:
    os.symlink("elsewhere.toml", run.folder / "comfylock.toml")
    assert call(run) == 2
    assert not (run.folder / "elsewhere.toml").exists()


def test_a_pyproject_of_other_tools_is_in_nobodys_way(run: Run) -> None:
    run.write("pyproject.toml", b'[project]\nname = "x"\ndependencies = ["comfylock"]\n')
    assert call(run) == 0


def test_a_folder_that_cannot_be_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    assert call(run) == 2
    assert run.err == "error: ./comfylock.toml cannot be written: No space left on device\n"


def test_dry_run_prints_what_would_be_written(run: Run) -> None:
    run.write("workflows/open.json", OPEN)
    before = everything(run.folder)
    assert call(run, "--dry-run") == 0
    shown = run.out
    assert everything(run.folder) == before
    assert call(run) == 0
    assert written(run) == shown


def test_dry_run_heeds_the_settings_that_are_there(run: Run) -> None:
    run.write("workflows/open.json", OPEN)
    run.write("comfylock.toml", SETTLED)
    assert call(run, "--dry-run") == 0
    assert '"loras/mystery.safetensors"' not in run.out
    assert '"Nobody Knows"' in run.out
    assert '"Shared"' not in run.out


def test_json(run: Run) -> None:
    run.write("workflows/open.json", OPEN)
    run.write("snapshot.json", SNAPSHOT)
    assert call(run, "--json", "--dry-run", "--from-snapshot", "snapshot.json") == 0
    told = json.loads(run.out)
    assert (told["schema"], told["ok"]) == ("comfylock.init", True)
    data = told["data"]
    assert (data["file"], data["written"]) == ("./comfylock.toml", False)
    assert (data["class_types"], data["models"], data["packs"]) == (2, 1, 4)
    assert len(data["problems"]) == 6
    assert call(run, "--json") == 0
    assert json.loads(run.out)["data"]["text"] == written(run)


# snapshots


def as_yaml(snapshot: dict[str, Any]) -> bytes:
    import yaml  # noqa: PLC0415

    return yaml.safe_dump({"custom_nodes": snapshot}).encode()


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_pins_of_a_snapshot(run: Run, form: str) -> None:
    data = json.dumps(SNAPSHOT).encode() if form == "json" else as_yaml(SNAPSHOT)
    run.write("snapshot", data)
    assert call(run, "--from-snapshot", "snapshot") == 0
    assert run.out.endswith(" to complete; 4 packs pinned by the snapshot\n")
    assert load_config(str(run.folder)).pack_rules == {
        "alpha": PackRule("alpha", version="2.0.0", is_required=True),
        "beta": PackRule("beta", version="1.2.3", is_required=True),
        "https://git.example.com/me/private": PackRule(
            "https://git.example.com/me/private",
            git="git@git.example.com:me/private.git",
            revision=COMMIT,
            is_required=True,
        ),
        "https://git.example.com/me/secret": PackRule(
            "https://git.example.com/me/secret",
            git="https://git.example.com/me/secret",
            revision=COMMIT,
            is_required=True,
        ),
    }


def test_what_a_snapshot_cannot_give_is_told_and_noted(run: Run) -> None:
    run.write("snapshot.json", SNAPSHOT)
    assert call(run, "--from-snapshot", "snapshot.json") == 0
    assert "hunter2" not in run.err + written(run)
    told = [line for line in run.err.splitlines() if "from the snapshot: " in line]
    assert [line.partition("snapshot: ")[2] for line in told] == [
        "`delta`: must be a version such as `1.2.3` or a range such as `>=1.2,<2`",
        "`tiny.py`: a single file does not say where it is from; give its `url`",
        "`https://github.com/Ann/Alpha`: the snapshot has `alpha` twice",
        "`https://github.com/no/commit`: its version is not told",
        "`https://github.com/off/switched`: it is disabled",
        "`nowhere`: is no repository",
    ]
    text = written(run)
    assert f"\n# the snapshot has ComfyUI at commit {COMMIT}\n" in text
    assert "\n# the snapshot lists 2 Python packages; locks find their own\n" in text
    disabled = (
        f'{{ git = "https://github.com/off/switched", revision = "{COMMIT}", always = true }}'
    )
    assert f'\n# "off/switched" = {disabled}  # disabled in the snapshot\n' in text


def test_packs_of_the_snapshot_are_named_first(run: Run) -> None:
    run.write("workflows/a.json", ui(node(1, "Shared")))
    run.write("snapshot.json", {"cnr_custom_nodes": {"alpha": "1.0.0"}})
    assert call(run, "--from-snapshot", "snapshot.json") == 0
    assert '\n# "Shared" = "alpha"  # or beta, carl/gamma\n' in written(run)


def test_many_open_lines_are_cut(run: Run) -> None:
    run.write("workflows/a.json", ui(*[node(n, f"Nobody {n}") for n in range(1, 601)]))
    assert call(run) == 0
    assert "\n# and 100 more: comfylock analyze --verbose\n" in written(run)
