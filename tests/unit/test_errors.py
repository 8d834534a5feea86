from __future__ import annotations

import pickle

import pytest

from comfylock.errors import (
    ComfylockError,
    ConfigError,
    RefusedError,
    RegistryError,
    SourceUnavailableError,
    UsageError,
    WorkflowError,
    WriteError,
)

ERRORS = [
    ComfylockError("a sentence", hint="do this"),
    UsageError("a sentence", hint="do this"),
    ConfigError("comfylock.toml", (("a", "is wrong"),)),
    ConfigError("comfylock.toml", (("", "is not TOML"), ("b", "is wrong too"))),
    WorkflowError("a.json", "is damaged"),
    RegistryError("core.json", "is damaged", hint="remove it"),
    SourceUnavailableError("hub", "did not answer", hint="try later"),
    WriteError("comfy.lock", "cannot be written", hint="make room"),
    RefusedError("files.example", "leads into a private network"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_cross_process_borders_whole(error: ComfylockError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_errors_are_one_family_with_codes() -> None:
    codes = {(type(error).code, type(error).exit_code) for error in ERRORS}
    assert codes == {
        ("error", 1),
        ("usage", 2),
        ("config", 2),
        ("workflow", 2),
        ("registry", 2),
        ("unavailable", 3),
        ("refused", 3),
        ("write", 2),
    }


def test_one_fault_stands_beside_the_file_and_many_below_it() -> None:
    assert str(ERRORS[2]) == "comfylock.toml: `a`: is wrong"
    assert str(ERRORS[3]).split("\n") == [
        "comfylock.toml has 2 faults",
        "  is not TOML",
        "  `b`: is wrong too",
    ]
