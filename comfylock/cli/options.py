"""The options that every verb takes, and a parser that speaks as comfylock does."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from comfylock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

VALUE_OPTIONS = frozenset({"-C", "--project", "--color"})
"""Common options that take a value, for finding the verb behind them."""


_MASK = "\0"
"""Put before a word that only looks like an option; no word of a command line can have it."""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """A help text of 80 columns; asking the terminal would import shutil at every start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=80)


class VerbParser(argparse.ArgumentParser):
    """A verb's parser: faults are UsageErrors, the help opens with examples."""

    def __init__(self, prog: str, **options: Any) -> None:
        options.setdefault("formatter_class", _Formatter)
        super().__init__(prog=prog, add_help=False, allow_abbrev=False, **options)
        common = self.add_argument_group("common options")
        common.add_argument(
            "-C",
            "--project",
            metavar="DIR",
            default=".",
            help="the project's folder, with comfylock.toml (default: the current one)",
        )
        common.add_argument("--json", action="store_true", help="the result as JSON on stdout")
        common.add_argument("-q", "--quiet", action="store_true", help="only the result and errors")
        common.add_argument("-v", "--verbose", action="store_true", help="more detail")
        common.add_argument(
            "--color", choices=("auto", "always", "never"), default="auto", help="colours"
        )
        common.add_argument("--offline", action="store_true", help="use no network")
        common.add_argument("-h", "--help", action="help", help="show this help")

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UsageError(message, hint=f"{self.prog} --help")

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """Return the parsed arguments; an unknown option names the nearest known one."""
        parsed, unknown = self._parsed(args, namespace)
        if unknown:
            import difflib  # noqa: PLC0415 - only mistakes need it

            known = list(self._option_string_actions)
            word = unknown[0].split("=", 1)[0]
            nearest = difflib.get_close_matches(word, known, 1, 0.6)
            hint = f"did you mean `{nearest[0]}`?" if nearest else f"{self.prog} --help"
            raise UsageError(f"there is no option `{word}`", hint=hint)
        return parsed

    def _parsed(
        self, args: Sequence[str] | None, namespace: None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Return what was understood and what was not; paths may stand between options."""
        words = sys.argv[1:] if args is None else list(args)
        if "--" in words:
            return self._after_dashes(words, words.index("--"), namespace)
        if any(action.nargs == argparse.PARSER for action in self._get_positional_actions()):
            return self.parse_known_args(args, namespace)
        parsed, unknown = self.parse_known_intermixed_args(args, namespace)
        return parsed, unknown

    def _after_dashes(
        self, words: list[str], place: int, namespace: None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse words of which those behind `--` are no options, whatever they begin with.

        argparse takes the `--` away when it looks for options, and again finds some behind it
        when it looks for paths.
        """
        behind = [_MASK + word if word[:1] == "-" else word for word in words[place + 1 :]]
        parsed, unknown = self._parsed(words[:place] + behind, namespace)
        for action in self._get_positional_actions():
            value = getattr(parsed, action.dest, None)
            if isinstance(value, list):
                setattr(parsed, action.dest, [word.removeprefix(_MASK) for word in value])
            elif isinstance(value, str):
                setattr(parsed, action.dest, value.removeprefix(_MASK))
        return parsed, unknown


def require_project(arguments: argparse.Namespace) -> None:
    """Refuse a folder that is not there, before anything is read or made in it.

    Raises:
        UsageError: `-C` names no folder.
    """
    if not os.path.isdir(arguments.project):
        raise UsageError(f"{arguments.project}: there is no such folder")


def wants_json(argv: Sequence[str]) -> bool:
    """Say whether a failure is to be told as JSON too."""
    return "--json" in argv or "--jsonl" in argv
