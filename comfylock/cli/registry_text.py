"""What the registry knows, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.text import Style, plural, safe, wrap

if TYPE_CHECKING:
    from comfylock.ops.registry_lookup import Facts, PackFacts, SearchResult
    from comfylock.registry.lookup import Verdict


def shown_text(facts: Facts, style: Style, columns: int) -> str:
    """Return everything known under one name."""
    lines: list[str] = []
    if facts.class_type is not None:
        lines += _class_lines(facts, facts.class_type, style, columns)
    if facts.pack is not None:
        lines += _pack_lines(facts.pack, style, columns)
    if facts.models:
        lines.append(style(f"{safe(facts.name)}: model file", "bold"))
        for model in facts.models:
            lines.append(f"  {safe(model.folder or 'folder unknown')}  {safe(model.url)}")
            if model.sha256:
                lines.append(f"    sha256 {model.sha256}")
    if not lines:
        lines.append(f"nothing is known under `{safe(facts.name)}`")
        if facts.nearest:
            names = [safe(name) for name in facts.nearest]
            lines += wrap([f"nearest: {names[0]}", *names[1:]], columns, "")
    return "\n".join(lines) + "\n"


def _class_lines(facts: Facts, verdict: Verdict, style: Style, columns: int) -> list[str]:
    lines = [style(f"{safe(facts.name)}: class type", "bold")]
    if verdict.kind == "core":
        since = f" since {verdict.since}" if verdict.since else ""
        lines.append(f"  ComfyUI's own{since}")
    elif verdict.kind == "frontend-only":
        packs = [safe(name) for name in ([verdict.pack] if verdict.pack else verdict.candidates)]
        lines += wrap(["frontend-only (JavaScript), of " + packs[0], *packs[1:]], columns, "  ")
    elif verdict.pack:
        lines.append(f"  from {safe(verdict.pack)} ({verdict.evidence})")
    else:
        names = [safe(name) for name in verdict.candidates]
        lines += wrap(["ambiguous: " + names[0], *names[1:]], columns, "  ")
    others = [safe(name) for name in facts.providers if name != verdict.pack]
    if others and verdict.kind != "ambiguous":
        lines += wrap(["also claimed by " + others[0], *others[1:]], columns, "  ")
    for name, folder in facts.model_inputs:
        lines.append(f"  {safe(name)} names a file of {safe(folder or 'an unknown folder')}")
    return lines


def _pack_lines(facts: PackFacts, style: Style, columns: int) -> list[str]:
    lines = [style(f"{safe(facts.name)}: node pack", "bold")]
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
