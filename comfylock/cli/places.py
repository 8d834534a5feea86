"""The options that say where models are, of the verbs that look at an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def model_options(group: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Declare further model folders beside those of `--installed`."""
    group.add_argument(
        "--models-dir",
        action="append",
        default=[],
        metavar="DIR",
        help="one more folder with `checkpoints`, `loras`, …; repeatable",
    )
    group.add_argument(
        "--extra-model-paths",
        action="append",
        default=[],
        metavar="FILE",
        help="one more extra_model_paths.yaml; that of ComfyUI is always read",
    )
