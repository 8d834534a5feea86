"""What `comfylock verify --json` prints; docs/json.md says what each key means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from comfylock.cli.envelope import success

if TYPE_CHECKING:
    from comfylock.ops.verify_request import VerifyOutcome
    from comfylock.verifying.findings import Finding


def verify_json(outcome: VerifyOutcome, code: int) -> bytes:
    """Return the envelope of a verification."""
    data = {
        "lock": outcome.lock,
        "parts": outcome.parts,
        "findings": [_finding(finding) for finding in outcome.findings],
        "items": outcome.items,
        "differences": outcome.comparison,
        "unreachable": [
            {"message": message, "subjects": subjects} for message, subjects in outcome.unreachable
        ],
        "hashed": outcome.hashed,
    }
    return success("verify", data, ok=code == 0)


def _finding(finding: Finding) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.structs.asdict(finding)
    return {"kind": told.pop("kind"), "severity": finding.severity, **told}
