"""Addresses in all the spellings that people paste, as references. Never raises."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from comfylock.links import clean_url
from comfylock.names import OWNER_REPO, leaves_its_folder
from comfylock.patterns import Pattern
from comfylock.references.addresses import LATEST
from comfylock.references.kinds import CivitaiFile, HubFile, PlainUrl, ReleaseAsset, RepositoryFile

if TYPE_CHECKING:
    from comfylock.references.kinds import Reference

HUB_HOSTS = frozenset({"huggingface.co", "huggingface.com", "hf.co"})
CIVITAI_HOSTS = frozenset({"civitai.com", "civitai.red", "civitai.green"})
"""Subdomains count too."""

MAX_LENGTH = 4000
MAIN = "main"

_USER = Pattern(r"([a-z]+://)[^/@\s]*@")
_NUMBER = Pattern(r"[1-9][0-9]{0,14}\Z")
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REPO_ID = Pattern(rf"{_PART}(?:/{_PART})?\Z")
_HUB_KINDS = frozenset({"resolve", "blob", "raw", "tree", "edit", "blame", "commits"})
_NO_REPOSITORY = frozenset(
    {"api", "blog", "buckets", "chat", "collections", "docs", "inference", "join", "kernels"}
    | {"learn", "login", "models", "new", "organizations", "papers", "posts", "pricing", "search"}
    | {"settings", "storage", "tasks"}
)
"""First parts of the Hub's own pages."""

_MANY_PARTED = frozenset({"pr", "convert", "heads", "tags"})
_FILTERS = frozenset({"type", "format", "size", "fp"})
_VALUE = Pattern(r"[\w .-]{1,50}\Z")
_AIR = Pattern(
    r"(?:urn:)?(?:air:)?(?:[\w.-]{1,50}:[\w.-]{1,50}:)?(civitai|huggingface):([^@+\s]{1,200}?)"
    r"(?:@([^+\s]{1,200}?))?(?:\+(\d{1,15}))?(?:\.([A-Za-z]{2,20}))?\Z"
)
_FORMATS = {
    "safetensor": "SafeTensor",
    "safetensors": "SafeTensor",
    "ckpt": "PickleTensor",
    "pt": "PickleTensor",
    "pickletensor": "PickleTensor",
    "gguf": "GGUF",
    "diffusers": "Diffusers",
    "onnx": "ONNX",
}
"""CivitAI's names of formats by the endings that AIRs carry."""


def parse_reference(
    url: str,
    *,
    hub_hosts: frozenset[str] = HUB_HOSTS,
    civitai_hosts: frozenset[str] = CIVITAI_HOSTS,
) -> Reference:
    """Return what an address, `hf://` path or AIR means; `PlainUrl` for anything else.

    Secrets do not survive. The hosts (with a port where there is one) are those of the services
    and of their mirrors; which of them may be asked is for others to say.
    """
    text = url.strip()[:MAX_LENGTH].replace(" ", "%20")
    scheme, found, rest = text.partition("://")
    scheme = scheme.lower()
    if not found:
        return _air(text) or _unknown(text)
    if scheme == "hf":
        return _hub_path(rest.partition("?")[0]) or _unknown(text)
    text = _USER.sub(r"\1", f"{scheme}://{rest}")
    cleaned = clean_url(f"https://{text.partition('://')[2]}") if scheme[:4] == "http" else None
    if scheme not in {"http", "https"} or cleaned is None:
        return _unknown(text)
    reference = _known(cleaned, hub_hosts, civitai_hosts)
    return reference or PlainUrl(scheme + cleaned.removeprefix("https"))


def _unknown(text: str) -> PlainUrl:
    """Return what is no address, without what may be a secret."""
    return PlainUrl(_USER.sub(r"\1", text).partition("#")[0].partition("?")[0])


def _known(url: str, hub_hosts: frozenset[str], civitai_hosts: frozenset[str]) -> Reference | None:
    address = urlsplit(url)
    host = address.netloc
    parts = [unquote(part) for part in address.path.split("/") if part]
    if any(not _is_sound(part) for part in parts):
        return None
    if host in hub_hosts:
        return _hub(parts)
    if _is_one_of(host, civitai_hosts):
        return _civitai(parts, dict(parse_qsl(address.query, max_num_fields=50)))
    if host == "github.com":
        return _github(parts)
    if host == "raw.githubusercontent.com":
        return _repository_file(parts)
    if host == "media.githubusercontent.com" and parts[:1] == ["media"]:
        return _repository_file(parts[1:])
    return None


def _is_one_of(host: str, hosts: frozenset[str]) -> bool:
    return host in hosts or any(host.endswith(f".{known}") for known in hosts)


def _is_sound(part: str) -> bool:
    """Say whether a part of a path, decoded, is a name and nothing that tries to be more."""
    return (
        part.isprintable()
        and "\N{REPLACEMENT CHARACTER}" not in part
        and "\\" not in part
        and not leaves_its_folder(part)
    )


def _hub(parts: list[str]) -> HubFile | None:
    """Read the path of a page or file on the Hub."""
    prefix = ""
    if parts[:1] in (["datasets"], ["spaces"]):
        prefix, parts = f"{parts[0]}/", parts[1:]
    elif not parts or parts[0] in _NO_REPOSITORY:
        return None
    at = next((i for i in (2, 1) if parts[i : i + 1] and parts[i] in _HUB_KINDS), None)
    if at is None:
        return _hub_file(prefix, parts, MAIN, []) if len(parts) == 2 else None
    revision, path = _revision(parts[at + 1 :])
    return _hub_file(prefix, parts[:at], revision, path)


def _revision(parts: list[str]) -> tuple[str, list[str]]:
    """Split a revision, which may be `refs/pr/1` with its slashes, from the path after it."""
    if parts[:1] == ["refs"] and len(parts) > 2 and parts[1] in _MANY_PARTED:
        return "/".join(parts[:3]), parts[3:]
    return (parts[0] if parts else MAIN), parts[1:]


def _hub_path(text: str) -> HubFile | None:
    """Read what follows `hf://`: `[datasets/|spaces/]org/name[@revision]/path`."""
    parts = [unquote(part) for part in text.split("/") if part]
    if any(not _is_sound(part) for part in parts):
        return None
    prefix = ""
    if parts[:1] in (["datasets"], ["spaces"], ["models"]):
        prefix, parts = f"{parts[0]}/".replace("models/", ""), parts[1:]
    if len(parts) < 2:
        return None
    name, marked, revision = parts[1].partition("@")
    revision, path = _revision([revision, *parts[2:]]) if marked else (MAIN, parts[2:])
    return _hub_file(prefix, [parts[0], name], revision, path)


def _hub_file(prefix: str, name: list[str], revision: str, path: list[str]) -> HubFile | None:
    repository, file = "/".join(name), "/".join(path)
    if not _REPO_ID.match(repository) or not revision or leaves_its_folder(file):
        return None
    return HubFile(prefix + repository, revision, file)


def _civitai(parts: list[str], query: dict[str, str]) -> CivitaiFile | None:
    """Read the path of a page, a download or an answer of CivitAI's API."""
    match parts:
        case ["api", "download", "models", version, *_]:
            filters = {k: v for k, v in query.items() if k in _FILTERS and _VALUE.match(v)}
            return _civitai_file(None, version, query.get("fileId"), filters)
        case ["models", model, *_] | ["api", "v1", "models", model]:
            return _civitai_file(model, query.get("modelVersionId"))
        case ["model-versions", version] | ["api", "v1", "model-versions", version]:
            return _civitai_file(None, version)
    return None


def _civitai_file(
    model: str | None,
    version: str | None,
    file: str | None = None,
    filters: dict[str, str] | None = None,
) -> CivitaiFile | None:
    model_id, version_id, file_id = (_number(text) for text in (model, version, file))
    if model_id is None and version_id is None:
        return None
    return CivitaiFile(model_id, version_id, file_id, tuple(sorted((filters or {}).items())))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.match(text) else None


def _air(text: str) -> Reference | None:
    """Read an AIR, in full (`urn:air:sdxl:lora:civitai:1@2`) or short (`civitai:1@2`).

    Source: CivitAI's "AIR: Uniform Resource Names" page.
    """
    match = _AIR.match(text)
    if match is None:
        return None
    source, name, version, file, ending = match.groups()
    if source == "huggingface":
        # What looks like a format is the end of a name, unless a version stands between.
        name = f"{name}.{ending}" if ending and not version else name
        owner, _, rest = name.partition("/")
        repo, slash, path = rest.partition("/")
        marked = f"@{version}" if version else ""
        return _hub_path(f"{owner}/{repo}{marked}{slash}{path}")
    if _number(name) is None:
        return None
    filters = {"format": _FORMATS.get(ending.lower(), ending)} if ending else {}
    return _civitai_file(name, version, file, filters)


def _github(parts: list[str]) -> Reference | None:
    """Read the path of a release's asset or of a file on GitHub."""
    match parts:
        case [owner, repo, "releases", "latest", "download", name]:
            return _asset(owner, repo, LATEST, name)
        # A tag may hold slashes; one that is called `latest` is not the newest release.
        case [owner, repo, "releases", "download", *tag, name] if tag not in ([], [LATEST]):
            return _asset(owner, repo, "/".join(tag), name)
        case [owner, repo, "raw" | "blob", *location]:
            return _repository_file([owner, repo, *location])
    return None


def _asset(owner: str, repo: str, tag: str, name: str) -> ReleaseAsset | None:
    if not OWNER_REPO.match(f"{owner}/{repo}") or "/" in name:
        return None
    return ReleaseAsset(f"https://github.com/{owner}/{repo}", tag, name)


def _repository_file(parts: list[str]) -> RepositoryFile | None:
    """Read `owner/repo/REVISION/PATH`; at least one part of it is the path."""
    name = "/".join(parts[:2])
    if len(parts) < 4 or not OWNER_REPO.match(name):
        return None
    return RepositoryFile(f"https://github.com/{name}", "/".join(parts[2:]))
