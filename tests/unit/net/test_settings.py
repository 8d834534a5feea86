"""Tokens: from the environment and from files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.errors import ConfigError, UsageError
from comfylock.net.credentials import MAX_TOKEN_BYTES, load_credentials
from comfylock.net.endpoints import manager_trust
from comfylock.net.trust import Credentials

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


def test_the_managers_lists_may_be_anywhere() -> None:
    assert manager_trust("https://x:y@a.example/b").endpoints.manager == "https://a.example/b"
    for address in ("nonsense", "ftp://x:hunter2@a.example", "http://x:hunter2@a:b:c/"):
        with pytest.raises(UsageError) as caught:
            manager_trust(address)
        assert "hunter2" not in str(caught.value)
