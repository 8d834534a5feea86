"""The table `[emit]`: how the environment is laid out that is built from the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from comfylock.config.lock_settings import path_fault
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from comfylock.config.tables import Table

KINDS = (
    "script",
    "dockerfile",
    "fragment",
    "bake",
    "compose",
    "model-paths",
    "snapshot",
    "requirements",
    "sbom",
    "ci",
)
"""What can be emitted."""

LAYOUTS = ("workspace", "runpod-volume", "plain")
MODEL_MODES = ("bake", "volume", "runtime")
BASES = ("standalone", "runpod")
INSTALLERS = ("direct", "comfy-node-install", "comfy node install")
VARIANTS = ("minimal", "standard", "full", "dev")
"""Parts of a lock that go together, beside those that `[groups]` names."""

_PATH = Pattern(r"(?:/[A-Za-z0-9_][A-Za-z0-9._-]*){1,16}\Z")
_WORD = Pattern(r"[a-z0-9][a-z0-9_.-]{0,127}\Z")
_USER = Pattern(r"[a-z_][a-z0-9_-]{0,31}\Z")
_DEBIAN = Pattern(r"[a-z0-9][a-z0-9.+-]{1,127}\Z")
_IMAGE = Pattern(
    r"(?:[a-z0-9.-]+(?::[0-9]{1,5})?/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
    r"(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*){0,7}\Z"
)


class EmitSettings(Struct, frozen=True):
    """How an environment is laid out; the defaults where nobody says."""

    output: str | None = None
    """The folder below the project that holds what was emitted."""
    kinds: tuple[str, ...] = ()
    """What `all` emits, in the order of KINDS; empty: everything that can be."""
    layout: Literal["workspace", "runpod-volume", "plain"] = "workspace"
    """Where a volume is mounted: `/workspace` (pods), `/runpod-volume` (workers), nowhere."""
    volume: str | None = None
    """Where it is mounted instead."""
    comfyui_dir: str | None = None
    """ComfyUI's folder; None: what fits the layout and the base."""
    models: Literal["bake", "volume", "runtime"] = "volume"
    """Models are part of an image, lie on a volume, or are fetched at each start."""
    variants: tuple[str, ...] = ("standard",)
    """`minimal`, `standard`, `full`, `dev`, or groups of the lock; the first is the default."""
    targets: tuple[str, ...] = ()
    """Accelerators (`cu128`) or whole targets of the lock; empty: all of it."""
    base: Literal["standalone", "runpod"] = "standalone"
    image: str | None = None
    """The `[[image]]` to build on; None: the accelerator's, or `runpod`."""
    installer: Literal["direct", "comfy-node-install", "comfy node install"] = "direct"
    """Who puts packs into `custom_nodes`."""
    user: str | None = None
    """Who runs ComfyUI in an image; None: `comfy`, or whoever the worker's base has."""
    system_packages: tuple[str, ...] = ()
    """Debian packages beside those that packs need, sorted."""
    jupyter: bool = False
    port: int = 8188
    """Where ComfyUI listens."""
    tier: str | None = None
    """Of a model's alternatives, the one that is taken; None: by measured VRAM."""
    image_name: str = "comfyui"
    """What images that are built are called, without a tag."""
    pack_requirements: bool = False
    """Where the lock has no Python packages: install what packs ask for, unlocked."""
    install_scripts: bool = False
    """Run the packs' own `install.py`."""
    allow_unpinned: bool = False
    """Emit though something is not pinned; it stands in the output as a comment."""


def _one_of(words: Collection[str]) -> Callable[[str], str | None]:
    told = ", ".join(f"`{word}`" for word in words)
    return lambda text: None if text in words else f"must be one of {told}"


def _spelled(pattern: Pattern, what: str) -> Callable[[str], str | None]:
    return lambda text: None if pattern.match(text) else f"must be {what}"


_folder = _spelled(_PATH, "an absolute path of letters, digits and `._-`, such as `/opt/ComfyUI`")
_word = _spelled(_WORD, "a lower-case word")
_debian = _spelled(_DEBIAN, "the name of a Debian package")

TEXTS: dict[str, Callable[[str], str | None]] = {
    "output": path_fault,
    "layout": _one_of(LAYOUTS),
    "volume": _folder,
    "comfyui-dir": _folder,
    "models": _one_of(MODEL_MODES),
    "base": _one_of(BASES),
    "image": _word,
    "installer": _one_of(INSTALLERS),
    "user": _spelled(_USER, "a user's name in small letters"),
    "tier": _word,
    "image-name": _spelled(_IMAGE, "an image's name without a tag, such as `ghcr.io/me/comfyui`"),
}
LISTS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "kinds": ("kinds of output", _one_of(KINDS)),
    "variants": ("variants and groups", _word),
    "targets": ("accelerators or targets", _word),
    "system-packages": ("Debian packages", _debian),
}
FLAGS = ("jupyter", "pack-requirements", "install-scripts", "allow-unpinned")
EMIT_KEYS = (
    "output",
    "kinds",
    "layout",
    "volume",
    "comfyui-dir",
    "models",
    "variants",
    "targets",
    "base",
    "image",
    "installer",
    "user",
    "system-packages",
    "jupyter",
    "port",
    "tier",
    "image-name",
    "pack-requirements",
    "install-scripts",
    "allow-unpinned",
)


def read_emit(table: Table) -> dict[str, Any]:
    """Return the fields of EmitSettings that a table sets; whether groups are there comes later."""
    table.refuse_unknown(EMIT_KEYS)
    found: dict[str, Any] = {}
    for key, rule in TEXTS.items():
        text = table.text(key)
        fault = None if text is None else rule(text)
        if fault is not None:
            table.fault(fault, key)
        elif text is not None:
            found[_field(key)] = text.replace("\\", "/").rstrip("/") if key == "output" else text
    for key, (what, rule) in LISTS.items():
        if key in table:
            found[_field(key)] = _list(table, key, what, rule)
    for key in FLAGS:
        if key in table:
            found[_field(key)] = table.flag(key)
    port = table.number("port")
    if port is not None and port > 65535:
        table.fault("must be from 1 to 65535", "port")
    elif port is not None:
        found["port"] = port
    return found


def _list(table: Table, key: str, what: str, rule: Callable[[str], str | None]) -> tuple[str, ...]:
    """Return a list's texts, each once: in their order where it means something, else sorted."""
    texts: dict[str, None] = {}
    for index, text in table.texts(key, what):
        fault = rule(text)
        if fault is None:
            texts[text] = None
        else:
            table.fault(fault, f"{key}[{index}]")
    if key == "variants":
        if not texts and key in table:
            table.fault("must name at least one", key)
        return tuple(texts)
    return tuple(sorted(texts, key=KINDS.index if key == "kinds" else None))


def _field(key: str) -> str:
    return key.replace("-", "_")
