from __future__ import annotations

import pytest

from comfylock.links import (
    ALLOWED_HOSTS,
    clean_url,
    folder_key,
    host_of,
    is_allowed,
    links_by_name,
    links_to,
    sha256_of,
)

HUB = "https://huggingface.co/org/repo/resolve/main/x.safetensors"
SHA = "ab" * 32


@pytest.mark.parametrize(
    "url",
    [
        HUB,
        f" {HUB}\n",
        f"{HUB}?download=true",
        f"{HUB}#about",
        HUB.replace("resolve", "blob"),
        HUB.replace("huggingface.co", "HuggingFace.co"),
        HUB.replace("huggingface.co", "www.huggingface.co"),
        HUB.replace("huggingface.co", "hf.co"),
        HUB.replace("huggingface.co", "huggingface.com"),
    ],
)
def test_one_link_in_many_spellings(url: str) -> None:
    assert clean_url(url) == HUB


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://civitai.com/api/download/models/1?type=Model&token=abc&format=x",
            "https://civitai.com/api/download/models/1?type=Model&format=x",
        ),
        (
            "https://civitai.com/api/download/models/1?token=abc",
            "https://civitai.com/api/download/models/1",
        ),
        ("https://x.example/a?API_KEY=1&b=2", "https://x.example/a?b=2"),
        ("https://github.com/o/r/blob/main/a.pth", "https://github.com/o/r/raw/main/a.pth"),
        ("https://github.com/o/r/raw/main/blob/a", "https://github.com/o/r/raw/main/blob/a"),
        ("https://github.com/o/r/blob/main/blob/a", "https://github.com/o/r/raw/main/blob/a"),
        (f"{HUB}/blob/a", f"{HUB}/blob/a"),
        (
            "https://huggingface.co/datasets/o/r/blob/main/blob/a",
            "https://huggingface.co/datasets/o/r/resolve/main/blob/a",
        ),
        ("https://huggingface.co/r/blob/main/a", "https://huggingface.co/r/resolve/main/a"),
        ("https://x.example:8443/a", "https://x.example:8443/a"),
    ],
)
def test_secrets_and_pages_are_taken_out(url: str, expected: str) -> None:
    assert clean_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://huggingface.co/a",
        "ftp://x/y",
        "file:///etc/passwd",
        "https://",
        "https://host",
        "https://me:secret@huggingface.co/a",
        "https://huggingface.co/a/../../b",
        "javascript:alert(1)",
    ],
)
def test_links_that_are_not_taken(url: str) -> None:
    assert clean_url(url) is None


def test_hosts_by_themselves_and_as_subdomains() -> None:
    assert host_of("https://x.example:1/a/b") == "x.example:1"
    for host in ALLOWED_HOSTS:
        assert is_allowed(f"https://{host}/a")
        assert is_allowed(f"https://cdn.{host}/a")
        assert not is_allowed(f"https://not{host}/a")
        assert not is_allowed(f"https://{host}.evil.example/a")
    assert is_allowed("https://x.example/a", frozenset({"x.example"}))


def test_links_in_a_text_that_end_with_the_name() -> None:
    text = f"see [{HUB}]({HUB}) and {HUB}.\nnot {HUB}2 nor {HUB}_b nor https://a/notx.safetensors"
    assert links_to("x.safetensors", text) == [HUB, HUB, HUB]


def test_links_need_a_slash_before_the_name_and_no_gap() -> None:
    assert links_to("x.pt", "https://a.example/dir other/x.pt") == []
    assert links_to("x.pt", "x.pt https://a.example/b/") == []
    assert links_to("x.pt", "https://a.example/" + "b" * 900 + "/x.pt") == []


def test_names_with_blanks_are_found_as_links_write_them() -> None:
    url = "https://huggingface.co/a/b/resolve/main/my%20model.pt"
    assert links_to("my model.pt", f"at {url}") == [url]


def test_links_in_a_text_are_cut_at_some_number() -> None:
    assert len(links_to("x.pt", "https://a.example/x.pt " * 500)) == 16


@pytest.mark.parametrize("value", [SHA, SHA.upper(), f"sha256:{SHA}"])
def test_digests(value: str) -> None:
    assert sha256_of(value, None) in {SHA, None}
    assert sha256_of(SHA, "SHA256") == SHA


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, None), ("abc", None), (SHA, "md5"), (SHA[:-1], "SHA256"), ("g" * 64, None)],
)
def test_what_is_no_digest(value: str | None, kind: str | None) -> None:
    assert sha256_of(value, kind) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loras", "loras"),
        ("unet", "diffusion_models"),
        ("clip", "text_encoders"),
        (None, None),
        ("", None),
        ("..", None),
        ("../loras", None),
        ("/etc", "etc"),
        ("a\\b", "a/b"),
        ("C:", None),
    ],
)
def test_folder_keys(text: str | None, expected: str | None) -> None:
    assert folder_key(text) == expected


def test_many_names_find_the_same_links_as_one() -> None:
    text = (
        "a https://huggingface.co/o/r/resolve/main/a.pt, (https://civitai.com/x/b%20c.pt) and "
        "[a](https://github.com/o/r/raw/main/a.pt) http://plain.example/a.pt"
    )
    by_name = links_by_name(text)
    assert by_name["a.pt"] == links_to("a.pt", text)
    assert by_name["b c.pt"] == links_to("b c.pt", text)
    assert len(by_name["a.pt"]) == 2


# hosts that a person configured


CONFIGURED = frozenset({"localhost:8080", "models.example.com"})


def test_plain_http_is_taken_on_configured_hosts_alone() -> None:
    assert clean_url("http://Models.Example.com/blob/a.pt?token=x&b=1", CONFIGURED) == (
        "http://models.example.com/blob/a.pt?b=1"
    )
    url = "http://localhost:8080/a.pt"
    assert clean_url(f" {url}?download=true ", CONFIGURED) == url
    assert is_allowed(url, CONFIGURED)
    assert host_of(url) == "localhost:8080"
    assert clean_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/a.pt",
        "http://localhost:8081/a.pt",
        "http://sub.models.example.com/a.pt",
        "http://huggingface.co/a.pt",
        "http://models.example.com/../a.pt",
        "http://me:pw@models.example.com/a.pt",
        "ftp://models.example.com/a.pt",
    ],
)
def test_plain_http_is_taken_nowhere_else(url: str) -> None:
    assert clean_url(url, CONFIGURED) is None


def test_https_is_the_same_with_configured_hosts() -> None:
    assert clean_url(HUB.replace("resolve", "blob"), CONFIGURED) == HUB
    assert clean_url("https://me:pw@x.example/a", CONFIGURED) is None


def test_plain_links_in_a_text() -> None:
    text = "see http://localhost:8080/a.pt and https://huggingface.co/a/b/a.pt, (http://x/b.pt)"
    both = ["http://localhost:8080/a.pt", "https://huggingface.co/a/b/a.pt"]
    assert links_to("a.pt", text) == both[1:]
    assert links_to("a.pt", text, plain=True) == both
    assert links_by_name(text).get("b.pt") is None
    assert links_by_name(text, plain=True) == {"a.pt": both, "b.pt": ["http://x/b.pt"]}
