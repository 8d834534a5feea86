"""Settings as a person writes them, and what is wrong with them."""

from __future__ import annotations

import pytest

from comfylock.config import Config, parse_config
from comfylock.errors import ConfigError

SHA = "ab" * 32
SECRET = "hunter2hunter2"


def settings(text: str) -> Config:
    """The settings of a text without faults."""
    return parse_config(text.encode(), "comfylock.toml")


def faults(text: str) -> list[str]:
    """Every fault of a text, with its path; none of them repeats a secret."""
    with pytest.raises(ConfigError) as raised:
        parse_config(text.encode(), "comfylock.toml")
    assert SECRET not in str(raised.value)
    return [f"{path} {message}" for path, message in raised.value.faults]


def fault(text: str) -> str:
    """The one fault of a text."""
    told = faults(text)
    assert len(told) == 1, told
    return told[0]
