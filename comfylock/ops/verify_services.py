"""The parts of a verification that ask services, and a running ComfyUI. Uses the network."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from comfylock.errors import ComfylockError, RefusedError, SourceUnavailableError, UsageError
from comfylock.net.http import Http
from comfylock.net.retries import Patience
from comfylock.net.trust import Trust
from comfylock.ops.companions import read_companions
from comfylock.ops.project import project_config
from comfylock.ops.registry import project_registry
from comfylock.ops.services import USER_AGENT, Effort, Mode, open_services, trust_of
from comfylock.python.targets import parse_target
from comfylock.redaction import redact_url
from comfylock.verifying.findings import Checked, observe
from comfylock.verifying.server import (
    ServerFacts,
    modules_of,
    seen_names,
    server_checked,
    versions_of,
)
from comfylock.verifying.upstream import Question, upstream
from comfylock.verifying.upstream_python import locked_files, package_checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.lockfile.schema import Lock
    from comfylock.python.wanted import Package
    from comfylock.verifying.upstream import Away, Reporter

MAX_ANSWER = 256 << 20
"""Bytes of an `/object_info`, which holds the names of all models again and again."""


def upstream_checked(
    project: str,
    lock: Lock,
    environ: Mapping[str, str],
    reporter: Reporter | None,
    effort: Effort | None = None,
) -> tuple[Checked, tuple[Away, ...]]:
    """Ask the services about every pin of a lock, whatever the cache has of them.

    Raises:
        ConfigError: the project's settings, or a token of the environment, are faulty.
    """
    config = project_config(project, environ)
    mode = Mode(max_age=0, doubts=True, effort=effort or Effort())
    with (
        open_services(config, environ, mode) as services,
        Http(USER_AGENT, trust_of(config, environ)) as http,
    ):
        more = _package_questions(project, lock, http)
        return upstream(lock, services.sources, services.executor, reporter, more)


def _package_questions(project: str, lock: Lock, http: Http) -> list[Question]:
    """Return what to ask about the Python packages of every target."""
    found: list[Question] = []
    if not lock.python:
        return found
    try:
        beside = read_companions(project, lock)
    except ComfylockError:  # told with the files
        return found
    for pin in lock.python:
        packages = locked_files(beside.get(pin.file, b""), parse_target(pin.target))
        for package in packages:
            if package.files:
                ask = partial(package_checked, package, _Heads(http))
                told = f"{package.name} ({pin.target})"
                found.append(Question("python", package.name, ask, told))
    return found


class _Heads:
    """Asks for files without reading them."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def head(self, url: str) -> tuple[int, int | None]:
        """Return status and length. Uses the network."""
        headers = {"Accept-Encoding": "identity"}
        answer = self._http.request("HEAD", url, headers=headers, is_anonymous=True)
        length = answer.headers.get("content-length", "")
        return answer.status, int(length) if length.isascii() and length.isdigit() else None


def server_part(
    project: str,
    address: str,
    lock: Lock,
    python: str | None,
    packages: tuple[Package, ...] | None,
) -> tuple[Checked, tuple[Away, ...]]:
    """Compare a running ComfyUI with a lock.

    Raises:
        UsageError: the address is none.
    """
    parts = _address(address)
    shown = redact_url(address).rstrip("/")
    trust = Trust(configured=frozenset({parts.netloc.rpartition("@")[2]}))
    folders = sorted({model.folder for model in lock.models if model.folder})
    with Http(USER_AGENT, trust, patience=Patience(attempts=2)) as http:
        try:
            info = _document(http, f"{address.rstrip('/')}/object_info")
            stats = _document(http, f"{address.rstrip('/')}/system_stats")
            listed = {
                folder: _document(http, f"{address.rstrip('/')}/models/{quote(folder)}")
                for folder in folders
            }
        except (SourceUnavailableError, RefusedError) as error:
            return Checked(), ((f"{shown}: {error}", ("the server",)),)
    modules = modules_of(info)
    if not modules:
        told = f"`{shown}/object_info` gives no class types: this is no ComfyUI"
        finding = observe("server-answer", "server", shown, told, shown, "--server URL")
        return Checked((finding,)), ()
    comfyui, own_python, torch = versions_of(stats)
    models = {f: names for f, each in listed.items() if (names := seen_names(each)) is not None}
    facts = ServerFacts(shown, modules, comfyui, own_python, torch, models)
    frontend = project_registry(project).frontend_only
    return server_checked(lock, facts, frontend, python, packages), ()


def _address(address: str) -> Any:
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        hint = "comfylock verify --server http://127.0.0.1:8188"
        raise UsageError(f"`{redact_url(address)}` is no address of a server", hint=hint)
    return parts


def _document(http: Http, url: str) -> object:
    """Return what an endpoint answers; None if it has no such endpoint, or no JSON."""
    answer = http.request("GET", url, limit=MAX_ANSWER)
    if answer.status != 200:
        return None
    try:
        found: object = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found
