"""`comfylock verify --format sarif`: findings for code scanning.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from comfylock import __version__
from comfylock.cli.text import safe
from comfylock.verifying.kinds import meaning

if TYPE_CHECKING:
    from comfylock.ops.verify_request import VerifyOutcome
    from comfylock.verifying.findings import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "note": "note"}
LOCK = "comfy.lock"
MAX_LOCK = 64 << 20


def verify_sarif(outcome: VerifyOutcome) -> bytes:
    """Return the findings as a SARIF log; each stands at the line of the lock that it is about."""
    kinds = sorted({finding.kind for finding in outcome.findings})
    lines = _lines(outcome.lock)
    run = {
        "tool": {
            "driver": {
                "name": "comfylock",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(kind) for kind in kinds],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not outcome.unreachable,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": safe(message)}}
                    for message, _ in outcome.unreachable
                ],
            }
        ],
        "results": [
            _result(finding, kinds.index(finding.kind), lines) for finding in outcome.findings
        ],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"


def _rule(kind: str) -> dict[str, Any]:
    told = meaning(kind)
    return {
        "id": kind,
        "shortDescription": {"text": told.told},
        "defaultConfiguration": {"level": _LEVELS[told.severity]},
    }


def _result(finding: Finding, index: int, lines: dict[str, int]) -> dict[str, Any]:
    text = safe(finding.message) + (f". To mend: {safe(finding.mend)}" if finding.mend else "")
    key = "\n".join((finding.kind, finding.about, finding.subject, finding.place or ""))
    properties = {"about": finding.about, "subject": safe(finding.subject)}
    if finding.place:
        properties["place"] = safe(finding.place)
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "ruleId": finding.kind,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(finding, lines)}],
        "partialFingerprints": {"finding/v1": digest},
        "properties": properties,
    }


def _location(finding: Finding, lines: dict[str, int]) -> dict[str, Any]:
    uri, line = LOCK, lines.get(finding.subject.rpartition("/")[2], 1)
    if finding.about in ("workflow", "file") and finding.place:
        uri, line = finding.place.partition(": node")[0].partition("#")[0], 1
    elif finding.about == "comfyui":
        line = lines.get("[comfyui]", 1)
    else:
        line = lines.get(finding.subject, line)
    if os.path.isabs(uri) or ".." in uri.split("/"):
        uri = LOCK
    return {
        "artifactLocation": {"uri": quote(safe(uri)), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": line},
    }


def _lines(path: str) -> dict[str, int]:
    """Return the lines of a lock's entries by their names, counted from 1."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read(MAX_LOCK)
    except OSError:
        return {}
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line == "[comfyui]":
            found.setdefault(line, number)
        key, _, value = line.partition(" = ")
        if key in ("name", "path"):
            found.setdefault(value.strip('"'), number)
    return found
