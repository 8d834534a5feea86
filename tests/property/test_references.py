"""Whatever is pasted: a reference, never an error; and each reference's address means it again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comfylock.references import (
    CivitaiFile,
    HubFile,
    PlainUrl,
    ReleaseAsset,
    RepositoryFile,
    canonical_url,
    parse_reference,
)

SECRET = "hf_plantedSecret"
STARTS = (
    "https://huggingface.co/",
    "https://civitai.com/",
    "https://github.com/",
    "https://raw.githubusercontent.com/",
    "http://a.example/",
    "hf://",
    "urn:air:",
    "civitai:",
    "",
)
WORDS = ("resolve", "blob", "main", "refs", "models", "releases", "download", "a", "1", "%2F", "@")
SMUDGES = st.lists(st.sampled_from([*WORDS, "..", "/", "?", "#", "&", "="]) | st.text(max_size=4))

NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_]{0,9}", fullmatch=True)
PART = st.text(st.characters(codec="utf-8", exclude_characters="/\\"), min_size=1, max_size=12)
PLACE = PART.filter(
    lambda text: (
        text.isprintable()
        and ".." not in text
        and text not in {".", "refs", "latest"}
        and text[0] != "~"
        and text[1:2] != ":"
        and text == text.strip()
    )
)
PATH = st.lists(PLACE | st.sampled_from(["blob", "resolve", "raw"]), min_size=1, max_size=3).map(
    "/".join
)
NUMBER = st.integers(1, 10**12)
OWNER = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,9}", fullmatch=True)
REPOSITORY = st.builds("https://github.com/{}/{}".format, OWNER, NAME)

HUB = st.builds(HubFile, st.builds("x{}/{}".format, NAME, NAME), PLACE, PATH)
CIVITAI = st.builds(CivitaiFile, st.none(), NUMBER, st.none() | NUMBER) | st.builds(
    CivitaiFile, NUMBER
)
ASSET = st.builds(ReleaseAsset, REPOSITORY, PLACE, PLACE)
FILE = st.builds(RepositoryFile, REPOSITORY, st.builds("{}/{}".format, NAME, PATH))


@given(st.sampled_from(STARTS), SMUDGES)
def test_nothing_that_is_pasted_is_an_error(start: str, smudges: list[str]) -> None:
    reference = parse_reference(start + "/".join(smudges))
    assert isinstance(canonical_url(reference), str)
    if not isinstance(reference, PlainUrl):
        again = parse_reference(canonical_url(reference))
        assert parse_reference(canonical_url(again)) == again


@given(st.text(max_size=60))
def test_no_text_is_an_error(text: str) -> None:
    assert parse_reference(text) is not None


@given(HUB | CIVITAI | ASSET | FILE)
def test_the_address_of_a_reference_means_it(
    reference: HubFile | CivitaiFile | ReleaseAsset | RepositoryFile,
) -> None:
    assert parse_reference(canonical_url(reference)) == reference


@given(st.sampled_from(STARTS[:5]), PATH)
def test_users_and_tokens_do_not_survive(start: str, path: str) -> None:
    scheme, _, host = start.partition("://")
    url = f"{scheme}://me:{SECRET}@{host}{path}?token={SECRET}&signature={SECRET}"
    reference = parse_reference(url)
    assert SECRET not in repr(reference)
    assert isinstance(reference, PlainUrl | HubFile | CivitaiFile | ReleaseAsset | RepositoryFile)
