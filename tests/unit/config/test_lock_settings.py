from __future__ import annotations

import pytest

from tests.settings import fault, faults, settings


@pytest.mark.parametrize(
    "path",
    [
        "/etc",
        "../up",
        "a/../../b",
        "a\\\\..\\\\b",
        "C:\\\\x",
        "~/x",
        "https://x/y",
        "-",
        "--json",
        "a\\u0000b",
        "a\\nb",
    ],
)
def test_workflows_are_inside_the_project(path: str) -> None:
    assert fault(f'[lock]\nworkflows = ["ok/", "{path}"]').startswith("lock.workflows[1] must ")
    assert fault(f'[groups]\nvideo = ["{path}"]').startswith("groups.video[0] must ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('prefer = "newest"', "lock.prefer must be `authored` or `latest`"),
        ("prefer = 1", "lock.prefer must be a text"),
        ('targets = ["linux"]', "lock.targets[0] must be one of linux-x86_64, linux-arm64,"),
        ("targets = 'linux-x86_64'", "lock.targets must be a list of systems"),
        ("workflows = 'workflows/'", "lock.workflows must be a list of paths and patterns"),
        ("workflows = ['', 3]", "lock.workflows[0] must be a text"),
        ("require-hashes = 1", "lock.require-hashes must be true or false"),
        ("require_hashes = true", "lock.require_hashes is no setting; did you mean `require-h"),
        ("zzz = 1", "lock.zzz is no setting; known: workflows, prefer, targets, require-hashes,"),
    ],
)
def test_what_is_wrong_with_a_setting(line: str, message: str) -> None:
    assert faults(f"[lock]\n{line}")[0].startswith(message)


@pytest.mark.parametrize("name", ["Video", "1st", "", "a_b", "a b", "x" * 64, "-a", "a\\n"])
def test_groups_have_names_that_an_environment_can_carry(name: str) -> None:
    told = fault(f'[groups]\n"{name}" = []')
    assert "must be a name of small letters, digits and `-`, a letter first" in told
    assert "\n" not in told


def test_the_defaults() -> None:
    config = settings("[lock]\n[groups]\n")
    assert (config.workflows, config.targets, config.groups) == ((), (), {})
    assert config.prefer == "authored"
    flags = (config.require_hashes, config.allow_unresolved, config.include_inactive)
    assert flags == (False, False, False)
