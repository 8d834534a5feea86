"""The registry's own verbs: look things up, add private packs, refresh, compile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.errors import RefusedError, RegistryError, SourceUnavailableError, UsageError
from comfylock.model import Problem
from comfylock.names import (
    COMFYUI,
    OWNER_REPO,
    is_text,
    normalise_registry_id,
    normalise_repository,
)
from comfylock.registry.store import Registry, bundled_folder, forget, shared_registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfylock.model import PackDefinition
    from comfylock.net.http import Http

_ADDRESS = "--repository https://github.com/OWNER/REPO"
PROJECT_LAYER = os.path.join(".comfylock", "registry")
MANAGER_URL = "https://raw.githubusercontent.com/Comfy-Org/ComfyUI-Manager/main"
"""Where the Manager's lists are. Source: its channels.list."""

MANAGER_LISTS = (
    "custom-node-list.json",
    "extension-node-map.json",
    "github-stats.json",
    "model-list.json",
)
_ENTRIES = {"custom-node-list.json": "custom_nodes", "model-list.json": "models"}
"""Where a list's entries are, if not at its top."""

WITHOUT_NETWORK = "comfylock registry update FILE, a folder or a wheel of comfyui-manager"
MAX_LIST_BYTES = 64 * 1024 * 1024


def project_registry(project: str) -> Registry:
    """Return the registry as a project sees it: its own, the user's, the updated, the bundled."""
    layers = [
        os.path.abspath(folder)  # registries are shared by these names, wherever we stand
        for folder in (project_layer(project), user_layer(), updated_layer())
        if os.path.isdir(folder)
    ]
    return shared_registry((*layers, bundled_folder()))


def usable_registry(project: str) -> tuple[Registry, tuple[RegistryError, ...]]:
    """Return the project's registry without the layers that are damaged, and what is wrong there.

    Raises:
        RegistryError: the bundled registry itself is damaged or missing.
    """
    *own, bundled = project_registry(project).layers
    kept, faults = [], []
    for layer in own:
        try:
            Registry((layer,)).check()
        except RegistryError as error:
            faults.append(error)
        else:
            kept.append(layer)
    registry = shared_registry((*kept, bundled))
    registry.core  # noqa: B018 - told before anything else
    return registry, tuple(faults)


def project_layer(project: str) -> str:
    """Return where a project keeps its own packs."""
    return os.path.join(project, PROJECT_LAYER)


def user_layer() -> str:
    """Return where the user's private packs are, for all projects."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "comfylock", "registry")


def updated_layer() -> str:
    """Return where the refreshed lists are; `COMFYLOCK_CACHE_DIR` moves the cache."""
    chosen = os.environ.get("COMFYLOCK_CACHE_DIR")
    if not chosen:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        chosen = os.path.join(base, "comfylock")
    return os.path.join(chosen, "registry")


def add_pack(
    path: str, layer: str, *, name: str | None = None, repository: str | None = None
) -> tuple[str, int, int, tuple[Problem, ...]]:
    """Read a local pack's source and put it into a layer. Runs none of its code; no network.

    Returns its name, the number of its class types and of its frontend-only types, and what
    could not be read.

    Raises:
        UsageError: the path is no pack, or nothing says what the pack is called.
        RegistryError: the layer is damaged or cannot be written.
    """
    from comfylock.definitions.pack import read_pack  # noqa: PLC0415 - only this verb needs it
    from comfylock.registry.layer import put_pack  # noqa: PLC0415

    if not os.path.exists(path):
        raise UsageError(f"{path}: there is no such file or folder")
    if repository and not (normalise_repository(repository) and is_text(repository)):
        raise UsageError(f"`{repository}` is no address of a repository", hint=_ADDRESS)
    definition = read_pack(path)
    if not definition.class_types and not definition.frontend_only:
        raise _nothing_found(path, definition.problems)
    address = normalise_repository(repository or definition.repository or "")
    chosen = name or definition.registry_id or _owner_repo(address) or _folder_name(path)
    if normalise_registry_id(chosen) is None and not OWNER_REPO.match(chosen):
        raise UsageError(
            f"`{chosen}` is no name for a pack", hint="--name ID (letters, digits, `.`, `_`, `-`)"
        )
    if chosen.lower() == COMFYUI:
        raise UsageError(f"`{chosen}` is ComfyUI itself", hint="--name ID")
    definition = _writable(definition)
    try:
        put_pack(layer, chosen.lower(), definition, address)
    except OSError as error:
        raise RegistryError(layer, f"cannot be written: {error.strerror}") from error
    counts = len(definition.class_types), len(definition.frontend_only)
    return chosen.lower(), *counts, definition.problems


def _nothing_found(path: str, problems: tuple[Problem, ...]) -> UsageError:
    message = f"{path}: no node types found in this pack"
    if not problems:
        hint = "it needs NODE_CLASS_MAPPINGS, comfy_entrypoint or registerNodeType"
        return UsageError(message, hint=hint)
    first = problems[0]
    reason = f"{first.path}: {first.message}" if first.path else first.message
    hint = "name its class types under [class-types] in comfylock.toml"
    return UsageError(f"{message}; {reason}", hint=hint)


def _writable(definition: PackDefinition) -> PackDefinition:
    """Return a definition without names that no file can hold: halves of characters."""
    classes = tuple(each for each in definition.class_types if is_text(each.class_type))
    scripted = tuple(filter(is_text, definition.frontend_only))
    odd = len(definition.class_types) + len(definition.frontend_only) - len(classes) - len(scripted)
    if not odd:
        return definition
    told = Problem("", f"names that are not valid Unicode were left out: {odd}")
    problems = (*definition.problems, told)
    return replace(definition, class_types=classes, frontend_only=scripted, problems=problems)


def _owner_repo(address: str | None) -> str | None:
    if address is None or not address.startswith("https://github.com/"):
        return None
    return address.removeprefix("https://github.com/")


def _folder_name(path: str) -> str:
    base = os.path.basename(os.path.abspath(path))
    return base.removesuffix(".py")


def update(
    sources: Sequence[str],
    layer: str,
    *,
    offline: bool,
    user_agent: str,
    manager: str | None = None,
) -> list[str]:
    """Refresh the lists in a layer, from given files, folders or wheels, else from the Manager's.

    The layer holds what is new compared with the bundled registry. Returns the files that
    changed. Uses the network only without `sources`; `manager` is where the project says that the
    lists are.

    Raises:
        UsageError: offline and no source given, or `COMFYLOCK_MANAGER_URL` is no URL.
        RegistryError: a source is nothing that a registry is compiled from.
        SourceUnavailableError: the Manager's lists cannot be fetched; nothing is changed.
        RefusedError: they are said to be where nobody may go; nothing is changed.
    """
    if sources:
        return _refresh(sources, layer)
    if offline:
        raise UsageError("the Manager's lists cannot be fetched offline", hint=WITHOUT_NETWORK)
    import tempfile  # noqa: PLC0415 - every analysis imports this module

    with tempfile.TemporaryDirectory(prefix="comfylock-") as folder:
        try:
            _download(folder, user_agent, manager or MANAGER_URL)
        except (SourceUnavailableError, RefusedError) as error:
            error.hint = WITHOUT_NETWORK
            raise
        return _refresh([folder], layer)


def _download(folder: str, user_agent: str, manager: str) -> None:
    """Fetch the Manager's lists into a folder."""
    from comfylock.net.endpoints import manager_trust  # noqa: PLC0415 - httpx takes a while
    from comfylock.net.http import Http  # noqa: PLC0415

    base = os.environ.get("COMFYLOCK_MANAGER_URL", manager).rstrip("/")
    trust = manager_trust(base)
    with Http(user_agent, trust) as http:
        for name in MANAGER_LISTS:
            data = _list(http, f"{base}/{name}", name)
            with open(os.path.join(folder, name), "wb") as stream:
                stream.write(data)


def _list(http: Http, url: str, name: str) -> bytes:
    """Return the bytes of one of the Manager's lists."""
    from urllib.parse import urlsplit  # noqa: PLC0415

    answer = http.request("GET", url, limit=MAX_LIST_BYTES)
    host, path = urlsplit(answer.url).hostname or "", urlsplit(url).path
    if answer.status != 200:
        raise SourceUnavailableError(host, f"answered {answer.status} for {path}")
    if "text/html" in answer.headers.get("content-type", ""):
        raise SourceUnavailableError(host, f"gave a web page for {path}")
    if not _is_list(name, answer.body):
        raise SourceUnavailableError(host, f"what it gave as {name} is no such list")
    return answer.body


def build(sources: Iterable[str], folder: str) -> list[str]:
    """Compile a registry from packages, lists, recordings and git directories into a folder.

    Returns the files that changed; the same inputs give the same bytes. No network.

    Raises:
        RegistryError: a source is nothing that a registry is compiled from, or the folder cannot
            be written.
    """
    from comfylock.registry.build import compile_registry, read_inputs  # noqa: PLC0415

    return _write(folder, compile_registry(read_inputs(sources)))


def _refresh(sources: Iterable[str], layer: str) -> list[str]:
    from comfylock.registry.build import compile_registry, read_inputs  # noqa: PLC0415
    from comfylock.registry.refresh import additions  # noqa: PLC0415

    files = compile_registry(read_inputs(sources))
    return _write(layer, additions(files, shared_registry((bundled_folder(),))))


def _write(folder: str, files: dict[str, bytes]) -> list[str]:
    """Write what has changed and return its names."""
    from comfylock.files import write_atomically  # noqa: PLC0415

    try:
        return [
            name
            for name, data in sorted(files.items())
            if write_atomically(os.path.join(folder, name), data)
        ]
    except OSError as error:
        raise RegistryError(folder, f"cannot be written: {error.strerror}") from error
    finally:
        forget(folder)


def _is_list(name: str, data: bytes) -> bool:
    """Say whether bytes are one of the Manager's lists with something in it."""
    import msgspec  # noqa: PLC0415

    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    if not isinstance(found, dict) or name not in _ENTRIES:
        return isinstance(found, dict) and bool(found)
    entries = found.get(_ENTRIES[name])
    return isinstance(entries, list) and bool(entries)
