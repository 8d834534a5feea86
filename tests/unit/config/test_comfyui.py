from __future__ import annotations

import pytest

from comfylock.config import Config, parse_config
from comfylock.errors import ConfigError
from comfylock.requirements import ComfyuiRule


def rule(text: str) -> ComfyuiRule | None:
    return parse_config(f"[comfyui]\n{text}".encode(), "comfylock.toml").comfyui


def test_comfyui_is_locked_unless_somebody_says_no() -> None:
    assert Config().comfyui == ComfyuiRule()
    assert rule("") == ComfyuiRule()
    assert rule("pin = true") == ComfyuiRule()
    assert rule("pin = false") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('version = " >=0.3.60,<0.4 "', ComfyuiRule(version=">=0.3.60,<0.4")),
        ('revision = "v0.3.64"', ComfyuiRule(revision="v0.3.64")),
        (
            'repository = "https://github.com/me/fork"',
            ComfyuiRule(repository="https://github.com/me/fork"),
        ),
    ],
)
def test_what_may_be_asked(text: str, expected: ComfyuiRule) -> None:
    assert rule(text) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('version = "newest"', "comfyui.version"),
        ('version = "1.0"\nrevision = "main"', "comfyui.revision"),
        ('revision = "-x"', "comfyui.revision"),
        ('repository = "file:///etc"', "comfyui.repository"),
        ('repository = "https://me:secret@github.com/me/fork"', "comfyui.repository"),
        ('pin = false\nversion = "1.0"', "comfyui.pin"),
        ('verzion = "1.0"', "comfyui.verzion"),
        ("pin = 1", "comfyui.pin"),
    ],
)
def test_faults_have_their_place(text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rule(text)
    assert [path for path, _ in caught.value.faults] == [fault]
    assert "secret" not in str(caught.value)
