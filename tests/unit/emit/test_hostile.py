"""Hostile locks: each is refused with a sentence, or what comes of it says nothing but data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from comfylock.emit.kinds import TABLE, generator
from comfylock.emit.planning import plan_of
from comfylock.errors import ComfylockError
from comfylock.lockfile.mark import marked_digest
from comfylock.ops.snapshot import read_snapshot
from tests.emitting import SETTINGS, digest_of_everything
from tests.hostile import TEXTS, TOUCHED, locks
from tests.locks import SHA

if TYPE_CHECKING:
    from comfylock.emit.interface import Emitted
    from comfylock.lockfile.schema import Lock

ROOT = Path(__file__).parents[3]


def emitted(kind: str, lock: Lock) -> tuple[Emitted, ...]:
    """What a kind makes of a lock; nothing where it is refused."""
    try:
        return generator(kind)(plan_of(lock, SHA, SETTINGS))
    except ComfylockError as error:
        refused = str(error)
    assert refused.replace("\n", "").replace("\ud800", "").isprintable()
    return ()


def accepted(kind: str, touched: str | None = None) -> list[tuple[str, Emitted]]:
    """Each text that a kind took, with what it made of it."""
    return [(text, file) for _, text, lock in locks(touched) for file in emitted(kind, lock)]


def test_the_corpus_is_large() -> None:
    assert len(TEXTS) * len(TOUCHED) > 3000
    assert len(set(TEXTS)) == len(TEXTS) > 80


@pytest.mark.parametrize("kind", TABLE)
def test_every_kind_writes_lines_of_printable_text(kind: str) -> None:
    for text, file in accepted(kind):
        told = file.data.decode("utf-8")
        lines = told.replace("\n", "").replace("\t", "")
        # What no rule of the lock forbids may stand there, as it is, inside its quotes.
        assert all(c.isprintable() or c in text for c in lines), repr(text)
        assert marked_digest(file.data) == SHA


@pytest.mark.parametrize("touched", ["model folder", "model name", "group"])
def test_model_paths_are_texts_below_models(touched: str) -> None:
    for text, file in accepted("model-paths", touched):
        loaded = yaml.safe_load(file.data)
        assert list(loaded) == ["comfy_lock"]
        section = loaded["comfy_lock"]
        assert section.pop("base_path") == "/workspace/"
        for key, value in section.items():
            assert isinstance(key, str), repr(text)
            assert value.startswith("models/")
            assert ".." not in value.split("/")
            assert "custom_nodes" not in value


def test_snapshots_hold_what_the_lock_does_and_nothing_else() -> None:
    for _, file in accepted("snapshot"):
        loaded = json.loads(file.data)
        assert len(loaded) - ("comfy.lock gaps" in loaded) == 6
        assert len(read_snapshot(file.data, file.name).packs) <= 1
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
        fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        assert fault is None, fault.data.message


def test_commands_of_the_github_workflow_never_change() -> None:
    commands = set()
    for _, file in accepted("ci", "input"):
        loaded = yaml.safe_load(file.data)
        steps = [step for job in loaded["jobs"].values() for step in job["steps"]]
        commands.add(json.dumps([step.get("run") for step in steps]))
        assert loaded["permissions"] == {"contents": "read"}
    assert len(commands) == 1


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_writes_the_same_bytes(seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.emitting"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == digest_of_everything()
