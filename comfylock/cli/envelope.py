"""The JSON that machines read: one envelope for every verb, on failure too."""

from __future__ import annotations

from typing import Any

import msgspec

from comfylock.errors import ComfylockError, ConfigError

_ENCODER = msgspec.json.Encoder()


def success(schema: str, data: Any, *, version: int = 1, ok: bool = True) -> bytes:
    """Return the envelope around a verb's data, indented, with a final newline."""
    envelope = {"schema": f"comfylock.{schema}", "version": version, "ok": ok, "data": data}
    return msgspec.json.format(_encode(envelope), indent=2) + b"\n"


def line(data: Any) -> bytes:
    """Return data as one line of JSON."""
    return _encode(data) + b"\n"


def failure(error: ComfylockError) -> str:
    """Return the envelope of an error."""
    told: dict[str, Any] = {"code": error.code, "message": str(error), "hint": error.hint}
    if isinstance(error, ConfigError):
        told["faults"] = [{"path": path, "message": text} for path, text in error.faults]
    envelope = {"schema": "comfylock.error", "version": 1, "ok": False, "error": told}
    return msgspec.json.format(_encode(envelope), indent=2).decode() + "\n"


def _encode(data: Any) -> bytes:
    try:
        return _ENCODER.encode(data)
    except UnicodeEncodeError:  # a file name that is not UTF-8 has halves of characters
        return _ENCODER.encode(_whole(msgspec.to_builtins(data)))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(entry) for key, entry in value.items()}
    return [_whole(entry) for entry in value] if isinstance(value, list | tuple) else value
