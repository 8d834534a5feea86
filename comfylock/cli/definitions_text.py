"""What a set of definitions holds, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.text import cells, plural, safe, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.definitions.signature import ClassSignature, DefinitionSet, InputSignature

MAX_CHOICES = 12


def set_text(found: DefinitionSet, columns: int) -> str:
    """Return a set's size and where its class types are from."""
    counts: dict[str, int] = {}
    for signature in found.classes.values():
        counts[_home(signature)] = counts.get(_home(signature), 0) + 1
    version = f"ComfyUI {safe(found.comfyui)}, " if found.comfyui else ""
    lines = [f"{version}{plural(len(found.classes), 'class type')}"]
    room = max((len(f"{count:,}") for count in counts.values()), default=1)
    for home, count in sorted(counts.items()):
        lines += wrap([f"{count:>{room},}", safe(home)], columns, "  ", separator="")
    return "".join(f"{line}\n" for line in lines)


def _home(signature: ClassSignature) -> str:
    module = signature.module or "unknown"
    first, _, rest = module.partition(".")
    return f"{first}.{rest}" if first == "custom_nodes" else first


def class_text(signature: ClassSignature, columns: int) -> str:
    """Return what one class type takes and gives."""
    marks = [
        word
        for word, is_true in (
            ("an output", signature.is_output),
            ("deprecated", signature.deprecated),
            ("not all of it could be read", signature.is_partial),
        )
        if is_true
    ]
    head = safe(signature.class_type) + (f" ({', '.join(marks)})" if marks else "")
    lines = wrap(head.split(" "), columns, "", separator="")
    widest = max((cells(safe(each.name)) for each in signature.inputs), default=0)
    for entry in signature.inputs:
        name = safe(entry.name)
        lead = f"  {name}{' ' * (min(widest, 28) - cells(name))}  "
        words = list(_input_words(entry))
        if cells(lead) > columns // 2:
            lines += [f"  {name}", *wrap(words, columns, "    ", separator="")]
            continue
        told = wrap(words, columns, " " * cells(lead), separator="")
        lines += [lead + told[0].strip(), *told[1:]]
    if signature.hidden:
        names = ", ".join(f"{safe(name)} {safe(kind)}" for name, kind in signature.hidden)
        lines += wrap(f"hidden: {names}".split(" "), columns, "  ", separator="")
    outputs = ", ".join(safe(each.type) for each in signature.outputs) or "nothing"
    lines += wrap(f"-> {outputs}".split(" "), columns, "  ", separator="")
    return "".join(f"{line}\n" for line in lines)


def _input_words(entry: InputSignature) -> Iterator[str]:
    yield safe(entry.type)
    if not entry.required:
        yield "optional"
    if entry.minimum is not None or entry.maximum is not None:
        yield f"{entry.minimum}..{entry.maximum}"
    if entry.has_default and entry.default not in ("", None):
        yield f"= {safe(str(entry.default))}"
    if entry.files:
        yield "(files of the machine)"
    elif entry.choices:
        shown = [safe(str(each)) for each in entry.choices[:MAX_CHOICES]]
        more = len(entry.choices) - len(shown)
        yield from [*" | ".join(shown).split(" "), *([f"| … {more} more"] if more > 0 else [])]
