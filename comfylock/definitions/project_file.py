"""What a pack's pyproject.toml says the pack is."""

from __future__ import annotations

import tomllib

from comfylock.model import Problem
from comfylock.names import normalise_registry_id, normalise_repository

FILE = "pyproject.toml"


def read_project(
    data: bytes | None,
) -> tuple[str | None, str | None, tuple[Problem, ...]]:
    """Return a pack's registry id, its repository, and what is wrong with the file.

    The id counts only beside a `[tool.comfy]` table: a Python project has a name too.
    Source: https://docs.comfy.org/registry/specifications
    """
    if data is None:
        return None, None, ()
    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else "nested too deeply"
        return None, None, (Problem(FILE, f"not valid TOML: {reason}"),)
    project = _table(document.get("project"))
    tool = _table(document.get("tool"))
    name = project.get("name")
    registered = isinstance(name, str) and "comfy" in tool
    registry_id = normalise_registry_id(name) if registered and isinstance(name, str) else None
    return registry_id, _repository(_table(project.get("urls"))), ()


def _table(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _repository(urls: dict[str, object]) -> str | None:
    for key in sorted(urls, key=lambda k: (k != "Repository", k)):
        value = urls[key]
        if key.lower() in {"repository", "source", "homepage"} and isinstance(value, str):
            found = normalise_repository(value)
            if found is not None:
                return found
    return None
