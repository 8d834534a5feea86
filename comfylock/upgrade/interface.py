"""The words in which workflows are judged: a prompt, its faults, a verdict."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from comfylock.model import Problem
from comfylock.versions import version_key

FaultKind = Literal[
    "missing_node_type",
    "no_prompt",
    "prompt_no_outputs",
    "required_input_missing",
    "bad_linked_input",
    "return_type_mismatch",
    "invalid_input_type",
    "value_smaller_than_min",
    "value_bigger_than_max",
    "value_not_in_list",
    "custom_validation_failed",
    "exception_during_validation",
    "exception_during_inner_validation",
    "dependency_cycle",
    "invalid_dynamic_input",
]
"""ComfyUI's own words for what is wrong. Source: `validate_prompt` in `execution.py`."""

Verdict = Literal["works", "partly", "breaks", "unjudged"]
"""`partly`: ComfyUI runs some of the outputs and drops the others."""


class PromptNode(Struct, gc=False):
    """One node as ComfyUI's `/prompt` is given it."""

    class_type: Any = None
    inputs: Any = None
    is_whole: bool = True
    """False: it lacks its class type, or is no object at all."""


class Fault(Struct, frozen=True, gc=False, order=True):
    """One thing that ComfyUI would refuse."""

    node: str
    """The node's id, of a subgraph's node with the instances' before it: `12:5`."""
    class_type: str
    input: str
    """Empty where it is about the whole node or prompt."""
    kind: FaultKind
    message: str
    """One sentence without a full stop."""


class Judgement(Struct, frozen=True):
    """What ComfyUI would say of one prompt."""

    faults: tuple[Fault, ...] = ()
    is_accepted: bool = True
    """At least one output would run."""
    doubts: tuple[Problem, ...] = ()
    """What could not be judged; `path` is the node's id."""

    @property
    def verdict(self) -> Verdict:
        """Return it in a word."""
        if self.faults:
            return "partly" if self.is_accepted else "breaks"
        return "unjudged" if self.doubts else "works"


class Rules(Struct, frozen=True):
    """What differs between ComfyUI's versions in how a prompt is judged."""

    is_modern: bool = True
    """Choices beside the type `COMBO` count as much as those in place of it: they are checked,
    and an output that gives choices out may be linked to them."""


MODERN_SINCE = "0.8.0"
"""The first release that does. Source: Comfy-Org/ComfyUI#11345, merged after 0.7.0."""


def rules_of(comfyui: str | None) -> Rules:
    """Return the rules of a version of ComfyUI; of the newest where it is not known."""
    return Rules(comfyui is None or version_key(comfyui) >= version_key(MODERN_SINCE))
