"""The parts of an image as a template prints them: each value quoted for its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.emit.image_packs import (
    OtherInstaller,
    PackStage,
    is_left_to_others,
    other_installer,
    runs,
)
from comfylock.emit.image_words import SECRETS, TOKENS, lane
from comfylock.emit.quoting import (
    BashWord,
    Comment,
    DockerWord,
    HereLine,
    bash_words,
    comment,
    docker,
    here_line,
)
from comfylock.errors import UsageError
from comfylock.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.emit.plan import Plan, Variant
    from comfylock.emit.steps import ModelStep

MAX_MODEL_LAYERS = 80
"""An image may have 127 layers; the models beyond these, the smallest ones, share one."""


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
    installer: OtherInstaller | None
    scripts: tuple[BashWord, ...]
    """Folders of packs whose install.py is run."""
    is_dev: bool


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
    stages = tuple(packs[pack.name] for pack in plan.packs_of(variant))
    return VariantStage(
        name=docker(variant.name),
        packs=stages,
        layers=tuple(models[m.key, m.tier] for m in steps if m.key in alone),
        shared=tuple(models[m.key, m.tier] for m in steps if m.key not in alone),
        contents=tuple(_contents(plan, variant, steps, facts)),
        wanted=wanted_models(plan, variant) if plan.settings.models == "runtime" else (),
        installer=other_installer(plan, stages),
        scripts=tuple(
            packs[pack.name].folder for pack in plan.packs_of(variant) if runs(plan, pack)
        ),
        is_dev=variant.is_dev,
    )


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
        is_alone = not (runs(plan, pack) or is_left_to_others(plan, pack))
        yield here_line("pack", pack.name, pack.folder, "alone" if is_alone else "ran")
    for model in models:
        yield here_line("model", model.sha256 or "", str(model.size or 0), f"models/{model.path}")
