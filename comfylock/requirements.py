"""What a lock has to satisfy: what workflows need, and what the project asks for."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Evidence = Literal[
    "config",
    "cnr_id",
    "aux_id",
    "registry",
    "preemption",
    "pattern",
    "company",
    "frontend-only",
    "",
]
"""Why a class type is thought to be a pack's; the first three name the pack beyond doubt."""


class PackRule(Struct, frozen=True):
    """What comfylock.toml says about one pack, in `[packs]`."""

    name: str
    """Registry id or `owner/repo`, lower case."""
    version: str | None = None
    """An exact version or a range (`>=1.2,<2`) of the Comfy Registry; None: any."""
    git: str | None = None
    """A repository to take it from instead of the registry: https or ssh, without secrets."""
    revision: str | None = None
    """Tag, branch or commit of that repository, or of the pack's own."""
    url: str | None = None
    """A single `.py` file that is the pack."""
    sha256: str | None = None
    """What `url` must hold."""
    groups: tuple[str, ...] = ()
    is_required: bool = False
    """Lock it even where no workflow needs it (`always = true`)."""
    ignored: tuple[str, ...] = ()
    """Python packages, or whole lines, that it asks for in vain (`ignore-requirements`)."""


class ModelRule(Struct, frozen=True):
    """What comfylock.toml says about one model, in `[models]`."""

    key: str
    """`folder/name`, or `name` in any folder."""
    url: str | None = None
    """Where it comes from; every form of source is an address."""
    sha256: str | None = None
    size: int | None = None
    """Bytes; for a local file."""
    groups: tuple[str, ...] = ()
    is_local: bool = False
    """The user brings the file; it is pinned by the digest given here, if any."""
    is_ignored: bool = False
    """It is made at run time or not wanted; not locked."""
    is_required: bool = False
    """Lock it even where no workflow names it; its key has a folder."""
    tiers: tuple[str, ...] = ()
    """It stands for several files; each has a rule of its own under `key@tier`."""
    tier: str | None = None
    """Which of several files this is the rule of."""
    vram: int | None = None
    """GB of GPU memory from which on this file is taken."""


class ComfyuiRule(Struct, frozen=True):
    """What comfylock.toml says about ComfyUI itself, in `[comfyui]`."""

    version: str | None = None
    """An exact version or a range (`>=0.3.60`); None: what the workflows show."""
    revision: str | None = None
    """Tag, branch or commit instead of a version."""
    repository: str | None = None
    """A fork to take it from: https or ssh, without secrets."""


class PythonRule(Struct, frozen=True):
    """What comfylock.toml says about Python packages, in `[python]`; texts are PEP 508."""

    targets: tuple[str, ...] = ()
    """`linux-x86_64-py3.12-cu128`, sorted; none: no Python packages are locked."""
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    """Packages whose own code may run (`allow-builds`)."""
    index: str | None = None
    """Instead of the usual package index."""
    extra_indexes: tuple[str, ...] = ()
    """Asked first, in this order."""
    torch_index: str | None = None
    """Instead of the target's own."""
    torch: tuple[str, ...] | None = None
    """Of torch, torchvision and torchaudio, what is installed; None: all three."""
    hosts: frozenset[str] = frozenset()
    """`host` or `host:port` that packs' requirements with an address may lead to besides."""


class ImageRule(Struct, frozen=True):
    """What comfylock.toml says about one container image, in `[images]`."""

    name: str
    reference: str
    """`nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04`."""
    platforms: tuple[str, ...] = ("linux/amd64",)


class ClassNeed(Struct, frozen=True):
    """One class type that a workflow needs from a pack."""

    class_type: str
    pack: str | None = None
    """The pack it is thought to be from; None if ambiguous or unknown."""
    evidence: Evidence = ""
    stamps: tuple[str, ...] = ()
    """Versions and commits stamped on its nodes, sorted."""
    stamped_id: str | None = None
    """The registry id on its nodes, lower case, where that is not the pack's name."""
    candidates: tuple[str, ...] = ()
    """Ambiguous: the packs that could be meant, best first. Unknown: the nearest class types."""
    is_ambiguous: bool = False


class Offer(Struct, frozen=True):
    """An address that somebody names for a model."""

    url: str
    origin: Literal["config", "node", "workflow", "note", "registry"]
    sha256: str | None = None
    """What they say it holds."""


class ModelNeed(Struct, frozen=True):
    """One model file that a workflow needs."""

    name: str
    folder: str | None
    offers: tuple[Offer, ...] = ()
    """The most telling first."""

    @property
    def key(self) -> str:
        """`folder/name`, as locks refer to it."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


class WorkflowNeed(Struct, frozen=True):
    """What one workflow needs."""

    path: str
    """Relative to the lock, `/` between parts; `file#entry` where a file holds several."""
    classes: tuple[ClassNeed, ...] = ()
    """Class types of packs, and those of no known pack, sorted; core ones are left out."""
    models: tuple[ModelNeed, ...] = ()
    minimum: str | None = None
    """The oldest ComfyUI version that has all its core class types, as far as known."""


class Requirements(Struct, frozen=True):
    """Everything that a lock of a project has to satisfy."""

    workflows: tuple[WorkflowNeed, ...] = ()
    """Sorted by path."""
    pack_rules: dict[str, PackRule] = {}
    model_rules: dict[str, ModelRule] = {}
    comfyui: ComfyuiRule | None = None
    """Which ComfyUI to lock; None: none, whoever installs has it already."""
    python: PythonRule = PythonRule()
    images: tuple[ImageRule, ...] = ()
    """Sorted by name."""
    groups: dict[str, tuple[str, ...]] = {}
    """Group to patterns (`workflows/video/*`) of workflow paths."""
    prefer: Literal["authored", "latest"] = "authored"
    inputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    include_inactive: bool = False

    @property
    def minimum(self) -> tuple[str, str] | None:
        """The oldest ComfyUI that all workflows run on, and one that needs it; None: any."""
        from comfylock.versions import version_key  # noqa: PLC0415 - a leaf of the same floor

        asked = [(need.minimum, need.path) for need in self.workflows if need.minimum]
        return max(asked, key=lambda one: (version_key(one[0]), one), default=None)

    def groups_of(self, path: str) -> tuple[str, ...]:
        """Return the groups that a workflow is in, sorted; none: always installed."""
        from fnmatch import fnmatchcase  # noqa: PLC0415 - few projects have groups

        file = path.partition("#")[0]
        return tuple(
            sorted(
                name
                for name, patterns in self.groups.items()
                if any(
                    fnmatchcase(file, pattern) or file.startswith(pattern.rstrip("/") + "/")
                    for pattern in patterns
                )
            )
        )
