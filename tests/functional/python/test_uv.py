"""Real uv against an index on the loopback."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
import tomli

from comfylock.errors import LockParseError, OfflineError, SourceUnavailableError
from comfylock.python.pylock import digest_of, read_pylock
from comfylock.python.targets import target_of
from comfylock.python.wanted import Compiled, Indexes, NoSolution, Upgrade, Wanted
from comfylock.sources.python_packages import UvPackages
from comfylock.sources.uv_command import UvLimits
from tests.services.loopback import Answer, Service
from tests.services.package_index import package_index, publish, release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TARGET = target_of("3.12", "linux-x86_64", "default")
CUDA = target_of("3.12", "linux-x86_64", "cu128")
RELEASES = (
    release("numpy==1.26.4"),
    release("numpy==2.1.0"),
    release("old==1", "numpy<2"),
    release("new==1", "numpy>=2"),
    release("late==1", python=">=3.13"),
    release("source==1", tag=""),
    release("needs-source==1", "source"),
    release("windows==1", tag="cp312-cp312-win_amd64"),
    release("ancient==1", tag="cp39-cp39-manylinux_2_17_x86_64"),
    release("undigested==1", has_digest=False),
    release("torch==2.9.0"),
)


@pytest.fixture(scope="module")
def index() -> Iterator[tuple[Service, str]]:
    with package_index(*RELEASES) as found:
        yield found


@pytest.fixture
def uv(tmp_path: Path) -> UvPackages:
    return UvPackages(str(tmp_path / "cache"), limits=UvLimits(retries=0))


def wanted(index: tuple[Service, str], *requirements: str) -> Wanted:
    return Wanted(TARGET, requirements, indexes=Indexes(default=index[1]))


def solved(answer: Compiled | NoSolution) -> Compiled:
    assert isinstance(answer, Compiled), answer
    return answer


def unsolved(answer: Compiled | NoSolution) -> NoSolution:
    assert isinstance(answer, NoSolution), answer
    return answer


def test_every_package_has_version_and_digest(index: tuple[Service, str], uv: UvPackages) -> None:
    answer = solved(uv.compile(wanted(index, "old", "numpy")))
    assert answer.versions == {"numpy": "1.26.4", "old": "1"}
    assert all(len(package.digests) == 1 for package in answer.packages)
    assert answer.sha256 == digest_of(answer.pylock)
    assert read_pylock(answer.pylock) == answer.packages
    document = tomli.loads(answer.pylock.decode())
    assert document["created-by"] == "comfylock"
    assert document["lock-version"] == "1.0"
    assert [package["name"] for package in document["packages"]] == ["numpy", "old"]


def test_the_same_question_gives_the_same_bytes(
    index: tuple[Service, str], uv: UvPackages, tmp_path: Path
) -> None:
    first = solved(uv.compile(wanted(index, "new", "numpy")))
    other = UvPackages(str(tmp_path / "other"))
    assert solved(other.compile(wanted(index, "numpy", "new", "numpy"))).pylock == first.pylock
    assert str(tmp_path) not in first.pylock.decode()
    assert b"time" not in first.pylock


def test_versions_stay_until_they_may_move(index: tuple[Service, str], uv: UvPackages) -> None:
    first = solved(uv.compile(wanted(index, "old", "numpy")))
    again = Wanted(TARGET, ("numpy",), indexes=Indexes(index[1]), earlier=first.pylock)
    assert solved(uv.compile(again)).versions == {"numpy": "1.26.4"}
    for upgrade in (Upgrade(everything=True), Upgrade(packages=("numpy",))):
        moved = Wanted(
            TARGET, ("numpy",), indexes=Indexes(index[1]), earlier=first.pylock, upgrade=upgrade
        )
        assert solved(uv.compile(moved)).versions == {"numpy": "2.1.0"}
    misfit = Wanted(TARGET, ("numpy>=2",), indexes=Indexes(index[1]), earlier=first.pylock)
    assert solved(uv.compile(misfit)).versions == {"numpy": "2.1.0"}


def test_constraints_and_overrides_count(index: tuple[Service, str], uv: UvPackages) -> None:
    indexes = Indexes(index[1])
    limited = Wanted(TARGET, ("numpy",), constraints=("numpy<2", "new>5"), indexes=indexes)
    assert solved(uv.compile(limited)).versions == {"numpy": "1.26.4"}
    forced = Wanted(TARGET, ("old", "new"), overrides=("numpy==2.1.0",), indexes=indexes)
    assert solved(uv.compile(forced)).versions == {"new": "1", "numpy": "2.1.0", "old": "1"}


@pytest.mark.parametrize(
    ("requirements", "cause", "names", "unbuilt"),
    [
        (("numpy<2", "numpy>=2"), "conflict", {"numpy"}, ()),
        (("old", "new"), "conflict", {"old", "new", "numpy"}, ()),
        (("numpy>=3",), "conflict", {"numpy"}, ()),
        (("late",), "python", {"late"}, ()),
        (("ancient",), "python", {"ancient"}, ()),
        (("windows",), "platform", {"windows"}, ()),
        (("source",), "no-wheel", {"source"}, ("source",)),
        (("needs-source",), "no-wheel", {"source", "needs-source"}, ("source",)),
        (("nowhere",), "not-found", {"nowhere"}, ()),
    ],
)
def test_no_solution_says_why(
    index: tuple[Service, str],
    uv: UvPackages,
    requirements: tuple[str, ...],
    cause: str,
    names: set[str],
    unbuilt: tuple[str, ...],
) -> None:
    answer = unsolved(uv.compile(wanted(index, *requirements)))
    assert (answer.cause, answer.unbuilt) == (cause, unbuilt)
    assert names <= set(answer.names)
    assert "the packs ask for" in answer.message
    assert "comfylock-question" not in answer.message
    assert "\n" not in answer.message


def test_what_uv_cannot_read_is_refused(index: tuple[Service, str], uv: UvPackages) -> None:
    question = Wanted(TARGET, ("numpy",), ("numpy ;; x",), indexes=Indexes(index[1]))
    answer = unsolved(uv.compile(question))
    assert answer.cause == "refused"
    assert answer.message


def test_a_file_without_digest_is_fetched_for_it(
    index: tuple[Service, str], uv: UvPackages
) -> None:
    answer = solved(uv.compile(wanted(index, "undigested")))
    assert [len(package.digests) for package in answer.packages] == [1]


def test_no_source_is_opened(index: tuple[Service, str], uv: UvPackages) -> None:
    before = len(index[0].asked)
    uv.compile(wanted(index, "needs-source"))
    asked = [request.path for request in index[0].asked[before:]]
    assert not [path for path in asked if path.endswith(".tar.gz")]


def test_a_source_that_may_be_built_is_opened(index: tuple[Service, str], uv: UvPackages) -> None:
    before = len(index[0].asked)
    allowed = Wanted(TARGET, ("source",), allowed_builds=("source",), indexes=Indexes(index[1]))
    assert unsolved(uv.compile(allowed)).cause == "refused"  # what it holds is no archive
    asked = [request.path for request in index[0].asked[before:]]
    assert [path for path in asked if path.endswith(".tar.gz")]


def test_torch_comes_from_its_own_index_and_nothing_else_does(uv: UvPackages) -> None:
    with package_index(*RELEASES) as (service, default):
        torch = publish(
            service,
            [
                release("torch==2.8.0+cu128", "numpy"),
                release("torchvision==0.23.0+cu128", "torch==2.8.0"),
                release("torchaudio==2.8.0+cu128", "torch==2.8.0"),
                release("numpy==99"),
            ],
            "whl/cu128",
        )
        question = Wanted(
            CUDA,
            ("torch", "torchvision", "torchaudio", "numpy"),
            indexes=Indexes(default=default, torch=torch),
        )
        answer = solved(uv.compile(question))
    assert answer.versions == {
        "numpy": "2.1.0",
        "torch": "2.8.0+cu128",
        "torchaudio": "2.8.0+cu128",
        "torchvision": "0.23.0+cu128",
    }


def test_an_extra_index_is_asked_first(index: tuple[Service, str], uv: UvPackages) -> None:
    extra = publish(index[0], [release("numpy==1.99")], "extra")
    question = Wanted(TARGET, ("numpy",), indexes=Indexes(index[1], (extra,)))
    assert solved(uv.compile(question)).versions == {"numpy": "1.99"}


def test_an_archive_by_address_is_locked_by_digest(
    index: tuple[Service, str], uv: UvPackages
) -> None:
    address = f"{index[0].url}/files/simple/old-1-py3-none-any.whl"
    for requirement in (address, f"old @ {address}"):
        answer = solved(uv.compile(wanted(index, requirement)))
        assert [(package.name, package.url) for package in answer.packages] == [
            ("numpy", None),
            ("old", address),
        ]
        assert all(package.digests for package in answer.packages)
        assert not any(package.is_built for package in answer.packages)


def test_a_damaged_earlier_lock_is_refused(index: tuple[Service, str], uv: UvPackages) -> None:
    question = Wanted(TARGET, ("numpy",), indexes=Indexes(index[1]), earlier=b"damaged")
    with pytest.raises(LockParseError):
        uv.compile(question)


# repositories


def repository(folder: Path, name: str, file: str, text: str) -> str:
    """A git repository with one file; the requirement that asks for it."""
    place = folder / name
    place.mkdir()
    (place / file).write_text(text)
    who = ("-c", "user.name=a", "-c", "user.email=a@h.example")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", *words], cwd=place, check=True)
    return f"{name} @ git+{place.as_uri()}"


def test_a_repository_is_pinned_to_its_commit(
    index: tuple[Service, str], uv: UvPackages, tmp_path: Path
) -> None:
    text = '[project]\nname = "tool"\nversion = "1.0"\ndependencies = ["numpy<2"]\n'
    asked = repository(tmp_path, "tool", "pyproject.toml", text)
    for requirement in (asked, asked.partition(" @ ")[2]):
        numpy, tool = solved(uv.compile(wanted(index, requirement))).packages
        assert (numpy.version, numpy.is_built) == ("1.26.4", False)
        assert (tool.name, tool.version, tool.is_built) == ("tool", "1.0", True)
        assert tool.commit is not None
        assert len(tool.commit) == 40


def test_code_of_a_repository_does_not_run(
    index: tuple[Service, str], uv: UvPackages, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    asked = repository(tmp_path, "tool", "setup.py", f"open({str(ran)!r}, 'w')\n")
    answer = unsolved(uv.compile(wanted(index, asked)))
    assert (answer.cause, answer.unbuilt) == ("no-wheel", ("tool",))
    bare = unsolved(uv.compile(wanted(index, asked.partition(" @ ")[2])))
    assert (bare.cause, bare.unbuilt) == ("no-wheel", ())
    assert not ran.exists()


def test_a_revision_or_repository_that_is_not_there_is_no_outage(
    index: tuple[Service, str], uv: UvPackages, tmp_path: Path
) -> None:
    asked = repository(tmp_path, "tool", "setup.py", "")
    for requirement in (f"{asked}@nothing", asked.replace("/tool", "/gone")):
        answer = unsolved(uv.compile(wanted(index, requirement)))
        assert answer.cause == "not-found"


# who cannot be reached


def test_an_index_that_is_gone_is_named(uv: UvPackages, tmp_path: Path) -> None:
    with package_index(*RELEASES) as (service, url):
        place = service.place
        question = Wanted(TARGET, ("old",), indexes=Indexes(url))
        first = solved(uv.compile(question))
    with pytest.raises(SourceUnavailableError) as raised:
        UvPackages(str(tmp_path / "cold"), limits=UvLimits(retries=0)).compile(question)
    assert (raised.value.service, raised.value.exit_code) == (place, 3)
    assert "cannot be reached" in str(raised.value)
    assert uv.compile(question, offline=True) == first  # the cache is warm


def test_offline_with_a_cold_cache_says_what_is_missing(
    index: tuple[Service, str], uv: UvPackages
) -> None:
    with pytest.raises(OfflineError, match="`numpy` is not in uv's cache") as raised:
        uv.compile(wanted(index, "numpy"), offline=True)
    assert raised.value.exit_code == 3
    assert raised.value.hint == "run once without `--offline`"


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "wants a user"), (403, "wants a user"), (500, "500"), (503, "503")],
)
def test_an_index_in_trouble_is_named(uv: UvPackages, status: int, told: str) -> None:
    with package_index() as (service, url):
        service.answers["/simple/numpy/"] = Answer(b"", status)
        with pytest.raises(SourceUnavailableError, match=told) as raised:
            uv.compile(Wanted(TARGET, ("numpy",), indexes=Indexes(url)))
        assert raised.value.service == service.place


def test_a_repository_that_is_gone_is_named(index: tuple[Service, str], uv: UvPackages) -> None:
    with pytest.raises(SourceUnavailableError) as raised:
        uv.compile(wanted(index, "git+https://nowhere.invalid/a/b"))
    assert raised.value.service in {"nowhere.invalid", index[0].place}


def test_a_password_reaches_its_index_and_nobody_else(uv: UvPackages) -> None:
    with package_index(release("numpy==2.1.0")) as (service, url):
        secret = url.replace("://", "://someone:s3cretpass@")
        answer = solved(uv.compile(Wanted(TARGET, ("numpy",), indexes=Indexes(secret))))
        assert b"s3cretpass" not in answer.pylock
        service.answers.clear()
        failed = unsolved(uv.compile(Wanted(TARGET, ("gone",), indexes=Indexes(secret))))
    assert "s3cretpass" not in repr(failed)
    with pytest.raises(SourceUnavailableError) as raised:
        uv.compile(Wanted(TARGET, ("other",), indexes=Indexes(secret)))
    assert "s3cretpass" not in str(raised.value)
    assert "s3cretpass" not in raised.value.service


# uv itself


def test_settings_of_the_user_do_not_count(
    index: tuple[Service, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "uv"
    config.mkdir()
    (config / "uv.toml").write_text('[pip]\nconstraints = ["x.txt"]\nno-index = true\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("UV_INDEX_URL", "http://nowhere.invalid/simple")
    monkeypatch.setenv("UV_CONSTRAINT", "nowhere.txt")
    monkeypatch.setenv("UV_OFFLINE", "1")
    answer = UvPackages(str(tmp_path / "cache")).compile(wanted(index, "numpy"))
    assert solved(answer).versions == {"numpy": "2.1.0"}


def script(folder: Path, text: str) -> str:
    path = folder / "uv"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_a_uv_that_hangs_is_ended(index: tuple[Service, str], tmp_path: Path) -> None:
    uv = UvPackages(limits=UvLimits(seconds=0.1), program=script(tmp_path, "sleep 60 & wait"))
    with pytest.raises(SourceUnavailableError, match="uv: did not finish within 0"):
        uv.compile(wanted(index, "numpy"))


def test_a_uv_that_cannot_be_started_is_named(index: tuple[Service, str], tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="uv: cannot be started"):
        UvPackages(program=str(tmp_path / "nothing")).compile(wanted(index, "numpy"))


def test_a_missing_uv_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uv", None)
    with pytest.raises(SourceUnavailableError, match="uv: is not installed") as raised:
        UvPackages().compile(Wanted(TARGET, ("numpy",)))
    assert raised.value.hint == "Install it beside comfylock: `pip install uv`"


@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_files_that_stay_without_digest_are_an_index_fault(
    index: tuple[Service, str], tmp_path: Path
) -> None:
    pylock = (
        'printf "lock-version = \\"1.0\\"\\n[[packages]]\\nname = \\"a\\"\\n" > pylock.comfy.toml'
    )
    with pytest.raises(SourceUnavailableError, match="gives no digest for `a`"):
        UvPackages(program=script(tmp_path, pylock)).compile(wanted(index, "a"))
