"""The parts of an image as a template prints them: each value quoted for its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.emit.image_words import SECRETS, TOKENS, is_ssh, lane
from comfylock.emit.quoting import (
    BashWord,
    Comment,
    DockerWord,
    HereLine,
    bash,
    bash_words,
    comment,
    docker,
    here_line,
)
from comfylock.emit.steps import ArchiveStep, FileStep, GitStep
from comfylock.errors import EmitError, UsageError
from comfylock.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.emit.plan import Plan, Variant
    from comfylock.emit.steps import ModelStep, PackStep

MAX_MODEL_LAYERS = 80
"""An image may have 127 layers; the models beyond these, the smallest ones, share one."""


class PackStage(Struct, frozen=True):
    """A stage that fetches one pack; `/out` in it is laid out as the image."""

    stage: DockerWord
    title: Comment
    remarks: tuple[Comment, ...]
    kind: str
    """`archive`, `git` or `file`: the lines that fetch it."""
    sha256: DockerWord
    source: DockerWord
    """Its address, with the build argument FILE_MIRROR in place of `https://`."""
    parent: BashWord
    """`custom_nodes` below `/out`."""
    target: BashWord
    """The one file in it."""
    folder: BashWord
    """Where it is in the image."""
    git: BashWord
    """What `fetch git` takes."""
    is_ssh: bool
    lane: DockerWord


class ModelStage(Struct, frozen=True):
    """A stage that fetches one model."""

    stage: DockerWord
    title: Comment
    secret: DockerWord | None
    lane: DockerWord
    words: BashWord
    """What `fetch model` takes."""
    size: int


class VariantStage(Struct, frozen=True):
    """What one variant has of packs and models."""

    name: DockerWord
    packs: tuple[PackStage, ...]
    layers: tuple[ModelStage, ...]
    """Models with a layer of their own."""
    shared: tuple[ModelStage, ...]
    contents: tuple[HereLine, ...]
    """What is to be found in the image."""
    wanted: tuple[HereLine, ...]
    """Models that are fetched when a container starts, as `fetch models` reads them."""
    scripts: tuple[BashWord, ...]
    """Folders of packs whose install.py is run."""
    is_dev: bool


def pack_stages(plan: Plan, folder: str) -> dict[str, PackStage]:
    """Return a stage for each pack, by its name; `folder` is `custom_nodes` in the image."""
    return {pack.name: _pack(pack, folder) for pack in plan.packs}


def _pack(pack: PackStep, folder: str) -> PackStage:
    url = "" if isinstance(pack, GitStep) else pack.url
    version = pack.version or (pack.commit[:12] if isinstance(pack, GitStep) else "")
    remarks = [*pack.remarks]
    if pack.runs_code:
        remarks.append(f"not run: {', '.join(pack.runs_code)}")
    return PackStage(
        stage=docker(f"pack-{pack.folder.lower()}"),
        title=comment(f"{pack.name} {version}".strip()),
        remarks=tuple(map(comment, remarks)),
        kind={ArchiveStep: "archive", GitStep: "git", FileStep: "file"}[type(pack)],
        sha256=docker("" if isinstance(pack, GitStep) else pack.sha256),
        source=docker("") if isinstance(pack, GitStep) else mirrored(url),
        parent=bash(f"/out{folder}"),
        target=bash(f"/out{folder}/{pack.folder}"),
        folder=bash(f"{folder}/{pack.folder}"),
        git=_git_words(pack, folder) if isinstance(pack, GitStep) else bash_words(()),
        is_ssh=is_ssh(pack),
        lane=lane(pack.folder),
    )


def mirrored(url: str) -> DockerWord:
    """Return an address for ADD, with what may stand in for `https://` of every host.

    Raises:
        EmitError: ADD would take it for a git repository.
    """
    if url.partition("?")[0].endswith(".git"):
        told = f"`{printable(url, 120)}` is no address of a file to ADD, which takes it for git's"
        raise EmitError(told)
    rest = url.removeprefix("https://")
    return docker(url) if rest == url else DockerWord("${FILE_MIRROR}" + docker(rest))


def _git_words(pack: GitStep, folder: str) -> BashWord:
    words = [f"/out{folder}/{pack.folder}", pack.repository, pack.commit, pack.tree]
    for inner in pack.submodules:
        words += (inner.path, inner.commit, inner.url)
    return bash_words(words)


def model_stages(plan: Plan, folder: str) -> dict[tuple[str, str | None], ModelStage]:
    """Return a stage for each model that is baked, by key and tier.

    Raises:
        UsageError: a model has alternatives, and the settings do not choose.
    """
    chosen = chosen_models(plan)
    return {
        (model.key, model.tier): _model(model, folder, number)
        for number, model in enumerate(chosen, 1)
        if model.url is not None
    }


def chosen_models(plan: Plan) -> tuple[ModelStep, ...]:
    """Return the models of an image, one of each: nobody can measure a GPU while building.

    Raises:
        UsageError: a model has alternatives, and the settings do not choose.
    """
    named: dict[str, list[ModelStep]] = {}
    for model in plan.models:
        named.setdefault(model.key, []).append(model)
    found: list[ModelStep] = []
    for key, models in named.items():
        fitting = [model for model in models if model.tier in {None, plan.settings.tier}]
        if len(models) > 1 and not fitting:
            tiers = ", ".join(f"`{model.tier}`" for model in models)
            told = f"`{printable(key, 120)}` has alternatives, and an image takes one of {tiers}"
            raise UsageError(told, hint="choose with `--tier`, or `tier` in `[emit]`")
        found.append((fitting or models)[0])
    return tuple(found)


def _model(model: ModelStep, folder: str, number: int) -> ModelStage:
    size = model.size or 0
    told = [model.key, f"{size / 1e6:,.0f} MB" if size else "", model.licence or ""]
    url = model.url or ""
    target = f"/out{folder}/{model.path}"
    words = [target, model.sha256 or "", str(size), url, *model.mirrors]
    return ModelStage(
        stage=docker(f"model-{number}"),
        title=comment(", ".join(filter(None, told))),
        secret=docker(SECRETS[model.service]) if model.service in SECRETS else None,
        lane=lane(model.key),
        words=bash_words(words),
        size=size,
    )


def variant_stage(
    plan: Plan,
    variant: Variant,
    packs: dict[str, PackStage],
    models: dict[tuple[str, str | None], ModelStage],
    facts: tuple[HereLine, ...],
) -> VariantStage:
    """Return what a variant consists of; `models` are those that are baked.

    `facts` tell what else is proven in every variant.
    """
    steps = [m for m in plan.models_of(variant) if (m.key, m.tier) in models]
    by_size = sorted(steps, key=lambda step: (-(step.size or 0), step.key))
    alone = {step.key for step in by_size[:MAX_MODEL_LAYERS]}
    return VariantStage(
        name=docker(variant.name),
        packs=tuple(packs[pack.name] for pack in plan.packs_of(variant)),
        layers=tuple(models[m.key, m.tier] for m in steps if m.key in alone),
        shared=tuple(models[m.key, m.tier] for m in steps if m.key not in alone),
        contents=tuple(_contents(plan, variant, steps, facts)),
        wanted=wanted_models(plan, variant) if plan.settings.models == "runtime" else (),
        scripts=tuple(
            packs[pack.name].folder for pack in plan.packs_of(variant) if runs(plan, pack)
        ),
        is_dev=variant.is_dev,
    )


def runs(plan: Plan, pack: PackStep) -> bool:
    """Say whether a pack's install.py is run while the image is built."""
    return plan.settings.install_scripts and "install.py" in pack.runs_code


def wanted_models(plan: Plan, variant: Variant) -> tuple[HereLine, ...]:
    """Return the models of a variant for `fetch models`: alternatives by falling GPU memory."""
    steps = [m for m in plan.models_of(variant) if m.url is not None]
    if plan.settings.tier is not None:
        steps = [m for m in steps if m.tier in {None, plan.settings.tier}]
    last = {model.key: model for model in steps}
    return tuple(
        here_line(
            model.key,
            "0" if model is last[model.key] else str(model.vram or 0),
            model.path,
            model.sha256 or "",
            str(model.size or 0),
            TOKENS.get(model.service, "-"),
            model.url or "",
            *model.mirrors,
        )
        for model in steps
    )


def _contents(
    plan: Plan, variant: Variant, models: Iterable[ModelStep], facts: Iterable[HereLine]
) -> Iterable[HereLine]:
    yield here_line("lock", plan.digest)
    yield from facts
    for pack in plan.packs_of(variant):
        yield here_line("pack", pack.name, pack.folder, "ran" if runs(plan, pack) else "alone")
    for model in models:
        yield here_line("model", model.sha256 or "", str(model.size or 0), f"models/{model.path}")
