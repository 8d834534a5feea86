"""Whatever is written as an image: a reference with one spelling, or a sentence that says why."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comfylock.references.image import image_fault, parse_image, parse_platform

SECRET = "plantedPassword"
DIGEST = "sha256:" + "0a" * 32
WORDS = ("ubuntu", "ghcr.io", "localhost", "library", "docker.io", "A", "5000", "latest", DIGEST)
MARKS = ("/", ":", "@", ".", "-", "_", "__", "[", "]", "docker://", "\n", " ")
TEXTS = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from([*WORDS, *MARKS]), max_size=9).map("".join),
)
PART = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)?", fullmatch=True)
HOST = st.sampled_from(["", "ghcr.io/", "localhost/", "localhost:1/", "docker.io/", "[::1]:80/"])
END = st.sampled_from(["", ":1", ":A_b.c-d", f"@{DIGEST}", f":x@{DIGEST}"])
GOOD = st.builds(
    lambda host, parts, end: host + "/".join(parts) + end,
    HOST,
    st.lists(PART, min_size=1, max_size=3),
    END,
)


@given(st.one_of(TEXTS, GOOD))
def test_a_text_is_a_reference_or_has_a_fault(text: str) -> None:
    found, fault = parse_image(text), image_fault(text)
    assert (found is None) == (fault is not None)
    if found is not None:
        assert parse_image(found.canonical) == found
        assert found.canonical.isprintable()
        assert parse_image(found.at(DIGEST)) is not None
    if fault is not None:
        assert "\n" not in fault
        assert not fault.endswith(".")


@given(TEXTS, TEXTS)
def test_a_password_is_not_repeated(before: str, after: str) -> None:
    fault = image_fault(f"{before}:{SECRET}@{after}")
    assert SECRET not in (fault or "")


@given(GOOD)
def test_spellings_of_images_are_understood(text: str) -> None:
    found = parse_image(text)
    assert found is not None or "no host" in (image_fault(text) or "")


@given(st.one_of(TEXTS, st.lists(PART, min_size=2, max_size=3).map("/".join)))
def test_platforms_are_stable(text: str) -> None:
    found = parse_platform(text)
    assert found is None or parse_platform(str(found)) == found
