"""Whom a run trusts: what the environment and the project say, and who gets which token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.links import ALLOWED_HOSTS
from comfylock.net.trust import Credentials, Endpoints
from comfylock.ops.project import project_config
from comfylock.ops.services import trust_of

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.net.trust import Trust

TOKENS = {"HF_TOKEN": "h", "CIVITAI_TOKEN": "c", "GITHUB_TOKEN": "g"}
MIRRORS = (
    '[endpoints]\nhuggingface = "https://hub.example"\ncivitai = "https://civitai.example"\n'
    'github-api = "https://github.example"\n'
)


def trusted(folder: Path, text: str = "", **environ: str) -> Trust:
    (folder / "comfylock.toml").write_text(text, "utf-8")
    around = {"HOME": str(folder), **environ}
    return trust_of(project_config(str(folder), around), around)


def test_nothing_set_is_the_services_own(tmp_path: Path) -> None:
    trust = trusted(tmp_path, **TOKENS)
    assert trust.endpoints == Endpoints()
    assert trust.credentials == Credentials("h", "c", "g")
    assert trust.hosts == ALLOWED_HOSTS
    assert trust.configured == frozenset()


def test_the_environment_goes_before_the_project(tmp_path: Path) -> None:
    trust = trusted(
        tmp_path,
        MIRRORS + '[trust]\nallow-hosts = ["models.lan"]\n',
        HF_ENDPOINT="http://127.0.0.1:7/",
        COMFYLOCK_ALLOW_HOSTS="Files.example, 10.0.0.1:8080",
    )
    assert trust.endpoints.huggingface == "http://127.0.0.1:7"
    assert trust.endpoints.civitai == "https://civitai.example"
    assert trust.configured >= {"models.lan", "files.example", "10.0.0.1:8080", "127.0.0.1:7"}
    assert trust.hosts >= ALLOWED_HOSTS | {"models.lan", "files.example"}


def test_p22_a_mirror_that_only_the_project_names_gets_no_token(tmp_path: Path) -> None:
    assert trusted(tmp_path, MIRRORS, **TOKENS).credentials == Credentials()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HF_ENDPOINT": "https://hub.example"}, Credentials(huggingface="h")),
        ({"COMFYLOCK_ALLOW_HOSTS": "civitai.example"}, Credentials(civitai="c")),
        ({"COMFYLOCK_GITHUB_API_URL": "https://other.example"}, Credentials(github="g")),
        ({"COMFYLOCK_ALLOW_HOSTS": "example"}, Credentials()),
    ],
)
def test_a_mirror_that_the_environment_confirms_gets_its_own(
    tmp_path: Path, environ: dict[str, str], expected: Credentials
) -> None:
    assert trusted(tmp_path, MIRRORS, **TOKENS, **environ).credentials == expected
