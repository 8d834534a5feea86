"""Hostile locks that images are made from: no value leaves its place, whatever it holds."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from msgspec.structs import replace

from comfylock.emit.kinds import generator
from comfylock.emit.steps import ArchiveStep, FileStep, GitStep
from comfylock.lockfile.mark import marked_digest
from tests.dockerfiles import instructions
from tests.hostile import CANARY, HARMLESS, TOUCHED, taken
from tests.image_plans import buildable, plan
from tests.locks import SHA

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.emit.plan import Plan
    from comfylock.emit.steps import ModelStep
    from comfylock.lockfile.schema import Lock
    from tests.dockerfiles import Instruction

SETTINGS: dict[str, Any] = {"variants": ("full",), "output": "deploy"}


def made_of(kind: str, lock: Lock, models: str) -> tuple[Plan, str]:
    """Return the plan of a lock, and what a kind makes of it."""
    made = plan(buildable(replace(lock, workflows=())), models=models, **SETTINGS)
    (file,) = generator(kind)(made)
    return made, file.data.decode()


@cache
def accepted(kind: str, models: str = "bake") -> tuple[tuple[str, Plan, str], ...]:
    """Each place with what a kind took there: the plan, and what was made of it."""
    return tuple((place, *made) for place, made in taken(lambda each: made_of(kind, each, models)))


def shape(text: str) -> list[str]:
    """Return the instructions without what they say."""
    return [each.word for each in instructions(text)]


def harmless(made: Plan) -> Plan:
    """Return a plan of as many things of the same kinds, none of which is odd."""
    packs = []
    for number, pack in enumerate(made.packs):
        words = {
            "name": f"p{number}",
            "folder": f"p{number}.py" if isinstance(pack, FileStep) else f"p{number}",
            "version": "1",
            "runs_code": tuple("install.py" for _ in pack.runs_code[:1]),
            "system_packages": tuple("nano" for _ in pack.system_packages[:1]),
            "remarks": (),
            "requirements": (),
        }
        address = "https://example.org/a"
        words |= {"repository": address} if isinstance(pack, GitStep) else {"url": address}
        packs.append(replace(pack, **words))
    models = [
        replace(model, key=f"m{number}", path=f"vae/{number}", url=model.url and "https://x.org/a")
        for number, model in enumerate(made.models)
    ]
    return replace(made, packs=tuple(packs), models=tuple(models), unpinned=())


@pytest.mark.parametrize("kind", ["dockerfile", "fragment", "bake", "compose"])
def test_lines_of_printable_text(kind: str) -> None:
    for place, _, text in accepted(kind):
        odd = {c for c in text if not c.isprintable()}
        assert odd <= {"\n", "\t", *HARMLESS}, place
        assert marked_digest(text.encode()) == SHA


@pytest.mark.parametrize("kind", ["dockerfile", "fragment"])
def test_no_value_makes_an_instruction(kind: str) -> None:
    for place, made, text in accepted(kind):
        (file,) = generator(kind)(harmless(made))
        assert shape(text) == shape(file.data.decode()), place


def fetches(text: str) -> list[Instruction]:
    """Return the steps that fetch packs and models."""
    return [
        each
        for each in instructions(text)
        if each.word == "RUN" and re.search(r"\bfetch (?:git /|unpack|model) ?", each.text)
    ]


def wanted(made: Plan) -> list[list[str]]:
    """Return the words that they should have, from the plan alone."""
    found = []
    for pack in made.packs:
        folder = f"/opt/ComfyUI/custom_nodes/{pack.folder}"
        if isinstance(pack, ArchiveStep):
            found.append(["unpack", "/out", folder, "/" + "tmp/pack.zip"])
        elif isinstance(pack, GitStep):
            inner = [word for s in pack.submodules for word in (s.path, s.commit, s.url)]
            words = [pack.repository, pack.commit, pack.tree, *inner]
            found.append(["git", f"/out{folder}", *words])
    return [*found, *(_model(model) for model in made.models if model.url is not None)]


def _model(model: ModelStep) -> list[str]:
    file = f"/out/opt/ComfyUI/models/{model.path}"
    words = [model.sha256 or "", str(model.size or 0), model.url or "", *model.mirrors]
    return ["model", file, *words]


def test_the_shell_sees_each_value_as_one_word(tmp_path: Path) -> None:
    """Run every step that fetches, with a `fetch` that only shows what it was given."""
    script = ['fetch() { printf \'%s\\0\' "$#" "$@"; }']
    expected: list[list[str]] = []
    for _, made, text in accepted("dockerfile"):
        for step, words in zip(fetches(text), wanted(made), strict=True):
            command = re.sub(r"\A(?:--mount=\S+ +)+", "", step.text)
            script.append(command)
            expected.append(words)
    assert len(expected) > 150
    done = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input="\n".join(script).encode(),
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )
    seen = done.stdout.decode().split("\0")[:-1]
    for words in expected:
        count = int(seen.pop(0))
        found, seen = seen[:count], seen[count:]
        assert found == words
    assert seen == []
    assert list(tmp_path.iterdir()) == [], CANARY


def test_addresses_and_labels_are_one_word_without_variables() -> None:
    for place, made, told in accepted("dockerfile"):
        sources = [pack.url for pack in made.packs if isinstance(pack, ArchiveStep | FileStep)]
        adds = [each for each in instructions(told) if each.word == "ADD"]
        assert len(adds) == len(sources)
        for each, url in zip(adds, sources, strict=True):
            words = [word for word in each.words if not word.startswith("--")]
            shown = words[0].replace("${FILE_MIRROR}", "https://", 1)
            assert shown == url, place
            assert len(words) == 2
            bare = each.text.replace("${FILE_MIRROR}", "", 1)
            assert not re.search(r"(?<!\\)\$", bare), place
        for each in instructions(told):
            if each.word in {"LABEL", "ENV", "USER", "WORKDIR"}:
                assert CANARY not in each.text or "\\$(" in each.text, place


def test_what_is_fetched_at_start_is_one_line_each() -> None:
    for place, made, told in accepted("dockerfile", "runtime"):
        lists = [e for e in instructions(told) if e.text.endswith("/opt/comfylock/models")]
        rows = [line.split("\t") for each in lists for line in each.here]
        models = [model for model in made.models if model.url is not None]
        assert [(row[0], row[2], row[6]) for row in rows] == [
            (model.key, model.path, model.url) for model in models
        ], place
        assert all(row[3] == SHA for row in rows)


def test_bake_and_compose_hold_no_variable_but_their_own() -> None:
    for place, _, told in accepted("bake"):
        variables = re.findall(r"(?<!\$)\$\{([^}]*)\}", told)
        assert set(variables) == {"IMAGE", "SUFFIX"}, place
        assert told.count("\ntarget ") in {2, 3}, "what they share, and one for each image"
    for place, _, told in accepted("compose"):
        loaded = yaml.safe_load(told)
        assert set(loaded) <= {"name", "services", "secrets", "volumes"}
        found = set(re.findall(r"(?<!\$)\$\{([A-Z]+)", json.dumps(loaded)))
        assert found == {"VARIANT", "PORT"}, place


def test_every_place_was_tried() -> None:
    assert {place for place, *_ in accepted("dockerfile")} >= TOUCHED.keys() - {
        "image",
        "image platform",
        "image name",
        "ComfyUI's repository",
        "pylock",
        "hub repository",
        "mirror",
        "model address",
        "pack address",
        "git repository",
        "torch",
        "group",
        "pack name",
    }
