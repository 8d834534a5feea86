"""What node definitions a running ComfyUI has. Uses the network: that one server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from comfylock.config import load_config, surroundings
from comfylock.definitions.signature_object_info import is_object_info, read_signatures
from comfylock.errors import DefinitionsError, SourceUnavailableError
from comfylock.names import printable
from comfylock.net.http import Http
from comfylock.net.retries import Patience
from comfylock.net.servers import HINT, server_trust
from comfylock.ops.services import USER_AGENT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from comfylock.definitions.signature import DefinitionSet
    from comfylock.model import Problem

MAX_ANSWER = 64 << 20
"""Bytes of `/object_info`; with thousands of models installed it has several million."""

_QUICK = Patience(attempts=2)


def ask_server(
    address: str,
    project: str,
    environ: Mapping[str, str] | None,
    files: Mapping[str, Collection[str]],
    *,
    keep_files: bool,
) -> tuple[DefinitionSet, tuple[Problem, ...]]:
    """Return a server's definitions, with its version of ComfyUI.

    Plain http is for this machine and for hosts that a person configured.

    Raises:
        UsageError: it is no address.
        DefinitionsError: it answers something else than node definitions.
        SourceUnavailableError, RefusedError: it does not answer, or must not be asked.
    """
    around = surroundings(os.environ if environ is None else environ)
    base, trust = server_trust(address, load_config(project, around).configured_hosts)
    with Http(USER_AGENT, trust, patience=_QUICK) as http:
        document = _answer(http, f"{base}/object_info")
        if not is_object_info(document):
            raise DefinitionsError(
                printable(address), "answers JSON that is no node definitions", hint=HINT
            )
        assert isinstance(document, dict)
        found, problems = read_signatures(document, files, kind="server", keep_files=keep_files)
        return replace(found, comfyui=_version(http, base)), problems


def _answer(http: Http, url: str) -> object:
    answer = http.request("GET", url, limit=MAX_ANSWER, is_anonymous=True)
    shown = printable(url)
    if answer.status != 200:
        raise DefinitionsError(shown, f"answers {answer.status}", hint=HINT)
    if not answer.body.strip():
        raise DefinitionsError(shown, "answers nothing", hint=HINT)
    if "html" in answer.headers.get("content-type", "") or answer.body.lstrip()[:1] == b"<":
        raise DefinitionsError(shown, "answers a web page", hint=HINT)
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise DefinitionsError(shown, "answers what is not JSON", hint=HINT) from None


def _version(http: Http, base: str) -> str | None:
    """Return the version of ComfyUI that the server states; None if it does not."""
    try:
        document = _answer(http, f"{base}/system_stats")
    except (DefinitionsError, SourceUnavailableError):
        return None
    system = document.get("system") if isinstance(document, dict) else None
    version = system.get("comfyui_version") if isinstance(system, dict) else None
    return version if isinstance(version, str) and len(version) < 60 else None
