"""Does an address lead to what is pinned? Answered by spelling alone, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.names import repository_key

if TYPE_CHECKING:
    from comfylock.lockfile.schema import ModelPin, PackPin

_REFS = ("refs/heads/", "refs/tags/")


def leads_to(url: str, pin: ModelPin) -> bool:
    """Say whether an address is one from which this pin can have been made.

    Addresses that lead there by a redirect that nobody can see (a renamed repository) count if
    they are among the pin's `mirrors`, or are what it says was `requested`.
    """
    if url in pin.mirrors or url in (pin.url, pin.requested):
        return True
    parts, query = _parts(url)
    match pin.source:
        case "huggingface":
            return _leads_to_hub(parts, pin)
        case "civitai":
            return _leads_to_civitai(parts, query, pin)
        case "github-release":
            return _leads_to_release(parts, pin)
        case "git":
            return _leads_to_file(parts, pin)
        case _:
            return False


def is_file_of(url: str, pin: PackPin) -> bool:
    """Say whether an address is one from which a single-file pack can have been pinned."""
    if url in (pin.url, pin.requested):
        return True
    return pin.commit is not None and _leads_to_file(_parts(url)[0], pin)


def _parts(url: str) -> tuple[list[str], str]:
    """Return the decoded parts of a URL's path, and its query."""
    address, _, query = url.partition("?")
    parts = [part for part in address.partition("://")[2].split("/")[1:] if part]
    if "%" in address:
        from urllib.parse import unquote  # noqa: PLC0415 - few addresses need it

        parts = [unquote(part) for part in parts]
    return parts, query


def _leads_to_hub(parts: list[str], pin: ModelPin) -> bool:
    repository = (pin.repository or "").lower().split("/")
    count = len(repository)
    if [part.lower() for part in parts[:count]] != repository:
        return False
    if parts[count : count + 1] not in (["resolve"], ["blob"], ["raw"]):
        return False
    return _is_at(parts[count + 1 :], pin)


def _leads_to_civitai(parts: list[str], query: str, pin: ModelPin) -> bool:
    words = dict(word.partition("=")[::2] for word in query.split("&"))
    file_id = words.get("fileId")
    if file_id is not None and file_id != str(pin.file_id):
        return False
    match parts:
        case ["api", "download", "models", version, *_]:
            return version == str(pin.version_id)
        case ["model-versions", version] | ["api", "v1", "model-versions", version]:
            return version == str(pin.version_id)
        case ["models", model, *_] | ["api", "v1", "models", model]:
            asked = words.get("modelVersionId")
            if asked is not None:
                return asked == str(pin.version_id)
            return model == str(pin.model_id)
    return False


def _leads_to_release(parts: list[str], pin: ModelPin) -> bool:
    if not _is_repository(parts[:2], pin.repository) or parts[-1] != pin.path:
        return False
    match parts[2:-1]:
        case ["releases", "latest", "download"]:
            return pin.requested is not None
        case ["releases", "download", *tag]:
            return "/".join(tag) == pin.tag
    return False


def _leads_to_file(parts: list[str], pin: ModelPin | PackPin) -> bool:
    """Read the addresses of files at GitHub and at hosts that are built like it."""
    if parts[:1] == ["media"]:
        parts = parts[1:]
    if not _is_repository(parts[:2], pin.repository):
        return False
    rest = parts[3:] if parts[2:3] in (["raw"], ["blob"]) else parts[2:]
    return _is_at(rest, pin)


def _is_repository(parts: list[str], repository: str | None) -> bool:
    owner_repo = "/".join(parts).lower()
    return repository is not None and repository_key(repository).endswith(f"/{owner_repo}")


def _is_at(location: list[str], pin: ModelPin | PackPin) -> bool:
    """Say whether `REVISION/PATH` is what was asked for, or names the pinned commit."""
    revision, found, rest = "/".join(location).rpartition(f"/{pin.path}")
    if not found or rest:
        return False
    if pin.commit is not None and len(revision) >= 7 and pin.commit.startswith(revision):
        return True
    for prefix in _REFS:
        revision = revision.removeprefix(prefix)
    if pin.requested is None:
        # A pack's file says nowhere by which branch it was found; another commit is another.
        return hasattr(pin, "aliases") and not _is_commit(revision)
    return revision == pin.requested or revision == _bare(pin.requested)


def _bare(revision: str) -> str:
    for prefix in _REFS:
        revision = revision.removeprefix(prefix)
    return revision


def _is_commit(text: str) -> bool:
    return len(text) == 40 and not text.strip("0123456789abcdef")
