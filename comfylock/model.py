"""The words the whole house speaks: what a workflow uses and what was found out about it.

All are frozen. `msgspec.Struct` instead of dataclasses: the same typed, immutable values at a
tenth of the import and construction time, and they cross process borders as bytes. `gc=False`:
none of them can be part of a cycle, so the collector need not look at them.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["core", "pack", "frontend-only", "ambiguous", "unknown"]
"""What a class type turned out to be."""


class Problem(Struct, frozen=True, gc=False, order=True):
    """Something that could not be read or does not add up, and where."""

    path: str
    """A JSON path inside the file (`nodes[3].type`), or empty for the whole file."""
    message: str
    """One sentence without a full stop."""


class Source(Struct, frozen=True, gc=False, order=True, rename={"origin": "from"}):
    """A place a model can be fetched from, and who says so."""

    url: str
    origin: str
    """`config`, `node`, `workflow`, `note` or `registry`."""
    sha256: str | None = None
    """Lower-case hex, only where somebody published it; never computed here."""


class ModelUse(Struct, frozen=True, gc=False, order=True):
    """One model file that one workflow names."""

    name: str
    """Path below the model folder, with `/`."""
    folder: str | None
    """ComfyUI's folder key (`loras`), or None if nothing tells."""
    class_type: str
    input: str | None
    """The input or widget that holds the name; None where the format does not tell."""
    sources: tuple[Source, ...] = ()
    inactive: bool = False
    """Only muted or bypassed nodes name it."""


class AssetUse(Struct, frozen=True, gc=False, order=True):
    """A picture, video or sound that a workflow loads from the input folder."""

    name: str
    class_type: str
    input: str | None
    inactive: bool = False


class ClassUse(Struct, frozen=True, gc=False, order=True):
    """One class type in one workflow: what it is, why, and how often it occurs."""

    class_type: str
    kind: Kind
    pack: str | None
    """The pack's name; `comfy-core` for core; None if ambiguous or unknown."""
    evidence: str
    """What decided, in a few words."""
    candidates: tuple[str, ...] = ()
    """Ambiguous: the packs that could be meant, best first. Unknown: the nearest class types."""
    count: int = 1
    """Nodes of this type that ComfyUI would run."""
    inactive: int = 0
    """Nodes of this type that are muted or bypassed."""
    versions: tuple[str, ...] = ()
    """The versions stamped on them, sorted."""
    since: str | None = None
    """Core: the first ComfyUI version that has it."""
    conflicts: tuple[str, ...] = ()
    """Evidence that says otherwise, a sentence each."""
    stamped_id: str | None = None
    """The registry id on its nodes, where the pack goes by another name today."""


class WorkflowReport(Struct, frozen=True, gc=False):
    """What one workflow needs."""

    path: str
    """File as given, `/` between parts; `file#entry` where one file holds several workflows."""
    format: str
    """`ui-0.4`, `ui-1.0`, `api` or `source`, after the container if any: `png/ui-0.4`."""
    nodes: int = 0
    """Nodes read, those in reachable subgraphs and group nodes included."""
    inactive: int = 0
    """Of these, muted or bypassed."""
    unread: int = 0
    """Nodes that could not be read; each has a problem."""
    class_types: tuple[ClassUse, ...] = ()
    models: tuple[ModelUse, ...] = ()
    assets: tuple[AssetUse, ...] = ()
    minimum: str | None = None
    """The oldest ComfyUI version that has all its core class types, as far as known."""
    problems: tuple[Problem, ...] = ()


class ClassDefinition(Struct, frozen=True, gc=False):
    """One class type as a server or a source file declares it."""

    class_type: str
    inputs: tuple[InputDefinition, ...] = ()
    """In declared order: required, then optional. Hidden inputs are left out."""
    display_name: str | None = None
    file: str | None = None
    """Where it was read, relative to the pack."""


class InputDefinition(Struct, frozen=True, gc=False):
    """One input of a class type."""

    name: str
    type: str
    """`INT`, `COMBO`, `MODEL`, …; `*` when a source file does not tell."""
    required: bool = True
    widget: bool = False
    """Shown as a widget, so it has a place in `widgets_values`."""
    folder: str | None = None
    """The model folder key whose files it offers (`loras`)."""
    asset: str | None = None
    """`image`, `video` or `audio` when it offers files of the input folder."""
    trailing: int = 0
    """Values that the editor stores right after this one's: a seed's control, an upload button."""


class PackDefinition(Struct, frozen=True, gc=False):
    """What a pack's own source declares, read without running it."""

    class_types: tuple[ClassDefinition, ...] = ()
    """Sorted by name."""
    frontend_only: tuple[str, ...] = ()
    """Node types that only its JavaScript registers, sorted."""
    registry_id: str | None = None
    """`[project].name` of its pyproject.toml where that has a `[tool.comfy]` table."""
    repository: str | None = None
    problems: tuple[Problem, ...] = ()
    """What could not be read statically; `path` is the file and line."""


class ClassEntry(Struct, frozen=True, gc=False, order=True):
    """One class type over all workflows; several entries where workflows differ about its pack."""

    class_type: str
    kind: Kind
    pack: str | None
    evidence: str
    candidates: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    count: int = 0
    inactive: int = 0
    since: str | None = None
    conflicts: tuple[str, ...] = ()
    workflow_count: int = 0
    """All workflows, also where `workflows` was cut short."""


class PackEntry(Struct, frozen=True, gc=False, order=True):
    """One node pack that the workflows need."""

    name: str
    registry_id: str | None = None
    repository: str | None = None
    versions_seen: tuple[str, ...] = ()
    """What the stamps say, oldest first."""
    class_types: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    inactive: bool = False
    """Only muted or bypassed nodes need it."""
    workflow_count: int = 0


class ModelEntry(Struct, frozen=True, gc=False, order=True):
    """One model file over all workflows."""

    name: str
    folder: str | None
    class_type: str
    input: str | None
    sources: tuple[Source, ...] = ()
    inactive: bool = False
    workflows: tuple[str, ...] = ()
    workflow_count: int = 0

    @property
    def path(self) -> str:
        """The model's name below its folder, as one text."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


class Totals(Struct, frozen=True, gc=False):
    """How much was read."""

    workflows: int = 0
    nodes: int = 0
    inactive: int = 0
    unread: int = 0
    assets: tuple[str, ...] = ()
    """Input files that are loaded, sorted."""
    problems: int = 0
    """Problems inside workflows, also where `findings` was cut short."""


class Report(Struct, frozen=True, gc=False):
    """What a set of workflows needs, all lists sorted."""

    totals: Totals = Totals()
    workflows: tuple[WorkflowReport, ...] = ()
    """In the order of the inputs; empty where only totals were asked for."""
    class_types: tuple[ClassEntry, ...] = ()
    packs: tuple[PackEntry, ...] = ()
    models: tuple[ModelEntry, ...] = ()
    minimum: str | None = None
    """The oldest ComfyUI version that has every core class type, as far as known."""
    problems: tuple[Problem, ...] = ()
    """Inputs that could not be read at all; `path` is the file."""
    findings: tuple[Problem, ...] = ()
    """What is wrong inside workflows; `path` is the file and the place in it."""

    @property
    def is_complete(self) -> bool:
        """Say whether everything was read and every class type found its place."""
        settled = all(entry.kind not in {"ambiguous", "unknown"} for entry in self.class_types)
        return settled and not self.problems and not self.totals.unread
