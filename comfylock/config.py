"""What a project says in `comfylock.toml`, or in `[tool.comfylock]` of its pyproject.toml.

All faults are reported at once, each with its path and a sentence. msgspec's types hold the
schema; pydantic would cost every `analyze` four times an empty Python's start.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.errors import ConfigError
from comfylock.links import ALLOWED_HOSTS, clean_url, folder_key, sha256_of
from comfylock.model import Source
from comfylock.names import OWNER_REPO, REGISTRY_ID, normalise_model_path, normalise_repository

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "comfylock.toml"
MAX_CONFIG_BYTES = 4 * 1024 * 1024

Faults = list[tuple[str, str]]


class Config(Struct, frozen=True):
    """A project's settings; empty where it has no file."""

    file: str | None = None
    class_types: dict[str, str] = {}
    """Class type to pack: a registry id, `owner/repo`, a repository URL, or `comfy-core`."""
    models: dict[str, Source] = {}
    """Model (`folder/name` or `name`) to where it comes from."""
    allowed_hosts: frozenset[str] = ALLOWED_HOSTS


def load_config(folder: str) -> Config:
    """Return the settings of the project in a folder; the defaults if it has none.

    Raises:
        ConfigError: with every fault of the file.
    """
    path = os.path.join(folder, FILE)
    data = _read(path)
    if data is not None:
        return parse_config(data, path)
    path = os.path.join(folder, "pyproject.toml")
    data = _read(path)
    if data is None or b"comfylock" not in data:
        return Config()
    return parse_config(data, path, table=("tool", "comfylock"))


def parse_config(data: bytes, file: str, *, table: tuple[str, ...] = ()) -> Config:
    """Return the settings that TOML bytes hold, from a table inside it if given.

    Raises:
        ConfigError: with every fault of the file.
    """
    import tomllib  # noqa: PLC0415 - projects without a file need not wait for it

    try:
        document: Any = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits too
        raise ConfigError(file, (("", f"is not TOML: {error}"),)) from error
    for key in table:
        document = document.get(key, {}) if isinstance(document, dict) else None
    if not isinstance(document, dict):
        raise ConfigError(file, ((".".join(table), "must be a table"),))
    faults: Faults = []
    readers: dict[str, Callable[[Any, Faults], Any]] = {
        "class-types": _class_types,
        "models": _models,
        "trust": _trust,
    }
    _refuse_unknown(document, readers, ".".join(table), faults)
    values = {
        key: reader(document[key], faults) for key, reader in readers.items() if key in document
    }
    if faults:
        raise ConfigError(file, tuple(faults))
    return Config(
        file=file,
        class_types=values.get("class-types", {}),
        models=values.get("models", {}),
        allowed_hosts=ALLOWED_HOSTS | values.get("trust", frozenset()),
    )


def _class_types(value: Any, faults: Faults) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for class_type, pack in _items(value, "class-types", faults):
        path = f'class-types."{class_type}"'
        if not isinstance(pack, str):
            faults.append((path, "must be the name of a pack, a text"))
        elif OWNER_REPO.match(pack) or REGISTRY_ID.match(pack):
            chosen[class_type] = pack.lower()
        elif url := normalise_repository(pack):
            chosen[class_type] = url.lower() if "github.com" not in url else _owner_repo(url)
        else:
            what = "must be a registry id, `owner/repo` or a repository's URL"
            faults.append((path, what))
    return chosen


def _owner_repo(url: str) -> str:
    return "/".join(url.split("/")[-2:]).lower()


def _models(value: Any, faults: Faults) -> dict[str, Source]:
    sources: dict[str, Source] = {}
    for name, entry in _items(value, "models", faults):
        path = f'models."{name}"'
        table = {"url": entry} if isinstance(entry, str) else entry
        if not isinstance(table, dict):
            faults.append((path, "must be a URL or a table with `url` and perhaps `sha256`"))
            continue
        _refuse_unknown(table, ("url", "sha256"), path, faults)
        text = table.get("url")
        url = clean_url(text) if isinstance(text, str) else None
        digest = sha256_of(table.get("sha256"), None)
        if url is None:
            faults.append((f"{path}.url", "must be an https URL"))
        elif table.get("sha256") is not None and digest is None:
            faults.append((f"{path}.sha256", "must be 64 hexadecimal digits"))
        elif "/" in name and folder_key(name.rsplit("/", 1)[0]) is None:
            faults.append((path, "must be `folder/name` inside ComfyUI's models"))
        else:
            sources[normalise_model_path(name)] = Source(url, "config", digest)
    return sources


def _trust(value: Any, faults: Faults) -> frozenset[str]:
    entries = dict(_items(value, "trust", faults))
    _refuse_unknown(entries, ("allow-hosts",), "trust", faults)
    hosts = entries.get("allow-hosts", [])
    if not isinstance(hosts, list):
        faults.append(("trust.allow-hosts", "must be a list of host names"))
        return frozenset()
    for index, host in enumerate(hosts):
        if not isinstance(host, str) or not host.strip() or "/" in host:
            path = f"trust.allow-hosts[{index}]"
            faults.append((path, "must be a host name, such as `models.example.com`"))
    return frozenset(host.strip().lower() for host in hosts if isinstance(host, str))


def _items(value: Any, path: str, faults: Faults) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    faults.append((path, "must be a table"))
    return []


def _refuse_unknown(
    value: dict[str, Any], known: dict[str, Any] | tuple[str, ...], path: str, faults: Faults
) -> None:
    for key in value:
        if key in known:
            continue
        import difflib  # noqa: PLC0415 - only mistakes need it

        nearest = difflib.get_close_matches(key, list(known), 1, 0.6)
        advice = f"did you mean `{nearest[0]}`?" if nearest else f"known: {', '.join(known)}"
        faults.append((f"{path}.{key}" if path else key, f"is no setting; {advice}"))


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(path, (("", f"cannot be read: {error.strerror}"),)) from error
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(path, (("", "is too large for a settings file"),))
    return data
