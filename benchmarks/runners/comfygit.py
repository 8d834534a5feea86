"""comfygit's workflow parser, with its model tables loaded once: its fastest way."""

from __future__ import annotations

import logging
from pathlib import Path

from comfygit_core.analyzers.workflow_dependency_parser import (  # type: ignore[import-not-found]
    WorkflowDependencyParser,
)
from comfygit_core.configs.model_config import ModelConfig  # type: ignore[import-not-found]

from benchmarks.runners.rounds import serve


def parse_all(paths: list[str]) -> None:
    """Parse every file as `cg analyze` does."""
    for path in paths:
        WorkflowDependencyParser(Path(path), model_config=TABLES).analyze_dependencies()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    TABLES = ModelConfig.load()
    serve(parse_all)
