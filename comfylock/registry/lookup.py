"""What a class type is and where it comes from: the evidence chain, first decision wins.

1. the project's own word 2. core and frontend-only types 3. the author's stamp 4. the registry:
exact, preemption, pattern 5. company 6. ambiguous or unknown. What contradicts the decision is
reported beside it; nothing is guessed.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from comfylock.model import Kind
from comfylock.names import COMFYUI, OWNER_REPO, normalise_registry_id, printable
from comfylock.patterns import Pattern
from comfylock.versions import is_version, version_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.registry.store import Registry
    from comfylock.workflow.reading import ClassKey

NOISE = frozenset({"unknown", "none", "null", "undefined", "nightly", "latest", "local", ""})
"""Stamps that name no pack. Source: seen in published workflows."""

EVIDENCE = (
    "config",
    "core",
    "core-stamp",
    "frontend-only",
    "cnr_id",
    "aux_id",
    "registry",
    "preemption",
    "pattern",
    "company",
    "",
)
"""What can decide, the strongest first; empty for ambiguous and unknown."""

MAX_CANDIDATES = 8
MAX_REPEATS = 3
MAX_PATTERN_NAME = 200
"""Longer class types are not held against patterns: with `MAX_REPEATS`, what bounds the time."""

_REPEATED_GROUP = Pattern(r"\)[*+{?]")


class Verdict(Struct, frozen=True):
    """What one class type with one stamp is."""

    kind: Kind
    pack: str | None = None
    evidence: str = ""
    """`config`, `core`, `core-stamp`, `frontend-only`, `cnr_id`, `aux_id`, `registry`,
    `preemption`, `pattern` or `company`; empty for ambiguous and unknown."""
    candidates: tuple[str, ...] = ()
    since: str | None = None
    conflicts: tuple[str, ...] = ()


class Lookup:
    """The evidence chain over one registry; remembers what it decided."""

    def __init__(self, registry: Registry, overrides: Mapping[str, str] | None = None) -> None:
        self.registry = registry
        self.overrides = overrides or {}
        self._verdicts: dict[ClassKey, Verdict] = {}

    def decide(self, key: ClassKey) -> Verdict:
        """Return what a class type with this stamp is, before company is asked."""
        verdict = self._verdicts.get(key)
        if verdict is None:
            if len(self._verdicts) > 200_000:  # a stranger's stamps must not fill the memory
                self._verdicts.clear()
            verdict = self._verdicts[key] = self._decide(key)
        return verdict

    def in_company(self, verdict: Verdict, company: Iterable[str]) -> Verdict:
        """Return an ambiguous verdict decided by the packs that the workflow needs anyway."""
        needed = set(company)
        present = [name for name in verdict.candidates if name in needed]
        if len(present) != 1:
            return verdict
        kind: Kind = "frontend-only" if verdict.kind == "frontend-only" else "pack"
        return replace(verdict, kind=kind, pack=present[0], evidence="company")

    def _decide(self, key: ClassKey) -> Verdict:
        class_type = key[0]
        stamped, evidence, doubts = self._stamped_pack(key)
        if class_type in self.overrides:
            name = self.overrides[class_type]
            pack = self.registry.pack_named(name) or name
            kind: Kind = "core" if pack == COMFYUI else "pack"
            if stamped is not None and stamped != pack:
                doubts = (*doubts, f"stamped `{stamped}`, but comfylock.toml says `{pack}`")
            return Verdict(kind, pack, "config", conflicts=doubts)
        verdict = self._core(key, stamped)
        if verdict is None and stamped is not None:
            verdict = self._by_stamp(class_type, stamped, evidence)
        if verdict is None:
            verdict = self._by_registry(class_type)
        return replace(verdict, conflicts=verdict.conflicts + doubts) if doubts else verdict

    def _core(self, key: ClassKey, stamped: str | None) -> Verdict | None:
        class_type = key[0]
        since = self.registry.core.get(class_type)
        if since is not None:
            conflicts: tuple[str, ...] = ()
            if stamped is not None and stamped != COMFYUI:
                conflicts = (f"stamped `{stamped}`, but ComfyUI itself has it",)
            return Verdict("core", COMFYUI, "core", since=since or None, conflicts=conflicts)
        if stamped == COMFYUI:
            version = key[3].strip().removeprefix("v") if key[3] else ""
            since = version if is_version(version) else None
            conflicts = self._listed_elsewhere(class_type, COMFYUI)
            return Verdict("core", COMFYUI, "core-stamp", since=since, conflicts=conflicts)
        if COMFYUI in self.registry.frontend_only.get(class_type, ()):
            return Verdict("frontend-only", COMFYUI, "frontend-only")
        return None

    def _by_stamp(self, class_type: str, pack: str, evidence: str) -> Verdict:
        kind: Kind = "frontend-only" if self._is_frontend_only(class_type, pack) else "pack"
        conflicts: tuple[str, ...] = ()
        if pack in self.registry.packs:
            conflicts = self._listed_elsewhere(class_type, pack)
        return Verdict(kind, pack, evidence, conflicts=conflicts)

    def _listed_elsewhere(self, class_type: str, pack: str) -> tuple[str, ...]:
        """Return the contradiction if the registry knows the class type, but not in this pack."""
        known = self.registry.class_types.get(class_type)
        if not known or pack in known:
            return ()
        others = ", ".join(f"`{name}`" for name in self._ranked(known)[:3])
        return (f"stamped `{pack}`, but the registry lists it under {others}",)

    def _is_frontend_only(self, class_type: str, pack: str) -> bool:
        providers = self.registry.frontend_only.get(class_type, ())
        return pack in providers and pack not in self.registry.class_types.get(class_type, ())

    def _by_registry(self, class_type: str) -> Verdict:
        name = class_type.strip()
        if name != class_type and name in self.registry.core:
            return Verdict("unknown")  # whoever else claims a core name cannot be meant
        providers = self.registry.class_types.get(name)
        claims = self.registry.rules.preemptions.get(name)
        if providers:
            if len(providers) == 1:
                return Verdict("pack", providers[0], "registry")
            if claims and len(claims) == 1:
                return Verdict("pack", claims[0], "preemption")
            return Verdict("ambiguous", candidates=self._ranked(providers))
        scripted = self.registry.frontend_only.get(name)
        if scripted:
            if len(scripted) == 1:
                return Verdict("frontend-only", scripted[0], "frontend-only")
            return Verdict("frontend-only", None, "", candidates=self._ranked(scripted))
        if claims and len(claims) == 1:
            return Verdict("pack", claims[0], "preemption")
        patterns = self._patterns if len(name) <= MAX_PATTERN_NAME else ()
        matches = {pack for pattern, pack in patterns if pattern.search(name)}
        if len(matches) == 1:
            return Verdict("pack", matches.pop(), "pattern")
        if matches:
            return Verdict("ambiguous", candidates=self._ranked(matches))
        return Verdict("unknown")

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        compiled = []
        for pattern, pack in self.registry.rules.patterns:
            # A repeated group can take for ever on a name made for it; no honest pattern has one.
            repeats = sum(map(pattern.count, "*+{"))
            if len(pattern) > 200 or repeats > MAX_REPEATS or _REPEATED_GROUP.search(pattern):
                continue
            try:
                compiled.append((re.compile(pattern), pack))
            except re.error:
                continue
        return compiled

    def _ranked(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return packs best first: with a registry id, then by stars, then by name."""
        packs = self.registry.packs

        def rank(name: str) -> tuple[bool, int, str]:
            pack = packs.get(name)
            return (pack is None or pack.id is None, -(pack.stars if pack else 0), name)

        return tuple(sorted(names, key=rank)[:MAX_CANDIDATES])

    def _stamped_pack(self, key: ClassKey) -> tuple[str | None, str, tuple[str, ...]]:
        """Return the pack that a stamp names, which part of it says so, and what is implausible."""
        _, registry_id, repository, _ = key
        doubts: list[str] = []
        if registry_id and registry_id.strip().lower() not in NOISE:
            name = normalise_registry_id(registry_id)
            if name is not None:
                return self.registry.pack_named(name) or name, "cnr_id", ()
            doubts.append(f"`cnr_id` {printable(repr(registry_id), 60)} is no registry id, ignored")
        if repository and repository.strip().lower() not in NOISE:
            name = repository.strip()
            if OWNER_REPO.match(name):
                return self.registry.pack_named(name) or name.lower(), "aux_id", tuple(doubts)
            doubts.append(f"`aux_id` {printable(repr(repository), 60)} is no owner/repo, ignored")
        return None, "", tuple(doubts)


def newest(versions: Iterable[str | None]) -> str | None:
    """Return the newest of some ComfyUI versions; None if none is known."""
    return _newest(frozenset(versions))


@lru_cache(maxsize=4096)
def _newest(versions: frozenset[str | None]) -> str | None:
    return max((v for v in versions if v and is_version(v)), key=_rank, default=None)


def oldest(versions: Iterable[str | None]) -> str | None:
    """Return the oldest of some ComfyUI versions; None if none is known."""
    return _oldest(frozenset(versions))


@lru_cache(maxsize=4096)
def _oldest(versions: frozenset[str | None]) -> str | None:
    return min((v for v in versions if v and is_version(v)), key=_rank, default=None)


def _rank(version: str) -> tuple[Any, str]:
    """Return what sorts versions; `1.0` and `1.0.0` are equal, so their spelling decides."""
    return version_key(version), version
