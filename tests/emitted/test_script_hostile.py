"""Hostile values past all rules of the lock: in the script they are data, or it is refused."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from comfylock.config.emit import EmitSettings
from comfylock.emit.plan import Plan, Variant
from comfylock.emit.quoting import bash_text, heredoc_end
from comfylock.emit.script import generate
from comfylock.emit.steps import ArchiveStep, FileStep, GitStep, ModelStep, Submodule
from comfylock.errors import EmitError
from tests.emitted.machine import BASH
from tests.hostile import CANARY, HARMLESS, TEXTS
from tests.locks import COMMIT, SHA, TREE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.emitted.machine import Machine

STUB = """#!/bin/bash
printf '%s ' "$0" "$@" >>"$SEEN"
[[ $1 == --version ]] && echo "curl 8.0.0" && exit
printf "404 text/plain"
exit 22
"""
"""Programs that would use the network say what they were asked, and fail."""


def _steps(number: int, text: str, place: str) -> tuple[Plan, ...]:
    """Plans with a text in every place of a pack and of a model; nobody checked them."""
    pin: dict[str, Any] = {"sha256": SHA, "size": 1}
    packs = (
        ArchiveStep(name=text, folder=f"a{number}", version=text, url=text, remarks=(text,), **pin),
        ArchiveStep(name="a", folder=place, url="https://example.org/a", **pin),
        FileStep(name=text, folder=f"f{number}.py", url=text, runs_code=("install.py",), **pin),
        GitStep(
            name=text,
            folder=f"g{number}",
            version=text,
            repository=text,
            commit=COMMIT,
            tree=TREE,
            submodules=(Submodule(place, COMMIT, text),),
        ),
    )
    values: dict[str, Any] = {
        "key": text,
        "folder": "vae",
        "service": "other",
        "url": text,
        "mirrors": (text,),
    }
    models = (
        ModelStep(path=f"vae/{number}", licence=text, **values, **pin),
        ModelStep(path=f"loras/{number}/{place}", **{**values, "key": f"{text}2"}, **pin),
    )
    return tuple(_plan(packs=(pack,)) for pack in packs) + tuple(
        _plan(models=(model,)) for model in models
    )


def _plan(**fields: Any) -> Plan:
    settings = EmitSettings(layout="plain", install_scripts=True)
    values: dict[str, Any] = {
        "digest": SHA,
        "settings": settings,
        "comfyui": None,
        "packs": (),
        "models": (),
        "python": (),
        "images": (),
        "groups": (),
        "variants": (Variant("standard", ()),),
        "class_types": (),
        "unpinned": (),
    }
    return Plan(**{**values, **fields})


def _accepted(plan: Plan) -> bool:
    try:
        generate(plan)
    except EmitError:
        return False
    return True


def _run(machine: Machine, plan: Plan) -> str:
    """Run a script in which everything fails; return what it says."""
    machine.script = machine.root / "install.sh"
    machine.script.write_bytes(generate(plan)[0].data)
    machine.comfyui.mkdir(exist_ok=True)
    (machine.comfyui / "main.py").touch()
    machine.environment |= {"COMFYUI_DIR": str(machine.comfyui)}
    for name in ("curl", "git"):
        machine.stub(name, STUB)
    before = set(os.listdir(machine.root))
    done = machine.run(JOBS="8")
    assert done.code in {1, 2}, done.err
    assert {c for c in done.err if not c.isprintable()} <= {"\n", *HARMLESS}
    found = [path for path in machine.root.rglob("*") if path.name == CANARY]
    assert found == []
    assert set(os.listdir(machine.root)) - before <= {"seen", "slept", "home", "stubs", "tmp"}
    outside = [path for path in machine.root.parent.rglob("*") if CANARY in path.name]
    assert outside == []
    return done.err


def _climbs(text: str) -> bool:
    parts = f"/{text}/".split("/")[1:-1]
    return any(part in {"", ".", ".."} for part in parts)


def _whole(texts: Sequence[str]) -> tuple[Plan, int]:
    """Return one plan with all that the script takes of these texts, and how many things it has."""
    kept = [
        plan
        for number, text in enumerate(texts)
        for plan in _steps(number, text, f"p{number}" if _climbs(text) else text)
        if _accepted(plan)
    ]
    packs = tuple(pack for plan in kept for pack in plan.packs)
    models = tuple(model for plan in kept for model in plan.models)
    return _plan(packs=packs, models=models), len(kept)


SHOWN = """
pack_archive() { printf '%s\\0' archive "$@" END; }
pack_file() { printf '%s\\0' file "$@" END; }
pack_git() { printf '%s\\0' git "$@" END; }
model() { printf '%s\\0' model "$@" END; }
model_local() { printf '%s\\0' local "$@" END; }
comfyui() { :; }
install_script() { :; }
present_lock
"""
"""In place of the last line, which begins: every command shows the words that it was given."""


def _words(plan: Plan) -> list[list[str]]:
    """Return what the commands should be given, from the plan alone."""
    found = []
    for pack in plan.packs:
        head = ["-", pack.folder, f"{pack.name} {pack.version}" if pack.version else pack.name]
        if isinstance(pack, GitStep):
            inner = [
                word for each in pack.submodules for word in (each.path, each.commit, each.url)
            ]
            found.append(["git", *head, pack.commit, pack.tree, pack.repository, *inner])
        else:
            kind = "archive" if isinstance(pack, ArchiveStep) else "file"
            found.append([kind, *head, pack.sha256, str(pack.size), pack.url])
    for model in plan.models:
        kind, addresses = ("model", [model.url, *model.mirrors]) if model.url else ("local", [])
        found.append([kind, "-", model.path, model.sha256 or "", str(model.size), *addresses])
    return found


def test_bash_sees_each_value_as_one_word(tmp_path: Path) -> None:
    """All of the corpus, in one run of what stands at the top of a script."""
    whole, count = _whole(TEXTS)
    assert count > 4 * len(TEXTS)
    script = generate(whole)[0].data.decode()
    assert script.endswith('\nmain "$@"\n')
    done = subprocess.run(
        [BASH],
        input=(script.removesuffix('main "$@"\n') + SHOWN).encode(),
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )
    assert done.stderr == b""
    seen = [call.split("\0") for call in done.stdout.decode().split("\0END\0")[:-1]]
    assert seen == _words(whole)
    assert list(tmp_path.iterdir()) == [], CANARY


PARTS = 24


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(number, marks=pytest.mark.large) for number in range(1, PARTS))]
)
def test_values_that_nobody_checked_are_data(machine: Machine, part: int) -> None:
    """The whole script, in which every download and clone fails."""
    texts = TEXTS[part::PARTS]
    everything, count = _whole(texts)
    assert count > len(texts)
    said = _run(machine, everything)
    assert f"{count} of" in said
    assert any(f"failed: pack {text}" in said for text in texts if CANARY in text) or part


@pytest.mark.parametrize("text", ["../evil", "a/../../evil", "..", "a/./b", "/../evil"])
def test_places_that_climb_end_the_script(machine: Machine, text: str) -> None:
    for plan in _steps(0, "a", text):
        changed = [step.folder for step in plan.packs] + [step.path for step in plan.models]
        if text in changed or any(text in each for each in changed):
            assert "would leave its folder" in _run(machine, plan)


def test_a_document_cannot_end_itself() -> None:
    text = "EOF\nPY\n$(touch x)\n"
    end = heredoc_end(text)
    assert end not in text
    assert heredoc_end(f"{text}{end}\n") not in f"{text}{end}\n"
    assert bash_text(text) == text
    with pytest.raises(EmitError):
        bash_text("a\x1bb\n")
