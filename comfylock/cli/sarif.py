"""`--format sarif`: findings for code scanning.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from comfylock import __version__
from comfylock.cli.lock_lines import lock_lines
from comfylock.cli.text import safe

if TYPE_CHECKING:
    from comfylock.cli.sheet import Sheet
    from comfylock.findings import Finding, Meaning

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LOCK = "comfy.lock"


def sarif(sheet: Sheet) -> bytes:
    """Return the findings as a SARIF log; each stands at the line of the lock that it is about."""
    kinds = sorted({finding.kind for finding in sheet.findings})
    where = _Places(sheet.lock)
    run = {
        "tool": {
            "driver": {
                "name": "comfylock",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(kind, sheet.meaning(kind)) for kind in kinds],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not sheet.failures,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": safe(message)}}
                    for message in sheet.failures
                ],
            }
        ],
        "results": [
            _result(finding, kinds.index(finding.kind), where) for finding in sheet.findings
        ],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"


def _rule(kind: str, told: Meaning) -> dict[str, Any]:
    return {
        "id": kind,
        "shortDescription": {"text": told.told},
        "defaultConfiguration": {"level": told.severity},
    }


def _result(finding: Finding, index: int, where: _Places) -> dict[str, Any]:
    text = safe(finding.message) + (f". To mend: {safe(finding.mend)}" if finding.mend else "")
    key = "\n".join((finding.kind, finding.about, finding.subject, finding.place or ""))
    properties = {"about": finding.about, "subject": safe(finding.subject)}
    if finding.place:
        properties["place"] = safe(finding.place)
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "ruleId": finding.kind,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": where.location(finding)}],
        "partialFingerprints": {"finding/v1": digest},
        "properties": properties,
    }


class _Places:
    """Where findings stand: in the lock, or in the file that they are about."""

    def __init__(self, lock: str | None) -> None:
        self._lines = lock_lines(lock) if lock is not None else {}
        folder = os.path.dirname(lock or "").replace(os.sep, "/").removeprefix("./")
        self._folder = "" if _leaves(folder) or folder == "." else folder

    def location(self, finding: Finding) -> dict[str, Any]:
        """Return a file, relative to where the command was run, and a line."""
        line = self._lines.get((finding.about, finding.subject), 1)
        uri = LOCK
        is_file = finding.about == "file" or (finding.about == "workflow" and finding.place)
        if is_file and not _leaves(finding.subject):
            uri, line = finding.subject.partition("#")[0], 1
        uri = f"{self._folder}/{uri}" if self._folder else uri
        return {
            "artifactLocation": {"uri": quote(safe(uri)), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line},
        }


def _leaves(path: str) -> bool:
    return os.path.isabs(path) or ".." in path.split("/")
