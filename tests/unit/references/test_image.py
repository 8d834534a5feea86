"""Which image a text names."""

from __future__ import annotations

import pytest

from comfylock.references.image import (
    ImageReference,
    Platform,
    image_fault,
    is_digest,
    parse_image,
    parse_platform,
)

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("ubuntu", "docker.io/library/ubuntu:latest"),
        (" ubuntu:22.04\n", "docker.io/library/ubuntu:22.04"),
        ("docker://ubuntu", "docker.io/library/ubuntu:latest"),
        ("docker.io/ubuntu", "docker.io/library/ubuntu:latest"),
        ("docker.io/library/ubuntu:22.04", "docker.io/library/ubuntu:22.04"),
        ("index.docker.io/a/b", "docker.io/a/b:latest"),
        ("library/ubuntu", "docker.io/library/ubuntu:latest"),
        (
            "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04",
            "docker.io/nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04",
        ),
        ("ghcr.io/o/i:tag", "ghcr.io/o/i:tag"),
        ("GHCR.io/o/i", "ghcr.io/o/i:latest"),
        ("nvcr.io/nvidia/pytorch:25.01-py3", "nvcr.io/nvidia/pytorch:25.01-py3"),
        (
            f"registry.example.com:5000/a/b@{DIGEST}",
            f"registry.example.com:5000/a/b@{DIGEST}",
        ),
        ("localhost/base:latest", "localhost/base:latest"),
        ("localhost:5000/base", "localhost:5000/base:latest"),
        ("LOCALHOST/base", "localhost/base:latest"),
        ("[::1]:5000/base", "[::1]:5000/base:latest"),
        (f"ubuntu:22.04@{DIGEST}", f"docker.io/library/ubuntu:22.04@{DIGEST}"),
        ("a__b/c.d--e:_X.1-y", "docker.io/a__b/c.d--e:_X.1-y"),
    ],
)
def test_spellings_have_one_canonical_form(text: str, canonical: str) -> None:
    found = parse_image(text)
    assert found is not None, image_fault(text)
    assert found.canonical == canonical
    assert image_fault(text) is None
    assert parse_image(canonical) == found


def test_the_parts_of_a_reference() -> None:
    found = parse_image(f"registry.example.com:5000/a/b:1@{DIGEST}")
    assert found == ImageReference("registry.example.com:5000", "a/b", "1", DIGEST)
    assert found.name == "registry.example.com:5000/a/b"
    assert found.pinned == DIGEST
    other = "sha256:" + "0" * 64
    assert found.at(other) == f"registry.example.com:5000/a/b:1@{other}"
    assert ImageReference("a.b", "c", "1").pinned == "1"
    assert ImageReference("a.b", "c").at(other) == f"a.b/c@{other}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must name an image"),
        ("   ", "must name an image"),
        ("docker://", "must name an image"),
        ("x" * 2000, "too long"),
        ("a/" * 130 + "b", "more than 255"),
        ("https://ghcr.io/a/b", "without `https://`"),
        ("Ubuntu", "capital letters"),
        ("Foo/bar", "capital letters"),
        ("ghcr.io/Owner/image", "capital letters"),
        ("ubuntu:", "tag with characters"),
        ("ubuntu:-1", "tag with characters"),
        ("ubuntu:" + "1" * 129, "tag with characters"),
        ("ubuntu@", "not sha256"),
        ("ubuntu@sha512:" + "0" * 128, "not sha256"),
        ("ubuntu@sha256:" + "A" * 64, "64 digits"),
        ("ubuntu@sha256:abc", "64 digits"),
        ("someone:hunter2secret@ghcr.io/a/b", "no name and password"),
        ("ab" * 32, "id of an image"),
        ("ghcr.io/", "names no repository"),
        ("docker.io/", "names no repository"),
        ("docker.io/library/", "names no repository"),
        ("a//b", "characters that no image"),
        ("../etc/passwd", "no host"),
        ("ghcr.io/../x", "characters that no image"),
        ("ghcr.io/a b", "characters that no image"),
        ("ghcr.io/a?b=c", "characters that no image"),
        ("a\n/b", "characters that no image"),
        ("ghcr.io:99999/a", "no host"),
        ("ghcr.io:0/a", "no host"),
        ("ghcr.io:x/a", "no host"),
        ("-a.b/c", "no host"),
        ("ubuntu:22.04:1", "characters that no image"),
    ],
)
def test_faults_are_sentences_that_repeat_nothing(text: str, told: str) -> None:
    assert parse_image(text) is None
    fault = image_fault(text)
    assert fault is not None
    assert told in fault
    assert not fault.endswith(".")
    assert "hunter2secret" not in fault


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", "linux/amd64"),
        (" Linux/x86_64 ", "linux/amd64"),
        ("linux/x86-64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm/v7", "linux/arm"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_platforms_have_the_names_of_registries(text: str, platform: str) -> None:
    found = parse_platform(text)
    assert str(found) == platform
    assert parse_platform(platform) == found


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux/amd64\n/x"])
def test_what_is_no_platform(text: str) -> None:
    assert parse_platform(text) is None


def test_platforms_are_sorted_by_name() -> None:
    found = sorted([Platform("linux", "b"), Platform("linux", "a", "v2"), Platform("linux", "a")])
    assert list(map(str, found)) == ["linux/a", "linux/a/v2", "linux/b"]


def test_only_sha256_is_a_digest() -> None:
    assert is_digest(DIGEST)
    assert not any(map(is_digest, [None, 7, "", DIGEST.upper(), DIGEST + "\n", "sha256:"]))
