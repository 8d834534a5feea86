"""The report of `analyze` for people: what was read, packs, models, what to do about the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.text import Style, cells, plural, safe, shorten, wrap
from comfylock.names import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.model import ClassEntry, ModelEntry, PackEntry, Report

REASONS = {
    "config": "your comfylock.toml",
    "cnr_id": "the author's stamp",
    "aux_id": "the author's stamp",
    "registry": "the registry",
    "preemption": "the registry (claims the name first)",
    "pattern": "the registry (name pattern)",
    "company": "its company in the workflow",
    "frontend-only": "its JavaScript",
}
ORIGINS = {"config": "comfylock.toml", "registry": "registry", "note": "a note in the workflow"}
MAX_ROWS = 40
"""Rows of one list without --verbose."""


def report_text(
    report: Report,
    style: Style,
    columns: int,
    *,
    verbose: bool = False,
    settled: frozenset[str] = frozenset(),
) -> str:
    """Return the report as text of at most so many columns.

    `settled` are the models that the project wants no source for.
    """
    page = _Page(style, columns, settled, verbose=verbose)
    page.summary(report)
    page.packs(report.packs)
    page.models(report.models)
    page.assets(report.totals.assets)
    page.open_questions(report)
    page.findings(report)
    page.advice(report)
    return "\n".join(page.lines) + "\n"


class _Page:
    """The lines written so far."""

    def __init__(
        self, style: Style, columns: int, settled: frozenset[str], *, verbose: bool
    ) -> None:
        self.style = style
        self.settled = settled
        self.columns = columns
        self.limit = 10**9 if verbose else MAX_ROWS
        self.verbose = verbose
        self.lines: list[str] = []

    def summary(self, report: Report) -> None:
        """Write what was read and the verdict."""
        totals = report.totals
        counts = [plural(totals.workflows, "workflow"), plural(totals.nodes, "node")]
        if totals.inactive:
            counts.append(f"{totals.inactive:,} inactive")
        if totals.unread:
            counts.append(f"{totals.unread:,} unread")
        self._wrapped(counts, "")
        kinds = {"core": 0, "pack": 0, "frontend-only": 0, "ambiguous": 0, "unknown": 0}
        for name, kind in {(entry.class_type, entry.kind) for entry in report.class_types}:
            del name
            kinds[kind] += 1
        told = [f"{count:,} {kind}" for kind, count in kinds.items() if count]
        total = plural(sum(kinds.values()), "class type")
        if told:
            self._wrapped([f"{total}: {told[0]}", *told[1:]], "")
        if report.minimum:
            self._words(f"ComfyUI {safe(report.minimum)} or newer")
        if report.is_complete and totals.workflows:
            self._words("everything was read and found its place", "green")
        else:
            self._words("incomplete: see below", "yellow", "bold")

    def packs(self, packs: tuple[PackEntry, ...]) -> None:
        """Write the node packs, each with why."""
        if not packs:
            return
        self._heading(f"Node packs ({len(packs):,})")
        for pack in packs[: self.limit]:
            note = " (inactive nodes only)" if pack.inactive else ""
            self._row(
                safe(pack.name), ", ".join(map(brief, pack.versions_seen[-2:])) + note, "cyan"
            )
            if pack.repository:
                self._detail(safe(pack.repository))
            reasons = sorted({REASONS.get(reason, reason) for reason in pack.evidence})
            counts = (
                f"{plural(len(pack.class_types), 'class type')} in "
                f"{plural(pack.workflow_count, 'workflow')}"
            )
            self._detail(f"{counts}; by {', '.join(reasons)}")
            if self.verbose:
                self.lines += wrap([safe(name) for name in pack.class_types], self.columns, " " * 6)
        self._more(len(packs))

    def models(self, models: tuple[ModelEntry, ...]) -> None:
        """Write the models, each with its source."""
        if not models:
            return
        self._heading(f"Models ({len(models):,})")
        for model in models[: self.limit]:
            note = "inactive nodes only" if model.inactive else ""
            self._row(safe(model.path), note, "cyan")
            holder = f"{model.class_type}.{model.input}" if model.input else model.class_type
            self._detail(f"{safe(holder)} in {plural(model.workflow_count, 'workflow')}")
            self._sources(model)
            if self._is_settled(model):
                self._detail("needs no source (your comfylock.toml)")
            elif not model.sources:
                self._detail(self.style("no source known", "yellow"), colored=True)
        self._more(len(models))

    def _sources(self, model: ModelEntry) -> None:
        """Write where a model comes from: the place in short, the whole links with --verbose."""
        for source in model.sources[: None if self.verbose else 1]:
            origin = ORIGINS.get(source.origin, "the workflow")
            digest = ", sha256 given" if source.sha256 else ""
            more = len(model.sources) - 1
            others = f", and {plural(more, 'other source')}" if more and not self.verbose else ""
            if self.verbose:
                self.lines.append(f"    {safe(source.url)}")
                self._detail(f"  from {origin}{digest}")
            else:
                self._sentence(f"{safe(place(source.url))} (from {origin}{digest}{others})", 4)

    def assets(self, assets: tuple[str, ...]) -> None:
        """Write the input files."""
        if not assets:
            return
        self._heading(f"Input files ({len(assets):,})")
        self._wrapped([safe(name) for name in assets[: self.limit]], "  ")
        self._more(len(assets))

    def open_questions(self, report: Report) -> None:
        """Write the class types without a pack."""
        for kind, title in (("ambiguous", "Ambiguous"), ("unknown", "Unknown")):
            entries = [entry for entry in report.class_types if entry.kind == kind]
            if not entries:
                continue
            self._heading(f"{title} class types ({len(entries):,})")
            for entry in entries[: self.limit]:
                self._row(
                    safe(entry.class_type), plural(entry.count + entry.inactive, "node"), "yellow"
                )
                where = [safe(path) for path in entry.workflows[:3]]
                if entry.workflow_count > len(where):
                    where.append(f"{entry.workflow_count - len(where):,} more")
                self.lines += wrap(["in " + where[0], *where[1:]], self.columns, " " * 4)
                if entry.candidates:
                    lead = "could be" if kind == "ambiguous" else "nearest known:"
                    names = [safe(name) for name in entry.candidates]
                    self.lines += wrap([f"{lead} {names[0]}", *names[1:]], self.columns, " " * 4)
            self._more(len(entries))

    def findings(self, report: Report) -> None:
        """Write what is wrong inside workflows, and contradicted evidence."""
        doubts = [entry for entry in report.class_types if entry.conflicts]
        total = report.totals.problems
        if total:
            self._heading(f"Problems in workflows ({total:,})")
            for problem in report.findings[: self.limit]:
                self._sentence(f"{safe(problem.path)} {safe(problem.message)}")
            self._more(total)
        if doubts:
            self._heading(f"Contradicted evidence ({len(doubts):,})")
            for entry in doubts[: self.limit]:
                self._sentence(f"{safe(entry.class_type)}: {safe(entry.conflicts[0])}")
            self._more(len(doubts))

    def advice(self, report: Report) -> None:
        """Write the lines that comfylock.toml wants."""
        classes = [e for e in report.class_types if e.kind in {"ambiguous", "unknown"}]
        models = [
            model
            for model in report.models
            if not model.sources and not model.inactive and not self._is_settled(model)
        ]
        if not classes and not models:
            return
        self._heading("To settle what is open, add to comfylock.toml")
        lines = list(_toml(classes[: self.limit], models[: self.limit]))
        self.lines += [f"  {line}".rstrip() for line in lines]
        hidden = max(len(classes) - self.limit, 0) + max(len(models) - self.limit, 0)
        if hidden:
            self.lines.append(f"  # and {hidden:,} more lines (--verbose)")

    def _is_settled(self, model: ModelEntry) -> bool:
        return model.path in self.settled or model.name in self.settled

    def _heading(self, text: str) -> None:
        self.lines.append("")
        self._words(text, "bold")

    def _words(self, text: str, *styles: str) -> None:
        lines = wrap(text.split(), self.columns, "", separator="")
        self.lines += [self.style(line, *styles) for line in lines]

    def _row(self, name: str, note: str, color: str) -> None:
        room = self.columns - 2
        if note and cells(name) + 2 + cells(note) <= room:
            gap = " " * max(2, min(46, room - cells(note)) - cells(name))
            self.lines.append(f"  {self.style(name, color)}{gap}{self.style(note, 'dim')}")
            return
        self.lines.append("  " + self.style(shorten(name, room), color))
        if note:
            self.lines += wrap([note], self.columns, " " * 4)

    def _detail(self, text: str, *, colored: bool = False) -> None:
        self.lines.append("    " + (text if colored else shorten(text, self.columns - 4)))

    def _sentence(self, text: str, indent: int = 2) -> None:
        first, *rest = wrap(text.split(), self.columns, " " * (indent + 2), separator="")
        self.lines += [" " * indent + first.lstrip(), *rest]

    def _wrapped(self, words: list[str], indent: str) -> None:
        self.lines += wrap(words, self.columns, indent)

    def _more(self, total: int) -> None:
        if total > self.limit:
            self.lines.append(f"  and {total - self.limit:,} more (--verbose)")


def place(url: str) -> str:
    """Return a link in short: host and repository or page; the file's name is known anyway."""
    parts = url.removeprefix("https://").split("/")
    if len(parts) > 4 and parts[3] in {"resolve", "raw", "releases", "tree"}:
        return "/".join(parts[:3])
    return "/".join(parts[:-1]) if len(parts) > 2 else "/".join(parts)


def brief(version: str) -> str:
    """Return a version, a commit cut to what people compare."""
    is_commit = len(version) == 40 and all(c in "0123456789abcdef" for c in version)
    return safe(version[:10] if is_commit else version)


def _toml(classes: Iterable[ClassEntry], models: Iterable[ModelEntry]) -> Iterator[str]:
    """Yield TOML lines; names are strangers' words and quoted as such."""
    classes, models = list(classes), list(models)
    if classes:
        yield "[class-types]"
        for entry in classes:
            best = entry.candidates[0] if entry.kind == "ambiguous" and entry.candidates else None
            rest = (
                f"  # or {', '.join(entry.candidates[1:3])}"
                if best and entry.candidates[1:]
                else ""
            )
            yield f"{quoted(entry.class_type)} = {quoted(best or 'owner/repo')}{safe(rest)}"
    if models:
        if classes:
            yield ""
        yield "[models]"
        for model in models:
            yield f'{quoted(model.path)} = "https://…"'
