"""`verify --upstream` on container images: is the digest still there, and may it be had?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comfylock.lockfile.schema import ImagePin, Lock
from comfylock.lockfile.write import write_lock
from tests.dependency_report import falsely_verified
from tests.services.oci_registry import layer, oci_registry_serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scenarios.place import Place
    from tests.services.oci_registry import OciRegistry

PLATFORM = "linux/amd64"


@pytest.fixture
def oci() -> Iterator[OciRegistry]:
    with oci_registry_serving() as service:
        yield service


def locked(shop: Place, oci: OciRegistry) -> tuple[str, str]:
    """Lock one image of a list, and another that is for one platform only; return the digests."""
    host = oci.url.partition("://")[2]
    base, single = oci.add("acme/base"), oci.add("acme/single")
    digest = base.put_image(PLATFORM, [layer(5)])
    index = base.put_list({PLATFORM: digest}, "1.0")
    other = single.put_image(PLATFORM, [layer(6)], "2.0")
    pins = [
        ImagePin("cpu", PLATFORM, f"{host}/acme/base:1.0", f"{host}/acme/base:1.0", digest, index),
        ImagePin("tools", PLATFORM, f"{host}/acme/single", f"{host}/acme/single:latest", other),
    ]
    images = "".join(
        f'{pin.name} = {{ reference = "{pin.requested}", platforms = ["{PLATFORM}"] }}\n'
        for pin in pins
    )
    shop.write("comfylock.toml", f'[images]\n{images}[trust]\nallow-hosts = ["{host}"]\n')
    shop.lock_file.write_bytes(write_lock(Lock(images=tuple(pins))))
    return digest, other


def upstream(shop: Place) -> tuple[int, set[tuple[str, str]], dict[str, Any]]:
    ended = shop.run("verify", "--upstream", "--json")
    assert ended.out, ended.err
    assert falsely_verified(ended.data) == []
    kinds = {(f["kind"], f["subject"]) for f in ended.data["findings"]}
    items = {i["name"]: i["status"] for i in ended.data["items"] if i["about"] == "image"}
    return ended.code, kinds, items


def test_images_that_are_there(shop: Place, oci: OciRegistry) -> None:
    locked(shop, oci)
    verified = {"cpu linux/amd64": "verified", "tools linux/amd64": "verified"}
    assert upstream(shop) == (0, set(), verified)


def test_an_image_whose_digest_is_gone_also_on_a_second_look(shop: Place, oci: OciRegistry) -> None:
    digest, _ = locked(shop, oci)
    assert upstream(shop)[0] == 0
    del oci.repositories["acme/base"].documents[digest]
    code, kinds, items = upstream(shop)
    assert (code, kinds) == (1, {("upstream-gone", "cpu linux/amd64")})
    assert items["tools linux/amd64"] == "verified"


def test_an_image_made_private_and_one_whose_repository_is_gone(
    shop: Place, oci: OciRegistry
) -> None:
    locked(shop, oci)
    oci.repositories["acme/base"].is_private = True
    del oci.repositories["acme/single"]
    code, kinds, _ = upstream(shop)
    assert code == 1
    assert {subject for _, subject in kinds} == {"cpu linux/amd64", "tools linux/amd64"}
    assert {kind for kind, _ in kinds} <= {"upstream-gone", "upstream-refused"}


def test_a_registry_that_gives_other_bytes_for_a_digest(shop: Place, oci: OciRegistry) -> None:
    digest, other = locked(shop, oci)
    documents = oci.repositories["acme/base"].documents
    documents[digest] = oci.repositories["acme/single"].documents[other]
    code, _, items = upstream(shop)
    assert code in (1, 3, 4)
    assert items["cpu linux/amd64"] != "verified"
