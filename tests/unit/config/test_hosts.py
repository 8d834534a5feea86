from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.config import Config, load_config, surroundings
from comfylock.config.environment import Surroundings
from comfylock.errors import ConfigError
from comfylock.links import ALLOWED_HOSTS
from tests.settings import SECRET, fault, settings

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = ("registry", "huggingface", "civitai", "github-api", "manager")


@pytest.mark.parametrize("service", SERVICES)
def test_the_address_of_a_service(service: str) -> None:
    config = settings(f'[endpoints]\n{service} = "HTTP://Mirror.Example:8080/some/Path//"')
    name = service.replace("-", "_")
    assert config.endpoints == {name: "http://mirror.example:8080/some/Path"}
    assert config.configured_hosts == {"mirror.example:8080"}
    is_of_models = service in {"huggingface", "civitai"}
    assert (config.allowed_hosts > ALLOWED_HOSTS) == is_of_models


@pytest.mark.parametrize(
    "address",
    ["", "mirror", "ftp://mirror", "https://m?x=1", "https://m#x", "https://m/../x", "https://m:0"],
)
def test_addresses_that_are_no_service(address: str) -> None:
    assert fault(f'[endpoints]\nregistry = "{address}"').startswith("endpoints.registry must be")


@pytest.mark.parametrize("address", [f"https://me:{SECRET}@m", f"https://m?token={SECRET}"])
def test_a_service_has_no_secrets_in_its_address(address: str) -> None:
    assert "must hold no password" in fault(f'[endpoints]\nmanager = "{address}"')


@pytest.mark.parametrize(
    "host",
    [
        "https://x",
        "x/y",
        "x y",
        "*.example.com",
        "me@x",
        "x:y",
        "x:",
        "x:70000",
        "-x",
        "a..b",
        ":1",
    ],
)
def test_what_is_no_host(host: str) -> None:
    told = fault(f'[trust]\nallow-hosts = ["ok.example", "{host}"]')
    assert told.startswith("trust.allow-hosts[1] must be a host name, such as `models.example.com`")


def test_an_unknown_service_names_the_nearest() -> None:
    assert "did you mean `huggingface`?" in fault('[endpoints]\nhugging-face = "https://m"')


# the environment


def test_an_environment_that_configures_nothing(tmp_path: Path) -> None:
    for environment in ({}, {"HF_ENDPOINT": "", "PATH": "/bin"}):
        assert surroundings(environment) is None
    around = surroundings({"HF_ENDPOINT": " "})
    assert around == Surroundings()
    assert load_config(str(tmp_path), around) == Config()


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    text = """
        [endpoints]
        registry = "https://file.example"
        manager = "https://lists.example"
        [models]
        x = "http://localhost:1/x"
        y = "http://hub.example/x"
        [trust]
        allow-hosts = ["other.example"]
        """
    (tmp_path / "comfylock.toml").write_text(text, "utf-8")
    around = surroundings(
        {
            "COMFYLOCK_REGISTRY_URL": "https://variable.example/",
            "HF_ENDPOINT": "http://hub.example",
            "COMFYLOCK_CIVITAI_URL": "https://civitai.example/api/v1",
            "COMFYLOCK_GITHUB_API_URL": "https://github.example",
            "COMFYLOCK_ALLOW_HOSTS": "localhost:1, Models.Example,,",
        }
    )
    config = load_config(str(tmp_path), around)
    assert config.endpoints == {
        "registry": "https://variable.example",
        "manager": "https://lists.example",
        "huggingface": "http://hub.example",
        "civitai": "https://civitai.example",
        "github_api": "https://github.example",
    }
    models = {"localhost:1", "models.example", "other.example", "hub.example", "civitai.example"}
    assert config.allowed_hosts == ALLOWED_HOSTS | models
    services = {"variable.example", "lists.example", "github.example"}
    assert config.configured_hosts == models | services


def test_the_environment_without_a_file(tmp_path: Path) -> None:
    config = load_config(str(tmp_path), surroundings({"COMFYLOCK_MANAGER_URL": "http://m:1"}))
    assert config.endpoints == {"manager": "http://m:1"}
    assert config.configured_hosts == {"m:1"}
    assert config.allowed_hosts == ALLOWED_HOSTS


def test_every_variable_that_is_wrong_is_told() -> None:
    environment = {
        "COMFYLOCK_REGISTRY_URL": f"https://me:{SECRET}@x",
        "HF_ENDPOINT": "hf-mirror.example",
        "COMFYLOCK_ALLOW_HOSTS": "a.example,https://b,c/d",
    }
    with pytest.raises(ConfigError) as raised:
        surroundings(environment)
    assert [path for path, _ in raised.value.faults] == [
        "COMFYLOCK_REGISTRY_URL",
        "HF_ENDPOINT",
        "COMFYLOCK_ALLOW_HOSTS",
        "COMFYLOCK_ALLOW_HOSTS",
    ]
    assert raised.value.file == "environment"
    assert SECRET not in str(raised.value)
