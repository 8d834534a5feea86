"""A set of signatures as a file: JSON, one class type a line, the same bytes for the same set.

Long lists of choices stand once, under a name made from their content, so that a change of one
class type changes its line and no other.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from comfylock.definitions.input_types import WIDGETS
from comfylock.definitions.signature import (
    ClassSignature,
    DefinitionSet,
    InputSignature,
    Kind,
    OutputSignature,
)
from comfylock.definitions.signature_inputs import plain_default

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = "comfylock-definitions"
VERSION = 1
LONG_LIST = 60
"""Bytes from which on a list of choices is kept once for all that offer it."""

_ENCODER = msgspec.json.Encoder(order="deterministic")
_MAX_DEPTH = 8


class NotASetError(ValueError):
    """Decoded JSON is no set of definitions, or one of a newer version; one sentence."""


def is_set(document: Any) -> bool:
    """Say whether decoded JSON claims to be a set of definitions."""
    return isinstance(document, dict) and MARK in document


def write_set(found: DefinitionSet) -> bytes:
    """Return a set as a file's bytes."""
    lists: dict[str, tuple[Any, ...]] = {}
    lines = [
        f"{_text(name)}:{_text(_class_out(found.classes[name], lists))}"
        for name in sorted(found.classes)
    ]
    head = {
        MARK: VERSION,
        "kind": found.kind,
        "comfyui": found.comfyui,
        "commit": found.commit,
        "core_only": found.is_core_only or None,
        "has_files": found.has_files or None,
        "partial": found.is_partial or None,
    }
    parts = [f"{_text(k)}:{_text(v)}" for k, v in head.items() if v is not None]
    shared = ",\n".join(f"{_text(key)}:{_text(lists[key])}" for key in sorted(lists))
    parts.append(f'"lists":{{\n{shared}\n}}' if shared else '"lists":{}')
    body = ",\n".join(lines)
    parts.append(f'"classes":{{\n{body}\n}}' if body else '"classes":{}')
    return ("{" + ",\n".join(parts) + "}\n").encode()


def as_document(classes: Iterable[ClassSignature]) -> dict[str, Any]:
    """Return class types as a set's file has them, by name, every list written out."""
    found: dict[str, Any] = {}
    for signature in classes:
        lists: dict[str, tuple[Any, ...]] = {}
        told = _class_out(signature, lists)
        found[signature.class_type] = _written_out(told, lists)
    return found


def _written_out(value: Any, lists: dict[str, tuple[Any, ...]]) -> Any:
    if isinstance(value, dict):
        return {
            key: list(lists[each])
            if key == "choices" and isinstance(each, str)
            else _written_out(each, lists)
            for key, each in value.items()
        }
    return [_written_out(each, lists) for each in value] if isinstance(value, list) else value


def read_set(document: Any) -> DefinitionSet:
    """Return the set that decoded JSON holds.

    Raises:
        NotASetError: it holds none, or one of a version that this release does not know.
    """
    if not is_set(document):
        raise NotASetError("is no set of definitions")
    version = document[MARK]
    if version != VERSION:
        raise NotASetError(f"is a set of definitions of version {version!r}, not {VERSION}")
    if not isinstance(document.get("classes"), dict):
        raise NotASetError("is a damaged set of definitions: it has no class types")
    try:
        lists = {str(key): tuple(value) for key, value in document.get("lists", {}).items()}
        classes = {
            name: _class_in(name, document["classes"][name], lists)
            for name in sorted(document["classes"])
        }
        kind: Kind = document.get("kind", "object-info")
        if kind not in ("server", "object-info", "source"):
            raise NotASetError(f"is a damaged set of definitions: kind is {kind!r}")
        return DefinitionSet(
            classes,
            kind,
            _optional_text(document.get("comfyui")),
            _optional_text(document.get("commit")),
            is_core_only=document.get("core_only") is True,
            has_files=document.get("has_files") is True,
            is_partial=document.get("partial") is True,
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, NotASetError):
            raise
        raise NotASetError(f"is a damaged set of definitions ({type(error).__name__})") from error


def _class_out(signature: ClassSignature, lists: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    required = [_input_out(each, lists) for each in signature.inputs if each.required]
    optional = [_input_out(each, lists) for each in signature.inputs if not each.required]
    told: dict[str, Any] = {
        "required": required,
        "optional": optional,
        "outputs": [_output_out(each, lists) for each in signature.outputs],
        "output_node": signature.is_output,
        "module": signature.module,
        "deprecated": signature.deprecated,
        "checks": signature.checks,
        "checks_all": signature.checks_all,
        "partial": signature.is_partial,
        "hidden": signature.hidden,
    }
    return {key: value for key, value in told.items() if value}


def _input_out(entry: InputSignature, lists: dict[str, tuple[Any, ...]]) -> list[Any]:
    told: dict[str, Any] = {
        "min": entry.minimum,
        "max": entry.maximum,
        "files": entry.files or None,
        "listed": entry.listed or None,
        "several": entry.several or None,
        "control": entry.trailing or None,
        "upload": entry.upload or None,
        "names": entry.names or None,
        "at_least": entry.at_least or None,
        "widget": None if entry.widget == (entry.type in WIDGETS) else entry.widget,
    }
    told = {key: value for key, value in told.items() if value is not None}
    if entry.has_default:
        told["default"] = entry.default
    if entry.choices is not None:
        told["choices"] = _list_out(entry.choices, lists)
    if entry.options:
        told["options"] = [
            [key, [[each.required, *_input_out(each, lists)] for each in inner]]
            for key, inner in entry.options
        ]
    return [entry.name, entry.type, told] if told else [entry.name, entry.type]


def _output_out(entry: OutputSignature, lists: dict[str, tuple[Any, ...]]) -> Any:
    if entry.choices is not None:
        return [entry.type, entry.name, _list_out(entry.choices, lists)]
    return [entry.type, entry.name] if entry.name else entry.type


def _list_out(choices: tuple[Any, ...], lists: dict[str, tuple[Any, ...]]) -> Any:
    encoded = _ENCODER.encode(choices)
    if len(encoded) < LONG_LIST:
        return list(choices)
    key = hashlib.sha256(encoded).hexdigest()[:10]
    lists[key] = choices
    return key


def _class_in(name: str, told: dict[str, Any], lists: dict[str, Any]) -> ClassSignature:
    inputs = [_input_in(each, lists, required=True) for each in told.get("required", ())]
    inputs += [_input_in(each, lists, required=False) for each in told.get("optional", ())]
    return ClassSignature(
        name,
        tuple(inputs),
        tuple(_output_in(each, lists) for each in told.get("outputs", ())),
        is_output=told.get("output_node") is True,
        module=_optional_text(told.get("module")),
        deprecated=told.get("deprecated") is True,
        checks=tuple(map(str, told.get("checks", ()))),
        checks_all=told.get("checks_all") is True,
        is_partial=told.get("partial") is True,
        hidden=tuple((str(name), str(kind)) for name, kind in told.get("hidden", ())),
    )


def _input_in(
    entry: list[Any], lists: dict[str, Any], *, required: bool, depth: int = 0
) -> InputSignature:
    name, kind = str(entry[0]), str(entry[1])
    told = entry[2] if len(entry) > 2 else {}
    if depth > _MAX_DEPTH:
        raise NotASetError("is a damaged set of definitions: nested too deeply")
    return InputSignature(
        name,
        kind,
        required,
        widget=bool(told.get("widget", kind in WIDGETS)),
        default=plain_default(told["default"]) if "default" in told else UNSET,
        minimum=_number(told.get("min")),
        maximum=_number(told.get("max")),
        choices=_list_in(told.get("choices"), lists),
        files=bool(told.get("files")),
        listed=bool(told.get("listed")),
        several=bool(told.get("several")),
        trailing=int(told.get("control", 0)),
        upload=bool(told.get("upload")),
        options=tuple(
            (
                str(key),
                tuple(
                    _input_in(each[1:], lists, required=bool(each[0]), depth=depth + 1)
                    for each in inner
                ),
            )
            for key, inner in told.get("options", ())
        ),
        names=tuple(map(str, told.get("names", ()))),
        at_least=int(told.get("at_least", 0)),
    )


def _output_in(entry: Any, lists: dict[str, Any]) -> OutputSignature:
    if isinstance(entry, str):
        return OutputSignature(entry)
    choices = _list_in(entry[2], lists) if len(entry) > 2 else None
    return OutputSignature(str(entry[0]), str(entry[1]), choices)


def _list_in(told: Any, lists: dict[str, Any]) -> tuple[Any, ...] | None:
    if told is None:
        return None
    return tuple(lists[told]) if isinstance(told, str) else tuple(told)


def _number(value: Any) -> int | float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise NotASetError("is a damaged set of definitions: a limit is no number")
    return value


def _optional_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise NotASetError("is a damaged set of definitions: a name is no text")
    return value


def _text(value: Any) -> str:
    return _ENCODER.encode(value).decode()
