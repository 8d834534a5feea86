"""A lock as trees: which workflow needs what, and what is needed by which workflow.

Pure. What `tree` prints and the names by which people may call a thing, which `why` shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.lockfile.diff import label
from comfylock.lockfile.document import image_key
from comfylock.lockfile.pack_needs import names_of
from comfylock.lockfile.schema import Gap, ImagePin, ModelPin, PackPin, PythonPin
from comfylock.names import normalise_model_path, repository_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.lockfile.schema import Lock

BranchKind = Literal[
    "workflow", "settings", "comfyui", "image", "python", "pack", "model", "class-type"
]
Thing = PackPin | ModelPin | ImagePin | PythonPin | Gap

SETTINGS = "comfylock.toml"
"""Who asks for what no workflow needs."""


class Branch(Struct, frozen=True):
    """One line of a tree, and what hangs on it."""

    kind: BranchKind
    name: str
    pin: str = ""
    """What tells the pinned version from others: `1.2.0`, a commit and its date."""
    groups: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    """What a person should know: `unresolved: not-found`, `flagged`, `no sha256`."""
    children: tuple[Branch, ...] = ()


class Named(Struct, frozen=True):
    """What a lock has under one name."""

    workflows: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    class_types: tuple[str, ...] = ()
    others: tuple[tuple[BranchKind, str], ...] = ()
    """What runs below the packs, by kind and name: ComfyUI, images, targets of Python packages."""

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing under that name."""
        named = (self.workflows, self.packs, self.models, self.class_types, self.others)
        return not any(named)


def named(lock: Lock, text: str) -> Named:
    """Return what somebody may mean by a name, whatever its case.

    Workflows by path; packs by id, former id, `owner/repo` or URL; models by `folder/name`, path
    or file name; class types by name.
    """
    wanted = text.strip().lower()
    path = normalise_model_path(wanted)
    repository = repository_key(wanted)
    packs = [pin.name for pin in lock.packs if {wanted, repository} & set(pack_names(pin))]
    packs += [gap.name for gap in _gaps(lock, "pack") if gap.name.lower() == wanted]
    keys = [(pin.key, pin.name) for pin in lock.models]
    keys += [(gap.name, gap.name.partition("/")[2]) for gap in _gaps(lock, "model")]
    classes = {name for pin in lock.packs for name in pin.provides}
    classes |= {gap.name for gap in _gaps(lock, "class-type")}
    return Named(
        workflows=tuple(
            entry.path
            for entry in lock.workflows
            if path in (entry.path.lower(), entry.path.partition("#")[0].lower())
        ),
        packs=tuple(sorted(set(packs))),
        models=tuple(sorted({key for key, name in keys if is_model(path, key, name)})),
        class_types=spelled_alike(text.strip(), classes),
        others=tuple(_below(lock, wanted)),
    )


def _below(lock: Lock, wanted: str) -> Iterator[tuple[BranchKind, str]]:
    if lock.comfyui is not None and wanted == "comfyui":
        yield "comfyui", wanted
    for image in lock.images:
        if wanted in (image.name, image_key(image)):
            yield "image", image_key(image)
    for pin in lock.python:
        if wanted == pin.target.lower():
            yield "python", pin.target


def pack_names(pin: PackPin) -> tuple[str, ...]:
    """Return every name of a pinned pack in lower case, its repository's among them."""
    more = [repository_key(pin.repository)] if pin.repository else []
    return tuple(dict.fromkeys(name.lower() for name in (*names_of(pin), *more)))


def is_model(path: str, key: str, name: str) -> bool:
    """Say whether a lower-case path means a model: with its folder, without, or its last part."""
    place = key.lower().rpartition("@")[0]  # of a file that is one of several
    return path in (key.lower(), place, name.lower(), name.lower().rpartition("/")[2])


def spelled_alike(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are equal, else those that differ in case alone; sorted."""
    known = set(names)
    if name in known:
        return (name,)
    return tuple(sorted(other for other in known if other.casefold() == name.casefold()))


def all_names(lock: Lock) -> set[str]:
    """Return every name that `named` knows, as it is spelled."""
    names = {name for pin in lock.packs for name in (*names_of(pin), *pin.provides)}
    names |= {name for pin in lock.models for name in (pin.key, pin.name)}
    names |= {entry.path for entry in lock.workflows}
    names |= {image.name for image in lock.images} | {pin.target for pin in lock.python}
    names |= {"comfyui"} if lock.comfyui is not None else set()
    return names | {gap.name for gap in lock.unresolved}


def needed_tree(lock: Lock, depth: int = 1) -> tuple[Branch, ...]:
    """Return what each workflow needs, in the lock's order; then what the project asks for.

    `depth` levels below the workflows: packs and models, then the class types of packs.
    """
    things = _things(lock)
    roots = []
    used: set[str] = set()
    for entry in lock.workflows:
        keys = [f"pack: {name}" for name in entry.packs]
        keys += [f"model: {name}" for name in entry.models]
        keys += [key for key in _open_classes(lock, entry.path) if key not in keys]
        used.update(keys)
        children = _children(keys, things, depth)
        roots.append(Branch("workflow", entry.path, groups=entry.groups, children=children))
    rest = [key for key in things if key not in used]
    if rest:
        roots.append(Branch("settings", SETTINGS, children=_children(rest, things, depth)))
    return tuple(roots)


def users_tree(lock: Lock, depth: int = 1) -> tuple[Branch, ...]:
    """Return who needs each pack, model and open class type, sorted by kind and name."""
    users: dict[str, list[Branch]] = {}
    for entry in lock.workflows:
        workflow = Branch("workflow", entry.path, groups=entry.groups)
        keys = [f"pack: {name}" for name in entry.packs]
        keys += [f"model: {name}" for name in entry.models]
        for key in dict.fromkeys((*keys, *_open_classes(lock, entry.path))):
            users.setdefault(key, []).append(workflow)
    nobody = [Branch("settings", SETTINGS)]
    roots = []
    for key, thing in _things(lock).items():
        children = tuple(users.get(key, nobody)) if depth else ()
        roots.append(_branch(thing, children))
    return tuple(roots)


def chosen(roots: Iterable[Branch], wanted: set[tuple[str, str]]) -> tuple[Branch, ...]:
    """Return the roots of these kinds and names whole, of others only such children."""
    found = []
    for root in roots:
        if (root.kind, root.name) in wanted:
            found.append(root)
            continue
        kept = tuple(child for child in root.children if (child.kind, child.name) in wanted)
        if kept:
            found.append(Branch(root.kind, root.name, root.pin, root.groups, root.remarks, kept))
    return tuple(found)


def remarks_of(pin: PackPin | ModelPin | PythonPin) -> tuple[str, ...]:
    """Return what a person should know of a pin, in a few words each."""
    found = []
    if isinstance(pin, PackPin):
        found += [pin.status] if pin.status else []
        found += ["deprecated"] if pin.deprecated else []
        found += [f"lacks {name}" for name in pin.missing]
        found += ["runs code on install"] if pin.runs_code else []
        found += ["asks for a GPU at start"] if pin.needs_gpu else []
    elif isinstance(pin, PythonPin):
        found += [f"builds {name}" for name in pin.builds]
    else:
        found += [] if pin.sha256 else ["no sha256"]
        found += [f"gated: {pin.gated}"] if pin.gated else []
        found += ["private"] if pin.private else []
    return tuple(found)


def _gaps(lock: Lock, kind: str) -> Iterator[Gap]:
    return (gap for gap in lock.unresolved if gap.kind == kind)


def _things(lock: Lock) -> dict[str, Thing]:
    """Return packs, models and all that is open by `kind: name`, in order."""
    things: dict[str, Thing] = {f"pack: {pin.name}": pin for pin in lock.packs}
    things.update({f"pack: {gap.name}": gap for gap in _gaps(lock, "pack")})
    things.update({f"model: {pin.key}": pin for pin in lock.models})
    things.update({f"image: {image_key(image)}": image for image in lock.images})
    things.update({f"python: {pin.target}": pin for pin in lock.python})
    for kind in ("model", "class-type", "comfyui", "python", "image"):
        things.update({f"{kind}: {gap.name}": gap for gap in _gaps(lock, kind)})
    return things


def _open_classes(lock: Lock, path: str) -> list[str]:
    """Return what is recorded as unresolved for a workflow, by `kind: name`."""
    return [f"{gap.kind}: {gap.name}" for gap in lock.unresolved if path in gap.workflows]


def _children(keys: Iterable[str], things: dict[str, Thing], depth: int) -> tuple[Branch, ...]:
    if not depth:
        return ()
    found = []
    for key in keys:
        thing = things[key]
        inner: tuple[Branch, ...] = ()
        if isinstance(thing, PackPin) and depth > 1:
            missing = set(thing.missing)
            inner = tuple(
                Branch("class-type", name, remarks=("not provided",) if name in missing else ())
                for name in thing.provides
            )
        found.append(_branch(thing, inner))
    return tuple(found)


def _branch(thing: Thing, children: tuple[Branch, ...]) -> Branch:
    if isinstance(thing, Gap):
        remarks = (f"unresolved: {thing.reason}",)
        return Branch(thing.kind, thing.name, remarks=remarks, children=children)
    if isinstance(thing, ImagePin):
        return Branch("image", image_key(thing), label(thing))
    if isinstance(thing, PythonPin):
        return Branch("python", thing.target, label(thing), remarks=remarks_of(thing))
    kind: BranchKind = "pack" if isinstance(thing, PackPin) else "model"
    name = thing.name if isinstance(thing, PackPin) else thing.key
    return Branch(kind, name, label(thing), thing.groups, remarks_of(thing), children)
