"""Tokens and endpoints: from the environment, from files, over what a project says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.errors import ConfigError, UsageError
from comfylock.links import ALLOWED_HOSTS
from comfylock.net.credentials import MAX_TOKEN_BYTES, load_credentials
from comfylock.net.endpoints import load_trust, manager_trust
from comfylock.net.trust import Credentials, Endpoints, Trust

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Credentials()),
        ({"HF_TOKEN": "a", "HUGGING_FACE_HUB_TOKEN": "b"}, Credentials("a")),
        ({"HF_TOKEN": " ", "HUGGING_FACE_HUB_TOKEN": "b\n"}, Credentials("b")),
        ({"HF_API_TOKEN": "c"}, Credentials("c")),
        ({"CIVITAI_API_KEY": "e", "CIVITAI_API_TOKEN": "d"}, Credentials(civitai="d")),
        ({"CIVITAI_TOKEN": "d", "GH_TOKEN": "f"}, Credentials(civitai="d", github="f")),
        ({"GITHUB_TOKEN": "g", "GH_TOKEN": "f"}, Credentials(github="g")),
    ],
)
def test_tokens_of_the_environment(
    tmp_path: Path, environ: dict[str, str], expected: Credentials
) -> None:
    assert load_credentials(environ, str(tmp_path)) == expected


def test_the_hubs_own_file(tmp_path: Path) -> None:
    home = str(tmp_path)
    for place in (".cache/huggingface", "hub", "xdg/huggingface"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "token").write_text(f"hf_{place[:3]}\n", "utf-8")
    (tmp_path / "mine").write_text("hf_mine", "utf-8")
    for environ, token in (
        ({}, "hf_.ca"),
        ({"XDG_CACHE_HOME": str(tmp_path / "xdg")}, "hf_xdg"),
        ({"HF_HOME": str(tmp_path / "hub")}, "hf_hub"),
        ({"HF_HOME": "~/hub"}, "hf_hub"),
        ({"HF_HOME": "x", "HF_TOKEN_PATH": str(tmp_path / "mine")}, "hf_mine"),
        ({"HF_TOKEN_PATH": str(tmp_path / "nothing")}, None),
        ({"HF_TOKEN_PATH": home}, None),
        ({"HF_TOKEN": "hf_env"}, "hf_env"),
    ):
        assert load_credentials(environ, home).huggingface == token


@pytest.mark.parametrize("bad", ["se\ncret", "se\r\nX-Evil: 1", "se\x00cret", "sé", "se cret"])
def test_a_token_that_is_none_is_named_and_never_repeated(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_credentials({"GITHUB_TOKEN": bad}, str(tmp_path))
    assert str(caught.value) == (
        "the environment: `GITHUB_TOKEN`: holds a line break or another character that no token has"
    )
    file = tmp_path / "token"
    file.write_text(bad, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_credentials({"HF_TOKEN_PATH": str(file)}, str(tmp_path))
    assert str(caught.value).startswith(f"{file}: holds a line break")
    assert "cret" not in str(caught.value)
    file.write_text("a" * (MAX_TOKEN_BYTES + 1), "utf-8")
    with pytest.raises(ConfigError, match="is too long for a token"):
        load_credentials({"HF_TOKEN_PATH": str(file)}, str(tmp_path))


def test_nothing_set_is_the_services_own(tmp_path: Path) -> None:
    assert load_trust({}, {}, (), str(tmp_path)) == Trust()


def test_the_environment_wins(tmp_path: Path) -> None:
    environ = {
        "HF_ENDPOINT": "https://hub.example/",
        "COMFYLOCK_CIVITAI_URL": "http://127.0.0.1:7/api/v1/",
        "COMFYLOCK_ALLOW_HOSTS": "Files.example, 10.0.0.1:8080,,[::1]:9",
        "COMFYLOCK_REGISTRY_URL": "  ",
        "GITHUB_TOKEN": "g",
    }
    configured = {"huggingface": "https://other.example", "registry": "http://127.0.0.1:8/r"}
    trust = load_trust(environ, configured, {"models.lan", "github.com"}, str(tmp_path))
    assert trust.endpoints == Endpoints(
        registry="http://127.0.0.1:8/r",
        huggingface="https://hub.example",
        civitai="http://127.0.0.1:7",
    )
    added = {"models.lan", "files.example", "10.0.0.1:8080", "[::1]:9"}
    assert trust.hosts == ALLOWED_HOSTS | added
    assert trust.configured == added | {"127.0.0.1:8", "127.0.0.1:7", "hub.example:443"}
    assert trust.credentials == Credentials(github="g")


def test_every_fault_is_named_by_its_variable(tmp_path: Path) -> None:
    environ = {
        "HF_ENDPOINT": "ftp://x",
        "COMFYLOCK_CIVITAI_URL": "https://alice:hunter2@civitai.example",
        "COMFYLOCK_GITHUB_API_URL": "https://a:b:c",
        "COMFYLOCK_MANAGER_URL": "https://a.example/?token=hunter2",
        "COMFYLOCK_ALLOW_HOSTS": "https://a.example/x",
    }
    with pytest.raises(ConfigError) as caught:
        load_trust(environ, {"registry": "nonsense", "hub": "https://x"}, (), str(tmp_path))
    assert sorted(caught.value.faults) == [
        (
            "COMFYLOCK_ALLOW_HOSTS",
            "must be host names with a comma between, such as `models.example.com,10.0.0.1:8080`",
        ),
        ("COMFYLOCK_CIVITAI_URL", "must hold no user name and no password"),
        ("COMFYLOCK_GITHUB_API_URL", "is no address"),
        ("COMFYLOCK_MANAGER_URL", "must be a base address, without `?` and `#`"),
        ("HF_ENDPOINT", "is no https address"),
        ("endpoints.hub", "is no service"),
        ("endpoints.registry", "is no https address"),
    ]
    assert "hunter2" not in str(caught.value)


def test_the_managers_lists_may_be_anywhere() -> None:
    assert manager_trust("https://x:y@a.example/b").endpoints.manager == "https://a.example/b"
    for address in ("nonsense", "ftp://x:hunter2@a.example", "http://x:hunter2@a:b:c/"):
        with pytest.raises(UsageError) as caught:
            manager_trust(address)
        assert "hunter2" not in str(caught.value)
