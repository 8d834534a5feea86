"""The table `[packs]`: which version of a pack, or where to take it from instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.config.addresses import (
    TELLS_TOO_MUCH,
    file_fault,
    git_fault,
    has_secret,
    revision_fault,
)
from comfylock.config.lock_settings import groups_of
from comfylock.config.tables import Table
from comfylock.links import clean_url, sha256_of
from comfylock.names import COMFYUI, OWNER_REPO, REGISTRY_ID, normalise_repository
from comfylock.ranges import parse_range
from comfylock.requirements import PackRule

if TYPE_CHECKING:
    from collections.abc import Iterable

PACK_KEYS = (
    "version",
    "git",
    "revision",
    "url",
    "sha256",
    "groups",
    "always",
    "ignore-requirements",
)
_CLASHES = (
    ("version", "git", "a repository has revisions"),
    ("version", "url", "a file has no versions"),
    ("version", "revision", "it is one or the other"),
    ("git", "url", "a pack has one source"),
    ("revision", "url", "a file has no revisions"),
)
Groups = dict[str, tuple[str, ...]]


def pack_name(text: str) -> str | None:
    """Return a pack's name in comfylock for a registry id, `owner/repo` or a repository's URL."""
    if OWNER_REPO.match(text) or REGISTRY_ID.match(text):
        return text.lower()
    url = None if has_secret(text) else normalise_repository(text)
    if url is None:
        return None
    is_github = url.startswith("https://github.com/")
    return "/".join(url.split("/")[-2:]).lower() if is_github else url.lower()


def with_places(rules: dict[str, PackRule], named: Iterable[str]) -> dict[str, PackRule]:
    """Return rules that say where packs are that are named by URLs outside GitHub.

    A pack's name is in lower case, and not every host takes its path so.
    """
    added: dict[str, PackRule] = {}
    for text in named:
        name, url = pack_name(text), normalise_repository(text)
        if name is None or url is None or "://" not in name:
            continue
        rule = rules.get(name, PackRule(name))
        if rule.git is None and rule.url is None:
            place = text.strip() if text.startswith("ssh://") else url
            added[name] = replace(rule, git=place)
    return {**rules, **added}


def name_fault(text: str) -> str:
    """Say what is wrong with a pack's name that `pack_name` did not take."""
    if has_secret(text):
        return TELLS_TOO_MUCH
    return "must be a registry id, `owner/repo` or a repository's URL"


def read_packs(table: Table, groups: Groups, hosts: frozenset[str]) -> dict[str, PackRule]:
    """Return the rules of `[packs]` by the packs' names."""
    rules: dict[str, PackRule] = {}
    for key, value in table.value.items():
        path = table.quoted(key)
        name = pack_name(key)
        if name is None or name == COMFYUI:
            what = "is ComfyUI itself, no pack" if name else name_fault(key)
            table.faults.append((path, what))
            continue
        entry = {"version": value} if isinstance(value, str) else value
        if not isinstance(entry, dict):
            what = "must be a version, a range such as `>=1.2,<2`, or a table"
            table.faults.append((path, what))
            continue
        if name in rules:
            table.faults.append((path, f"names the same pack as another key: `{name}`"))
            continue
        inner = Table(entry, path, table.faults)
        rules[name] = _rule(inner, name, groups, hosts)
    return rules


def _rule(table: Table, name: str, groups: Groups, hosts: frozenset[str]) -> PackRule:
    table.refuse_unknown(PACK_KEYS)
    for one, other, why in _CLASHES:
        if one in table and other in table:
            table.fault(f"`{one}` and `{other}` contradict each other: {why}")
    if "sha256" in table and "url" not in table:
        table.fault("says nothing without `url`", "sha256")
    return PackRule(
        name=name,
        version=_version(table, name),
        git=_repository(table, hosts),
        revision=_revision(table),
        url=_file(table, hosts),
        sha256=digest(table),
        groups=groups_of(table, groups),
        is_required=table.flag("always"),
        ignored=tuple(
            sorted({text for _, text in table.texts("ignore-requirements", "requirements")})
        ),
    )


def _version(table: Table, name: str) -> str | None:
    text = table.text("version")
    if text is None:
        return None
    fault = _range_fault(text)
    if fault is not None:
        table.fault(fault, "version")
    elif "/" in name:
        what = "is for packs of the Comfy Registry: name the pack by its id, or give a `revision`"
        table.fault(what, "version")
    return text


def _range_fault(text: str) -> str | None:
    """Say what is wrong with a version or a range of versions."""
    if parse_range(text) is not None:
        return None
    return "must be a version such as `1.2.3` or a range such as `>=1.2,<2`"


def _repository(table: Table, hosts: frozenset[str]) -> str | None:
    text = table.text("git")
    fault = git_fault(text, hosts) if text is not None else None
    if fault is not None:
        table.fault(fault, "git")
    return text


def _revision(table: Table) -> str | None:
    text = table.text("revision")
    fault = revision_fault(text) if text is not None else None
    if fault is not None:
        table.fault(fault, "revision")
    return text


def _file(table: Table, hosts: frozenset[str]) -> str | None:
    text = table.text("url")
    if text is None:
        return None
    fault = file_fault(text, hosts)
    url = None if fault else clean_url(text, hosts)
    if url is None:
        table.fault(fault or "must be an https URL", "url")
    elif not url.partition("?")[0].endswith(".py"):
        table.fault("must lead to a single `.py` file; a repository is given as `git`", "url")
    return url


def digest(table: Table) -> str | None:
    """Return the sha256 that a table gives, in lower case."""
    text = table.text("sha256")
    found = sha256_of(text, None)
    if text is not None and found is None:
        table.fault("must be 64 hexadecimal digits", "sha256")
    return found
