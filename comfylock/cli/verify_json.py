"""What `comfylock verify --json` prints; docs/json.md says what each key means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.envelope import success
from comfylock.cli.sheet import finding_json

if TYPE_CHECKING:
    from comfylock.ops.verify_request import VerifyOutcome


def verify_json(outcome: VerifyOutcome, code: int) -> bytes:
    """Return the envelope of a verification."""
    data = {
        "lock": outcome.lock,
        "parts": outcome.parts,
        "findings": [finding_json(finding) for finding in outcome.findings],
        "items": outcome.items,
        "differences": outcome.comparison,
        "unreachable": [
            {"message": message, "subjects": subjects} for message, subjects in outcome.unreachable
        ],
        "hashed": outcome.hashed,
    }
    return success("verify", data, ok=code == 0)
