"""What the registry knows, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.text import Style, cells, plural, safe, wrap
from comfylock.names import COMFYUI

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfylock.ops.registry_lookup import Facts, PackFacts, SearchResult
    from comfylock.registry.lookup import Verdict


_WORDS = {
    "registry": "listed",
    "preemption": "it claims the name",
    "pattern": "the name fits its pattern, but is not listed",
}


def shown_text(facts: Facts, style: Style, columns: int) -> str:
    """Return everything known under one name."""
    lines: list[str] = []
    if facts.class_type is not None:
        lines += _class_lines(facts, facts.class_type, style, columns)
    if facts.pack is not None:
        lines += _pack_lines(facts.pack, style, columns)
    if facts.models:
        lines += _heading(facts.name, "model file", style, columns)
        for model in facts.models:
            lines.append(f"  {safe(model.folder or 'folder unknown')}  {safe(model.url)}")
            if model.sha256:
                lines.append(f"    sha256 {safe(model.sha256)}")
    if not lines:
        lines.append(f"nothing is known under `{safe(facts.name)}`")
        if facts.nearest:
            lines += _named("nearest:", facts.nearest, columns, "")
    return "\n".join(lines) + "\n"


def _class_lines(facts: Facts, verdict: Verdict, style: Style, columns: int) -> list[str]:
    lines = _heading(facts.name, "class type", style, columns)
    if verdict.kind == "core":
        since = f" since {safe(verdict.since)}" if verdict.since else ""
        lines.append(f"  ComfyUI's own{since}")
    elif verdict.kind == "frontend-only":
        packs = [verdict.pack] if verdict.pack else verdict.candidates
        lines += _named("frontend-only (JavaScript), of", packs, columns, "  ")
    elif verdict.pack:
        lines.append(f"  from {safe(verdict.pack)} ({_WORDS.get(verdict.evidence)})")
    else:
        lines += _named("ambiguous:", verdict.candidates, columns, "  ")
    others = [name for name in facts.providers if name != verdict.pack]
    if others and verdict.kind != "ambiguous":
        lines += _named("also claimed by", others, columns, "  ")
    for name, folder in facts.model_inputs:
        lines.append(f"  {safe(name)} names a file of {safe(folder or 'an unknown folder')}")
    return lines


def _heading(name: str, kind: str, style: Style, columns: int) -> list[str]:
    words = f"{safe(name)}: {kind}".split(" ")
    return [style(line, "bold") for line in wrap(words, columns, "", separator="")]


def _named(lead: str, names: Sequence[str], columns: int, indent: str) -> list[str]:
    """Return names behind what they are, below it where they would not fit beside it."""
    words = [safe(name) for name in names]
    room = columns - len(indent) - len(lead) - 2
    if cells(words[0]) <= room:
        return wrap([f"{lead} {words[0]}", *words[1:]], columns, indent)
    return [indent + lead, *wrap(words, columns, indent + "  ")]


def _pack_lines(facts: PackFacts, style: Style, columns: int) -> list[str]:
    kind = "ComfyUI itself" if facts.name == COMFYUI else "node pack"
    lines = _heading(facts.name, kind, style, columns)
    pack = facts.pack
    if pack.id:
        lines.append(f"  registry id {safe(pack.id)}")
    if pack.repository:
        lines.append(f"  {safe(pack.repository)}")
    if pack.stars:
        lines.append(f"  {plural(pack.stars, 'star')}")
    if facts.class_types:
        lines.append(f"  {plural(len(facts.class_types), 'class type')}")
        lines += wrap([safe(name) for name in facts.class_types], columns, "    ")
    if facts.frontend_only:
        lines.append(f"  {plural(len(facts.frontend_only), 'frontend-only type')}")
        lines += wrap([safe(name) for name in facts.frontend_only], columns, "    ")
    return lines


def found_text(found: SearchResult, style: Style, columns: int) -> str:
    """Return the names that contain a text, by kind."""
    if not found.total:
        return f"no name contains `{safe(found.text)}`\n"
    lines: list[str] = []
    kinds = (("Class types", found.class_types), ("Packs", found.packs), ("Models", found.models))
    shown = 0
    for title, names in kinds:
        if names:
            lines.append(style(title, "bold"))
            lines += wrap([safe(name) for name in names], columns, "  ")
            shown += len(names)
    if found.total > shown:
        lines.append(f"and {found.total - shown:,} more (--limit)")
    return "\n".join(lines) + "\n"
