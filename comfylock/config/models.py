"""The table `[models]`: where a model comes from, or that nobody has to fetch it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.config.addresses import file_fault
from comfylock.config.lock_settings import groups_of
from comfylock.config.model_services import air_address, civitai_address, hub_address
from comfylock.config.packs import digest
from comfylock.config.tables import Table
from comfylock.links import clean_url, folder_key
from comfylock.names import leaves_its_folder, normalise_model_path
from comfylock.patterns import Pattern
from comfylock.requirements import ModelRule

if TYPE_CHECKING:
    from comfylock.config.packs import Groups

ORIGINS = ("url", "huggingface", "civitai", "air", "local", "ignore", "alternatives")
"""Where a model comes from: a rule has exactly one of these."""

ALTERNATIVE_KEYS = (
    "tier",
    "vram",
    "url",
    "huggingface",
    "civitai",
    "air",
    "local",
    "path",
    "revision",
    "file",
    "sha256",
    "size",
)
"""What each of several files under one name says."""

TIER = Pattern(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")

MODEL_KEYS = (*ORIGINS, "path", "revision", "file", "sha256", "size", "groups", "always")
_COMPANIONS = {
    "path": "huggingface",
    "revision": "huggingface",
    "file": "civitai",
    "size": "local",
}
"""Keys that mean something beside one origin only."""


def read_models(table: Table, groups: Groups, hosts: frozenset[str]) -> dict[str, ModelRule]:
    """Return the rules of `[models]` by `folder/name` or `name`."""
    rules: dict[str, ModelRule] = {}
    for text, value in table.value.items():
        path = table.quoted(text)
        key = model_key(text)
        if key is None:
            table.faults.append((path, "must be `folder/name` inside ComfyUI's models"))
            continue
        entry = {"url": value} if isinstance(value, str) else value
        if not isinstance(entry, dict):
            what = "must be a URL, or a table with `url`, `huggingface`, `civitai` or `local`"
            table.faults.append((path, what))
            continue
        if key in rules:
            table.faults.append((path, f"names the same model as another key: `{key}`"))
            continue
        inner = Table(entry, path, table.faults)
        rule = _rule(inner, key, groups, hosts)
        found = _alternatives(inner, rule, hosts)
        tiers = tuple(each.tier for each in found.values() if each.tier)
        rules[key] = replace(rule, tiers=tiers)
        rules.update(found)
    return rules


def model_key(text: str) -> str | None:
    """Return a model's `folder/name` with ComfyUI's own word for the folder, or its bare name."""
    if leaves_its_folder(text.strip().replace("\\", "/")) or not all(map(str.isprintable, text)):
        return None
    key = normalise_model_path(text).removeprefix("models/")
    if not all(key.split("/")):
        return None
    folder, slash, name = key.partition("/")
    return f"{folder_key(folder) or folder}/{name}" if slash else key


def _rule(table: Table, key: str, groups: Groups, hosts: frozenset[str]) -> ModelRule:
    table.refuse_unknown(MODEL_KEYS)
    _check_origin(table)
    is_required = table.flag("always")
    if is_required and "/" not in key:
        table.fault("needs a key with a folder, such as `loras/name`", "always")
    return ModelRule(
        key=key,
        url=_address(table, hosts),
        sha256=digest(table),
        size=table.number("size", least=0),
        groups=groups_of(table, groups),
        is_local=table.flag("local"),
        is_ignored=table.flag("ignore"),
        is_required=is_required,
    )


def _alternatives(table: Table, rule: ModelRule, hosts: frozenset[str]) -> dict[str, ModelRule]:
    """Return a rule for each of the files that may be installed under one name."""
    if "alternatives" not in table:
        return {}
    entries = table.value["alternatives"]
    is_list = isinstance(entries, list) and all(isinstance(each, dict) for each in entries)
    if not is_list or len(entries) < 2:
        table.fault("must be a list of two tables or more", "alternatives")
        return {}
    if "/" not in rule.key:
        table.fault("needs a key with a folder, such as `loras/name`", "alternatives")
    found: dict[str, ModelRule] = {}
    for index, entry in enumerate(entries):
        inner = Table(entry, f"{table.path}.alternatives[{index}]", table.faults)
        one = _alternative(inner, rule, hosts)
        if one is None:
            continue
        if one.key in found:
            inner.fault("is the tier of another one already", "tier")
        if one.vram in {other.vram for other in found.values()}:
            told = (
                "is missing, as it is of another one"
                if one.vram is None
                else "is another one's too"
            )
            inner.fault(told, "vram")
        found[one.key] = one
    return found


def _alternative(table: Table, rule: ModelRule, hosts: frozenset[str]) -> ModelRule | None:
    table.refuse_unknown(ALTERNATIVE_KEYS)
    _check_origin(table)
    tier = table.text("tier")
    if tier is None or not TIER.match(tier):
        table.fault("must be a lower-case word such as `fp8`", "tier")
        return None
    return ModelRule(
        key=f"{rule.key}@{tier}",
        url=_address(table, hosts),
        sha256=digest(table),
        size=table.number("size", least=0),
        groups=rule.groups,
        is_local=table.flag("local"),
        is_required=rule.is_required,
        tier=tier,
        vram=table.number("vram"),
    )


def _check_origin(table: Table) -> None:
    """Fault a rule without an origin, with several, or with what does not belong to its own."""
    given = [key for key in ORIGINS if table.value.get(key, False) is not False]
    if not given:
        origins = "`, `".join(ORIGINS[:-1])
        table.fault(f"must say where it comes from: `{origins}` or `{ORIGINS[-1]}`")
    elif len(given) > 1:
        table.fault(f"`{'` and `'.join(given)}` contradict each other: a model has one origin")
    elif given in (["ignore"], ["alternatives"]):
        allowed = ORIGINS if given == ["ignore"] else (*ORIGINS, "groups", "always")
        rest = [key for key in MODEL_KEYS if key in table and key not in allowed]
        if rest:
            table.fault(f"`{given[0]}` and `{'`, `'.join(rest)}` contradict each other")
        return
    for key, origin in _COMPANIONS.items():
        if key in table and origin not in given:
            table.fault(f"says nothing without `{origin}`", key)


def _address(table: Table, hosts: frozenset[str]) -> str | None:
    """Return the one address that a rule's origin means."""
    text = table.text("url")
    if text is not None:
        fault = file_fault(text, hosts)
        if fault is not None:
            table.fault(fault, "url")
            return None
        return clean_url(text, hosts)
    if "huggingface" in table:
        return hub_address(table)
    if "civitai" in table:
        return civitai_address(table)
    return air_address(table)
