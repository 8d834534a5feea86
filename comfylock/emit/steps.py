"""What an installation consists of, typed: each thing at its pin with the place it goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.errors import EmitError

if TYPE_CHECKING:
    from comfylock.python.targets import Target  # noqa: TC004 - steps are never decoded


class ComfyuiStep(Struct, frozen=True):
    """ComfyUI itself."""

    repository: str
    commit: str
    """In full."""
    tree: str | None
    version: str | None
    requirements: tuple[str, ...]
    """PEP 508, in their order."""


class Submodule(Struct, frozen=True):
    """A repository inside a pack's."""

    path: str
    commit: str
    url: str


class Step(Struct, frozen=True, kw_only=True):
    """One pack, whatever its source."""

    name: str
    folder: str
    """Its entry in `custom_nodes`: a folder, or the one file."""
    version: str | None = None
    groups: tuple[str, ...] = ()
    """Installed if one of them is on; empty: always."""
    requirements: tuple[str, ...] = ()
    """What it asks for, in declared order, without where that stands and without options."""
    runs_code: tuple[str, ...] = ()
    """Files that run on install or start."""
    system_packages: tuple[str, ...] = ()
    class_types: tuple[str, ...] = ()
    """What the workflows need of it, without what this version was found to lack."""
    remarks: tuple[str, ...] = ()
    """What a reviewer should know: flagged, deprecated; sentences."""


class ArchiveStep(Step, frozen=True, kw_only=True):
    """A pack of the Comfy Registry: a zip archive that is unpacked into its folder."""

    source: Literal["comfy-registry"] = "comfy-registry"
    url: str
    sha256: str
    size: int
    """Bytes."""


class GitStep(Step, frozen=True, kw_only=True):
    """A pack from git: a commit, proven by its tree."""

    source: Literal["git"] = "git"
    repository: str
    commit: str
    tree: str
    submodules: tuple[Submodule, ...] = ()


class FileStep(Step, frozen=True, kw_only=True):
    """A pack that is one `.py` file."""

    source: Literal["file"] = "file"
    url: str
    sha256: str
    size: int


PackStep = ArchiveStep | GitStep | FileStep
Service = Literal["huggingface", "civitai", "github", "other", "local"]


class ModelStep(Struct, frozen=True, kw_only=True):
    """One model file."""

    key: str
    """`folder/name`, as workflows and the lock call it."""
    folder: str
    """ComfyUI's key for the folder that it is in."""
    path: str
    """Below ComfyUI's `models`, `/` between parts."""
    service: Service
    """Whose token may be sent; `local`: nothing is fetched, the user brings the file."""
    url: str | None
    """On the service's canonical host; None: local."""
    sha256: str | None
    """None for a local file that nobody gave a digest for; everything else has one."""
    size: int | None
    """Bytes; None where the service does not tell."""
    mirrors: tuple[str, ...] = ()
    """Other addresses of the same bytes, sorted; no token is sent there."""
    needs_token: bool = False
    """An anonymous user gets nothing: gated, private, or behind a login."""
    licence: str | None = None
    groups: tuple[str, ...] = ()
    tier: str | None = None
    """Of several alternatives under one key, which one this is (`fp8`); None: the only one."""
    vram: int | None = None
    """MiB of GPU memory from which on this alternative is taken; the most demanding first."""


class PythonStep(Struct, frozen=True, kw_only=True):
    """The Python packages for one target."""

    target: Target
    file: str
    """The pylock's name beside the lock."""
    sha256: str
    torch: str | None
    builds: tuple[str, ...]
    """Packages without a wheel: whoever installs them runs their code."""
    data: bytes | None
    """The pylock, proven by its sha256; None: it is not there."""

    def pylock(self) -> bytes:
        """Return the pylock's bytes.

        Raises:
            EmitError: it is not beside the lock.
        """
        if self.data is None:
            raise EmitError(f"`{self.file}` is not beside comfy.lock", hint="comfylock lock")
        return self.data


class ImageStep(Struct, frozen=True, kw_only=True):
    """A container image to build on."""

    name: str
    platform: str
    """`linux/amd64`."""
    reference: str
    """In full, without a digest."""
    digest: str
    """`sha256:…`."""


class Unpinned(Struct, frozen=True):
    """Something that is not pinned: refused, or with `allow-unpinned` a comment."""

    kind: str
    """`class-type`, `pack`, `model`, `comfyui`, `python` or `image`."""
    name: str
    reason: str
    """A sentence without a full stop."""

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.kind} `{self.name}`: {self.reason}"
