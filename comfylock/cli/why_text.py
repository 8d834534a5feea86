"""What is behind a name, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.analyze_text import ORIGINS, REASONS
from comfylock.cli.text import Style, plural, safe, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.lockfile.schema import ComfyuiPin, Gap, ModelPin, PackPin
    from comfylock.resolve.chains import (
        ClassChain,
        ComfyuiChain,
        Explanation,
        ModelChain,
        PackageChain,
        PackChain,
        Use,
    )

MAX_NODES = 12
"""Ids shown of one workflow."""

KEY = 12
"""Columns of what stands before a pin's values."""

NARROW = 50
"""Columns below which values stand below what they are."""

VERIFIED = {
    "upstream": "as the service publishes it",
    "downloaded": "computed from the bytes",
}


def explanation_text(found: Explanation, style: Style, columns: int) -> str:
    """Return all that is behind a name, no line wider than so many columns."""
    page = _Page(style, columns)
    if found.comfyui is not None:
        page.comfyui(found.comfyui)
    asked = {chain.name for chain in found.class_types}
    for chain in found.class_types:
        page.class_type(chain)
    for pack in found.packs:
        page.pack(pack, asked)
    for model in found.models:
        page.model(model)
    for package in found.packages:
        page.package(package)
    return "\n".join(page.lines) + "\n"


class _Page:
    def __init__(self, style: Style, columns: int) -> None:
        self.lines: list[str] = []
        self._style = style
        self._columns = columns

    def class_type(self, chain: ClassChain, indent: str = "") -> None:
        """Write where a class type is, and what it is thought to be."""
        if indent:
            self._words(safe(chain.name), indent)
        else:
            self._heading(f"{safe(chain.name)}: class type")
        for use in chain.uses:
            self._use(use, f"{indent}  ")
        if not chain.uses:
            self._words("no workflow has it any more: comfylock lock", f"{indent}  ")
        self._words(f"registry: {'; '.join(_known(chain))}", f"{indent}  ")
        for name in chain.missing_in:
            told = f"the pinned version of {safe(name)} was found not to provide it"
            self._words(told, f"{indent}  ", "yellow")
        self._gap(chain.gap, f"{indent}  ")

    def pack(self, chain: PackChain, asked: Iterable[str]) -> None:
        """Write a pack's pin, and the class types that it is needed for."""
        self._heading(f"{safe(chain.name)} {safe(chain.label)}".rstrip() + ": node pack")
        if chain.pin is not None:
            self._pin(_pack_values(chain.pin))
        elif chain.gap is None:
            self._words("not locked: comfylock lock", "  ", "red")
        self._gap(chain.gap, "  ")
        if chain.class_types:
            self._words("needed for", "  ")
        for each in chain.class_types:
            if each.name in asked:
                self._words(f"{safe(each.name)} (above)", "    ")
            else:
                self.class_type(each, "    ")

    def model(self, chain: ModelChain) -> None:
        """Write the nodes that name a model, who says where it is, and its pin."""
        self._heading(f"{safe(chain.name)}: model")
        for use in chain.uses:
            self._use(use, "  ")
        if not chain.uses:
            self._words("no workflow names it", "  ")
        if chain.pin is not None:
            self._pin(_model_values(chain.pin))
        elif chain.gap is None:
            self._words("not locked: comfylock lock", "  ", "red")
        self._gap(chain.gap, "  ")

    def comfyui(self, chain: ComfyuiChain) -> None:
        """Write which ComfyUI is pinned, and what asks for it."""
        self._heading("comfyui: ComfyUI itself")
        if chain.asked is not None:
            self._words(f"comfylock.toml asks for {safe(chain.asked)}", "  ")
        if chain.minimum is not None and chain.workflow is not None:
            told = f"{safe(chain.workflow)} has class types of {safe(chain.minimum)} or newer"
            self._words(told, "  ")
        if chain.asked is None and chain.minimum is None:
            self._words("nothing tells which: a new pin is the newest release", "  ")
        if chain.pin is not None:
            self._pin(_comfyui_values(chain.pin))
        self._gap(chain.gap, "  ")

    def package(self, chain: PackageChain) -> None:
        """Write who asks for a Python package, and what it is locked at."""
        self._heading(f"{safe(chain.name)}: Python package")
        for pin in chain.pins:
            built = ", built from source" if pin.is_built else ""
            told = f"{safe(pin.target)}: {safe(pin.version)} (in {safe(pin.file)}{built})"
            self._words(told, "  ")
        if not chain.pins:
            self._words("not locked: no target of [python] has it", "  ")
        for line in chain.lines:
            ignored = ", ignored" if line.is_ignored else ""
            told = f"{safe(line.pack)} asks for {safe(line.text)} ({safe(line.place)}{ignored})"
            self._words(told, "  ")
        if not chain.lines:
            self._words("no pack asks for it by name: it comes with others", "  ")
        for limit in chain.limits:
            self._words(f"comfylock.toml has {safe(limit)}", "  ")

    def _use(self, use: Use, indent: str) -> None:
        self._words(f"{safe(use.workflow)}: {_nodes(use)}", indent)
        if use.inactive:
            self._words("nothing has to be locked for these", f"{indent}  ")
        if use.pack is not None:
            why = REASONS.get(use.evidence, "comfy.lock")
            stamps = f", stamped {', '.join(map(safe, use.stamps))}" if use.stamps else ""
            self._words(f"from {safe(use.pack)}, by {why}{stamps}", f"{indent}  ")
        for offer in use.offers:
            who = ORIGINS.get(offer.origin, "the workflow")
            self._words(f"{who} names {safe(offer.url)}", f"{indent}  ")
            if offer.sha256:
                self._words(f"with sha256 {safe(offer.sha256)}", f"{indent}    ")

    def _pin(self, values: Iterable[tuple[str, str]]) -> None:
        for key, value in values:
            if self._columns < NARROW:
                self._words(key, "  ")
                self._words(safe(value), "    ")
                continue
            room = self._columns - KEY - 2
            for index, line in enumerate(wrap(safe(value).split(" "), room, "", separator="")):
                lead = "" if index else key
                self.lines.append(f"  {lead.ljust(KEY)}{line}")

    def _gap(self, gap: Gap | None, indent: str) -> None:
        if gap is None:
            return
        self._words(f"unresolved ({safe(gap.reason)}): {safe(gap.message)}", indent, "red")
        for attempt in gap.tried:
            self._words(f"tried {safe(attempt)}", f"{indent}  ")

    def _heading(self, text: str) -> None:
        if self.lines:
            self.lines.append("")
        self._words(text, "", "bold")

    def _words(self, text: str, indent: str, color: str = "") -> None:
        """Write a text over as many lines as it needs; those after the first stand deeper."""
        indent = indent[: self._columns // 3]
        room = self._columns - len(indent) - 2
        for index, line in enumerate(wrap(text.split(" "), room, "", separator="")):
            lead = indent + ("  " if index else "")
            self.lines.append(lead + (self._style(line, color) if color else line))


def _nodes(use: Use) -> str:
    if not use.nodes:
        return "its format has no node ids"
    more = len(use.nodes) - MAX_NODES
    told = ", ".join(map(safe, use.nodes[:MAX_NODES])) + (f" and {more:,} more" if more > 0 else "")
    return f"node {told}" if len(use.nodes) == 1 else f"nodes {told}"


def _known(chain: ClassChain) -> Iterator[str]:
    """Yield what the registry knows of a class type, without stamps."""
    verdict = chain.registry
    if verdict.kind == "core":
        since = f" since {safe(verdict.since)}" if verdict.since else ""
        yield f"ComfyUI's own{since}"
    elif verdict.pack:
        why = f" by {REASONS[verdict.evidence]}" if verdict.evidence == "config" else ""
        yield f"{safe(verdict.pack)}{why}"
    elif verdict.candidates:
        yield f"any of {', '.join(map(safe, verdict.candidates))}"
    else:
        yield "does not know it"
    others = [name for name in chain.claimed_by if name != verdict.pack]
    if others and verdict.pack:
        yield f"also claimed by {', '.join(map(safe, others))}"


def _comfyui_values(pin: ComfyuiPin) -> Iterator[tuple[str, str]]:
    yield "requested", pin.requested
    for key, value in (
        ("version", pin.version),
        ("repository", pin.repository),
        ("commit", pin.commit),
    ):
        if value:
            yield key, value


def _pack_values(pin: PackPin) -> Iterator[tuple[str, str]]:
    yield "source", pin.source
    yield "requested", pin.requested or "nothing in particular"
    if pin.version:
        yield "version", f"{pin.version}, {pin.date[:10]}" if pin.date else pin.version
    if pin.repository:
        yield "repository", pin.repository
    if pin.commit:
        dated = f", {pin.date[:10]}" if pin.date and not pin.version else ""
        yield "commit", f"{pin.commit}{dated}"
    if pin.url:
        yield "from", pin.url
    yield from _digest(pin)
    if pin.source == "comfy-registry":
        words = [pin.status or "active", *(["deprecated"] if pin.deprecated else [])]
        yield "status", ", ".join(words)
    for key, values in (
        ("also called", pin.aliases),
        ("rejected", pin.rejected),
        ("lacks", pin.missing),
        ("runs code", pin.runs_code),
        ("groups", pin.groups),
        ("submodules", tuple(text.partition(" ")[0] for text in pin.submodules)),
    ):
        if values:
            yield key, ", ".join(values)


def _model_values(pin: ModelPin) -> Iterator[tuple[str, str]]:
    from comfylock.references import address_of  # noqa: PLC0415

    who = ORIGINS.get(pin.origin or "", "the workflow")
    yield "source", f"{pin.source}, named by {who}"
    yield "requested", pin.requested or "just this"
    address = address_of(pin)
    if address:
        yield "from", address
    yield from _digest(pin)
    if pin.unhashed:
        yield "sha256", f"none: {pin.unhashed}"
    if pin.licence:
        yield "licence", pin.licence
    words = [f"gated: {pin.gated}"] if pin.gated else []
    words += ["private"] if pin.private else []
    if words:
        yield "access", ", ".join(words)
    for key, values in (("also at", pin.mirrors), ("groups", pin.groups)):
        if values:
            yield key, ", ".join(values)


def _digest(pin: PackPin | ModelPin) -> Iterator[tuple[str, str]]:
    if pin.sha256:
        yield "sha256", pin.sha256
        size = [plural(pin.size, "byte")] if pin.size is not None else []
        told = [*size, *([VERIFIED[pin.verified]] if pin.verified else [])]
        if told:
            yield "", ", ".join(told)
