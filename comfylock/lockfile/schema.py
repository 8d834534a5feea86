"""What a `comfy.lock` holds, as frozen values; docs/lockfile.md is its specification.

An absent optional key is None, an empty text or an empty tuple here. Nothing in it depends on
the machine, the moment or the user (P4): two runs that learn the same facts give equal values.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

VERSION = 1
"""The format that this release writes; a reader refuses newer ones (P8)."""

REVISION = 0
"""Additions to the format that older readers may ignore."""

PackSource = Literal["comfy-registry", "git", "file"]
ModelSource = Literal["huggingface", "civitai", "github-release", "git", "url", "local"]
Subject = Literal["class-type", "pack", "model", "comfyui", "python", "image"]


class Options(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """What shaped the resolution; a change of it makes the lock stale."""

    prefer: Literal["authored", "latest"] = "authored"
    inputs: tuple[str, ...] = ()
    """The workflow files, folders and patterns that were locked, relative to the lock, sorted."""
    targets: tuple[str, ...] = ()
    """Where it is meant to be used (`linux-x86_64`), sorted; empty: anywhere."""
    include_inactive: bool = False
    """What only muted and bypassed nodes need is locked too."""


class ComfyuiPin(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """ComfyUI itself."""

    requested: str
    """`>=0.3.64` from the workflows, or what comfylock.toml asks for."""
    version: str | None = None
    repository: str | None = None
    commit: str | None = None
    tree: str | None = None
    dependencies: tuple[str, ...] = ()
    """Python requirements of that commit, in their order; as those of a pack."""


class ImagePin(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One container image for one platform, at a digest."""

    name: str
    """What comfylock.toml calls it: an accelerator (`cu128`), or any other word."""
    platform: str
    """`linux/amd64`."""
    requested: str
    """As comfylock.toml writes it: `nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04`."""
    reference: str
    """The same in full, without a digest: `docker.io/nvidia/cuda:12.8.1-…`."""
    digest: str
    """`sha256:…` of the manifest for this platform: what `FROM` takes."""
    index: str | None = None
    """`sha256:…` of the list of platforms, where the image has one."""
    size: int | None = None
    """Bytes of its layers, compressed."""


class PythonPin(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """The Python packages for one target, which a pylock beside the lock holds (PEP 751)."""

    target: str
    """`linux-x86_64-py3.12-cu128`."""
    file: str
    """The pylock's name; it stands beside the lock."""
    sha256: str
    """Of the pylock's bytes."""
    asked: str
    """sha256 of everything that was asked; another one means that it must be chosen anew."""
    packages: int
    """How many the pylock holds."""
    torch: str | None = None
    """The version of torch: `2.8.0+cu128`."""
    builds: tuple[str, ...] = ()
    """Packages without a wheel: whoever installs them runs their code."""


class WorkflowEntry(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One workflow and what it needs, by name."""

    path: str
    """Relative to the lock, `/` between parts; `file#entry` where a file holds several."""
    packs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """`folder/name`, or `name` alone where no folder is known."""
    groups: tuple[str, ...] = ()


class PackPin(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One node pack at one immutable version (P2)."""

    name: str
    """Registry id or `owner/repo`, lower case: what `tree` prints and `--upgrade-package` takes."""
    source: PackSource
    requested: str | None = None
    """A version, range, tag, branch or commit as asked for; None if nothing in particular."""
    aliases: tuple[str, ...] = ()
    """Other names by which workflows ask for it: former ids, `owner/repo`; sorted."""
    version: str | None = None
    """comfy-registry: the exact version. git: the tag that the commit was taken by, if any."""
    repository: str | None = None
    """git and file: `https://host/owner/repo`."""
    commit: str | None = None
    """git and file: 40 (or 64) hex digits."""
    tree: str | None = None
    """git: the id of the commit's tree, so that an archive of it can be proven too."""
    path: str | None = None
    """file: the file's path in its repository, where it has one."""
    url: str | None = None
    """comfy-registry and file: where the archive or file is."""
    sha256: str | None = None
    size: int | None = None
    """Bytes."""
    verified: Literal["upstream", "downloaded"] | None = None
    """Who computed the sha256: the service that publishes it, or comfylock from the bytes (P5)."""
    date: str | None = None
    """UTC, when the version was published or the commit made: `2025-03-01T12:00:00Z`."""
    status: str | None = None
    """comfy-registry: `pending` or `flagged`; None for active."""
    deprecated: bool = False
    submodules: tuple[str, ...] = ()
    """git: `path commit url` each, sorted by path."""
    dependencies: tuple[str, ...] = ()
    """Python requirements that the pack declares, as declared, in declared order; those of a
    file say so behind ` # `: `numpy<2 # requirements.txt:3`."""
    provides: tuple[str, ...] = ()
    """The class types that the workflows need of it, sorted."""
    missing: tuple[str, ...] = ()
    """Of these, the ones that this version was found not to provide."""
    evidence: tuple[str, ...] = ()
    """Why this pack: `WORKFLOW: cnr_id` or `config`, sorted."""
    rejected: tuple[str, ...] = ()
    """Other packs that could have been meant, best first (P6)."""
    runs_code: tuple[str, ...] = ()
    """Files that run on install or start (`install.py`), sorted (P7)."""
    system_packages: tuple[str, ...] = ()
    """Debian packages that it needs beside Python's, as far as its source shows, sorted."""
    needs_gpu: tuple[str, ...] = ()
    """`FILE:LINE what` for each thing that asks for a GPU as soon as it is imported, sorted."""
    groups: tuple[str, ...] = ()
    """Groups that need it; empty if something outside all groups does."""
    os: tuple[str, ...] = ()
    """Operating systems it says it supports (P10); empty: all."""
    accelerators: tuple[str, ...] = ()


class ModelPin(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One model file with its digest (P5)."""

    name: str
    """As workflows write it: path below the model folder, with `/`."""
    folder: str | None
    source: ModelSource
    requested: str | None = None
    """The revision or URL form asked for where that is not the pin: `main`."""
    repository: str | None = None
    """huggingface: `org/name`, `datasets/org/name`, …; git and github-release: a URL."""
    commit: str | None = None
    path: str | None = None
    """The file's path in the repository; github-release: the asset's name."""
    tag: str | None = None
    """github-release."""
    model_id: int | None = None
    version_id: int | None = None
    file_id: int | None = None
    """civitai: the three numbers of a file."""
    url: str | None = None
    """url: the address. Others: none, it follows from the rest."""
    sha256: str | None = None
    size: int | None = None
    """Bytes."""
    verified: Literal["upstream", "downloaded"] | None = None
    unhashed: str | None = None
    """Why there is no sha256 (P5)."""
    licence: str | None = None
    gated: str | None = None
    """`auto`, `manual` or `login`: what stands between an anonymous user and the file."""
    private: bool = False
    """It was found with a token only."""
    origin: str | None = None
    """Who named the source: `config`, `node`, `workflow`, `note` or `registry`."""
    mirrors: tuple[str, ...] = ()
    """Other addresses that were proven to hold the same bytes, sorted."""
    groups: tuple[str, ...] = ()
    tier: str | None = None
    """Of several files that may be installed under this name, which one: `fp8`."""
    vram: int | None = None
    """GB of GPU memory from which on this one is taken; None: if no other is."""

    @property
    def place(self) -> str:
        """`folder/name`: where it is installed."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def key(self) -> str:
        """`folder/name`, or `folder/name@tier`, by which a lock's workflows refer to it."""
        return f"{self.place}@{self.tier}" if self.tier else self.place


class Gap(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """Something that could not be pinned, with `--allow-unresolved` (P23)."""

    kind: Subject
    name: str
    """The class type, pack or model (`folder/name`)."""
    reason: str
    """A stable code, such as `ambiguous` or `not-found`."""
    message: str
    """One sentence without a full stop."""
    tried: tuple[str, ...] = ()
    """What was asked, in order, each with its outcome."""
    workflows: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Packs: other names by which workflows ask for it."""
    hint: str | None = None
    """What to do about it; a line of comfylock.toml begins with its table: `[models] …`."""


class Lock(Struct, frozen=True):
    """A whole `comfy.lock`; entries sorted by their keys."""

    options: Options = Options()
    comfyui: ComfyuiPin | None = None
    workflows: tuple[WorkflowEntry, ...] = ()
    packs: tuple[PackPin, ...] = ()
    models: tuple[ModelPin, ...] = ()
    unresolved: tuple[Gap, ...] = ()
    images: tuple[ImagePin, ...] = ()
    python: tuple[PythonPin, ...] = ()
    tool: dict[str, Any] = {}
    """`[tool.<name>]` tables of others, kept as they are (P11)."""
    version: int = VERSION
    revision: int = REVISION
    unknown: tuple[str, ...] = ()
    """Keys of a newer revision that were read over; a rewrite would lose them (P8)."""
