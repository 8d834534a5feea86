"""Requests to the Comfy Registry, and what each status of its answers means.

Source: https://docs.comfy.org/registry/overview
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec

from comfylock.errors import SourceUnavailableError
from comfylock.names import normalise_registry_id, printable
from comfylock.sources import comfy_registry_payloads as payloads
from comfylock.sources.comfy_registry_archive import NAME
from comfylock.sources.interface import Missing, RegistryPack, RegistryVersion, VersionList
from comfylock.versions import version_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfylock.net.http import Http, Response
    from comfylock.sources.comfy_registry_archive import Places

AT_ONCE = 100
"""Packs of a page, and versions of a bulk request."""

MAX_QUERY = 5500
"""Characters; longer addresses are refused by proxies."""

CLASSES_AT_ONCE = 8192
MAX_PAGES = 50
MAX_HOPS = 3
MAX_ANSWER = 64 << 20
"""Bytes."""

_SIDE_BY_SIDE = 8
_LISTED = ("NodeVersionStatusActive", "NodeVersionStatusPending", "NodeVersionStatusFlagged")

Pair = tuple[str, str]
"""An id and a version."""


class Client:
    """The registry's endpoints; names are normal ids. Every method uses the network.

    All raise SourceUnavailableError: the registry cannot be reached or makes no sense.
    """

    def __init__(self, http: Http, endpoint: str, places: Places) -> None:
        self._http = http
        self._endpoint = endpoint
        self._places = places

    def packs(self, names: Sequence[str]) -> dict[str, RegistryPack | Missing]:
        """Return as many packs from the front as one request brings."""
        asked = fitting(names)
        found = self._page_of_packs(asked) if len(asked) > 1 else {}
        alone = [name for name in asked if name not in found]
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            found |= zip(alone, pool.map(self._pack_alone, alone), strict=True)
        return found

    def versions(self, pairs: Sequence[Pair]) -> dict[Pair, RegistryVersion | Missing | None]:
        """Return as many versions from the front as one request brings: None for what is not."""
        asked = list(pairs[:AT_ONCE])
        found = self._bulk(asked)
        other = {pair: _other_spelling(*pair) for pair in asked if found[pair] is None}
        again = sorted({new for new in other.values() if new is not None and new not in found})
        known = found | self._bulk(again)
        return {pair: known[pair] or known.get(other.get(pair) or pair) for pair in asked}

    def listing(self, name: str) -> VersionList | Missing:
        """Return the versions of a pack that can be installed, the newest first."""
        query = urlencode([("statuses", status) for status in _LISTED])
        answer = self._get(f"/nodes/{name}/versions?{query}")
        if answer.status != 200:
            return refused(answer, name)
        rows = payloads.decoded_list(answer.body)
        if rows is None:
            raise odd(f"the versions of `{name}`")
        read = {found.version: found for row in rows if (found := self._version(row, name))}
        order = sorted(read, key=lambda text: (version_key(text), text), reverse=True)
        return VersionList(tuple(read[text] for text in order))

    def class_types(self, name: str, version: str) -> set[str]:
        """Return the class types that were extracted from a version; empty if none were."""
        names: set[str] = set()
        path = f"/nodes/{name}/versions/{quote(version, safe='')}/comfy-nodes"
        for page in range(1, MAX_PAGES + 1):
            more = f"&page={page}" if page > 1 else ""
            answer = self._get(f"{path}?limit={CLASSES_AT_ONCE}{more}")
            if answer.status in {401, 403, 404} and not is_page(answer):
                break
            content = payloads.decoded(answer.body, payloads.ClassPage)
            if answer.status != 200 or content is None:
                raise odd(f"the class types of `{name}` {version}", answer)
            rows = content.comfy_nodes or []
            names |= payloads.class_types_of(rows)
            if not rows or page >= payloads.number(content.pages, 1):
                break
        return names

    def provider(self, class_type: str) -> RegistryPack | Missing:
        """Return the pack that the reverse lookup names for a class type."""
        answer = self._get(f"/comfy-nodes/{quote(class_type, safe='')}/node")
        if answer.status != 200:
            return refused(answer, class_type)
        return self._pack(answer, f"`{printable(class_type, 80)}`")

    def _page_of_packs(self, names: list[str]) -> dict[str, RegistryPack | Missing]:
        found: dict[str, RegistryPack | Missing] = {}
        query = [("node_id", name) for name in names]
        query += [("limit", str(AT_ONCE)), ("include_banned", "true")]
        for page in range(1, MAX_PAGES + 1):
            more = [("page", str(page))] if page > 1 else []
            answer = self._get(f"/nodes?{urlencode(query + more)}")
            if answer.status in {400, 404} and not is_page(answer):
                break
            content = payloads.decoded(answer.body, payloads.NodePage)
            if answer.status != 200 or content is None:
                raise odd("packs", answer)
            for row in content.nodes or ():
                pack = payloads.pack_of(row, self._version)
                name = _id_of(row)
                if pack is not None and name in names:
                    found.setdefault(name, pack)
            if page >= payloads.number(content.total_pages, 1) or len(found) == len(names):
                break
        return found

    def _pack_alone(self, name: str) -> RegistryPack | Missing:
        """Return a pack by its id of today or of former days."""
        known_as = name
        for _ in range(MAX_HOPS):
            answer = self._get(f"/nodes/{known_as}", follow=False)
            if answer.status == 200:
                return self._pack(answer, f"`{name}`")
            if answer.status not in {301, 302, 307, 308}:
                return refused(answer, name)
            target = _led_to(answer.headers.get("location", ""))
            if target is None:
                raise odd(f"`{name}`", answer)
            known_as = target
        raise SourceUnavailableError(NAME, f"leads from `{name}` to one id after the other")

    def _pack(self, answer: Response, what: str) -> RegistryPack | Missing:
        pack = payloads.pack_of(payloads.decoded_any(answer.body), self._version)
        if pack is None:
            raise odd(what)
        return pack

    def _version(self, raw: Any, name: str) -> RegistryVersion | None:
        return payloads.version_of(raw, name, self._places.canonical)

    def _bulk(self, pairs: list[Pair]) -> dict[Pair, RegistryVersion | Missing | None]:
        """Return versions by (id, version): None for what is not there."""
        found: dict[Pair, RegistryVersion | Missing | None] = {}
        if len(pairs) > 1:
            wanted = [{"node_id": name, "version": version} for name, version in pairs]
            body = msgspec.json.encode({"node_versions": wanted})
            answer = self._asked("POST", "/bulk/nodes/versions", body=body)
            content = payloads.decoded(answer.body, payloads.Bulk)
            if answer.status != 200 or content is None:
                raise odd("versions", answer)
            found |= payloads.bulk_items(content, self._version)
        alone = [pair for pair in pairs if pair not in found]
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            found |= zip(alone, pool.map(self._version_alone, alone), strict=True)
        return found

    def _version_alone(self, pair: Pair) -> RegistryVersion | Missing | None:
        name, version = pair
        answer = self._get(f"/nodes/{name}/versions/{quote(version, safe='')}")
        if answer.status != 200:
            missing = refused(answer, name)
            return None if missing.reason == "not-found" else missing
        found = self._version(payloads.decoded_any(answer.body), name)
        if found is None or not payloads.is_same_version(found.version, version):
            raise odd(f"`{name}` {version}")
        return found

    def _get(self, path: str, *, follow: bool = True) -> Response:
        return self._asked("GET", path, follow=follow)

    def _asked(
        self, method: str, path: str, *, body: bytes | None = None, follow: bool = True
    ) -> Response:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        send = partial(self._http.request, method, f"{self._endpoint}{path}", limit=MAX_ANSWER)
        return send(headers=headers, body=body, follow=follow)


def refused(answer: Response, name: str) -> Missing:
    """Return what a status means for a pack.

    Raises:
        SourceUnavailableError: nothing that the registry says about packs.
    """
    if answer.status == 404 and not is_page(answer):
        hint = "name the pack's repository in comfylock.toml"
        return Missing("not-found", f"`{name}` is not in the Comfy Registry", hint)
    if answer.status == 403 and not is_page(answer):
        return payloads.refusal(name, "banned")
    raise odd(f"`{printable(name, 80)}`", answer)


def fitting(names: Sequence[str]) -> list[str]:
    """Return as many names from the front as an address holds; one at least."""
    taken, length = 0, 0
    for name in names[:AT_ONCE]:
        length += len("node_id=&") + len(name)
        if taken and length > MAX_QUERY:
            break
        taken += 1
    return list(names[:taken])


def _id_of(raw: Any) -> str:
    name = raw.get("id") if isinstance(raw, dict) else None
    return (isinstance(name, str) and normalise_registry_id(name)) or ""


def _led_to(location: str) -> str | None:
    """Return the id that a redirect leads to; None if it leads anywhere else."""
    before, _, last = urlsplit(location).path.rstrip("/").rpartition("/")
    return normalise_registry_id(unquote(last)) if before.endswith("nodes") else None


def _other_spelling(name: str, version: str) -> Pair | None:
    normal = payloads.three_part(version)
    return (name, normal) if normal is not None and normal != version else None


def is_page(answer: Response) -> bool:
    """Say whether something else than the registry answered: its faults are JSON or nothing."""
    return "html" in answer.headers.get("content-type", "")


def odd(what: str, answer: Response | None = None) -> SourceUnavailableError:
    """Return the error for an answer that makes no sense."""
    if answer is None or answer.status == 200:
        return SourceUnavailableError(NAME, f"gave an answer that cannot be read about {what}")
    said = payloads.told(answer.body)
    more = f": {said}" if said else ""
    return SourceUnavailableError(NAME, f"answered {answer.status} about {what}{more}")
