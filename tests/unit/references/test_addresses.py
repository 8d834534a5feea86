"""Where pinned files are fetched from."""

from __future__ import annotations

from typing import Any

import pytest

from comfylock.lockfile.schema import ModelPin
from comfylock.references import CivitaiFile, HubFile, address_of, canonical_url

COMMIT = "ab" * 20
REPO = "https://github.com/acme/models"


def pin(**facts: Any) -> ModelPin:
    return ModelPin(name="a", folder=None, **facts)


@pytest.mark.parametrize(
    ("facts", "address"),
    [
        (
            {"source": "huggingface", "repository": "a/b", "commit": COMMIT, "path": "c d/e.pt"},
            f"https://huggingface.co/a/b/resolve/{COMMIT}/c%20d/e.pt",
        ),
        (
            {"source": "civitai", "model_id": 1, "version_id": 2, "file_id": 3},
            "https://civitai.com/api/download/models/2?fileId=3",
        ),
        (
            {"source": "github-release", "repository": REPO, "tag": "a/v1", "path": "x y.pt"},
            f"{REPO}/releases/download/a%2Fv1/x%20y.pt",
        ),
        (
            {"source": "git", "repository": REPO, "commit": COMMIT, "path": "a/b.pt"},
            f"{REPO}/raw/{COMMIT}/a/b.pt",
        ),
        ({"source": "url", "url": "https://a.example/b.pt"}, "https://a.example/b.pt"),
        ({"source": "local"}, None),
        ({"source": "huggingface", "repository": "a/b"}, None),
        ({"source": "github-release", "repository": REPO, "path": "x"}, None),
    ],
)
def test_the_address_of_a_pin(facts: dict[str, Any], address: str | None) -> None:
    assert address_of(pin(**facts)) == address


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        (HubFile("a/b", "refs/pr/1", "c"), "https://hub.example/a/b/resolve/refs%2Fpr%2F1/c"),
        (HubFile("a/b", "main", ""), "https://hub.example/a/b/tree/main"),
        (CivitaiFile(1), "https://civ.example/models/1"),
        (CivitaiFile(), "https://civ.example"),
        (CivitaiFile(1, 2), "https://civ.example/api/download/models/2"),
        (
            CivitaiFile(None, 2, None, (("type", "Pruned Model"),)),
            "https://civ.example/api/download/models/2?type=Pruned+Model",
        ),
    ],
)
def test_addresses_on_mirrors(reference: HubFile | CivitaiFile, address: str) -> None:
    found = canonical_url(reference, hub="https://hub.example", civitai="https://civ.example")
    assert found == address
