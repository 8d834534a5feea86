from __future__ import annotations

from typing import Any

import pytest
import tomli_w

from comfylock.errors import LockParseError
from comfylock.lockfile.python_files import LockedFile, LockedPackage, locked_packages
from tests.locks import COMMIT, OTHER_SHA, SHA

WHEEL = {"url": "https://example.org/numpy-2.1-py3-none-any.whl", "hashes": {"sha256": SHA}}
SOURCE = {"url": "https://example.org/numpy-2.1.tar.gz", "size": 9, "hashes": {"sha256": OTHER_SHA}}
NUMPY: dict[str, Any] = {"name": "NumPy", "version": "2.1", "wheels": [WHEEL], "sdist": SOURCE}


def pylock(*packages: dict[str, Any]) -> bytes:
    return tomli_w.dumps({"lock-version": "1.0", "packages": list(packages)}).encode()


def fault(**changes: Any) -> str:
    table = {key: value for key, value in {**NUMPY, **changes}.items() if value is not None}
    with pytest.raises(LockParseError) as raised:
        locked_packages(pylock(table), "pylock.x.toml")
    assert raised.value.faults[0][0] == "packages[0]"
    return raised.value.faults[0][1]


def test_a_wheel_goes_before_its_source() -> None:
    (found,) = locked_packages(pylock(NUMPY))
    wheel = LockedFile(WHEEL["url"], SHA)  # type: ignore[arg-type]
    assert (found.name, found.version, found.files) == ("numpy", "2.1", (wheel,))
    assert wheel.name == "numpy-2.1-py3-none-any.whl"
    (source,) = locked_packages(pylock({**NUMPY, "wheels": []}))
    assert source.files == (LockedFile("https://example.org/numpy-2.1.tar.gz", OTHER_SHA, 9),)


def test_what_comes_from_git_and_from_addresses() -> None:
    git = {"type": "git", "url": "https://github.com/a/b", "commit-id": COMMIT, "subdirectory": "s"}
    archive = {"url": "https://example.org/d.zip", "hashes": {"sha256": SHA}}
    marked = "sys_platform=='linux'"
    found = locked_packages(
        pylock({"name": "z", "vcs": git, "marker": marked}, {"name": "d", "archive": archive})
    )
    assert [each.name for each in found] == ["d", "z"]
    assert found[0].archive == LockedFile("https://example.org/d.zip", SHA)
    assert found[1] == LockedPackage(
        "z",
        marker='sys_platform == "linux"',
        repository="https://github.com/a/b",
        commit=COMMIT,
        subdirectory="s",
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "-r /etc/passwd"}, "its name is none"),
        ({"name": "a\nb"}, "its name is none"),
        ({"version": "1 --index-url x"}, "its version is none"),
        ({"version": 1}, "its version must be a text"),
        ({"marker": "x"}, "its marker is none"),
        ({"wheels": "x"}, "its wheels must be tables"),
        (
            {"wheels": [{**WHEEL, "url": "file:///etc/passwd"}]},
            "the address of a file of it is none",
        ),
        ({"wheels": [{**WHEEL, "url": "https://me:secret@x/y"}]}, "the address of a file"),
        ({"wheels": [{**WHEEL, "url": "https://x/a b"}]}, "the address of a file"),
        ({"wheels": [{**WHEEL, "hashes": {}}]}, "a file of it has no sha256"),
        ({"wheels": [{**WHEEL, "hashes": {"sha256": "x"}}]}, "a file of it has no sha256"),
        ({"wheels": None, "sdist": None}, "it has no file that could be installed"),
        ({"vcs": {"type": "git", "url": "https://x/y", "commit-id": "main"}}, "at a full commit"),
        ({"vcs": {"type": "hg", "url": "https://x/y", "commit-id": COMMIT}}, "a git repository"),
        ({"archive": {**SOURCE, "subdirectory": "../x"}}, "its subdirectory leads elsewhere"),
        ({"archive": "x"}, "its archive must be a table"),
    ],
)
def test_what_is_not_spelled_as_it_must_be(changes: dict[str, Any], told: str) -> None:
    assert told in fault(**changes)
