"""Bills of materials held against CycloneDX's schema, which is read once for each process."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclonedx.validation.json import JsonStrictValidator

_proven: set[str] = set()
"""Addresses that the schema took: its reader of them takes a tenth of a second for each."""


def schema_fault(text: str) -> str | None:
    """Say where a bill breaks the schema of CycloneDX 1.6."""
    document = json.loads(text)
    fresh = set()
    for component in [document.get("metadata", {}).get("component", {}), *document["components"]]:
        references = component.get("externalReferences", [])
        fresh |= {each["url"] for each in references}
        kept = [each for each in references if each["url"] not in _proven]
        if references:
            component["externalReferences"] = kept
    fault = _validator().validate_str(json.dumps(document))
    if fault is not None:
        return str(fault.data.message)
    _proven.update(fresh)
    return None


@cache
def _validator() -> JsonStrictValidator:
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - these cost a second
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    return JsonStrictValidator(SchemaVersion.V1_6)
