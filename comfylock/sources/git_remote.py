"""What a remote has to offer: `git ls-remote`, read with suspicion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.errors import SourceUnavailableError
from comfylock.patterns import Pattern
from comfylock.sources.git_faults import missing_of
from comfylock.sources.git_urls import after_redirect, host_of
from comfylock.sources.interface import Missing, Refs

if TYPE_CHECKING:
    from comfylock.sources.git_command import Commands

COMMIT = Pattern(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
"""A full commit."""

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"
_PEELED = "^{}"
_REDIRECT = Pattern(r"(?m)^warning: redirecting to (\S+)$")
_FALLBACKS = ("main", "master")


def remote_refs(commands: Commands, url: str) -> Refs | Missing:
    """Return branches and tags of a remote; one `ls-remote`. Uses the network.

    Raises:
        SourceUnavailableError: the host cannot be reached or does not answer usefully.
    """
    done = commands.remote("ls-remote", "--symref", "--", url, service=host_of(url))
    if done.status:
        return missing_of(done.err, url)
    moved = renamed(commands, url, done.err)
    if isinstance(moved, Missing):
        return moved
    return read_refs(moved, done.out.decode("utf-8", "replace"))


def remote_ref(commands: Commands, url: str, name: str) -> str | Missing:
    """Return the commit of a ref that is neither branch nor tag (`refs/pull/1/head`)."""
    done = commands.remote("ls-remote", "--", url, name, service=host_of(url))
    if done.status:
        return missing_of(done.err, url)
    for line in done.out.decode("utf-8", "replace").splitlines():
        commit, _, found = line.partition("\t")
        if found == name and COMMIT.match(commit):
            return commit
    return missing_of("couldn't find remote ref", url, name)


def renamed(commands: Commands, url: str, stderr: str) -> str | Missing:
    """Return where a repository is now: `url`, unless git says that it was redirected.

    Raises:
        SourceUnavailableError: it leads from https to an address without it.
    """
    match = _REDIRECT.search(stderr)
    if match is None:
        return url
    fetched = commands.run("ls-remote", "--get-url", "--", url).out.decode().strip()
    if fetched.startswith("https://") and not match[1].startswith("https://"):
        raise SourceUnavailableError(host_of(url), "leads to an address without https")
    return after_redirect(url, fetched, match[1])


def read_refs(repository: str, text: str) -> Refs:
    """Return what the lines of `git ls-remote --symref` say.

    An annotated tag has a second line (`refs/tags/v1^{}`) that names its commit.
    Source: https://git-scm.com/docs/git-ls-remote
    """
    default: str | None = None
    found: dict[str, str] = {}
    for line in text.split("\n"):
        left, tab, name = line.partition("\t")
        if not tab or not is_ref_name(name.removesuffix(_PEELED)):
            continue
        if name == "HEAD" and left.startswith(f"ref: {_HEADS}"):
            default = left.removeprefix(f"ref: {_HEADS}")
        elif COMMIT.match(left):
            found[name] = left
    branches = _below(_HEADS, found)
    tags = _below(_TAGS, found)
    tags.update({k.removesuffix(_PEELED): v for k, v in tags.items() if k.endswith(_PEELED)})
    head = found.get("HEAD")
    if default is not None:
        head = branches.get(default, head)
    elif head is not None:
        default = _guessed(branches, head)
    return Refs(
        repository=repository,
        default_branch=default if default is None or is_ref_name(default) else None,
        head=head,
        branches=branches,
        tags={k: v for k, v in tags.items() if not k.endswith(_PEELED)},
    )


def _below(prefix: str, found: dict[str, str]) -> dict[str, str]:
    names = sorted(name for name in found if name.startswith(prefix))
    return {name.removeprefix(prefix): found[name] for name in names}


def _guessed(branches: dict[str, str], head: str) -> str | None:
    """Return the branch that HEAD must be, on servers that do not say it."""
    names = [name for name in branches if branches[name] == head]
    return next((name for name in (*_FALLBACKS, *names) if name in names), None)


def is_ref_name(name: str) -> bool:
    """Say whether a ref's name is one that git allows and that is no option of a command."""
    short = name.removeprefix(_HEADS).removeprefix(_TAGS)
    return (
        0 < len(short) <= 500
        and short.isprintable()
        and not short.startswith("-")
        and not any(c in short for c in " ~^:?*[\\\N{REPLACEMENT CHARACTER}")
        and ".." not in short
    )
