from __future__ import annotations

import pytest
import tomli

from comfylock.errors import LockParseError
from comfylock.python.pylock import MAX_FILE, UnhashedError, canonical, read_pylock

A, B = "a" * 64, "b" * 64
Z = "https://u:s3cretpass@h.example/z.whl"
TEXT = f"""
created-by = "uv"
lock-version = "1.0"
requires-python = ">=3.12"
[[packages]]
name = "Zeta_One"
version = "1.0"
index = "https://u:s3cretpass@h.example/simple"
dependencies = [{{ name = "alpha" }}]
wheels = [
  {{ hashes = {{ sha256 = "{B}" }}, upload-time = 2024-01-01T00:00:00Z, url = "{Z}", size = 5 }},
  {{ url = "https://h.example/a.whl", hashes = {{ sha256 = "{A}" }} }},
]
[[packages]]
version = "2"
name = "alpha"
sdist = {{ url = 'https://h.example/a"b.tar.gz', hashes = {{ sha256 = "{A}" }} }}
[[packages]]
name = "beta"
vcs = {{ type = "git", commit-id = "{"c" * 40}", url = "https://h.example/a/b" }}
"""


def test_it_is_written_in_one_way() -> None:
    text = canonical(TEXT.encode()).decode()
    assert text.splitlines()[:3] == [
        'lock-version = "1.0"',
        'requires-python = ">=3.12"',
        'created-by = "comfylock"',
    ]
    document = tomli.loads(text)
    assert [each["name"] for each in document["packages"]] == ["alpha", "beta", "zeta-one"]
    zeta = document["packages"][2]
    assert list(zeta) == ["name", "version", "wheels"]
    assert [each["url"] for each in zeta["wheels"]] == [
        "https://h.example/a.whl",
        "https://h.example/z.whl",
    ]
    assert list(zeta["wheels"][1]) == ["url", "size", "hashes"]
    assert document["packages"][0]["sdist"]["url"] == 'https://h.example/a"b.tar.gz'
    assert "s3cretpass" not in text
    assert canonical(text.encode()).decode() == text


def test_it_is_read_back() -> None:
    alpha, beta, zeta = read_pylock(canonical(TEXT.encode()))
    assert (zeta.name, zeta.version, zeta.digests) == ("zeta-one", "1.0", (A, B))
    assert (alpha.digests, alpha.url) == ((A,), None)
    assert [each.is_built for each in (alpha, beta, zeta)] == [True, True, False]
    assert (beta.version, beta.url, beta.commit) == (None, "https://h.example/a/b", "c" * 40)


@pytest.mark.parametrize(
    "files",
    [
        "",
        'wheels = [{ url = "https://h.example/x.whl" }]',
        'wheels = [{ url = "https://h.example/x.whl", hashes = { sha256 = "abc" } }]',
        'wheels = [{ url = "https://h.example/x.whl", hashes = { md5 = "abc" } }]',
        "wheels = 5",
        "wheels = [5]",
        'sdist = { hashes = "no" }',
    ],
)
def test_a_file_without_sha256_is_not_locked(files: str) -> None:
    text = f'lock-version = "1.0"\n[[packages]]\nname = "a"\n{files}\n'
    with pytest.raises(UnhashedError) as raised:
        canonical(text.encode())
    assert raised.value.names == ("a",)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xff", "is not TOML"),
        (b"[", "is not TOML"),
        (b"x" * (MAX_FILE + 1), "is not TOML"),
        (b"", "lock-version"),
        (b'lock-version = "2.0"', "lock-version"),
        (b'lock-version = "1.0"\npackages = 5', "must be tables with a name"),
        (b'lock-version = "1.0"\n[[packages]]', "must be tables with a name"),
    ],
)
def test_what_is_no_pylock_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(LockParseError, match=told) as raised:
        read_pylock(data, "here.toml")
    assert raised.value.file == "here.toml"


def test_an_empty_one_is_fine() -> None:
    assert read_pylock(canonical(b'lock-version = "1.0"')) == ()
