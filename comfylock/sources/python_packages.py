"""Python packages chosen by uv, with digests, for a target that need not be this machine.

No code of a package runs, unless it was allowed by name: where there is no wheel, there is no
solution.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from comfylock.errors import SourceUnavailableError
from comfylock.python.pylock import FILE, UnhashedError, canonical, digest_of, read_pylock
from comfylock.python.wanted import Compiled, NoSolution, Wanted
from comfylock.redaction import secrets_of
from comfylock.sources.uv_answers import QUESTION, answer_of
from comfylock.sources.uv_command import UvLimits, find_uv, run_uv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SERVICE = "package index"
"""What is named where no host is known."""

_TORCH_INDEX = "pytorch"


class UvPackages:
    """Asks uv. Keeps its cache in a folder of the caller's choice."""

    def __init__(
        self,
        cache: str | None = None,
        *,
        limits: UvLimits = UvLimits(),  # noqa: B008 - frozen
        environ: Mapping[str, str] = os.environ,
        program: str | None = None,
    ) -> None:
        self.cache = cache
        """None: where uv keeps it for everybody."""
        self.limits = limits
        self.environ = environ
        self._program = program

    def compile(self, wanted: Wanted, *, offline: bool = False) -> Compiled | NoSolution:
        """Return the packages for a question; the network is used unless `offline`.

        Raises:
            LockParseError: the earlier pylock is none.
            OfflineError: `offline`, and uv's cache has not got everything.
            SourceUnavailableError: an index does not answer, or uv is not installed.
        """
        program = self._program or find_uv()
        with tempfile.TemporaryDirectory(prefix="comfylock-uv-") as folder:
            files = _write_question(folder, wanted)
            arguments = _arguments(wanted, files, self.cache, offline=offline)
            for more in ([], ["--generate-hashes"]):
                done = run_uv(program, [*arguments, *more], folder, self.limits, self.environ)
                if done.status:
                    return answer_of(done, _host(wanted), _secrets(wanted))
                with open(os.path.join(folder, FILE), "rb") as stream:
                    data = stream.read()
                try:
                    return _compiled(canonical(data))
                except UnhashedError as error:
                    unhashed = error.names
        names = ", ".join(f"`{name}`" for name in unhashed)
        raise SourceUnavailableError(_host(wanted), f"gives no digest for {names}")


def _compiled(pylock: bytes) -> Compiled:
    return Compiled(pylock, digest_of(pylock), read_pylock(pylock))


def _write_question(folder: str, wanted: Wanted) -> list[str]:
    """Write what uv reads, and return the files with requirements.

    All of it goes through files: arguments could be seen by other users of the machine.
    """
    import tomli_w  # noqa: PLC0415 - only locking Python packages needs it

    named = sorted({each for each in wanted.requirements if not _is_bare_address(each)})
    bare = sorted({each for each in wanted.requirements if _is_bare_address(each)})
    index = wanted.indexes.torch or wanted.target.torch_index
    project: dict[str, Any] = {"project": {"name": QUESTION, "version": "0", "dependencies": named}}
    if index is not None:
        project["tool"] = {
            "uv": {
                "sources": {name: {"index": _TORCH_INDEX} for name in wanted.from_torch},
                "index": [{"name": _TORCH_INDEX, "url": index, "explicit": True}],
            }
        }
    indexes: list[dict[str, Any]] = [{"url": url} for url in wanted.indexes.extra]
    if wanted.indexes.default is not None:
        indexes.append({"url": wanted.indexes.default, "default": True})
    _write(folder, "pyproject.toml", tomli_w.dumps(project))
    _write(folder, "uv.toml", tomli_w.dumps({"index": indexes} if indexes else {}))
    _write(folder, "constraints.txt", _lines(wanted.constraints))
    _write(folder, "overrides.txt", _lines(wanted.overrides))
    if bare:
        _write(folder, "bare.in", _lines(bare))
    if wanted.earlier is not None:
        read_pylock(wanted.earlier)
        with open(os.path.join(folder, FILE), "wb") as stream:
            stream.write(wanted.earlier)
    return ["pyproject.toml", *(["bare.in"] if bare else [])]


def _arguments(wanted: Wanted, files: list[str], cache: str | None, *, offline: bool) -> list[str]:
    arguments = ["pip", "compile", *files, "--quiet", "--format", "pylock.toml", "-o", FILE]
    arguments += ["--config-file", "uv.toml", "--no-header", "--no-progress", "--color", "never"]
    arguments += ["--keyring-provider", "disabled", "--index-strategy", "first-index"]
    arguments += ["-c", "constraints.txt", "--overrides", "overrides.txt"]
    arguments += ["--only-binary", ":all:", *wanted.target.uv_arguments]
    arguments += ["--python", sys.executable] if sys.executable else []
    arguments += ["--cache-dir", cache] if cache is not None else []
    arguments += ["--offline"] if offline else []
    arguments += ["--upgrade"] if wanted.upgrade.everything else []
    for name in sorted(wanted.allowed_builds):
        arguments += ["--no-binary", name]
    for name in sorted(wanted.upgrade.packages):
        arguments += ["--upgrade-package", name]
    return arguments


def _is_bare_address(requirement: str) -> bool:
    return "://" in requirement.partition(" ")[0]


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in sorted(set(texts)))


def _write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        stream.write(text)


def _host(wanted: Wanted) -> str:
    """Return the host of the index that has most packages; uv's own if none was set."""
    url = wanted.indexes.default or ""
    return urlsplit(url).netloc.rpartition("@")[2] or SERVICE


def _secrets(wanted: Wanted) -> frozenset[str]:
    indexes = wanted.indexes
    urls = [indexes.default, indexes.torch, *indexes.extra]
    return frozenset().union(*(secrets_of(url) for url in urls if url is not None))
