"""Addresses as people paste them: what each means."""

from __future__ import annotations

import pytest

from comfylock.references import (
    CivitaiFile,
    HubFile,
    PlainUrl,
    Reference,
    ReleaseAsset,
    RepositoryFile,
    parse_reference,
)

HUB = "https://huggingface.co"
FLUX = HubFile("acme/flux", "main", "vae/ae.safetensors")
REPO = "https://github.com/acme/models"
COMMIT = "ab" * 20


@pytest.mark.parametrize(
    "url",
    [
        f"{HUB}/acme/flux/resolve/main/vae/ae.safetensors",
        f"  {HUB}/acme/flux/resolve/main/vae/ae.safetensors?download=true\n",
        f"{HUB}/acme/flux/blob/main/vae/ae.safetensors",
        f"{HUB}/acme/flux/raw/main/vae/ae.safetensors#x",
        f"{HUB}/acme/flux/tree/main/vae/ae.safetensors",
        f"{HUB}/acme/flux/blame/main/vae/ae.safetensors",
        f"{HUB}/acme/flux/resolve/main/vae%2Fae.safetensors?token=hf_x",
        f"{HUB}/acme/flux/resolve/main//vae/ae.safetensors",
        "HTTPS://HuggingFace.co/acme/flux/resolve/main/vae/ae.safetensors",
        "http://huggingface.co/acme/flux/resolve/main/vae/ae.safetensors",
        "https://hf.co/acme/flux/resolve/main/vae/ae.safetensors",
        "https://www.huggingface.com/acme/flux/blob/main/vae/ae.safetensors",
        "https://me:hf_secret@huggingface.co/acme/flux/resolve/main/vae/ae.safetensors",
        "hf://acme/flux/vae/ae.safetensors",
        "hf://models/acme/flux@main/vae/ae.safetensors",
        "hf://acme/flux/vae/ae.safetensors?download=true",
    ],
)
def test_one_file_on_the_hub_in_many_spellings(url: str) -> None:
    assert parse_reference(url) == FLUX


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{HUB}/gpt2/resolve/v1.0/a.bin", HubFile("gpt2", "v1.0", "a.bin")),
        (f"{HUB}/a/b/resolve/{COMMIT}/c.pt", HubFile("a/b", COMMIT, "c.pt")),
        (f"{HUB}/a/b/resolve/refs%2Fpr%2F1/c.pt", HubFile("a/b", "refs/pr/1", "c.pt")),
        (f"{HUB}/a/b/resolve/refs/pr/12/d/c.pt", HubFile("a/b", "refs/pr/12", "d/c.pt")),
        (f"{HUB}/a/b/resolve/refs/c.pt", HubFile("a/b", "refs", "c.pt")),
        (f"{HUB}/a/b/resolve/main/my%20model.pt", HubFile("a/b", "main", "my model.pt")),
        (f"{HUB}/a/b/resolve/main/my model.pt", HubFile("a/b", "main", "my model.pt")),
        (f"{HUB}/datasets/a/b/resolve/main/c", HubFile("datasets/a/b", "main", "c")),
        (f"{HUB}/spaces/a/b/blob/main/c", HubFile("spaces/a/b", "main", "c")),
        (f"{HUB}/datasets/b/resolve/main/c", HubFile("datasets/b", "main", "c")),
        (f"{HUB}/a/b", HubFile("a/b", "main", "")),
        (f"{HUB}/a/b/tree/dev", HubFile("a/b", "dev", "")),
        (f"{HUB}/a/b/tree/", HubFile("a/b", "main", "")),
        ("hf://datasets/a/b@refs/pr/3/c", HubFile("datasets/a/b", "refs/pr/3", "c")),
        ("hf://a/b@refs%2Fpr%2F3/c", HubFile("a/b", "refs/pr/3", "c")),
        ("hf://a/b", HubFile("a/b", "main", "")),
        ("urn:air:flux1:unet:huggingface:a/b@dev", HubFile("a/b", "dev", "")),
        ("urn:air:flux1:unet:huggingface:a/b/c.ckpt", HubFile("a/b", "main", "c.ckpt")),
        ("urn:air:flux1:unet:huggingface:a/b.Dev", HubFile("a/b.Dev", "main", "")),
        ("urn:air:flux1:unet:huggingface:a/b@dev.ckpt", HubFile("a/b", "dev", "")),
    ],
)
def test_places_on_the_hub(url: str, expected: HubFile) -> None:
    assert parse_reference(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("civitai.com/models/1", CivitaiFile(1)),
        ("civitai.com/models/1/some-slug", CivitaiFile(1)),
        ("www.civitai.com/models/1/slug?modelVersionId=2&x=y", CivitaiFile(1, 2)),
        ("civitai.red/models/1?modelVersionId=2", CivitaiFile(1, 2)),
        ("civitai.green/models/1?modelVersionId=x", CivitaiFile(1)),
        ("civitai.com/api/download/models/2", CivitaiFile(None, 2)),
        ("civitai.com/api/download/models/2?fileId=3", CivitaiFile(None, 2, 3)),
        ("eu.civitai.com/api/download/models/2?token=abc", CivitaiFile(None, 2)),
        (
            "civitai.com/api/download/models/2?type=Model&format=SafeTensor&size=pruned&fp=fp16",
            CivitaiFile(
                None,
                2,
                None,
                (("format", "SafeTensor"), ("fp", "fp16"), ("size", "pruned"), ("type", "Model")),
            ),
        ),
        (
            "civitai.com/api/download/models/2?type=Pruned+Model&fp=%3Cb%3E",
            CivitaiFile(None, 2, None, (("type", "Pruned Model"),)),
        ),
        ("civitai.com/model-versions/2", CivitaiFile(None, 2)),
        ("civitai.com/api/v1/model-versions/2", CivitaiFile(None, 2)),
        ("civitai.com/api/v1/models/1", CivitaiFile(1)),
    ],
)
def test_places_on_civitai(url: str, expected: CivitaiFile) -> None:
    assert parse_reference(f"https://{url}") == expected


@pytest.mark.parametrize(
    ("air", "expected"),
    [
        ("urn:air:sdxl:checkpoint:civitai:827184@2514310", CivitaiFile(827184, 2514310)),
        ("air:sdxl:lora:civitai:1@2", CivitaiFile(1, 2)),
        ("sdxl:lora:civitai:1@2", CivitaiFile(1, 2)),
        ("civitai:1@2", CivitaiFile(1, 2)),
        ("urn:air:sdxl:lora:civitai:1", CivitaiFile(1)),
        ("urn:air:sdxl:lora:civitai:1@2+3", CivitaiFile(1, 2, 3)),
        ("civitai:1@2.ckpt", CivitaiFile(1, 2, None, (("format", "PickleTensor"),))),
        ("civitai:1@2+3.safetensors", CivitaiFile(1, 2, 3, (("format", "SafeTensor"),))),
        ("civitai:1@2.Odd", CivitaiFile(1, 2, None, (("format", "Odd"),))),
    ],
)
def test_airs(air: str, expected: CivitaiFile) -> None:
    assert parse_reference(air) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/releases/download/v1/a.pt", ReleaseAsset(REPO, "v1", "a.pt")),
        ("/releases/download/v1/a%20b.pt", ReleaseAsset(REPO, "v1", "a b.pt")),
        ("/releases/download/nightly/v1/a.pt", ReleaseAsset(REPO, "nightly/v1", "a.pt")),
        ("/releases/download/nightly%2Fv1/a.pt", ReleaseAsset(REPO, "nightly/v1", "a.pt")),
        ("/releases/latest/download/a.pt", ReleaseAsset(REPO, "latest", "a.pt")),
        ("/raw/main/models/a.pth", RepositoryFile(REPO, "main/models/a.pth")),
        ("/blob/feature/x/a.pth", RepositoryFile(REPO, "feature/x/a.pth")),
        ("/raw/refs/heads/main/a%20b.pth", RepositoryFile(REPO, "refs/heads/main/a b.pth")),
    ],
)
def test_places_on_github(url: str, expected: Reference) -> None:
    assert parse_reference(REPO + url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://raw.githubusercontent.com/acme/models/main/a/b.pth",
        "https://media.githubusercontent.com/media/acme/models/main/a/b.pth",
    ],
)
def test_githubs_hosts_of_content(url: str) -> None:
    assert parse_reference(url) == RepositoryFile(REPO, "main/a/b.pth")


@pytest.mark.parametrize(
    "url",
    [
        HUB,
        f"{HUB}/acme",
        f"{HUB}/docs/hub/index",
        f"{HUB}/api/models/a/b",
        f"{HUB}/a/b/discussions/3",
        f"{HUB}/a/b/resolve/main/%2e%2e/c",
        f"{HUB}/a/b/resolve/%2e%2e/c",
        f"{HUB}/a/b/resolve/main/c%00d",
        f"{HUB}/a/b/resolve/main/c%5Cd",
        f"{HUB}/a/b/resolve/main/%FF",
        f"{HUB}/-a/b/resolve/main/c",
        f"{HUB}/resolve/main/c",
        "https://civitai.com/user/x",
        "https://civitai.com/models/x",
        "https://civitai.com/api/download/models/0",
        "https://notcivitai.com/models/1",
        f"{REPO}",
        f"{REPO}/releases/download/latest/a.pt",
        f"{REPO}/releases/download/a.pt",
        f"{REPO}/releases/download/v1/a%2Fb.pt",
        f"{REPO}/raw/main",
        "https://github.com/-acme/models/raw/main/a.pt",
        "https://github.com/-acme/models/releases/download/v1/a.pt",
        "https://media.githubusercontent.com/acme/models/main/a.pt",
        "https://example.org/a.pt?version=3",
        "http://example.org/a.pt",
    ],
)
def test_anything_else_is_an_address(url: str) -> None:
    assert parse_reference(url) == PlainUrl(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ""),
        ("model.safetensors", "model.safetensors"),
        ("hf://a", "hf://a"),
        ("hf://a/../b", "hf://a/../b"),
        ("hf://a/b@/c", "hf://a/b@/c"),
        ("civitai:x@2", "civitai:x@2"),
        ("ftp://me:secret@a.example/b?token=secret#x", "ftp://a.example/b"),
        ("https://me:secret@a.example/b?token=secret", "https://a.example/b"),
        ("https://a.example/../b?sig=secret", "https://a.example/../b"),
        ("https://a.example/b?x=1&X-Amz-Signature=secret", "https://a.example/b?x=1"),
        ("https://", "https://"),
        ("https://[::1/", "https://[::1/"),
    ],
)
def test_no_secret_survives(url: str, expected: str) -> None:
    assert parse_reference(url) == PlainUrl(expected)


def test_mirrors_are_recognised_when_they_are_named() -> None:
    url = "http://127.0.0.1:8080/acme/flux/blob/main/vae/ae.safetensors"
    assert parse_reference(url) == PlainUrl(url)
    assert parse_reference(url, hub_hosts=frozenset({"127.0.0.1:8080"})) == FLUX
    mirror = "https://mirror.example/models/1?modelVersionId=2"
    hosts = frozenset({"mirror.example"})
    assert parse_reference(mirror, civitai_hosts=hosts) == CivitaiFile(1, 2)
