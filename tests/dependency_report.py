"""What must hold for every dependency report, whatever was found."""

from __future__ import annotations

from typing import Any


def falsely_verified(data: dict[str, Any]) -> list[str]:
    """Things that are said to be verified although more than a note was found about them."""
    found = {(f["about"], f["subject"]) for f in data["findings"] if f["severity"] != "note"}
    verified = [item for item in data["items"] if item["status"] == "verified"]
    return [
        item["name"]
        for item in verified
        if (item["about"], item["name"]) in found or item["error"] or not item["proof"]
    ]
