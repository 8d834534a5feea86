from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import tomli

from comfylock.lockfile import json_schema
from comfylock.lockfile.canonical import canonical
from comfylock.lockfile.converters import upgraded
from comfylock.lockfile.document import MANY, SINGLE
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.write import write_lock
from tests.locks import full

TESTS = Path(__file__).parents[2]
LOCKS = sorted((TESTS / "compat").glob("*/comfy.lock"))
BAD = sorted((TESTS / "bad").glob("*.lock"))
SCHEMA = Path(json_schema.__file__).with_name(json_schema.FILE)


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.parent.name)
def test_p9_locks_of_every_release_are_read_and_stay_byte_for_byte(path: Path) -> None:
    data = path.read_bytes()
    assert write_lock(read_lock(data)) == data


def test_p9_the_first_format_is_understood() -> None:
    assert read_lock((TESTS / "compat" / "1" / "comfy.lock").read_bytes()) == canonical(full())


def test_the_fixture_has_every_key_of_every_entry() -> None:
    lock = full()
    entries: list[Any] = [lock.options, lock.comfyui, *lock.images, *lock.python]
    entries += [*lock.workflows, *lock.packs, *lock.models]
    for kind in (*SINGLE.values(), *MANY.values()):
        for field in msgspec.structs.fields(kind):
            found = [e for e in (*entries, *lock.unresolved) if isinstance(e, kind)]
            assert any(getattr(e, field.name) != field.default for e in found), field.name


def test_p9_older_documents_go_through_every_step() -> None:
    steps = {
        1: lambda document: {**document, "steps": [*document.get("steps", []), 1]},
        2: lambda document: {**document, "steps": [*document["steps"], 2]},
    }
    assert upgraded({}, 1, present=3, converters=steps) == {"steps": [1, 2]}
    assert upgraded({"as": "it is"}, 3, present=3, converters=steps) == {"as": "it is"}


def test_the_json_schema_is_current() -> None:
    assert SCHEMA.read_bytes() == json_schema.schema_bytes()


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.parent.name)
def test_the_json_schema_takes_every_lock(path: Path) -> None:
    schema = msgspec.json.decode(SCHEMA.read_bytes())
    jsonschema_rs.meta.validate(schema)
    jsonschema_rs.validate(schema, tomli.loads(path.read_text("utf-8")))


def test_the_json_schema_refuses_what_has_the_wrong_shape() -> None:
    schema = msgspec.json.decode(SCHEMA.read_bytes())
    for text in ("version = true", 'version = 1\nfoo = "x"', 'version = 1\n[[pack]]\nname = "a"'):
        with pytest.raises(jsonschema_rs.ValidationError):
            jsonschema_rs.validate(schema, tomli.loads(text))
