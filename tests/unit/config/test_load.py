from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.config import MAX_CONFIG_BYTES, Config, load_config, parse_config
from comfylock.errors import ConfigError
from comfylock.links import ALLOWED_HOSTS
from comfylock.model import Source
from comfylock.net.trust import Endpoints
from tests.settings import faults

if TYPE_CHECKING:
    from pathlib import Path

SHA = "ab" * 32
URL = "https://models.example.com/x.pt"


def test_a_folder_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    assert load_config(str(tmp_path)) == Config()


def test_everything_at_once(tmp_path: Path) -> None:
    text = f"""
        [class-types]
        "My Node" = "Owner/Repo"
        Other = "Some-Id"
        Third = "https://github.com/O/R.git"
        Fourth = "https://gitlab.com/O/R"
        Core = "comfy-core"

        [models]
        "loras/x.pt" = "{URL}"
        'sub\\y.pt' = {{ url = "{URL}", sha256 = "{SHA.upper()}" }}

        [trust]
        allow-hosts = [" Models.Example.com "]

        [lock]
        workflows = ["workflows/", 'more\\*.json', "workflows/"]
        prefer = "latest"
        targets = ["windows-x86_64", "linux-x86_64"]
        require-hashes = true
        allow-unresolved = true
        include-inactive = true

        [groups]
        video = ["workflows/video/*"]
        extras = []

        [endpoints]
        civitai = "http://127.0.0.1:8081/api/v1/"
        github-api = "https://GitHub.example.com/api/v3"
        """
    (tmp_path / "comfylock.toml").write_text(text, "utf-8")
    config = load_config(str(tmp_path))
    assert config.class_types == {
        "My Node": "owner/repo",
        "Other": "some-id",
        "Third": "o/r",
        "Fourth": "https://gitlab.com/o/r",
        "Core": "comfy-core",
    }
    assert config.models == {
        "loras/x.pt": Source(URL, "config"),
        "sub/y.pt": Source(URL, "config", SHA),
    }
    assert config.allowed_hosts == ALLOWED_HOSTS | {"models.example.com", "127.0.0.1:8081"}
    assert config.configured_hosts == {
        "models.example.com",
        "127.0.0.1:8081",
        "github.example.com",
    }
    assert config.workflows == ("workflows/", "more/*.json")
    assert (config.prefer, config.targets) == ("latest", ("linux-x86_64", "windows-x86_64"))
    assert config.require_hashes
    assert config.allow_unresolved
    assert config.include_inactive
    assert config.groups == {"video": ("workflows/video/*",), "extras": ()}
    assert config.endpoints == {
        "civitai": "http://127.0.0.1:8081",
        "github_api": "https://github.example.com/api/v3",
    }
    Endpoints(**config.endpoints)
    assert config.file == str(tmp_path / "comfylock.toml")


@pytest.mark.parametrize(
    "text",
    [
        '[tool.comfylock.class-types]\nA = "x"\n',
        '[tool]\ncomfylock = { class-types = { A = "x" } }\n',
    ],
)
def test_the_table_of_a_pyproject(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    assert load_config(str(tmp_path)).class_types == {"A": "x"}


def test_a_pyproject_of_other_tools(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n', "utf-8")
    assert load_config(str(tmp_path)).class_types == {}


def test_the_own_file_comes_before_the_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.comfylock]\nwrong = 1\n", "utf-8")
    (tmp_path / "comfylock.toml").write_text("", "utf-8")
    assert load_config(str(tmp_path)).class_types == {}


@pytest.mark.parametrize(
    "text", ['tool = "comfylock"\n', "[tool]\ncomfylock = 3\n", "[[tool]]\ncomfylock = {}\n"]
)
def test_a_pyproject_whose_table_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"`tool\.comfylock`: must be a table"):
        load_config(str(tmp_path))


def test_all_faults_are_told_at_once() -> None:
    text = f"""
        [class-type]
        [class-types]
        A = 3
        B = "not a pack"
        [models]
        "x.pt" = 3
        "y.pt" = "http://x/y"
        "z.pt" = {{ url = "{URL}", sha256 = "12" }}
        "../a/b.pt" = "{URL}"
        "w.pt" = {{ url = "{URL}", sha = "1" }}
        [trust]
        allow-hosts = ["https://x", 3, ""]
        allow = []
        """
    told = faults(text)
    assert [line.split(" ", 1)[0] for line in told] == [
        "class-type",
        'class-types."A"',
        'class-types."B"',
        'models."x.pt"',
        'models."y.pt".url',
        'models."z.pt".sha256',
        'models."../a/b.pt"',
        'models."w.pt".sha',
        "trust.allow",
        "trust.allow-hosts[0]",
        "trust.allow-hosts[1]",
        "trust.allow-hosts[2]",
    ]
    assert "did you mean `class-types`?" in told[0]
    assert "did you mean `sha256`?" in told[7]


@pytest.mark.parametrize(
    "text", ["class-types = 3", "models = []", "trust = 'x'", "trust = {allow-hosts = 'x'}"]
)
def test_tables_that_are_none(text: str) -> None:
    assert len(faults(text)) == 1


def test_a_setting_far_from_any() -> None:
    assert faults("zzz = 1") == [
        (
            "zzz is no setting; known: "
            "lock, comfyui, python, images, class-types, packs, models, groups, emit, endpoints, "
            "trust"
        )
    ]


@pytest.mark.parametrize(
    "data",
    [b"a = ", b"\xff\xfe", b"a = " + b"[" * 100_000, b"a = " + b"9" * 5000, b"a = 1979-99-99"],
    ids=["cut", "not UTF-8", "deep", "huge", "no date"],
)
def test_what_is_no_toml_is_one_sentence(data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"^comfylock.toml: is not TOML: "):
        parse_config(data, "comfylock.toml")


def test_a_byte_order_mark_is_no_fault() -> None:
    assert parse_config("\ufeff[models]\n".encode(), "x").models == {}


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "comfylock.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(str(tmp_path))


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "comfylock.toml").write_bytes(b"#" * (MAX_CONFIG_BYTES + 1))
    with pytest.raises(ConfigError, match="is too large for a settings file"):
        load_config(str(tmp_path))
