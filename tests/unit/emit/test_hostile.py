"""Hostile locks: each is refused with a sentence, or what comes of it says nothing but data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from comfylock.emit.kinds import TABLE, generator
from comfylock.emit.planning import plan_of
from comfylock.errors import LockParseError
from comfylock.lockfile.mark import marked_digest
from comfylock.ops.snapshot import read_snapshot
from tests.bills import schema_fault
from tests.emitting import PYLOCK, SETTINGS, digest_of_everything
from tests.hostile import HARMLESS, TEXTS, TOUCHED, lawful, locks, taken
from tests.image_plans import buildable
from tests.locks import SHA

if TYPE_CHECKING:
    from comfylock.emit.interface import Emitted
    from comfylock.emit.plan import Plan
    from comfylock.lockfile.schema import Lock

IMAGE_KINDS = ("dockerfile", "fragment", "bake", "compose")
"""What test_hostile_images.py makes and looks at."""

ROOT = Path(__file__).parents[3]


@cache
def accepted(kind: str, touched: str | None = None) -> tuple[tuple[Plan, Emitted], ...]:
    """What a kind makes of the hostile locks that it takes."""

    def made(lock: Lock) -> tuple[Plan, tuple[Emitted, ...]]:
        lock = buildable(lock)
        files = {pin.file: PYLOCK for pin in lock.python}
        found = plan_of(lock, SHA, SETTINGS, companions=files)
        return found, generator(kind)(found)

    found = taken(made, touched)
    return tuple((plan, file) for _, (plan, files) in found for file in files)


def test_the_corpus_is_large() -> None:
    assert len(TEXTS) * len(TOUCHED) > 4000
    assert len(set(TEXTS)) == len(TEXTS) > 120
    assert sum(len(lawful(place)) for place in TOUCHED) > 1200, "past the rules of the lock"


def test_what_breaks_a_rule_is_refused_in_printable_words() -> None:
    refused = 0
    for place in TOUCHED:
        for _, text, lock in locks(place):
            if lock in lawful(place):
                continue
            with pytest.raises(LockParseError) as caught:
                plan_of(lock, SHA, SETTINGS)
            refused += 1
            assert str(caught.value).replace("\n", "").isprintable(), (place, text)
    assert refused > 2000


@pytest.mark.parametrize("kind", [kind for kind in TABLE if kind not in IMAGE_KINDS])
def test_every_kind_writes_lines_of_printable_text(kind: str) -> None:
    files = accepted(kind)
    assert len(files) > 20
    for _, file in files:
        told = file.data.decode("utf-8")
        odd = {c for c in told.replace("\n", "").replace("\t", "") if not c.isprintable()}
        assert odd <= HARMLESS
        assert marked_digest(file.data) == SHA


@pytest.mark.parametrize("touched", ["model folder", "model name", "group"])
def test_model_paths_are_texts_below_models(touched: str) -> None:
    for _, file in accepted("model-paths", touched):
        loaded = yaml.safe_load(file.data)
        assert list(loaded) == ["comfy_lock"]
        section = loaded["comfy_lock"]
        assert section.pop("base_path") == "/workspace/"
        for key, value in section.items():
            assert isinstance(key, str)
            assert value.startswith("models/")
            assert ".." not in value.split("/")
            assert "custom_nodes" not in value


def test_snapshots_hold_what_the_lock_does_and_nothing_else() -> None:
    for made, file in accepted("snapshot"):
        loaded = json.loads(file.data)
        assert len(loaded) - ("comfy.lock gaps" in loaded) == 6
        assert len(read_snapshot(file.data, file.name).packs) <= len(made.packs)
        for entry in loaded["file_custom_nodes"]:
            assert "/" not in entry["filename"]
            assert entry["filename"].endswith(".py")


@pytest.mark.parametrize("touched", TOUCHED)
def test_bills_satisfy_the_schema(touched: str) -> None:
    """All that were taken in one; addresses apart, as the schema's reader of them is slow."""
    components: list[dict[str, Any]] = []
    document: dict[str, Any] = {}
    for _, file in accepted("sbom", touched):
        document = json.loads(file.data)
        for component in document["components"]:
            component["bom-ref"] += f"/{len(components)}"
            for reference in component.pop("externalReferences", ()):
                assert reference["url"].isascii()
                assert not set(reference["url"]) & set('[]"<>\\^`{|} ')
            components.append(component)
    document = document and document | {"components": components, "dependencies": []}
    if document:
        text = json.dumps(document)
        fault = schema_fault(text)
        assert fault is None, fault


def test_commands_of_the_github_workflow_never_change() -> None:
    commands = set()
    for _, file in accepted("ci", "input"):
        loaded = yaml.safe_load(file.data)
        steps = [step for job in loaded["jobs"].values() for step in job["steps"]]
        commands.add(json.dumps([step.get("run") for step in steps]))
        assert loaded["permissions"] == {"contents": "read"}
    assert len(commands) == 1


def test_another_process_writes_the_same_bytes() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.emitting"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == digest_of_everything()
