"""Running git: nothing of a stranger's repository or of the working folder takes part.

No prompt, hook, filter, credential helper or maintenance; a budget of time and space for each
command. The user's own configuration (`insteadOf`, proxies, certificates) stays in force.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from base64 import b64encode
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.errors import SourceUnavailableError
from comfylock.hashing import sha256_of_stream
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

POLL = 0.2
"""Seconds between two looks at the budget."""

_OPTIONS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "fetch.fsckObjects": "false",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "protocol.file.allow": "always",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "submodule.recurse": "false",
}
_HEADER = "COMFYLOCK_GIT_HEADER_"
_TROUBLE = Pattern(
    r"returned error: (?:429|5\d\d)|RPC failed|early EOF|reset by peer|unexpected disconnect"
)
# http and file are for `insteadOf` alone: addresses given by others are https or ssh.


class Limits(Struct, frozen=True):
    """What one command of git may cost."""

    seconds: float = 300.0
    output: int = 64 << 20
    """Bytes that it may print."""
    folder: int = 1 << 30
    """Bytes that it may store."""
    at_once: int = 16
    """Commands that may talk to one host at the same time."""
    pauses: tuple[float, ...] = (0.5, 2.0)
    """Seconds before each new try where a host is in trouble, and up to half as long again."""


class Outcome(Struct, frozen=True):
    """What git said."""

    status: int
    out: bytes
    err: str


class TooLargeError(SourceUnavailableError):
    """A command of git got more than it may."""


class Commands:
    """Runs git in a folder of its own, until it is closed.

    `tokens` are by base address (`https://github.com/`); git sends each below its own alone.
    """

    def __init__(
        self, folder: str, limits: Limits, tokens: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self._tokens = dict(tokens or {})
        self.limits = limits
        self.is_closed = False
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ssh: str | None = None
        self._gates: dict[str, BoundedSemaphore] = {}
        self._lock = Lock()

    def close(self) -> None:
        """End every command that is running in any thread; none begins any more."""
        self.is_closed = True
        with self._lock:
            running = list(self._running)
        for process in running:
            _end(process)

    def run(
        self,
        *arguments: str,
        repository: str | None = None,
        service: str = "git",
        data: bytes = b"",
    ) -> Outcome:
        """Return what a command says. Only `ls-remote` and `fetch` use the network.

        `repository` is a git directory; None: there is none. `service` is who to blame.

        Raises:
            SourceUnavailableError: git is not installed, or the command took too long.
            TooLargeError: it printed or stored too much.
        """
        self._check_closed(service)
        process = self._started([*arguments], repository, data)
        with self._lock:
            self._running.add(process)
        deadline = time.monotonic() + self.limits.seconds
        try:
            return self._outcome(process, repository, service, deadline)
        finally:
            with self._lock:
                self._running.discard(process)
            _kill(process)

    def remote(
        self, *arguments: str, service: str, repository: str | None = None, data: bytes = b""
    ) -> Outcome:
        """Return what a command says that uses the network; a host in trouble is asked again.

        Raises:
            SourceUnavailableError: as `run`; what git itself says is part of the outcome.
        """
        with self._lock:
            gate = self._gates.setdefault(service, BoundedSemaphore(self.limits.at_once))
        with gate:
            command = [*self.remote_options(), *arguments]
            for pause in self.limits.pauses:
                done = self.run(*command, repository=repository, service=service, data=data)
                if not done.status or _TROUBLE.search(done.err) is None:
                    return done
                time.sleep(pause * random.uniform(1, 1.5))  # noqa: S311 - spreads load, no secret
            return self.run(*command, repository=repository, service=service, data=data)

    def digest(self, *arguments: str, repository: str) -> tuple[str, int]:
        """Return the sha256 of what a local command prints, and its length (bytes).

        Raises:
            SourceUnavailableError: git is not installed, or refuses.
        """
        with self._started([*arguments], repository, b"") as process:
            found = sha256_of_stream(process.stdout)
            if process.wait(self.limits.seconds):
                raise SourceUnavailableError("git", "cannot read what it fetched")
        return found

    def remote_options(self) -> list[str]:
        """Return what is set for commands that use the network: ssh must not ask anybody."""
        options = [
            f"--config-env=http.{base}.extraHeader={_HEADER}{number}"
            for number, base in enumerate(self._tokens)
        ]
        if os.environ.get("GIT_SSH_COMMAND") or os.environ.get("GIT_SSH"):
            return options
        if self._ssh is None:
            self._ssh = self.run("config", "--get", "core.sshCommand").out.decode().strip()
        return options if self._ssh else [*options, "-c", "core.sshCommand=ssh -oBatchMode=yes"]

    def _headers(self) -> dict[str, str]:
        """Return the tokens as git sends them; in the environment, where no other user looks.

        Source: https://docs.github.com/authentication (a token as the password of anybody).
        """
        return {
            f"{_HEADER}{number}": f"Authorization: Basic {_basic(token)}"
            for number, token in enumerate(self._tokens.values())
        }

    def _outcome(
        self, process: Any, repository: str | None, service: str, deadline: float
    ) -> Outcome:
        import subprocess  # noqa: PLC0415 - GitPython has loaded it by now

        while True:
            try:
                out, err = process.communicate(timeout=POLL)
            except subprocess.TimeoutExpired as waiting:
                self._check_budget(waiting.output, repository, service, deadline)
                continue
            self._check_closed(service)
            stored = _size(repository) if repository and service != "git" else 0
            if len(out) > self.limits.output or stored > self.limits.folder:
                raise _too_large(service)
            return Outcome(process.returncode, out, err.decode("utf-8", "replace"))

    def _check_closed(self, service: str) -> None:
        if self.is_closed:
            raise SourceUnavailableError(service, "was interrupted")

    def _check_budget(
        self, printed: bytes | None, repository: str | None, service: str, deadline: float
    ) -> None:
        self._check_closed(service)  # it may have begun while others were ended
        if time.monotonic() > deadline:
            message = f"did not finish within {self.limits.seconds:g} s"
            raise SourceUnavailableError(service, message)
        stored = _size(repository) if repository is not None else 0
        if len(printed or b"") > self.limits.output or stored > self.limits.folder:
            raise _too_large(service)

    def _started(self, arguments: list[str], repository: str | None, data: bytes) -> Any:
        git = _client(self.folder)
        program = git.GIT_PYTHON_GIT_EXECUTABLE or "git"
        command = [program, "--no-replace-objects", "--no-optional-locks", "--no-pager"]
        for name, value in _OPTIONS.items():
            command += ["-c", f"{name}={value}"]
        directory = repository or os.path.join(self.folder, "none")
        command += [f"--git-dir={directory}", *arguments]
        with tempfile.TemporaryFile(dir=self.folder) as stdin:
            stdin.write(data)
            stdin.seek(0)
            try:
                handle = git.execute(
                    command,
                    istream=stdin,
                    as_process=True,
                    env=_environment(directory) | self._headers(),
                    start_new_session=True,
                )
            except (OSError, _not_found()) as error:
                raise _not_installed() from error
        # The wrapper would end the process when it goes out of scope; `run` sees to that.
        process, handle.proc = handle.proc, None
        return process


def _basic(token: str) -> str:
    return b64encode(f"x-access-token:{token}".encode()).decode()


def _environment(directory: str) -> dict[str, str]:
    """Return what overrides the caller's environment; a git hook's variables lead elsewhere."""
    return {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
        "GIT_ASKPASS": "",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OBJECT_DIRECTORY": os.path.join(directory, "objects"),
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "LANGUAGE": "C",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
    }


def _client(folder: str) -> Any:
    # GitPython looks for git when it is imported, and must not fail the import without one.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git  # noqa: PLC0415 - it costs a tenth of a second

    return git.cmd.Git(folder)


def _not_found() -> type[Exception]:
    import git  # noqa: PLC0415 - loaded by now

    return git.exc.GitCommandNotFound


def _not_installed() -> SourceUnavailableError:
    hint = "install git (https://git-scm.com) and see that it is on the PATH"
    return SourceUnavailableError("git", "is not installed", hint=hint)


def _too_large(service: str) -> TooLargeError:
    return TooLargeError(service, "sends more than is allowed for one repository")


def _size(folder: str) -> int:
    total = 0
    for place, _, files in os.walk(os.path.join(folder, "objects")):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # git renames its files while we look
                continue
    return total


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End git, wait for it, and close the pipes."""
    if process.returncode is None:
        _end(process)
        process.communicate()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and the transport that it started; both hold the pipes open."""
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass
