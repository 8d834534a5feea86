"""One source file from bytes to reading: parse, walk, build, attach."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_typescript
from tree_sitter import Language, Parser

from comfylock.model import Problem
from comfylock.workflow.source_code import javascript, python
from comfylock.workflow.source_code.attach import Attacher
from comfylock.workflow.source_code.calls import link
from comfylock.workflow.source_code.evaluate import LARGE_SHARE, SMALL_SHARE, Evaluator
from comfylock.workflow.source_code.nodes import Builder, Draft
from comfylock.workflow.source_code.reading import SourceNode, SourceReading
from comfylock.workflow.source_code.strings import (
    is_model,
    is_workflow,
    read_strings,
    texts_within,
)
from comfylock.workflow.source_code.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.workflow.source_code.terms import Facts

_LANGUAGES = {
    "python": tree_sitter_python.language,
    "javascript": tree_sitter_javascript.language,
    "typescript": tree_sitter_typescript.language_typescript,
    "tsx": tree_sitter_typescript.language_tsx,
}
_MAX_PROBLEMS = 100
"""Problems of one kind that are told one by one."""


@cache
def _language(name: str) -> Language:
    return Language(_LANGUAGES[name]())


def read(data: bytes, language: str) -> SourceReading:
    """Return what a source file of reasonable size says."""
    tree = Parser(_language(language)).parse(data)
    walk = Walk(data, python.GRAMMAR if language == "python" else javascript.GRAMMAR)
    facts = walk.run(tree)
    evaluator = Evaluator(facts)
    link(facts, evaluator)
    evaluator.share, evaluator.entangled = LARGE_SHARE, False
    builder = Builder(facts, evaluator)
    drafts = builder.run()
    Attacher(drafts, evaluator).run(facts)
    entangled = evaluator.entangled
    evaluator.share = SMALL_SHARE
    strings, computed = read_strings(facts, evaluator)
    cut = entangled or builder.full or not facts.complete
    embedded = tuple(pair for pair in strings if is_workflow(pair[1]))
    unread = builder.unread + len(set(computed))
    if (cut or facts.errors) and (drafts or embedded or unread):
        unread += 1  # how much is hidden there, nobody knows
    return SourceReading(
        nodes=tuple(_node(draft) for draft in drafts),
        embedded=embedded,
        loose_models=_loose(strings, drafts) if drafts or embedded else (),
        unread=unread,
        problems=tuple(_problems(facts, builder, computed, cut=cut)),
    )


def _node(draft: Draft) -> SourceNode:
    return SourceNode(draft.class_type, draft.line, draft.inputs, draft.id, draft.title)


def _loose(strings: list[tuple[int, str]], drafts: list[Draft]) -> tuple[tuple[int, str], ...]:
    held = texts_within(draft.inputs for draft in drafts)
    found: dict[str, int] = {}
    for line, text in strings:
        if text not in held and is_model(text):
            found.setdefault(text, line)
    return tuple((line, text) for text, line in found.items())


def _problems(
    facts: Facts, builder: Builder, computed: list[int], *, cut: bool
) -> Iterable[Problem]:
    """Give all problems, by line; those of the whole file last."""
    faults = sorted(builder.faults.values())
    told = [(line, "this does not parse; what it hides was not read") for line in facts.errors]
    holes = "a workflow in a string with computed parts was not read"
    told += [(line, holes) for line in computed]
    told = sorted(set(told))
    for line, sentence in sorted(told[:_MAX_PROBLEMS] + faults[:_MAX_PROBLEMS]):
        yield Problem(f"line {line}", sentence)
    more = len(told[_MAX_PROBLEMS:]) + len(faults[_MAX_PROBLEMS:])
    if more:
        yield Problem("", f"there are {more} more problems of these kinds")
    if cut:
        yield Problem("", "the file is too long or too entangled to be read to its end")
