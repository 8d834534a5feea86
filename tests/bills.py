"""Bills of materials held against CycloneDX's schema, which is read once for each process."""

from __future__ import annotations

from functools import cache

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def schema_fault(text: str) -> str | None:
    """Say where a bill breaks the schema of CycloneDX 1.6."""
    fault = _validator().validate_str(text)
    return None if fault is None else str(fault.data.message)


@cache
def _validator() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_6)
