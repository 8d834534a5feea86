"""What changed between two locks, for people: one row for each entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.text import cells, safe, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.cli.text import Style
    from comfylock.lockfile.diff import Change, Changes, FieldChange

SECTIONS = {
    "options": "Options",
    "comfyui": "ComfyUI",
    "images": "Images",
    "python": "Python packages",
    "packs": "Packs",
    "models": "Models",
    "workflows": "Workflows",
    "unresolved": "Unresolved",
    "tool": "Tools",
}
"""Parts of a lock in the order in which they matter, with their headings."""

SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def sections(changes: Changes) -> Iterator[tuple[str, tuple[Change, ...]]]:
    """Yield the parts that changed, each with its heading."""
    for field, title in SECTIONS.items():
        part: tuple[Change, ...] = getattr(changes, field)
        if part:
            yield title, part


def changes_text(changes: Changes, style: Style, columns: int, *, verbose: bool = False) -> str:
    """Return a row for each entry under the headings of their parts; empty if nothing changed."""
    lines: list[str] = []
    for title, part in sections(changes):
        lines.append(style(f"{title} ({len(part):,})", "bold"))
        for change in part:
            lines += change_lines(change, style, columns)
            if verbose:
                lines += [line for f in change.fields for line in _field_lines(f, columns)]
    return "".join(f"{line}\n" for line in lines)


def change_lines(change: Change, style: Style, columns: int) -> list[str]:
    """Return one entry's row; the summary stands below a name that leaves it no room."""
    sign, color = SIGNS[change.kind]
    name, words = safe(change.name), safe(change.summary).split(" ")
    column = min(46, columns // 2)
    if cells(name) < column - 4 and cells(safe(change.summary)) <= columns - column:
        gap = " " * (column - 4 - cells(name))
        return [f"  {style(sign, color)} {name}{gap}{safe(change.summary)}".rstrip()]
    first, *more = wrap([name], columns - 4, "", separator="") or [""]
    lines = [f"  {style(sign, color)} {first}", *(f"    {line}" for line in more)]
    return lines + wrap(words, columns, "      ", separator="")


def _field_lines(field: FieldChange, columns: int) -> list[str]:
    words = f"{field.field}: {_value(field.old)} -> {_value(field.new)}".split(" ")
    return wrap(words, columns, "      ", separator="")


def _value(value: object) -> str:
    if value is None or value == ():
        return "none"
    return safe(", ".join(map(str, value)) if isinstance(value, tuple) else str(value))
