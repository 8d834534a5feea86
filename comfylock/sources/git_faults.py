"""What git's refusals mean: nothing there, or a host that could not be reached."""

from __future__ import annotations

from comfylock.errors import SourceUnavailableError
from comfylock.names import printable
from comfylock.patterns import Pattern
from comfylock.redaction import redact
from comfylock.sources.git_urls import host_of, redacted
from comfylock.sources.interface import Missing

_STATUS = Pattern(r"returned error: (\d{3})")
_ACCESS = Pattern(r"unable to access '[^']*': (.*)")
_UNWANTED = (
    "not our ref",
    "couldn't find remote ref",
    "unadvertised object",
    "no such remote ref",
)
_PRIVATE = (
    "could not read Username",
    "could not read Password",
    "Authentication failed",
    "Repository not found",
    "repository not exported",
    "Permission denied (publickey",
    "does not appear to be a git repository",
)
_NO_GIT = ("is this a git repository", "invalid server response; got")


def is_unadvertised(stderr: str) -> bool:
    """Say whether a server refuses a commit only because no branch or tag points to it."""
    return "unadvertised object" in stderr


def missing_of(stderr: str, repository: str, revision: str | None = None) -> Missing:
    """Return why there is nothing, from what git said.

    Raises:
        SourceUnavailableError: git's words mean that the host did not answer usefully.
    """
    if revision is not None and any(words in stderr for words in _UNWANTED):
        return no_such_revision(repository, revision)
    status = _STATUS.search(stderr)
    code = int(status[1]) if status else 0
    if code == 451:
        return Missing("legal", f"`{repository}` was taken down for legal reasons")
    if code in {401, 403, 404, 410} or any(words in stderr for words in _PRIVATE):
        return private_or_missing(repository)
    if any(line.startswith("fatal: repository '") for line in stderr.splitlines()):
        return private_or_missing(repository)
    if any(words in stderr for words in _NO_GIT):
        # A wrong address, or a page of maintenance: whatever was pinned must not be lost by it.
        told = f"answered for `{repository}` with what is no git repository"
        hint = "check the address, or try again later"
        raise SourceUnavailableError(host_of(repository), told, hint=hint)
    raise SourceUnavailableError(host_of(repository), _reason(stderr, code), hint=_hint(stderr))


def private_or_missing(repository: str) -> Missing:
    """Say that a host shows no such repository to this user."""
    if repository.startswith("ssh://"):
        hint = "check the address, and that your ssh key may read it"
    elif repository.startswith("https://github.com/"):
        hint = (
            "check the address; for a private one set GITHUB_TOKEN, or give it as "
            "`ssh://git@github.com/owner/repo`"
        )
    else:
        hint = "check the address; give a private one as `ssh://git@host/owner/repo`"
    return Missing("private-or-missing", f"`{repository}` is private or does not exist", hint)


def no_such_revision(repository: str, revision: str) -> Missing:
    """Say that a repository has no such branch, tag or commit."""
    return Missing(
        "no-such-revision",
        f"`{repository}` has no branch, tag or commit `{printable(revision)}`",
        f"`git ls-remote {repository}` lists its branches and tags",
    )


def _reason(stderr: str, status: int) -> str:
    if status:
        return f"answered {status}"
    access = _ACCESS.search(stderr)
    if access is not None:
        return f"cannot be reached: {_clean(access[1])}"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal: ", "error: ", "ssh: "))]
    told = (fatal or lines or ["no reason given"])[0]
    return f"git failed: {_clean(told.removeprefix('fatal: ').removeprefix('error: '))}"


def _hint(stderr: str) -> str | None:
    if "Host key verification failed" in stderr:
        return "Connect to it with `ssh` once and accept its key"
    if "not allowed" in stderr and "transport" in stderr:
        return "Check `GIT_ALLOW_PROTOCOL` and `url.*.insteadOf` in git's configuration"
    return None


def _clean(text: str) -> str:
    return printable(redact(redacted(text))).rstrip(". ")
