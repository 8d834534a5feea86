"""Which repository URLs are taken, in which one spelling, and where redirects lead."""

from __future__ import annotations

import posixpath
from urllib.parse import SplitResult, urlsplit

from comfylock.names import SHORT_HOSTS, normalise_repository, printable
from comfylock.patterns import Pattern
from comfylock.sources.interface import Missing

FORGES = frozenset(["bitbucket.org", "codeberg.org", "gist.github.com", "github.com", "gitlab.com"])
"""Hosts that answer for a repository with and without `.git`."""

MAX_LENGTH = 1000

_SCP = Pattern(r"(?:([A-Za-z0-9._][A-Za-z0-9._-]{0,60})@)?([A-Za-z0-9.-]+):(?!/)([^\s]+)\Z")
_HOST = Pattern(r"(?!-)[A-Za-z0-9.-]{1,253}\Z")
_USER = Pattern(r"(?!-)[A-Za-z0-9._-]{1,60}\Z")
_PATH = Pattern(r"(?:/[A-Za-z0-9._~%+@:=,-]+)+\Z")
_SECRET = Pattern(r"(?<=://)[^/\s]*@")


def repository_url(text: str, *, base: str | None = None) -> str | Missing:
    """Return the one spelling of a repository's URL that git may be given: https or ssh.

    Users and passwords are left out, but for the user of ssh. A relative URL (`../other`) is
    taken from `base`, as git does for submodules.
    """
    text = text.strip().removeprefix("git+")
    if len(text) > MAX_LENGTH or not text.isprintable() or not text.isascii():
        return _refused(text, "is no URL of a repository")
    if base is not None and text.startswith(("./", "../")):
        return _relative(text, base)
    match = _SCP.match(text)
    if match is not None and "://" not in text:
        text = f"ssh://{match[1] or 'git'}@{match[2]}/{match[3]}"
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _refused(text, "is no URL of a repository")
    if parts.scheme not in {"https", "ssh"}:
        return _refused(text, "is neither an https nor an ssh address")
    return _spelled(text, parts, port)


def _spelled(text: str, parts: SplitResult, port: str) -> str | Missing:
    host = (parts.hostname or "").removeprefix("www.")
    path = "/" + "/".join(part for part in parts.path.split("/") if part)
    if not _HOST.match(host) or not _PATH.match(path) or {".", ".."} & set(path.split("/")):
        return _refused(text, "is no URL of a repository")
    if host in FORGES:
        path = path.partition("/-/")[0].removesuffix(".git")
    if parts.scheme == "ssh":
        user = parts.username if parts.username and _USER.match(parts.username) else "git"
        return f"ssh://{user}@{host}{port}{path}"
    url = f"https://{host}{port}{path}"
    return (normalise_repository(url) or url) if host in SHORT_HOSTS else url


def _relative(text: str, base: str) -> str | Missing:
    parts = urlsplit(base)
    path = posixpath.normpath(posixpath.join(parts.path, text))
    climbs = text.split("/").count("..") > len([part for part in parts.path.split("/") if part])
    if climbs or path == "/":
        return _refused(text, "leads out of its host")
    return repository_url(parts._replace(path=path).geturl())


def _refused(text: str, why: str) -> Missing:
    hint = "give it as `https://host/owner/repo` or `ssh://git@host/owner/repo`"
    return Missing("not-allowed", f"`{redacted(printable(text))}` {why}", hint)


def redacted(text: str) -> str:
    """Return a text without users and passwords in its URLs."""
    return _SECRET.sub("", text)


def host_of(url: str) -> str:
    """Return the host of a repository's URL; it names the service in messages."""
    return urlsplit(url).hostname or "git"


def after_redirect(url: str, fetched: str, target: str) -> str | Missing:
    """Return where a repository is now.

    `fetched` is what git makes of `url` (`insteadOf` may lead to a mirror), `target` where that
    was redirected to. A move inside a mirror is the same move on the host itself.
    """
    plain, moved = fetched.rstrip("/"), target.rstrip("/")
    path = urlsplit(url).path
    for ending in ("", ".git"):
        prefix = plain.removesuffix(ending).removesuffix(path)
        if prefix != plain.removesuffix(ending) and moved.startswith(f"{prefix}/"):
            origin = url.removesuffix(path)
            return repository_url(origin + moved.removeprefix(prefix))
    return repository_url(moved)
