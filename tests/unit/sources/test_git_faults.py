"""Is something not there, or could the host not be reached?"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.net.answers import InMemory
from comfylock.sources.git import Git
from comfylock.sources.git_command import Commands, Limits, TooLargeError
from comfylock.sources.git_faults import missing_of
from comfylock.sources.git_remote import renamed
from comfylock.sources.interface import GitPin, Missing
from tests.services.git_server import Fault

if TYPE_CHECKING:
    from tests.services.git_server import GitServer

NAME = "github.com/owner/pack"
PACK = f"https://{NAME}"


def failure(git: Git, revision: str | None = None) -> SourceUnavailableError:
    with pytest.raises(SourceUnavailableError) as caught:
        git.pin(PACK, revision, read=True)
    return caught.value


# nothing there


@pytest.mark.parametrize(
    ("fault", "reason", "message"),
    [
        (Fault(404, b"Not Found"), "private-or-missing", "is private or does not exist"),
        (Fault(403), "private-or-missing", "is private or does not exist"),
        (Fault(410), "private-or-missing", "is private or does not exist"),
        (Fault(451), "legal", "was taken down for legal reasons"),
    ],
)
def test_refusals_are_values(
    host: GitServer, git: Git, fault: Fault, reason: str, message: str
) -> None:
    host.faults[NAME] = fault
    found = git.refs(PACK)
    assert isinstance(found, Missing)
    assert (found.reason, found.message) == (reason, f"`{PACK}` {message}")


def test_a_page_where_a_repository_should_be_is_the_hosts_trouble(
    host: GitServer, git: Git
) -> None:
    host.faults[NAME] = Fault(200, b"<html>\nSign in\n</html>\n")
    error = failure(git)
    assert str(error) == f"github.com: answered for `{PACK}` with what is no git repository"
    assert error.hint == "check the address, or try again later"


def test_a_private_repository_asks_nobody(host: GitServer, git: Git) -> None:
    host.repository(NAME).commit({"a": "1"})
    host.hide(NAME)
    found = git.pin(PACK, None, read=False)
    assert isinstance(found, Missing)
    assert found.reason == "private-or-missing"
    assert found.hint is not None
    assert "for a private one set GITHUB_TOKEN" in found.hint
    assert all("Authorization" not in asked.headers for asked in host.asked)


def test_p22_a_token_opens_private_repositories_of_its_own_host_alone(
    host: GitServer, tmp_path: Path
) -> None:
    commit = host.repository(NAME).commit({"a": "1"})
    host.repository("gitlab.com/acme/other").commit({"a": "1"})
    host.hide(NAME)
    host.tokens.add("ghp_planted")
    # What `insteadOf` makes of an address is what git looks the header up by.
    tokens = {f"{host.url}/github.com/": "ghp_planted", "https://github.com/": "ghp_elsewhere"}
    with Git(InMemory(), scratch=str(tmp_path), tokens=tokens) as git:
        found = git.pin(PACK, None, read=False)
        assert not isinstance(found, Missing), found
        assert found.facts.commit == commit
        assert not isinstance(git.refs("https://gitlab.com/acme/other"), Missing)
    with_token = [asked.path for asked in host.asked if "Authorization" in asked.headers]
    assert with_token
    assert all(path.startswith("/github.com/") for path in with_token)


def test_ssh_says_what_to_check() -> None:
    stderr = "git@x: Permission denied (publickey).\nfatal: Could not read from remote repository."
    found = missing_of(stderr, "ssh://git@example.com/o/r")
    assert found.reason == "private-or-missing"
    assert found.hint == "check the address, and that your ssh key may read it"


@pytest.mark.parametrize(
    ("stderr", "message", "hint"),
    [
        (
            "ssh: connect to host x port 22: refused\n",
            "ssh: connect to host x port 22: refused",
            "",
        ),
        (
            "Host key verification failed.\nfatal: Could not read",
            "Could not read",
            "accept its key",
        ),
        ("fatal: transport 'https' not allowed", "transport 'https' not allowed", "insteadOf"),
        ("error: RPC failed; curl 18\nfatal: protocol error: bad pack", "RPC failed; curl 18", ""),
        ("", "no reason given", ""),
        ("fatal: x https://u:planted@h/ y", "x https://h/ y", ""),
    ],
)
def test_other_words_of_git_are_passed_on(stderr: str, message: str, hint: str) -> None:
    with pytest.raises(SourceUnavailableError) as caught:
        missing_of(stderr, "ssh://git@example.com/o/r")
    assert str(caught.value) == f"example.com: git failed: {message}"
    assert hint in (caught.value.hint or "")


# hosts that do not answer


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_host_in_trouble_is_named(host: GitServer, git: Git, status: int) -> None:
    host.faults[NAME] = Fault(status)
    error = failure(git)
    assert str(error) == f"github.com: answered {status}"
    assert (error.service, error.exit_code) == ("github.com", 3)
    assert len(host.asked) == 2


def test_a_host_that_recovers_is_asked_again(host: GitServer, git: Git) -> None:
    commit = host.repository(NAME).commit({"a": "1"})
    host.faults[NAME] = Fault(503, times=1)
    found = git.pin(PACK, None, read=False)
    assert isinstance(found, GitPin)
    assert found.facts.commit == commit
    assert len(host.asked) == 5


def test_a_refused_connection_is_named(
    host: GitServer, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.http://user:planted@127.0.0.1:1/.insteadOf")
    error = failure(git)
    assert str(error).startswith("github.com: cannot be reached: Failed to connect to 127.0.0.1")
    assert "planted" not in str(error)
    assert host.asked == []


def test_a_fault_of_tls_is_named(
    host: GitServer, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = host.url.replace("http:", "https:")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{address}/.insteadOf")
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "https")
    assert str(failure(git)).startswith("github.com: cannot be reached: ")


def test_a_protocol_that_the_user_forbids_is_not_used(
    host: GitServer, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ssh")
    assert str(failure(git)) == "github.com: git failed: transport 'http' not allowed"
    assert host.asked == []


def test_an_answer_that_breaks_off_is_a_fault(host: GitServer, git: Git) -> None:
    noise = random.Random(1).randbytes(100_000)
    host.repository(NAME).commit({"a": noise})
    host.faults[NAME] = Fault(keeps=20_000, step="git-upload-pack")
    assert failure(git).service == "github.com"
    host.faults.clear()


def test_a_fetch_that_failed_can_be_tried_again(host: GitServer, tmp_path: Path) -> None:
    host.repository(NAME).commit({"a": random.Random(1).randbytes(100_000)})
    with Git(InMemory(), scratch=str(tmp_path), limits=Limits(pauses=())) as git:
        host.faults[NAME] = Fault(keeps=20_000, step="git-upload-pack")
        refs = git.refs(PACK)
        assert not isinstance(refs, Missing)
        scratch = git.scratch(PACK)
        assert refs.head is not None
        with pytest.raises(SourceUnavailableError):
            scratch.commit(refs.head)
        host.faults.clear()
        assert not isinstance(scratch.commit(refs.head), Missing)


@pytest.mark.parametrize("step", ["info/refs", "git-upload-pack"])
def test_a_host_that_says_nothing_is_given_up(host: GitServer, tmp_path: Path, step: str) -> None:
    host.repository(NAME).commit({"a": "1"})
    host.faults[NAME] = Fault(hangs=True, step=step)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with Git(InMemory(), scratch=str(scratch), limits=Limits(seconds=0.3, pauses=())) as git:
        assert str(failure(git)) == "github.com: did not finish within 0.3 s"
    assert list(scratch.iterdir()) == []


def test_closing_ends_what_is_running(host: GitServer, tmp_path: Path) -> None:
    host.faults[NAME] = Fault(hangs=True)
    commands = Commands(str(tmp_path), Limits())
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(commands.run, "ls-remote", "--", PACK, service="github.com")
        while not host.asked:
            time.sleep(0.01)
        commands.close()
        with pytest.raises(SourceUnavailableError, match=r"github\.com: was interrupted"):
            running.result(5)
    with pytest.raises(SourceUnavailableError, match=r"github\.com: was interrupted"):
        commands.run("ls-remote", "--", PACK, service="github.com")
    assert len(host.asked) == 1


# limits


@pytest.mark.parametrize("limits", [Limits(output=10), Limits(folder=1000)])
def test_too_much_is_refused(host: GitServer, tmp_path: Path, limits: Limits) -> None:
    host.repository(NAME).commit({"a": random.Random(1).randbytes(50_000)})
    with Git(InMemory(), scratch=str(tmp_path), limits=limits) as git:
        message = "github.com: sends more than is allowed for one repository"
        assert str(failure(git)) == message


def test_a_program_that_prints_without_end_is_ended(tmp_path: Path) -> None:
    commands = Commands(str(tmp_path), Limits(output=1 << 20))
    with pytest.raises(TooLargeError):
        commands.run("-c", "alias.endless=!yes", "endless", service="example.com")


# the machine


def test_without_git_the_message_says_so(
    host: GitServer, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    error = failure(git)
    assert str(error) == "git: is not installed"
    assert "git-scm.com" in (error.hint or "")
    assert host.asked == []


def test_without_git_the_import_works() -> None:
    code = (
        "from comfylock.net.answers import InMemory\n"
        "from comfylock.sources.git import Git\n"
        "from comfylock.errors import SourceUnavailableError\n"
        "try:\n    Git(InMemory()).refs('https://github.com/a/b')\n"
        "except SourceUnavailableError as error:\n    print(error)"
    )
    environment = {**os.environ, "PATH": "", "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "git: is not installed"


def test_git_is_not_loaded_before_it_is_needed() -> None:
    code = "import comfylock.sources.git, sys; print('git' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_redirect_away_from_https_is_refused(tmp_path: Path) -> None:
    commands = Commands(str(tmp_path), Limits())
    told = "warning: redirecting to http://github.com/n/m/\n"
    with pytest.raises(SourceUnavailableError, match="leads to an address without https"):
        renamed(commands, PACK, told)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("GIT_SSH_COMMAND", "ssh -x", []),
        ("GIT_SSH", "plink", []),
        ("GIT_TRACE", "0", ["-c", "core.sshCommand=ssh -oBatchMode=yes"]),
    ],
)
def test_ssh_asks_nobody_unless_the_user_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: list[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert Commands(str(tmp_path), Limits()).remote_options() == expected


def test_a_configured_ssh_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.sshCommand")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "ssh -i key")
    assert Commands(str(tmp_path), Limits()).remote_options() == []


def test_ssh_is_started_without_a_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\nexit 255\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ssh")
    with Git(InMemory(), scratch=str(tmp_path)) as git, pytest.raises(SourceUnavailableError):
        git.refs("git@git.example.com:o/r")
    assert "-oBatchMode=yes" in log.read_text("utf-8")
    assert "git@git.example.com" in log.read_text("utf-8")


def test_noise_of_tracing_changes_nothing(
    host: GitServer, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.repository("github.com/new/name").commit({"a": "1"})
    host.renamed[NAME] = "github.com/new/name"
    monkeypatch.setenv("GIT_TRACE", "1")
    found = git.pin(PACK, None, read=False)
    assert isinstance(found, GitPin)
    assert found.facts.repository == "https://github.com/new/name"


def test_a_damaged_scratch_folder_is_a_fault_of_ours(host: GitServer, git: Git) -> None:
    made = host.repository(NAME)
    commit = made.commit({"a": "1"})
    objects = git.scratch(PACK).commit(commit)
    assert not isinstance(objects, Missing)
    told = "git: cannot read what it fetched"
    with pytest.raises(SourceUnavailableError, match=told):
        objects.entries("1" * 40)
    with pytest.raises(SourceUnavailableError, match=told):
        objects.digest("1" * 40)
