"""`comfylock audit` as a user calls it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from comfylock.lockfile.write import write_lock
from comfylock.ops.audit import AuditRequest, audit
from tests.checkpoints import Writer, checkpoint, ordinary, zipped
from tests.functional.verbs import call, data, locked, project
from tests.locks import hub_model, release
from tests.pickle_attacks import attacks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.project import Run

EVIL = zipped(attacks("never-made")["stack-global"].data, {})


def lock_of(run: Run, **fields: Any) -> None:
    project(run, locked(**fields))


def clean(**fields: Any) -> dict[str, Any]:
    model = hub_model("fresh.safetensors", "checkpoints", origin="config", **fields)
    return {"models": (model,)}


def found(run: Run, *words: str) -> list[tuple[str, str]]:
    return [(f["kind"], f["subject"]) for f in data(run, "audit", *words)["findings"]]


def test_nothing_to_say(run: Run) -> None:
    lock_of(run, **clean())
    assert call(run, "audit") == 0
    assert run.out == "nothing found in 2 packs and 1 model\n"
    assert call(run, "audit", "--json") == 0
    envelope = data(run, "audit")
    assert envelope == {
        "lock": os.path.join(".", "comfy.lock"),
        "packs": 2,
        "models": 1,
        "files": 0,
        "fail_on": "warning",
        "clean": True,
        "findings": [],
        "ignored": [],
        "unreadable": [],
    }


def test_findings_of_the_lock(run: Run) -> None:
    packs = (release(status="flagged", provides=("AlphaNode",), runs_code=("install.py",)),)
    workflows = (locked().workflows[0],)
    lock_of(run, packs=packs, workflows=workflows)
    assert call(run, "audit") == 1
    assert run.out == (
        "pack alpha\n"
        "  error flagged\n"
        "    1.2.0 is flagged in the Comfy Registry\n"
        "    -> comfylock lock --upgrade-package alpha\n"
        "  warning runs-code\n"
        "    runs its own code when it is installed or started: install.py\n"
        "    -> read it, then ignore it with a reason in comfylock.toml\n"
        "\n"
        "1 error, 1 warning, 1 note in 1 pack and 1 model\n"
        "1 note with --verbose\n"
    )
    assert call(run, "audit", "-v") == 1
    assert "note weak-origin" in run.out
    assert call(run, "audit", "-q") == 1
    assert "->" not in run.out


def test_policy(run: Run) -> None:
    packs = (release(provides=("AlphaNode",), runs_code=("install.py",)),)
    lock_of(run, packs=packs, workflows=(locked().workflows[0],), **clean(licence="cc-by-nc-4.0"))
    run.write("comfylock.toml", b'[audit]\ndeny-licences = ["*-nc-*"]\n')
    assert found(run) == [
        ("licence-denied", "checkpoints/fresh.safetensors"),
        ("runs-code", "alpha"),
    ]
    assert call(run, "audit", "--fail-on", "never") == 0
    run.write(
        "comfylock.toml",
        b'[audit]\nfail-on = "error"\n[[audit.ignore]]\nkind = "runs-code"\nsubject = "alpha"\n'
        b'reason = "read on the first of May"\n',
    )
    assert call(run, "audit", "-v") == 0
    assert "ignored\n  alpha: runs-code, ignored: read on the first of May\n" in run.out
    assert "nothing found; 1 ignored in 1 pack and 1 model\n" in run.out


def test_an_ignore_ends_on_its_day(run: Run) -> None:
    packs = (release(provides=("AlphaNode",), runs_code=("install.py",)),)
    lock_of(run, packs=packs, workflows=(locked().workflows[0],), **clean())
    run.write(
        "comfylock.toml",
        b'[[audit.ignore]]\nkind = "runs-code"\nreason = "read"\nexpires = 2027-01-31\n',
    )
    request = AuditRequest(str(run.folder))
    on_the_day = audit(request, {}, today="2027-01-31")
    assert on_the_day.is_clean
    after = audit(request, {}, today="2027-02-01")
    assert [f.kind for f in after.judged.findings] == ["runs-code", "ignore-expired"]
    assert not after.is_clean


def test_a_fault_in_the_policy(run: Run) -> None:
    lock_of(run)
    run.write("comfylock.toml", b'[[audit.ignore]]\nkind = "gated"\n')
    assert call(run, "audit") == 2
    assert "nothing is ignored without one" in run.err


# looking into files


def comfyui(run: Run, **files: bytes) -> str:
    for name, content in files.items():
        run.write(f"ComfyUI/models/{name.replace('__', '/')}", content)
    (run.folder / "ComfyUI" / "models").mkdir(parents=True, exist_ok=True)
    return "ComfyUI"


def test_the_name_makes_it_likely_and_a_look_makes_it_sure(run: Run) -> None:
    models = tuple(
        hub_model(name, "checkpoints", origin="config") for name in ("a.ckpt", "b.ckpt", "c.ckpt")
    )
    workflows = (locked().workflows[1],)
    lock_of(run, models=models, workflows=workflows)
    assert found(run) == [("pickle-format", f"checkpoints/{n}.ckpt") for n in "abc"]
    safetensors = b"\x02\0\0\0\0\0\0\0{}"
    folder = comfyui(run)
    run.write("ComfyUI/models/checkpoints/a.ckpt", EVIL)
    run.write("ComfyUI/models/checkpoints/b.ckpt", safetensors)
    run.write("ComfyUI/models/extra/d.pt", ordinary()["state.pt"])
    assert found(run, "--installed", folder) == [
        ("pickle-danger", "checkpoints/a.ckpt"),
        ("pickle-format", "checkpoints/c.ckpt"),
        ("pickle-format", "extra/d.pt"),
        ("misnamed", "checkpoints/b.ckpt"),
    ]
    assert call(run, "audit", "--installed", folder) == 1
    assert "runs code when it is loaded: calls `os.mkdir`" in run.out
    assert "at archive/data.pkl, byte 13" in run.out
    assert not (run.folder / "never-made").exists()


def test_other_names_of_folders(run: Run) -> None:
    model = hub_model("a.ckpt", "diffusion_models", origin="config")
    lock_of(run, models=(model,), workflows=(locked().workflows[1],))
    comfyui(run)
    run.write("ComfyUI/models/unet/a.ckpt", checkpoint({}))
    ((kind, subject),) = found(run, "--installed", "ComfyUI")
    assert (kind, subject) == ("pickle-format", "diffusion_models/a.ckpt")


def test_bytes_that_are_no_pickle_settle_it(run: Run) -> None:
    model = hub_model("a.bin", "checkpoints", origin="config")
    lock_of(run, models=(model,), workflows=(locked().workflows[1],))
    comfyui(run)
    run.write("ComfyUI/models/checkpoints/a.bin", b"\xff" * 64)
    assert found(run) == [("pickle-format", "checkpoints/a.bin")]
    assert found(run, "--installed", "ComfyUI") == []


def test_files_without_a_lock(run: Run) -> None:
    run.write("x/a.pt", EVIL)
    run.write("x/sub/b.safetensors", Writer().pickle({"a": 1}))
    run.write("c.pt", b"")
    assert call(run, "audit", "--models", "x", "c.pt") == 1
    told = data(run, "audit", "--models", "x", "c.pt")
    assert [(f["about"], f["subject"], f["kind"]) for f in told["findings"]] == [
        ("file", "x/a.pt", "pickle-danger"),
        ("file", "x/sub/b.safetensors", "disguised"),
        ("file", "x/sub/b.safetensors", "pickle-format"),
    ]
    assert (told["lock"], told["files"]) == (None, 3)


@pytest.mark.parametrize("name", sorted(ordinary()))
def test_ordinary_checkpoints(run: Run, name: str) -> None:
    run.write(name, ordinary()[name])
    assert found(run, "--models", name) == [("pickle-format", name)]
    assert call(run, "audit", "--models", name, "--fail-on", "error") == 0


def test_what_cannot_be_read_costs_itself_alone(run: Run) -> None:
    lock_of(run, **clean())
    comfyui(run)
    run.write("ComfyUI/models/vae/a.pt", EVIL)
    (run.folder / "ComfyUI/models/vae/gone.pt").symlink_to("nowhere")
    if hasattr(os, "mkfifo"):
        os.mkfifo(run.folder / "ComfyUI/models/vae/pipe.pt")
        os.mkfifo(run.folder / "pipe")
    assert call(run, "audit", "--installed", "ComfyUI") == 2
    assert "pickle-danger" in run.out
    assert "gone.pt: cannot be read: No such file or directory" in run.err
    assert "pipe.pt" not in run.err
    assert call(run, "audit", "--models", "pipe") == 2
    assert "pipe: cannot be read: it is no file" in run.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads it all")
def test_a_folder_that_cannot_be_read(run: Run) -> None:
    comfyui(run)
    run.write("ComfyUI/models/vae/a.pt", EVIL)
    run.write("ComfyUI/models/closed/b.pt", EVIL)
    closed = run.folder / "ComfyUI" / "models" / "closed"
    closed.chmod(0)
    try:
        assert call(run, "audit", "--installed", "ComfyUI") == 2
    finally:
        closed.chmod(0o755)
    assert "pickle-danger" in run.out
    assert "closed: cannot be read: Permission denied" in run.err


def test_an_installation_without_models_and_without_a_lock(run: Run) -> None:
    comfyui(run)
    assert call(run, "audit", "--installed", "ComfyUI") == 0
    assert run.out == "nothing found\n"


def test_folders_that_lead_in_a_circle_or_elsewhere(run: Run, tmp_path: Path) -> None:
    comfyui(run)
    run.write("elsewhere/a.pt", EVIL)
    models = run.folder / "ComfyUI" / "models"
    (models / "loop").symlink_to(models)
    (models / "self.pt").symlink_to("self.pt")
    (models / "vae").symlink_to(tmp_path / "elsewhere")
    (models / "linked.pt").symlink_to(tmp_path / "elsewhere" / "a.pt")
    assert found(run, "--installed", "ComfyUI") == [
        ("pickle-danger", "linked.pt"),
        ("pickle-danger", "vae/a.pt"),
    ]


def test_every_place_that_comfyui_and_its_packs_have_models_in(run: Run) -> None:
    comfyui(run)
    run.write("ComfyUI/custom_nodes/pack/ckpts/a.pth", EVIL)
    run.write("ComfyUI/custom_nodes/pack/nodes.py", b"cos\nmkdir\n(Vmade\ntR.")
    run.write("ComfyUI/models/loras/same.pt", EVIL)
    run.write("volume/shared/same.pt", EVIL)
    run.write("more/vae/b.pt", EVIL)
    run.write("third/deep/c.ckpt", EVIL)
    run.write(
        "ComfyUI/extra_model_paths.yaml",
        b"volume:\n  base_path: ../volume\n  loras: shared\n  custom_nodes: nowhere\n",
    )
    run.write("extra.yaml", b"third:\n  checkpoints: third\n")
    words = ("--installed", "ComfyUI", "--models-dir", "more", "--extra-model-paths", "extra.yaml")
    subjects = sorted(subject for kind, subject in found(run, *words) if kind == "pickle-danger")
    assert subjects == [
        str(run.folder / "volume/shared/same.pt"),  # found after the other of its name
        "checkpoints/deep/c.ckpt",
        "custom_nodes/pack/ckpts/a.pth",
        "loras/same.pt",
        "vae/b.pt",
    ]
    run.write("ComfyUI/extra_model_paths.yaml", b"[1, 2]\n")
    assert call(run, "audit", "--installed", "ComfyUI") == 2
    assert "extra_model_paths.yaml: is no table of sections" in run.err
    assert "loras/same.pt" in run.out


@pytest.mark.parametrize("form", ["sarif", "junit", "markdown"])
def test_other_forms(run: Run, form: str) -> None:
    packs = (release(status="flagged", provides=("AlphaNode",)),)
    lock_of(run, packs=packs, workflows=(locked().workflows[0],))
    run.write("a.pkl", EVIL)
    words = ("--format", form, "--models", "a.pkl")
    assert call(run, "audit", *words) == 1
    assert "pickle-danger" in run.out
    assert "flagged" in run.out
    if form == "sarif":
        log = json.loads(run.out)["runs"][0]
        kinds = {rule["id"] for rule in log["tool"]["driver"]["rules"]}
        assert kinds >= {"flagged", "pickle-danger"}
        uris = {
            r["ruleId"]: r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            for r in log["results"]
        }
        assert (uris["pickle-danger"], uris["flagged"]) == ("a.pkl", "comfy.lock")
    if form == "junit":
        root = ET.fromstring(run.out)
        assert root.get("name") == "comfylock audit"
        assert {f.get("type") for f in root.iter("failure")} >= {"flagged", "pickle-danger"}
    assert call(run, "audit", "--json", *words) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "no lockfile at"),
        (["--installed", "nowhere"], "nowhere: is no ComfyUI, it has no folder `models`"),
        (["--models", "nowhere"], "nowhere: there is no such file or folder"),
        (["-C", "nowhere"], "nowhere: there is no such folder"),
        (["--fail-on", "loud"], "invalid choice: 'loud'"),
    ],
)
def test_bad_usage(run: Run, words: list[str], told: str) -> None:
    assert call(run, "audit", *words) == 2
    assert told in run.err


@pytest.mark.parametrize("name", ["broken.lock", "future"])
def test_a_lock_that_cannot_be_read(run: Run, name: str) -> None:
    content = b"version = 99\n" if name == "future" else b"version = \n"
    run.write("comfy.lock", content)
    assert call(run, "audit") == 2
    assert run.err.startswith("error: ")


@pytest.mark.parametrize("columns", ["40", "80"])
def test_hostile_names_and_narrow_terminals(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    evil = "c\x1b[2J\u202e" + "x" * 200 + "\ny\u202e\x1b]0;z\n(tR."
    run.write("a.pkl", evil.encode("utf-8", "surrogatepass"))
    run.write("b\u202e.pkl", evil.encode())
    assert call(run, "audit", "--models", "a.pkl", "b\u202e.pkl") == 1
    assert not set(run.out) & set("\x1b\u202e\x07")
    assert max(len(line) for line in run.out.splitlines()) <= int(columns)
    assert data(run, "audit", "--models", "a.pkl")["findings"][0]["kind"] == "pickle-danger"


def test_the_library_is_silent_and_the_same(run: Run) -> None:
    lock_of(run)
    first = audit(AuditRequest("."), {}, today="2026-11-21")
    assert first == audit(AuditRequest("."), {}, today="2026-11-21")
    assert run.capture.readouterr() == (b"", b"")
    assert write_lock(locked()) == (run.folder / "comfy.lock").read_bytes()
