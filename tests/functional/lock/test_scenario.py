"""Every outcome that a pack or a model can have, in one project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from comfylock.lockfile.read import read_lock
from comfylock.ops.check import check
from comfylock.ops.lock import LockOutcome, LockRequest, lock
from tests.functional.lock.scenario import Scenario
from tests.services.civitai import TOKEN as CIVITAI_TOKEN
from tests.services.hub import TOKEN as HUB_TOKEN
from tests.services.world import world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKENS = {"HF_TOKEN": HUB_TOKEN, "CIVITAI_TOKEN": CIVITAI_TOKEN}


class Played:
    """The scenario, resolved with tokens and without."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self.folder = folder
        self.project = folder / "project"
        scenario.write(self.project)
        self.with_tokens = self.run(TOKENS)
        self.without = self.run({})

    def run(self, tokens: dict[str, str], *, allows: bool = False) -> LockOutcome:
        """Lock; a cache for each kind of user."""
        return lock(
            LockRequest(project=str(self.project), allows_unresolved=allows),
            self.environment(tokens),
        )

    def environment(self, tokens: dict[str, str]) -> dict[str, str]:
        cache = str(self.folder / f"cache-{len(tokens)}")
        home = {"HOME": str(self.folder), "PATH": os.environ["PATH"]}
        return {**home, **self.scenario.world.environment, "COMFYLOCK_CACHE_DIR": cache, **tokens}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("scenario")
    with world_serving(str(folder)) as world, pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment.items():
            patch.setenv(name, value)  # git is led by the environment of the process
        yield Played(Scenario(world), folder)


PACKS = (
    "sc-active",
    "sc-pending",
    "sc-flagged",
    "sc-missing",
    "sc-deprecated",
    "sc-new-name",
    "sc-found",
    "acme/with-tags",
    "acme/no-tags",
    "acme/annotated",
    "acme/old-home",
    "acme/short",
    "acme/parent",
    "acme/single",
)
MODELS = (
    "lfs.safetensors",
    "small.pkl",
    "xet.safetensors",
    "gated.safetensors",
    "private.pt",
    "civitai.safetensors",
    "hidden.safetensors",
    "asset.pt",
    "unhashed.pt",
    "redirected.pt",
    "same.pt",
    "local.pt",
)
GAPS = (
    "sc-only-flagged",
    "sc-banned",
    "sc-deleted",
    "sc-unpublished",
    "acme/hidden",
    "ScNobody",
    "checkpoints/lost.pt",
    "checkpoints/revision.pt",
    "checkpoints/nobody.pt",
    "checkpoints/wrong.safetensors",
    "checkpoints/login.pt",
    "checkpoints/twice.pt",
    "checkpoints/sourceless.pt",
)


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_is_pinned(played: Played, name: str) -> None:
    pins = {pin.name: pin for pin in played.with_tokens.resolution.lock.packs}
    for field, value in played.scenario.pinned_packs()[name].items():
        assert getattr(pins[name], field) == value, field
    if pins[name].source == "comfy-registry":
        assert pins[name].sha256
        assert pins[name].size
    assert pins[name].missing == ()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_pinned(played: Played, name: str) -> None:
    pins = {pin.name: pin for pin in played.with_tokens.resolution.lock.models}
    for field, value in played.scenario.pinned_models()[name].items():
        assert getattr(pins[name], field) == value, field


@pytest.mark.parametrize("name", GAPS)
def test_what_cannot_be_pinned_says_why_and_what_to_do(played: Played, name: str) -> None:
    gaps = {gap.name: gap for gap in played.with_tokens.resolution.gaps}
    reason, hint = played.scenario.gaps()[name]
    assert gaps[name].reason == reason, gaps[name].message
    assert hint in (gaps[name].hint or ""), gaps[name]
    assert gaps[name].message
    assert gaps[name].workflows


def test_nothing_else_came_of_it(played: Played) -> None:
    resolution = played.with_tokens.resolution
    assert sorted(pin.name for pin in resolution.lock.packs) == sorted(PACKS)
    assert sorted(pin.name for pin in resolution.lock.models) == sorted(MODELS)
    assert sorted(gap.name for gap in resolution.gaps) == sorted(GAPS)
    assert resolution.unreachable == ()
    assert [gap.name for gap in resolution.mismatches] == ["checkpoints/wrong.safetensors"]
    assert resolution.lock.comfyui is not None
    assert resolution.lock.comfyui.commit


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("sc-pending", "pending"),
        ("sc-flagged", "stamp-missing"),
        ("sc-missing", "stamp-missing"),
        ("sc-deprecated", "deprecated"),
        ("sc-new-name", "renamed"),
        ("acme/no-tags", "unpinned-request"),
        ("acme/old-home", "renamed"),
        ("checkpoints/gated.safetensors", "gated"),
    ],
)
def test_what_a_person_should_know_is_said(played: Played, subject: str, code: str) -> None:
    notices = played.with_tokens.resolution.notices
    assert code in {notice.code for notice in notices if notice.subject == subject}


def test_without_a_token_the_private_is_a_gap_that_names_the_variable(played: Played) -> None:
    gaps = {gap.name: gap for gap in played.without.resolution.gaps}
    more = set(gaps) - set(GAPS)
    assert more == {"checkpoints/private.pt", "checkpoints/hidden.safetensors"}
    assert gaps["checkpoints/private.pt"].reason == "private-or-missing"
    assert "HF_TOKEN" in (gaps["checkpoints/private.pt"].hint or "")
    assert gaps["checkpoints/hidden.safetensors"].reason == "needs-token"
    assert "CIVITAI_TOKEN" in (gaps["checkpoints/hidden.safetensors"].hint or "")
    gated = [p for p in played.without.resolution.lock.models if p.name == "gated.safetensors"]
    assert [pin.gated for pin in gated] == ["manual"]


def test_a_mismatch_is_never_written(played: Played) -> None:
    assert not played.with_tokens.is_writable
    allowed = played.run(TOKENS, allows=True)
    assert not allowed.is_writable
    assert not (played.project / "comfy.lock").exists()


def test_p23_without_the_mismatch_gaps_may_be_written_and_are_told_by_the_check(
    played: Played,
) -> None:
    settings = played.project / "comfylock.toml"
    before = settings.read_bytes()
    settings.write_bytes(before + b'"checkpoints/wrong.safetensors" = { ignore = true }\n')
    try:
        refused = played.run(TOKENS)
        assert not refused.is_writable
        written = played.run(TOKENS, allows=True)
        assert written.is_written
        gaps = {gap.name for gap in written.resolution.gaps}
        assert gaps == set(GAPS) - {"checkpoints/wrong.safetensors"}
        found = read_lock((played.project / "comfy.lock").read_bytes())
        assert {gap.name for gap in found.unresolved} == gaps
        environment = played.environment(TOKENS)
        told = check(str(played.project), (), environment)
        assert {drift.subject for drift in told.drift} == gaps
        assert {drift.kind for drift in told.drift} == {"Unresolved"}
        assert check(str(played.project), (), environment, allows_unresolved=True).is_current
    finally:
        settings.write_bytes(before)
        (played.project / "comfy.lock").unlink(missing_ok=True)
