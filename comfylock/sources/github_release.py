"""Files attached to GitHub releases, by the digests that GitHub publishes for them.

Source: https://docs.github.com/rest/releases/releases
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

from comfylock.errors import SourceUnavailableError
from comfylock.links import sha256_of
from comfylock.names import normalise_repository, printable, repository_key
from comfylock.net.interface import Known, Question
from comfylock.references import ReleaseAsset, canonical_url
from comfylock.sources.hashed_download import HASHED, MAX_FILE, hashed
from comfylock.sources.interface import Missing, ModelFacts

if TYPE_CHECKING:
    from comfylock.net.http import Http, Response
    from comfylock.net.interface import Answers

SERVICE = "github"
NAME = "GitHub"
ENDPOINT = "https://api.github.com"
HOST = "github.com"
LATEST = "latest"
MAX_ANSWER = 16 << 20
"""Bytes."""

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class Asset(Struct, frozen=True):
    """A file of a release."""

    name: str
    url: str
    size: int | None = None
    """Bytes."""
    sha256: str | None = None
    """As GitHub computed it; it does so since the middle of 2025."""


class Release(Struct, frozen=True, tag="release"):
    """A release and its files."""

    repository: str
    """The URL of today."""
    tag: str
    assets: tuple[Asset, ...] = ()


_Found = Release | Missing
_RELEASE = cast("type[Release | Missing]", _Found)


class _Payload(Struct):
    html_url: Any = None
    tag_name: Any = None
    assets: Any = None


class _AssetPayload(Struct):
    name: Any = None
    size: Any = None
    digest: Any = None
    browser_download_url: Any = None
    state: Any = None


class GithubReleases:
    """Releases on GitHub, or behind a configured address of its API."""

    def __init__(
        self,
        answers: Answers,
        http: Http,
        *,
        endpoint: str = ENDPOINT,
        configured: frozenset[str] = frozenset(),
        has_token: bool = False,
        limit: int = MAX_FILE,
    ) -> None:
        """Download from GitHub, the endpoint's host and the `configured` ones alone.

        `has_token` only decides what is said: `http` sends it.
        """
        self._answers = answers
        self._http = http
        self._endpoint = endpoint.rstrip("/")
        self._configured = configured
        self._has_token = has_token
        self._limit = limit

    def find(self, reference: ReleaseAsset) -> ModelFacts | Missing:
        """Return an asset of a release.

        Uses the network: one request for a release, whatever number of its files is looked for,
        and a download where GitHub publishes no digest. When GitHub's quota is used up nothing is
        downloaded in its stead: the lock would depend on it.

        Raises:
            SourceUnavailableError: GitHub cannot be reached, or answers no more for now.
        """
        host, _, path = repository_key(reference.repository).partition("/")
        is_sound = host == HOST and path.count("/") == 1
        if not is_sound or not reference.tag or not reference.name:
            told = f"`{printable(reference.repository, 80)}` is no repository on GitHub"
            return Missing("not-found", told, "correct the address")
        question = Question(SERVICE, "release", f"{path}@{reference.tag}")
        release = self._answers.ask(
            question, _RELEASE, lambda known: self._release(path, reference.tag, known)
        )
        if isinstance(release, Missing):
            return release
        asset = next((each for each in release.assets if each.name == reference.name), None)
        if asset is None:
            return _no_asset(release, path, reference.name)
        return self._facts(release, asset, reference)

    def _release(self, path: str, tag: str, known: Known[_Found] | None) -> Known[_Found]:
        end = LATEST if tag == LATEST else f"tags/{quote(tag, safe='')}"
        etag = known.validators.get("etag") if known is not None else None
        condition = {"If-None-Match": etag} if etag else {}
        url = f"{self._endpoint}/repos/{path}/releases/{end}"
        answer = self._http.request("GET", url, limit=MAX_ANSWER, headers=_HEADERS | condition)
        if answer.status == 304 and known is not None:
            return known
        if answer.status != 200:
            return Known(self._refused(answer, path, tag), is_kept=answer.status == 451)
        release = _release_of(answer.body, path)
        if release is None:
            raise SourceUnavailableError(NAME, f"gave an answer that cannot be read about `{path}`")
        return Known(release, answer.validators)

    def _refused(self, answer: Response, path: str, tag: str) -> Missing:
        """Return what a status means.

        Raises:
            SourceUnavailableError: nothing that is said about releases.
        """
        match answer.status:
            case 401:
                return Missing("token-refused", "GitHub refused the token", "renew GITHUB_TOKEN")
            case 404:
                return self._nothing_there(path, tag)
            case 403:
                told = f"GitHub does not show the releases of `{path}`"
                return Missing("token-refused", told, "check what GITHUB_TOKEN may see")
            case 451:
                return Missing("legal", f"`{path}` was taken off GitHub for legal reasons")
        raise SourceUnavailableError(NAME, f"answered {answer.status} about `{path}`")

    def _nothing_there(self, path: str, tag: str) -> Missing:
        """Return which of repository and release is not there: GitHub says 404 to both."""
        answer = self._http.request("GET", f"{self._endpoint}/repos/{path}", headers=_HEADERS)
        if answer.status != 200:
            told = f"`{path}` is not on GitHub, or private"
            hint = None if self._has_token else "set GITHUB_TOKEN if it is private"
            return Missing("private-or-missing", told, hint)
        what = "no release" if tag == LATEST else f"no release `{printable(tag, 80)}`"
        told = f"`{path}` on GitHub has {what}"
        return Missing("no-such-revision", told, "look at its releases page for another")

    def _facts(
        self, release: Release, asset: Asset, reference: ReleaseAsset
    ) -> ModelFacts | Missing:
        repository = release.repository
        warnings: tuple[str, ...] = ()
        if repository_key(repository) != repository_key(reference.repository):
            old = reference.repository.removeprefix("https://")
            warnings = (f"`{old}` is now `{repository.removeprefix('https://')}`",)
        digest, size = asset.sha256, asset.size
        if digest is None:
            found = self._read(release, asset)
            if isinstance(found, Missing):
                return found
            digest, size = found.sha256, found.size
        return ModelFacts(
            source="github-release",
            sha256=digest,
            size=size,
            verified="upstream" if asset.sha256 else "downloaded",
            requested=LATEST if reference.tag == LATEST else None,
            repository=repository,
            path=asset.name,
            tag=release.tag,
            warnings=warnings,
        )

    def _read(self, release: Release, asset: Asset) -> Any:
        """Return an asset's digest by reading it: it is older than GitHub's digests."""
        canonical = canonical_url(ReleaseAsset(release.repository, release.tag, asset.name))
        if not self._is_own(asset.url):
            host = printable(urlsplit(asset.url).netloc, 80)
            told = f"GitHub's API names `{host}` as the place of `{printable(asset.name, 80)}`"
            return Missing("not-allowed", told, "`[trust] allow-hosts` can allow it")
        return self._answers.ask(
            Question(SERVICE, "asset", canonical),
            HASHED,
            lambda known: hashed(self._http, asset.url, known, limit=self._limit),
        )

    def _is_own(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.netloc == HOST:
            return True
        is_endpoint = self._endpoint != ENDPOINT and parts.netloc == urlsplit(self._endpoint).netloc
        return is_endpoint or not self._configured.isdisjoint({parts.netloc, parts.hostname or ""})


def _release_of(body: bytes, path: str) -> Release | None:
    try:
        payload = msgspec.json.decode(body, type=_Payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    tag = payload.tag_name
    if not isinstance(tag, str) or not tag or not tag.isprintable():
        return None
    page = payload.html_url if isinstance(payload.html_url, str) else ""
    named = normalise_repository(page)
    is_github = named is not None and named.startswith(f"https://{HOST}/")
    repository = named if named is not None and is_github else f"https://{HOST}/{path}"
    rows = payload.assets if isinstance(payload.assets, list) else []
    assets = {asset.name: asset for row in rows if (asset := _asset_of(row)) is not None}
    return Release(repository, tag, tuple(assets[name] for name in sorted(assets)))


def _asset_of(raw: Any) -> Asset | None:
    try:
        row = msgspec.convert(raw, _AssetPayload)
    except msgspec.ValidationError:
        return None
    name, url = row.name, row.browser_download_url
    if not isinstance(name, str) or not name.isprintable() or not isinstance(url, str):
        return None
    if row.state not in {None, "", "uploaded"}:  # `open`: its upload never came to an end
        return None
    is_size = isinstance(row.size, int) and not isinstance(row.size, bool) and row.size >= 0
    is_sha256 = isinstance(row.digest, str) and row.digest.startswith("sha256:")
    return Asset(
        name, url, row.size if is_size else None, sha256_of(row.digest, None) if is_sha256 else None
    )


def _no_asset(release: Release, path: str, name: str) -> Missing:
    from difflib import get_close_matches  # noqa: PLC0415 - only when something is missing

    told = f"release `{release.tag}` of `{path}` on GitHub has no file `{printable(name, 80)}`"
    near = get_close_matches(name, [asset.name for asset in release.assets], 1)
    hint = f"did you mean `{printable(near[0], 80)}`?" if near else None
    return Missing("no-such-file", told, hint)
