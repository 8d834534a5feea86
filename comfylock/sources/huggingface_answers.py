"""The Hub's answers reduced to what a lock needs, and its refusals told apart."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from comfylock.links import sha256_of
from comfylock.names import is_text, printable
from comfylock.patterns import Pattern
from comfylock.redaction import redact
from comfylock.sources.interface import Missing

PAGE = 1000
"""Files after which a listing may have been cut short: the size of the Hub's own pages."""

MAX_LISTED = 5000
"""Files of one repository that are remembered; others are asked for by name."""

COMMIT = Pattern(r"[0-9a-f]{40}\Z")
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}"
_NAME = Pattern(rf"{_PART}(?:/{_PART})?\Z")
_MAX_SIZE = 1 << 53


class ListedFile(Struct, frozen=True, array_like=True):
    """A file of a repository."""

    path: str
    size: int | None = None
    """Bytes."""
    blob: str | None = None
    """The id of the git blob; of the pointer, where there is a sha256."""
    sha256: str | None = None
    """The content's, where it is kept apart from git (LFS, xet)."""


class Listing(Struct, frozen=True, tag="listing"):
    """A repository at a commit."""

    repository: str
    """As it is called today, with its kind's prefix."""
    commit: str
    files: tuple[ListedFile, ...]
    """Sorted by path."""
    is_whole: bool = True
    """False: files may be missing from it."""
    gated: str | None = None
    private: bool = False
    licence: str | None = None

    @property
    def is_bare(self) -> bool:
        """Say whether it has names only."""
        return not any(file.blob or file.sha256 for file in self.files)


class Refusal(Struct, frozen=True):
    """An answer that is no listing."""

    status: int
    code: str = ""
    """The Hub's own, `RepoNotFound` for one; `Disabled` for a repository that is switched off."""


def listing_of(info: Any, asked: str, revision: str) -> Listing | Refusal | None:
    """Return what the client's RepoInfo says; None if that makes no sense.

    A commit that was asked for is the only one that may be answered.
    """
    if getattr(info, "disabled", None) is True:
        return Refusal(403, "Disabled")
    name, commit = info.id or "", info.sha or ""
    prefix = asked.partition("/")[0]
    if not _NAME.match(name) or not COMMIT.match(commit):
        return None
    if COMMIT.match(revision) and revision != commit:
        return None
    siblings = info.siblings or []
    found = (listed(s.rfilename, s.size, s.blob_id, _lfs(s.lfs)) for s in siblings)
    files = sorted((file for file in found if file is not None), key=lambda file: file.path)
    return Listing(
        f"{prefix}/{name}" if prefix in {"datasets", "spaces"} else name,
        commit,
        tuple(files[:MAX_LISTED]),
        is_whole=len(siblings) < PAGE,
        gated=_gate(info.gated),
        private=info.private is True,
        licence=_licence(getattr(info, "card_data", None)),
    )


def listed(path: Any, size: Any, blob: Any, digest: Any) -> ListedFile | None:
    """Return a file as the Hub describes it, without what is not of its kind."""
    if not isinstance(path, str) or not path or not is_text(path):
        return None
    whole = size if type(size) is int and 0 <= size < _MAX_SIZE else None
    oid = blob if isinstance(blob, str) and COMMIT.match(blob) else None
    return ListedFile(path, whole, oid, sha256_of(digest, None))


def _lfs(info: Any) -> Any:
    return None if info is None else getattr(info, "sha256", None)


def _gate(gated: Any) -> str | None:
    if not gated:
        return None
    return "auto" if gated == "auto" else "manual"


def _licence(card: Any) -> str | None:
    """Return the licence of a model card; the name that it gives to one that has no id."""
    licence = getattr(card, "license", None)
    if licence == "other":
        licence = getattr(card, "license_name", None) or licence
    if isinstance(licence, list):
        licence = ", ".join(sorted(text for text in licence if isinstance(text, str)))
    if not isinstance(licence, str) or not licence.strip():
        return None
    return printable(redact(licence.strip()), 100)


def refusal_of(status: int, headers: dict[str, str]) -> Refusal:
    """Return what a status and the Hub's own headers mean together."""
    code = headers.get("x-error-code", "")
    if headers.get("x-error-message") == "Access to this resource is disabled.":
        code = "Disabled"
    return Refusal(status, code)


def missing_of(refusal: Refusal, repository: str, revision: str, *, has_token: bool) -> Missing:
    """Return why there is no listing, in words."""
    page = f"https://huggingface.co/{repository}"
    match refusal:
        case Refusal(code="RevisionNotFound"):
            hint = f"see what there is at {page}/tree/main"
            told = f"`{repository}` on Hugging Face has no revision `{revision}`"
            return Missing("no-such-revision", told, hint)
        case Refusal(code="GatedRepo"):
            hint = f"accept the terms at {page} and set HF_TOKEN"
            return Missing("gated", f"`{repository}` on Hugging Face is gated", hint)
        case Refusal(status=451):
            told = f"`{repository}` was taken off Hugging Face for legal reasons"
            return Missing("legal", told, "name another source in comfylock.toml")
        case Refusal(code="Disabled") | Refusal(status=410):
            told = f"`{repository}` on Hugging Face has been disabled"
            return Missing("gone", told, "name another source in comfylock.toml")
        case Refusal(status=401 | 403, code="") if has_token:
            told = f"Hugging Face refused the token for `{repository}`"
            return Missing("token-refused", told, "renew HF_TOKEN, or give it access")
        case _ if has_token:
            told = f"`{repository}` is not on Hugging Face, or not for this token"
            return Missing("not-found", told, "check the name, or give HF_TOKEN access")
    told = f"`{repository}` is not on Hugging Face, or private"
    return Missing("private-or-missing", told, "set HF_TOKEN if it is private")
