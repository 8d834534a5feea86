"""The settings that a TOML text holds: every table by its reader, every fault at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.config.addresses import host_fault, service_address, service_fault
from comfylock.config.comfyui import read_comfyui
from comfylock.config.emit import EmitSettings, read_emit
from comfylock.config.environment import Surroundings, trusted_hosts
from comfylock.config.lock_settings import read_groups, read_lock
from comfylock.config.models import read_models
from comfylock.config.packs import name_fault, pack_name, read_packs, with_places
from comfylock.config.tables import Faults, Table
from comfylock.errors import ConfigError
from comfylock.model import Source
from comfylock.requirements import ImageRule, PythonRule

if TYPE_CHECKING:
    from comfylock.config.audit import AuditRules

SECTIONS = (
    "lock",
    "comfyui",
    "python",
    "images",
    "class-types",
    "packs",
    "models",
    "groups",
    "emit",
    "audit",
    "endpoints",
    "trust",
)
TRUST_KEYS = ("allow-hosts",)
ENDPOINTS = {
    "registry": "registry",
    "huggingface": "huggingface",
    "civitai": "civitai",
    "github-api": "github_api",
    "manager": "manager",
}
"""Setting to the service's name in the house."""


def read_document(
    data: bytes, file: str, table: tuple[str, ...], around: Surroundings | None
) -> dict[str, Any]:
    """Return the fields of Config that a TOML text sets, from a table inside it if given.

    Raises:
        ConfigError: with every fault of the text.
    """
    around = around or Surroundings()
    root = Table(_decoded(data, file, table), ".".join(table), [])
    root.refuse_unknown(SECTIONS)
    lock = read_lock(root.table("lock"))
    named = root.table("class-types")
    class_types = _class_types(named)
    endpoints = {**_endpoints(root.table("endpoints")), **around.endpoints}
    allowed = around.hosts | _trust(root.table("trust"))
    hosts = trusted_hosts(allowed, endpoints)
    configured = hosts["configured_hosts"]
    groups = read_groups(root.table("groups"))
    comfyui = read_comfyui(root.table("comfyui"), configured)
    python = _python(root, configured)
    images = _images(root)
    packs = root.table("packs")
    texts = [*packs.value, *(each for each in named.value.values() if isinstance(each, str))]
    pack_rules = with_places(read_packs(packs, groups, configured), texts)
    model_rules = read_models(root.table("models"), groups, configured)
    emit = read_emit(root.table("emit"))
    audit = _audit(root)
    if root.faults:
        raise ConfigError(file, tuple(_in_order(root.faults, root.path)))
    return {
        **lock,
        "audit": audit,
        "class_types": class_types,
        "endpoints": endpoints,
        "comfyui": comfyui,
        "python": python,
        "images": images,
        "groups": groups,
        "pack_rules": pack_rules,
        "model_rules": model_rules,
        "emit": EmitSettings(**emit) if emit else None,
        "models": {
            key: Source(rule.url, "config", rule.sha256)
            for key, rule in model_rules.items()
            if rule.url is not None
        },
        **hosts,
    }


def _decoded(data: bytes, file: str, table: tuple[str, ...]) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - told apart from what reads settings without a file

    try:
        document: Any = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits too
        raise ConfigError(file, (("", f"is not TOML: {error}"),)) from error
    for key in table:
        document = document.get(key, {}) if isinstance(document, dict) else None
    if not isinstance(document, dict):
        raise ConfigError(file, ((".".join(table), "must be a table"),))
    return document


def _audit(root: Table) -> AuditRules | None:
    if "audit" not in root:
        return None
    from comfylock.config.audit import read_audit  # noqa: PLC0415 - few have any

    return read_audit(root.table("audit"))


def _in_order(faults: Faults, root: str) -> Faults:
    """Return faults by the order of the tables; what is in no table comes first."""

    def place(fault: tuple[str, str]) -> int:
        path = fault[0].removeprefix(f"{root}.") if root else fault[0]
        section = path.partition(".")[0]
        return SECTIONS.index(section) if section in SECTIONS else -1

    return sorted(faults, key=place)


def _python(root: Table, hosts: frozenset[str]) -> PythonRule:
    if "python" not in root:
        return PythonRule()
    from comfylock.config.python import read_python  # noqa: PLC0415 - few have it, it is costly

    return read_python(root.table("python"), hosts)


def _images(root: Table) -> tuple[ImageRule, ...]:
    if "images" not in root:
        return ()
    from comfylock.config.images import read_images  # noqa: PLC0415 - few have any

    return read_images(root.table("images"))


def _class_types(table: Table) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for class_type, pack in table.value.items():
        path = table.quoted(class_type)
        name = pack_name(pack) if isinstance(pack, str) else None
        if not isinstance(pack, str):
            table.faults.append((path, "must be the name of a pack, a text"))
        elif name is None:
            table.faults.append((path, name_fault(pack)))
        else:
            chosen[class_type] = name
    return chosen


def _endpoints(table: Table) -> dict[str, str]:
    table.refuse_unknown(ENDPOINTS)
    found: dict[str, str] = {}
    for key, name in ENDPOINTS.items():
        text = table.text(key)
        if text is None:
            continue
        address = service_address(text, name)
        if address is None:
            table.fault(service_fault(text), key)
        else:
            found[name] = address
    return found


def _trust(table: Table) -> frozenset[str]:
    table.refuse_unknown(TRUST_KEYS)
    hosts: set[str] = set()
    for index, text in table.texts("allow-hosts", "host names"):
        fault = host_fault(text)
        if fault is None:
            hosts.add(text.lower())
        else:
            table.fault(fault, f"allow-hosts[{index}]")
    return frozenset(hosts)
