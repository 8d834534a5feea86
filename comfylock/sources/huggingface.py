"""Files on Hugging Face, found at the commit that their revision means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from msgspec import Struct

from comfylock.net.interface import Known, Question
from comfylock.references import HUB_HOSTS
from comfylock.sources.huggingface_answers import COMMIT, ListedFile, Listing, missing_of
from comfylock.sources.huggingface_client import HubClient, Patience
from comfylock.sources.huggingface_files import MAX_SMALL, SERVICE, Digest, HubFiles
from comfylock.sources.interface import Missing, ModelFacts

if TYPE_CHECKING:
    from comfylock.net.http import Http
    from comfylock.net.interface import Answers
    from comfylock.references import HubFile

ENDPOINT = "https://huggingface.co"
MAX_COMPARED = 2000
"""Paths that a missing one is compared with."""

_Answer = Known["Listing | Missing"]


class HuggingFace:
    """The Hub, or a mirror of it; what it returns names the Hub itself."""

    def __init__(
        self,
        answers: Answers,
        *,
        http: Http,
        user_agent: str,
        endpoint: str = ENDPOINT,
        token: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._answers = answers
        self._client = HubClient(endpoint, token, user_agent, patience or Patience())
        self._files = HubFiles(answers, http, self._client)
        self.hosts = HUB_HOSTS | {self._client.service}
        """Hosts whose addresses mean files on the Hub, as `parse_reference` takes them."""

    def find(self, reference: HubFile) -> ModelFacts | Missing:
        """Return a file of a repository at the commit that its revision means.

        Uses the network: one request for a repository at a revision, whatever number of its
        files is looked for; one more for a small file, whose sha256 the Hub does not publish.

        Raises:
            SourceUnavailableError: the Hub cannot be reached or makes no sense.
        """
        repository, path = reference.repository, reference.path
        listing = self._listing(repository, reference.revision)
        if isinstance(listing, Missing):
            return listing
        if not path:
            told = f"the address names `{repository}` on Hugging Face and no file of it"
            return Missing("no-such-file", told, "name the file: `…/resolve/main/FILE`")
        file = self._file(listing, path)
        if file is None:
            return _no_such_file(listing, reference.revision, path)
        hashed = self._hashed(listing, file)
        return hashed if isinstance(hashed, Missing) else _facts(listing, hashed, reference)

    def _listing(self, repository: str, revision: str) -> Listing | Missing:
        is_lasting = COMMIT.match(revision) is not None
        question = Question(SERVICE, "listing", f"{repository}@{revision}", is_lasting)

        def fetch(_: _Answer | None) -> _Answer:
            answer = self._client.listing(repository, revision)
            if isinstance(answer, Listing):
                return Known(answer)
            has_token = self._client.has_token
            missing = missing_of(answer, repository, revision, has_token=has_token)
            # Not kept: what a token may lift, and what a lasting question would keep for ever.
            is_kept = missing.reason in {"no-such-revision", "gone", "legal"} and not is_lasting
            return Known(missing, is_kept=is_kept)

        kind = cast("type[Listing | Missing]", Listing | Missing)
        return self._answers.ask(question, kind, fetch)

    def _file(self, listing: Listing, path: str) -> ListedFile | None:
        """Return a file of a listing; what a long one may lack is asked for by name."""
        file = next((file for file in listing.files if file.path == path), None)
        is_told = file is not None and (file.blob or file.sha256)
        if is_told or (file is None and listing.is_whole):
            return file
        return self._files.named(listing, path)

    def _hashed(self, listing: Listing, file: ListedFile) -> _Hashed | Missing:
        if file.sha256 is not None:
            return _Hashed(file.path, file.sha256, file.size, "upstream")
        if file.size is not None and file.size > MAX_SMALL:
            told = f"Hugging Face publishes none, and it has more than {MAX_SMALL >> 20} MiB"
            return _Hashed(file.path, None, file.size, unhashed=told)
        digest = self._files.digest(listing, file)
        if isinstance(digest, Digest):
            return _Hashed(file.path, digest.sha256, digest.size, "downloaded")
        if digest.reason in {"gated", "needs-token"}:
            return _Hashed(file.path, None, file.size, unhashed=digest.message)
        return digest


class _Hashed(Struct, frozen=True):
    """A file with its digest, or why it has none."""

    path: str
    sha256: str | None
    size: int | None
    verified: Literal["upstream", "downloaded"] | None = None
    unhashed: str | None = None


def _facts(listing: Listing, file: _Hashed, reference: HubFile) -> ModelFacts:
    is_exact = reference.revision == listing.commit
    return ModelFacts(
        source="huggingface",
        sha256=file.sha256,
        size=file.size,
        verified=file.verified,
        unhashed=file.unhashed,
        requested=None if is_exact else reference.revision,
        repository=listing.repository,
        commit=listing.commit,
        path=file.path,
        licence=listing.licence,
        gated=listing.gated,
        private=listing.private,
        warnings=_warnings(listing, reference.repository),
    )


def _warnings(listing: Listing, asked: str) -> tuple[str, ...]:
    told = []
    if asked.lower() != listing.repository.lower():
        told.append(f"`{asked}` on Hugging Face is called `{listing.repository}` today")
    if listing.gated:
        page = f"https://huggingface.co/{listing.repository}"
        told.append(f"its terms have to be accepted at {page} before it can be downloaded")
    return tuple(told)


def _no_such_file(listing: Listing, revision: str, path: str) -> Missing:
    """Say that a file is not there, and which one may have been meant."""
    if any(file.path.startswith(f"{path}/") for file in listing.files):
        told = f"`{path}` in `{listing.repository}` on Hugging Face is a folder"
        return Missing("no-such-file", told, "name a file in it")
    told = f"`{listing.repository}` on Hugging Face has no file `{path}` at `{revision}`"
    near = _nearest(path, [file.path for file in listing.files])
    return Missing("no-such-file", told, near and f"did you mean `{near}`?")


def _nearest(path: str, paths: list[str]) -> str | None:
    """Return the path that is most alike: first of the same name, then of a similar one."""
    import difflib  # noqa: PLC0415 - only open questions need it

    name = path.rpartition("/")[2].lower()
    for there in paths:
        if there.rpartition("/")[2].lower() == name:
            return there
    found = difflib.get_close_matches(path[:200], [p[:200] for p in paths[:MAX_COMPARED]], 1, 0.6)
    return found[0] if found else None
