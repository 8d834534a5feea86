"""Packs that are one Python file: from git where their address is in a repository."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from comfylock.definitions.pack_files import PYTHON_SIZE
from comfylock.errors import RefusedError
from comfylock.links import clean_url, host_of
from comfylock.names import printable
from comfylock.net.interface import Known, Question
from comfylock.patterns import Pattern
from comfylock.sources.git_files import file_of, locate, moving
from comfylock.sources.interface import CommitFacts, FileFacts, Missing, SourceFacts
from comfylock.sources.source_facts import facts_of_file

if TYPE_CHECKING:
    from comfylock.net.http import Http
    from comfylock.net.interface import Answers
    from comfylock.sources.git import Git
    from comfylock.sources.git_files import Located
    from comfylock.sources.git_scratch import Scratch

_GITHUB = Pattern(
    r"https://(?:github\.com/([^/]+/[^/]+)/raw|raw\.githubusercontent\.com/([^/]+/[^/]+))/([^?]+)"
)
_GIST = Pattern(
    r"https://gist\.github(?:usercontent)?\.com/(?:([A-Za-z0-9-]+)/)?([0-9a-f]{20,40})"
    r"(?:/raw(?:/([0-9a-f]{40}))?(?:/([^/?]+))?)?/?(?:\?.*)?\Z"
)
_PAGE = (b"<!doctype html", b"<html")


class Listing(Struct, frozen=True, tag="listing"):
    """The regular files of a commit: path to id."""

    ids: dict[str, str]


_FILE = cast("type[FileFacts | Missing]", FileFacts | Missing)
_LISTING = cast("type[Listing | Missing]", Listing | Missing)


class SingleFiles:
    """Single-file packs; whatever is not in a known repository is downloaded as it is."""

    def __init__(self, git: Git, http: Http, answers: Answers) -> None:
        self._git = git
        self._http = http
        self._answers = answers

    def file(self, url: str) -> FileFacts | Missing:
        """Return the digest of a single-file pack, at a commit where its host has one.

        Raises:
            SourceUnavailableError: the host cannot be reached or does not answer usefully.
        """
        clean = clean_url(url)
        if clean is None:
            hint = "give it as `https://host/path/file.py`"
            return Missing("not-allowed", "the address of the file is no https address", hint)
        gist = _GIST.match(clean)
        if gist is not None:
            return self._gist(*gist.groups())
        github = _GITHUB.match(clean)
        if github is None:
            return self._download(clean)
        repository = f"https://github.com/{github[1] or github[2]}"
        found = locate(self._git, repository, github[3])
        if isinstance(found, Missing):
            return found
        facts = found.pin.facts
        return self._in_git(found, raw_url(facts.repository, facts.commit, found.path))

    def _gist(
        self, owner: str | None, gist: str, digits: str | None, name: str | None
    ) -> FileFacts | Missing:
        """Look into a gist; the digits in its raw address are of the file, or of a commit."""
        repository = f"https://gist.github.com/{gist}"
        found = self._git.resolve(repository, None)
        if isinstance(found, Missing):
            return found
        pin = replace(found[0], requested="HEAD")
        files = self._files(pin.facts)
        if isinstance(files, Missing):
            return files
        if name is None:
            scripts = [path for path in files.ids if path.endswith(".py")]
            if len(scripts) != 1:
                hint = "give the address of its `Raw` button"
                return Missing("ambiguous", f"`{repository}` holds {len(scripts)} scripts", hint)
            name = scripts[0]
        revision = "HEAD" if digits is None or files.ids.get(name) == digits else digits
        located = locate(self._git, repository, f"{revision}/{name}")
        if isinstance(located, Missing):
            return located
        files = self._files(located.pin.facts)
        if isinstance(files, Missing):
            return files
        place = f"https://gist.githubusercontent.com/{owner or 'anonymous'}/{gist}/raw"
        return self._in_git(located, f"{place}/{files.ids.get(name)}/{quote(name)}")

    def _files(self, facts: CommitFacts) -> Listing | Missing:
        key = f"{facts.repository}@{facts.commit}"
        return self._git.ask(
            "listing",
            key,
            _LISTING,
            lambda: _listing(self._git.scratch(facts.repository), facts.commit),
            lasting=True,
        )

    def _in_git(self, found: Located, url: str) -> FileFacts | Missing:
        facts = found.pin.facts
        answer = self._git.ask(
            "single-file",
            f"{facts.repository}@{facts.commit}:{found.path}",
            _FILE,
            lambda: _from_git(self._git.scratch(facts.repository), facts.commit, found.path),
            lasting=True,
        )
        if isinstance(answer, Missing):
            return answer
        return replace(answer, url=url, requested=moving(found.pin))

    def _download(self, url: str) -> FileFacts | Missing:
        def fetch(_: Known[FileFacts | Missing] | None) -> Known[FileFacts | Missing]:
            value = self._downloaded(url)
            return Known(value, is_kept=not isinstance(value, Missing))

        return self._answers.ask(Question("url", "single-file", url), _FILE, fetch)

    def _downloaded(self, url: str) -> FileFacts | Missing:
        sink = BytesIO()
        try:
            done = self._http.download(url, limit=PYTHON_SIZE, sink=sink)
        except RefusedError as error:
            told = f"`{printable(url)}` must not be fetched: {error.message}"
            return Missing("not-allowed", told, error.hint)
        if done.status != 200:
            return _refused(url, done.status)
        data = sink.getvalue()
        if "text/html" in done.headers.get("content-type", "") or not is_text_file(data):
            hint = "give the address of the file itself, not of a page about it"
            return Missing("not-a-file", f"`{printable(url)}` is no Python file", hint)
        return FileFacts(
            url, done.sha256, done.size, contents=_contents(url.partition("?")[0], data)
        )


def raw_url(repository: str, commit: str, path: str) -> str:
    """Return the address under which GitHub gives a file of a commit."""
    place = repository.replace("https://github.com/", "https://raw.githubusercontent.com/", 1)
    return f"{place}/{commit}/{quote(path)}"


def is_text_file(data: bytes) -> bool:
    """Say whether a file may be Python's: not a web page, not binary."""
    return not data[:1024].lstrip().lower().startswith(_PAGE) and b"\0" not in data


def _contents(path: str, data: bytes) -> SourceFacts:
    return facts_of_file(path.rpartition("/")[2], data)


def _listing(scratch: Scratch, commit: str) -> Listing | Missing:
    with scratch.lock:
        objects = scratch.commit(commit)
        if isinstance(objects, Missing):
            return objects
        return Listing({e.path: e.id for e in objects.entries(commit) if e.is_file})


def _from_git(scratch: Scratch, commit: str, path: str) -> FileFacts | Missing:
    with scratch.lock:
        found = file_of(scratch, commit, path)
        if isinstance(found, Missing):
            return found
        objects, entry = found
        data = scratch.files(objects, [entry.id], PYTHON_SIZE).get(entry.id)
    shown = f"`{printable(path)}` of `{scratch.url}`"
    if data is None:
        return Missing("too-large", f"{shown} is larger than {PYTHON_SIZE >> 20} MiB")
    if not is_text_file(data):
        return Missing("not-a-file", f"{shown} is no Python file")
    return FileFacts(
        url=scratch.url,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        repository=scratch.url,
        commit=commit,
        path=path,
        contents=_contents(path, data),
    )


def _refused(url: str, status: int) -> Missing:
    shown = f"`{printable(url)}`"
    if status in {401, 403}:
        return Missing("private-or-missing", f"{host_of(url)} refuses {shown} ({status})")
    if status == 451:
        return Missing("legal", f"{shown} was taken down for legal reasons")
    return Missing("gone" if status == 410 else "not-found", f"{shown} is not there ({status})")
