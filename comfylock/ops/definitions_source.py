"""Node definitions from source: a folder as it is, or a git repository at a commit."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.definitions.signature_source import read_source
from comfylock.errors import DefinitionsError, RegistryError
from comfylock.names import printable
from comfylock.registry import build_git as git

if TYPE_CHECKING:
    from comfylock.definitions.signature import DefinitionSet
    from comfylock.model import Problem

_SUFFIXES = (".py", ".js", ".mjs", ".ts", ".mts", "pyproject.toml")


def read_folder(root: str) -> tuple[DefinitionSet, tuple[Problem, ...]]:
    """Return what a folder, or a pack of one file, declares. Runs nothing.

    Raises:
        DefinitionsError: it declares no class type.
    """
    found, problems = read_source(root)
    if not found.classes:
        hint = "it needs NODE_CLASS_MAPPINGS or comfy_entrypoint"
        raise DefinitionsError(root, "declares no node types", hint=hint)
    return replace(found, name=root), problems


def read_commit(repository: str, revision: str) -> tuple[DefinitionSet, tuple[Problem, ...]]:
    """Return what a git repository declares at a commit. Its files are read, nothing is run.

    Raises:
        DefinitionsError: it is no repository, lacks the commit, or declares no class type.
    """
    name = f"{repository}@{revision}"
    directory = git.git_directory(repository)
    if directory is None:
        raise DefinitionsError(name, "is no git repository with its objects")
    try:
        commit = git.resolve(directory, revision)
        if commit is None:
            raise DefinitionsError(name, f"has no commit `{printable(revision)}`")
        with tempfile.TemporaryDirectory(prefix="comfylock-") as folder:
            root = os.path.join(folder, os.path.basename(os.path.abspath(repository)) or "pack")
            os.mkdir(root)
            git.export(directory, commit, _SUFFIXES, root)
            found, problems = read_folder(root)
    except RegistryError as error:
        raise DefinitionsError(name, error.reason) from error
    return replace(found, name=name, commit=commit), problems
