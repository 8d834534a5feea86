"""What the tests of container images share: an image for two platforms, and questions about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.references.image import ImageReference, parse_image
from comfylock.sources.interface import ImageFacts, Missing
from tests.services.oci_registry import layer

if TYPE_CHECKING:
    from tests.services.oci_registry import OciRegistry, Repository

TAG = "22.04"
LAYERS = [layer(1000), layer(234, 1)]
AMD64 = "linux/amd64"
MANIFESTS = "/v2/library/ubuntu/manifests"


def ubuntu(service: OciRegistry) -> Repository:
    """An image for three platforms under a tag, and under `latest`."""
    repository = service.add("library/ubuntu")
    images = {
        "linux/arm/v7": repository.put_image("linux/arm/v7", [layer(5)]),
        AMD64: repository.put_image(AMD64, LAYERS),
        "linux/arm64/v8": repository.put_image("linux/arm64", [layer(77)]),
    }
    repository.put_list(images, TAG, "latest")
    return repository


def image(text: str) -> ImageReference:
    found = parse_image(text)
    assert found is not None
    return found


def facts(found: object) -> ImageFacts:
    assert isinstance(found, ImageFacts), found
    return found


def missing(found: object) -> Missing:
    assert isinstance(found, Missing), found
    assert not found.message.endswith(".")
    return found
