"""The stand-in answers in the registry's shapes, so that what it proves holds for the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.services import comfy_registry_shapes as shapes
from tests.services.comfy_registry import RegistryService, registry_serving
from tests.unit.sources.loopback_client import client_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.net.http import Response

STATUSES = ("Active", "Pending", "Flagged", "Banned", "Deleted")


@pytest.fixture
def service() -> Iterator[RegistryService]:
    with registry_serving() as running:
        for name in ("active", "Mixed-Case", "banned"):
            for number, status in enumerate(STATUSES):
                running.publish(name, f"1.{number + 8}.0", [f"{name} {status}"], status=status)
        running.add("empty")
        running.packs["banned"].status = "Banned"
        running.publish("unread", class_types=["U"], extraction="failed", os=["OS Independent"])
        running.renamed["before"] = "active"
        yield running


def get(service: RegistryService, path: str, method: str = "GET", body: Any = None) -> Response:
    with client_for(service) as http:
        sent = msgspec.json.encode(body) if body is not None else None
        return http.request(method, f"{service.url}{path}", body=sent, follow=False)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/nodes", shapes.NodePage),
        ("/nodes?limit=500&page=2", shapes.NodePage),
        ("/nodes/active", shapes.Node),
        ("/nodes/empty", shapes.Node),
        ("/nodes/active/versions", list[shapes.NodeVersion]),
        ("/nodes/active/versions?statuses=NodeVersionStatusFlagged", list[shapes.NodeVersion]),
        ("/nodes/active/versions/1.8.0", shapes.NodeVersion),
        ("/nodes/active/versions/1.12.0", shapes.NodeVersion),
        ("/nodes/active/versions/1.8.0/comfy-nodes", shapes.ClassPage),
        ("/nodes/unread/versions/1.0.0/comfy-nodes", shapes.ClassPage),
        ("/comfy-nodes/active%20Active/node", shapes.Node),
    ],
)
def test_answers_have_their_shapes(service: RegistryService, path: str, shape: Any) -> None:
    answer = get(service, path)
    assert answer.status == 200
    msgspec.json.decode(answer.body, type=shape)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nodes/banned", 403),
        ("/nodes/banned/versions", 403),
        ("/nodes/nobody/versions", 404),
        ("/nodes/active/versions/9.9.9", 404),
        ("/nodes/active/versions/9.9.9/comfy-nodes", 404),
        ("/comfy-nodes/Nobody/node", 404),
    ],
)
def test_faults_have_their_shape(service: RegistryService, path: str, status: int) -> None:
    answer = get(service, path)
    assert answer.status == status
    msgspec.json.decode(answer.body, type=shapes.ErrorResponse)


def test_bulk_answers_have_their_shape(service: RegistryService) -> None:
    service.broken = {("unread", "1.0.0")}
    pairs = [("active", "1.8.0"), ("active", "9.9.9"), ("unread", "1.0.0")]
    wanted = [{"node_id": name, "version": version} for name, version in pairs]
    answer = get(service, "/bulk/nodes/versions", "POST", {"node_versions": wanted})
    bulk = msgspec.json.decode(answer.body, type=shapes.Bulk)
    assert [item.status for item in bulk.node_versions] == ["success", "not_found", "error"]


def test_other_spellings_lead_to_the_id(service: RegistryService) -> None:
    for name, target in (("Active", "/nodes/active"), ("before", "/nodes/active")):
        answer = get(service, f"/nodes/{name}")
        assert (answer.status, answer.headers["location"]) == (302, target)


def test_pages_are_clamped_and_say_so(service: RegistryService) -> None:
    page = msgspec.json.decode(get(service, "/nodes?limit=500").body, type=shapes.NodePage)
    assert (page.limit, page.total, page.totalPages) == (100, 5, 1)
    page = msgspec.json.decode(get(service, "/nodes?limit=-1").body, type=shapes.NodePage)
    assert page.limit == 10
    path = "/nodes?include_banned=false"
    page = msgspec.json.decode(get(service, path).body, type=shapes.NodePage)
    assert page.total == 4


def test_versions_are_ordered_by_their_text(service: RegistryService) -> None:
    answer = get(service, "/nodes/active/versions")
    versions = msgspec.json.decode(answer.body, type=list[shapes.NodeVersion])
    assert [each.version for each in versions] == ["1.9.0", "1.8.0", "1.12.0", "1.11.0", "1.10.0"]


def test_the_install_endpoint_is_counted(service: RegistryService) -> None:
    get(service, "/nodes/active/install")
    assert service.installs == 1


def test_archives_are_the_same_bytes_each_time(service: RegistryService) -> None:
    first = service.publish("one", class_types=["A", "B"]).archive
    assert first == service.publish("two", class_types=["B", "A"]).archive
