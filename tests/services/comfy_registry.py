"""A Comfy Registry on the loopback: packs, versions, archives, class types, with its quirks.

Its answers have the shapes in comfy_registry_shapes. Archives have the paths of the registry's
CDN. Source: https://docs.comfy.org/registry/overview
"""

from __future__ import annotations

import json
import re
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from msgspec import Struct, field

from tests.services.node_archive import node_zip, pack_files
from tests.services.web import Reply, Request, StandIn, document, moved, running

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MOST_PACKS = 100
MOST_CLASSES = 8192
MOMENT = "2025-03-01T12:00:00.123456Z"

_PACK = re.compile(r"/nodes/([^/]+)\Z")
_VERSIONS = re.compile(r"/nodes/([^/]+)/versions\Z")
_VERSION = re.compile(r"/nodes/([^/]+)/versions/([^/]+)\Z")
_CLASSES = re.compile(r"/nodes/([^/]+)/versions/([^/]+)/comfy-nodes\Z")
_INSTALL = re.compile(r"/nodes/([^/]+)/install\Z")
_PROVIDER = re.compile(r"/comfy-nodes/([^/]+)/node\Z")


class PublishedVersion(Struct):
    """A version of a pack."""

    pack: str
    version: str
    archive: bytes
    status: str = "Active"
    class_types: tuple[str, ...] = ()
    """What the registry extracted."""
    extraction: str = "success"
    deprecated: bool = False
    dependencies: list[str] | None = None
    os: list[str] | None = None
    accelerators: list[str] | None = None
    url: str | None = None
    """Where its archive is said to be, if not where it is."""
    file: str = "node.zip"


class PublishedPack(Struct):
    """A pack."""

    id: str
    status: str = "Active"
    repository: str = ""
    is_listed: bool = True
    """False: pages of packs leave it out."""
    versions: dict[str, PublishedVersion] = field(default_factory=dict)


class RegistryService(StandIn):
    """The registry; `extra` overrides answers by path."""

    def __init__(self) -> None:
        super().__init__()
        self.packs: dict[str, PublishedPack] = {}
        self.renamed: dict[str, str] = {}
        self.installs = 0
        """How often the endpoint was asked that counts downloads."""
        self.most_packs = MOST_PACKS
        """Packs of a page at the most."""
        self.most_classes = MOST_CLASSES
        self.broken: set[tuple[str, str]] = set()
        """Versions about which bulk requests fail."""

    def add(self, pack_id: str, **settings: Any) -> PublishedPack:
        """Add a pack; `settings` are PublishedPack's."""
        owner = f"https://github.com/{_publisher(pack_id)}/{pack_id}"
        pack = PublishedPack(pack_id, **{"repository": owner, **settings})
        self.packs[pack_id.lower()] = pack
        return pack

    def publish(
        self,
        pack_id: str,
        version: str = "1.0.0",
        class_types: Iterable[str] = (),
        files: Mapping[str, bytes] | None = None,
        **settings: Any,
    ) -> PublishedVersion:
        """Add a version, and its pack if need be; `settings` are PublishedVersion's."""
        if pack_id.lower() not in self.packs:
            self.add(pack_id)
        names = tuple(sorted(class_types))
        archive = node_zip(pack_files(names) if files is None else files)
        published = PublishedVersion(
            pack_id, version, **{"archive": archive, "class_types": names, **settings}
        )
        self.packs[pack_id.lower()].versions[version] = published
        return published

    def answer(self, request: Request) -> Reply:
        """Answer as the registry and its CDN do."""
        path = request.path
        if request.method == "POST" and path == "/bulk/nodes/versions":
            return self._bulk(request)
        if path == "/nodes":
            return self._page(request)
        if match := _INSTALL.match(path):
            self.installs += 1
            asked = parse_qs(request.query_text).get("version", [""])
            return self._one_version(match[1], asked[0])
        if match := _PACK.match(path):
            return self._pack(unquote(match[1]))
        if match := _VERSIONS.match(path):
            return self._versions(match[1], parse_qs(request.query_text).get("statuses", []))
        if match := _VERSION.match(path):
            return self._one_version(match[1], unquote(match[2]))
        if match := _CLASSES.match(path):
            return self._classes(match[1], unquote(match[2]), request)
        if match := _PROVIDER.match(path):
            return self._provider(unquote(match[1]))
        return self._archive(path)

    def _page(self, request: Request) -> Reply:
        query = parse_qs(request.query_text)
        limit = min(_number(query, "limit", 10), self.most_packs)
        page = _number(query, "page", 1)
        wanted = query.get("node_id")
        with_banned = query.get("include_banned", ["true"])[0] == "true"
        packs = [
            pack
            for name, pack in sorted(self.packs.items())
            if pack.is_listed
            and (wanted is None or name in wanted)
            and (with_banned or pack.status != "Banned")
        ]
        shown = packs[(page - 1) * limit : page * limit]
        return document(
            {
                "nodes": [self._node(pack) for pack in shown],
                "total": len(packs),
                "page": page,
                "limit": limit,
                "totalPages": -(-len(packs) // limit),
            }
        )

    def _pack(self, name: str) -> Reply:
        target = self.renamed.get(name, name.lower())
        if target != name:
            return moved(f"/nodes/{target}", 302)
        pack = self.packs.get(name)
        if pack is None:
            # The older endpoints have a shape of their own for this.
            return document({"message": "Node not found", "details": []}, 404)
        if pack.status == "Banned":
            return _fault(403, "Node banned")
        return document(self._node(pack))

    def _versions(self, name: str, statuses: list[str]) -> Reply:
        pack = self.packs.get(name)
        if pack is None:
            return _fault(404, "Node not found")
        if pack.status == "Banned":
            return _fault(403, "Node banned")
        shown = [
            self._version(pack.versions[version])
            for version in sorted(pack.versions, reverse=True)  # by text: 1.9.0 before 1.10.0
            if not statuses or f"NodeVersionStatus{pack.versions[version].status}" in statuses
        ]
        return document(shown)

    def _one_version(self, name: str, version: str) -> Reply:
        found = self._find(name, version)
        return _fault(404, "Version not found") if found is None else document(self._version(found))

    def _bulk(self, request: Request) -> Reply:
        items = []
        for asked in json.loads(request.body)["node_versions"]:
            pair = (asked["node_id"], asked["version"])
            found = self._find(*pair)
            item: dict[str, Any] = {"identifier": asked, "status": "not_found"}
            if pair in self.broken:
                item |= {"status": "error", "error_message": "database is busy"}
            elif found is not None:
                item |= {"status": "success", "node_version": self._version(found)}
            items.append(item)
        return document({"node_versions": items})

    def _classes(self, name: str, version: str, request: Request) -> Reply:
        found = self._find(name, version)
        if found is None:
            return _fault(404, "Version not found")
        query = parse_qs(request.query_text)
        limit = min(_number(query, "limit", 10), self.most_classes)
        page = _number(query, "page", 1)
        names = found.class_types if found.extraction == "success" else ()
        shown = names[(page - 1) * limit : page * limit]
        rows = [_comfy_node(each) for each in shown]
        return document({"comfy_nodes": rows, "totalNumberOfPages": -(-len(names) // limit)})

    def _provider(self, class_type: str) -> Reply:
        for _, pack in sorted(self.packs.items()):
            if any(class_type in version.class_types for version in pack.versions.values()):
                return document(self._node(pack))
        return _fault(404, "No node found")

    def _archive(self, path: str) -> Reply:
        for pack in self.packs.values():
            for version in pack.versions.values():
                if path == _archive_path(version):
                    kind = {"Content-Type": "application/zip", "Accept-Ranges": "bytes"}
                    return Reply(200, version.archive, kind)
        error = "<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"
        return Reply(404, error.encode(), {"Content-Type": "application/xml"})

    def _find(self, name: str, version: str) -> PublishedVersion | None:
        pack = self.packs.get(name)
        return None if pack is None else pack.versions.get(version)

    def _node(self, pack: PublishedPack) -> dict[str, Any]:
        node: dict[str, Any] = {
            "id": pack.id,
            "name": pack.id.title(),
            "description": "",
            "publisher": {
                "id": _publisher(pack.id),
                "name": "Someone",
                "status": "PublisherStatusActive",
            },
            "repository": pack.repository,
            "license": '{"file": "LICENSE"}',
            "status": f"NodeStatus{pack.status}",
            "created_at": MOMENT,
        }
        active = [v for v in pack.versions.values() if v.status == "Active"]
        if active:
            node["latest_version"] = self._version(max(active, key=_order))
        return node

    def _version(self, version: PublishedVersion) -> dict[str, Any]:
        url = version.url if version.url is not None else f"{self.url}{_archive_path(version)}"
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{version.pack}@{version.version}")),
            "node_id": version.pack,
            "version": version.version,
            "status": f"NodeVersionStatus{version.status}",
            "deprecated": version.deprecated,
            "downloadUrl": url,
            "dependencies": version.dependencies,
            "changelog": "",
            "createdAt": MOMENT,
            "supported_os": version.os,
            "supported_accelerators": version.accelerators,
            "comfy_node_extract_status": version.extraction,
        }


def _comfy_node(name: str) -> dict[str, Any]:
    return {
        "comfy_node_name": name,
        "category": "image",
        "function": "run",
        "input_types": '{"required": {"image": ["IMAGE"]}}',
        "return_names": '["IMAGE"]',
        "return_types": '["IMAGE"]',
        "output_is_list": [False],
        "deprecated": False,
        "experimental": False,
        "policy": "ComfyNodePolicyActive",
    }


def _publisher(pack_id: str) -> str:
    return f"{pack_id.lower()}-people"


def _archive_path(version: PublishedVersion) -> str:
    return f"/{_publisher(version.pack)}/{version.pack}/{version.version}/{version.file}"


def _order(version: PublishedVersion) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.version)[:3])


def _number(query: dict[str, list[str]], name: str, default: int) -> int:
    text = query.get(name, [""])[0]
    number = int(text) if text.lstrip("-").isdigit() else default
    return number if number > 0 else default


def _fault(status: int, message: str) -> Reply:
    return document({"error": "", "message": message}, status)


@contextmanager
def registry_serving(port: int = 0) -> Iterator[RegistryService]:
    """Yield a registry without packs."""
    with running(RegistryService(), port) as service:
        yield service
