from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import tomli_w
from packaging.requirements import Requirement

from comfylock.config.emit import EmitSettings
from comfylock.emit.planning import plan_of
from comfylock.emit.requirements import generate
from comfylock.errors import EmitError, LockParseError
from comfylock.lockfile.mark import lock_mark
from tests.hostile import TEXTS
from tests.locks import COMMIT, OTHER_SHA, SHA, python_pin, small

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "https://example.org"
HASHES = {"sha256": SHA}
NUMPY = {
    "name": "numpy",
    "version": "2.1.0",
    "sdist": {"url": f"{HOST}/numpy-2.1.0.tar.gz", "hashes": {"sha256": OTHER_SHA}},
    "wheels": [{"url": f"{HOST}/numpy-2.1.0-py3-none-any.whl", "hashes": HASHES}],
}
TORCH = {
    "name": "torch",
    "version": "2.8.0+cu128",
    "wheels": [{"url": f"{HOST}/torch-2.8.0%2Bcu128-cp312.whl", "hashes": HASHES}],
}
BUILT = {
    "name": "insightface",
    "version": "0.7",
    "sdist": {"url": f"{HOST}/insightface-0.7.tar.gz", "hashes": HASHES},
}
GIT = {"name": "g", "vcs": {"type": "git", "url": "https://github.com/a/b", "commit-id": COMMIT}}
ARCHIVE = {
    "name": "d",
    "archive": {"url": f"{HOST}/d.zip", "subdirectory": "x/y", "hashes": HASHES},
}


def text(*packages: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    data = tomli_w.dumps({"lock-version": "1.0", "packages": list(packages)}).encode()
    lock = small(python=(python_pin(),))
    (file,) = generate(plan_of(lock, SHA, companions={"pylock.comfy.toml": data}))
    assert file.name == "requirements.txt"
    return file.data.decode(), file.notes


def test_the_whole_file() -> None:
    told, notes = text(TORCH, NUMPY, BUILT, GIT, ARCHIVE)
    assert told == (
        f"# {lock_mark(SHA)}\n"
        "# For linux-x86_64-py3.12-cu128, written by comfylock emit requirements from"
        " pylock.comfy.toml.\n"
        "# pip install --require-hashes --no-deps -r requirements.txt\n"
        "# uv pip install --require-hashes --no-deps -r requirements.txt\n"
        "--only-binary :all:\n"
        "--no-binary d\n"
        "--no-binary insightface\n"
        f"d @ https://example.org/d.zip#subdirectory=x/y \\\n    --hash=sha256:{SHA}\n"
        "# not here, as no digest of git is checked: "
        f"pip install --no-deps 'g @ git+https://github.com/a/b@{COMMIT}'\n"
        f"insightface==0.7 \\\n    --hash=sha256:{SHA}\n"
        f"numpy==2.1.0 \\\n    --hash=sha256:{SHA}\n"
        f"torch @ https://example.org/torch-2.8.0%2Bcu128-cp312.whl \\\n    --hash=sha256:{SHA}\n"
    )
    assert notes == (
        "whoever installs requirements.txt runs code of packages without a wheel: d, insightface",
        "requirements.txt leaves out what comes from git, of which no digest is checked: g",
    )


def test_markers_stay() -> None:
    marked = {**NUMPY, "marker": "sys_platform != 'win32'"}
    assert 'numpy==2.1.0 ; sys_platform != "win32" \\\n' in text(marked)[0]


@pytest.mark.parametrize("marker", ["platform_machine == '${HOME}'", "os_name == 'a #b'"])
def test_markers_that_pip_would_read_otherwise(marker: str) -> None:
    with pytest.raises(EmitError, match="has a marker that pip would read as something else"):
        text({**NUMPY, "marker": marker})


def test_neither_version_nor_address() -> None:
    with pytest.raises(EmitError, match="`numpy` has neither"):
        text({key: value for key, value in NUMPY.items() if key != "version"})


def test_a_file_for_each_target() -> None:
    data = tomli_w.dumps({"lock-version": "1.0", "packages": [NUMPY]}).encode()
    pins = (
        python_pin(file="pylock.a.toml"),
        python_pin("linux-x86_64-py3.12-cpu", file="pylock.b.toml"),
    )
    files = {pin.file: data for pin in pins}

    def names(**settings: Any) -> list[str]:
        plan = plan_of(small(python=pins), SHA, EmitSettings(**settings), companions=files)
        return [file.name for file in generate(plan)]

    assert names() == [
        "requirements-linux-x86_64-py3.12-cpu.txt",
        "requirements-linux-x86_64-py3.12-cu128.txt",
    ]
    assert names(targets=("cpu",)) == ["requirements.txt"]


def test_a_lock_without_packages_says_what_to_do() -> None:
    with pytest.raises(EmitError, match="the lock has no Python packages") as raised:
        generate(plan_of(small(), SHA))
    assert "`[python]` of comfylock.toml" in (raised.value.hint or "")


FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "name": lambda odd: {**NUMPY, "name": odd},
    "version": lambda odd: {**NUMPY, "version": odd},
    "marker": lambda odd: {**NUMPY, "marker": odd},
    "address": lambda odd: {**TORCH, "wheels": [{"url": odd, "hashes": HASHES}]},
    "address's end": lambda odd: {
        **TORCH,
        "wheels": [{"url": f"{HOST}/{odd}.whl", "hashes": HASHES}],
    },
    "subdirectory": lambda odd: {
        **ARCHIVE,
        "archive": {"url": f"{HOST}/d.zip", "subdirectory": odd, "hashes": HASHES},
    },
    "git": lambda odd: {**GIT, "vcs": {"type": "git", "url": f"{HOST}/{odd}", "commit-id": COMMIT}},
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_hostile_pylock_is_refused_or_one_requirement(field: str) -> None:
    """What is taken reads back as one package with one digest, in pip's own order of things."""
    taken = 0
    for odd in TEXTS:
        try:
            told, _ = text(FIELDS[field](odd))
        except (EmitError, LockParseError, UnicodeEncodeError):
            continue
        taken += 1
        lines = [line for line in told.split("\n") if line and not line.startswith("#")]
        lines = [line for line in lines if not line.startswith(("--only-binary ", "--no-binary "))]
        if field == "git":
            assert lines == []
            continue
        requirement, digest = lines
        assert digest == f"    --hash=sha256:{SHA}"
        found = Requirement(requirement.removesuffix(" \\"))
        assert found.url is None or found.url.startswith(HOST) or field == "address"
        assert " " not in (found.url or "")
        assert " --" not in requirement, odd
    assert taken < len(TEXTS) / 2
