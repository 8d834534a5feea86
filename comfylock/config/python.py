"""The table `[python]`: the targets that Python packages are locked for, and what shapes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from comfylock.config.addresses import file_fault
from comfylock.errors import UsageError
from comfylock.patterns import Pattern
from comfylock.python.targets import parse_target
from comfylock.python.torch import TRIO, is_protected
from comfylock.requirements import PythonRule

if TYPE_CHECKING:
    from comfylock.config.tables import Table

PYTHON_KEYS = (
    "targets",
    "constraints",
    "overrides",
    "allow-builds",
    "index",
    "extra-indexes",
    "torch-index",
    "torch",
)
MAX_TARGETS = 16

_NAME = Pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_VERSION = Pattern(r"[0-9][0-9A-Za-z.+!*_-]*\Z")


def read_python(table: Table, hosts: frozenset[str]) -> PythonRule:
    """Return what the project says about Python packages; `hosts` may be reached by plain http."""
    table.refuse_unknown(PYTHON_KEYS)
    targets = _targets(table)
    if not targets and not any(path.startswith(table.path) for path, _ in table.faults):
        table.fault("says nothing without `targets`", "targets")
    return PythonRule(
        targets=targets,
        constraints=_requirements(table.table("constraints")),
        overrides=_requirements(table.table("overrides"), is_free=False),
        builds=_names(table, "allow-builds"),
        index=_index(table, "index", hosts),
        extra_indexes=_indexes(table, hosts),
        torch_index=_index(table, "torch-index", hosts),
        torch=_trio(table),
        hosts=hosts,
    )


def _targets(table: Table) -> tuple[str, ...]:
    found: set[str] = set()
    for index, text in table.texts("targets", "targets, such as `linux-x86_64-py3.12-cu128`"):
        try:
            found.add(parse_target(text).name)
        except UsageError as error:
            hint = f"; {error.hint}" if error.hint else ""
            table.fault(f"{error.message}{hint}", f"targets[{index}]")
    if len(found) > MAX_TARGETS:
        table.fault(f"must be no more than {MAX_TARGETS}", "targets")
    return tuple(sorted(found))


def _requirements(table: Table, *, is_free: bool = True) -> tuple[str, ...]:
    """Return `numpy = "<2"` and the like as requirements, sorted; a bare version is exact."""
    found: dict[str, str] = {}
    for key, value in table.value.items():
        path = table.quoted(key)
        text = _requirement(key, value)
        if text is None:
            what = "must be versions of a package: `<2`, `>=1.26,<2` or `1.26.4`"
            table.faults.append((path, what))
            continue
        name = canonicalize_name(key)
        if name in found:
            table.faults.append((path, f"names the same package as another key: `{name}`"))
        elif not is_free and is_protected(name):
            what = "follows the target; limit it under `[python.constraints]`"
            table.faults.append((path, what))
        found[name] = text
    return tuple(sorted(found.values()))


def _requirement(key: str, value: object) -> str | None:
    if not isinstance(value, str) or _NAME.match(key) is None:
        return None
    text = value.strip()
    versions = f"=={text}" if _VERSION.match(text) else text
    try:
        requirement = Requirement(f"{canonicalize_name(key)}{versions}")
    except InvalidRequirement:
        return None
    return str(requirement) if requirement.specifier and not requirement.url else None


def _names(table: Table, key: str) -> tuple[str, ...]:
    found: set[str] = set()
    for index, text in table.texts(key, "names of packages"):
        if _NAME.match(text):
            found.add(canonicalize_name(text))
        else:
            table.fault("must be the name of a package", f"{key}[{index}]")
    return tuple(sorted(found))


def _trio(table: Table) -> tuple[str, ...] | None:
    if "torch" not in table:
        return None
    found: set[str] = set()
    for index, text in table.texts("torch", "names: torch, torchvision, torchaudio"):
        if text in TRIO:
            found.add(text)
        else:
            table.fault(f"must be one of {', '.join(TRIO)}", f"torch[{index}]")
    return tuple(sorted(found))


def _index(table: Table, key: str, hosts: frozenset[str]) -> str | None:
    text = table.text(key)
    fault = file_fault(text, hosts) if text is not None else None
    if fault is not None:
        table.fault(fault, key)
    return text if fault is None else None


def _indexes(table: Table, hosts: frozenset[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for index, text in table.texts("extra-indexes", "addresses"):
        fault = file_fault(text, hosts)
        if fault is None:
            found[text] = None
        else:
            table.fault(fault, f"extra-indexes[{index}]")
    return tuple(found)
