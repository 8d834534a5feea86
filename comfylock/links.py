"""Links to model files in strangers' words: which are taken, and in which one spelling."""

from __future__ import annotations

from functools import lru_cache

from comfylock.patterns import Pattern
from comfylock.redaction import FIELDS

ALLOWED_HOSTS = frozenset({"huggingface.co", "civitai.com", "github.com"})
"""Hosts that a workflow may name as a model's source without anybody's word for it."""

_REST = r"([A-Za-z0-9.-]{1,253}(?::\d{1,5})?)(/[^\s?#]{0,1500})(\?[^\s#]{0,1000})?"
_URL = Pattern(f"https://{_REST}")
_PLAIN_URL = Pattern(f"http://{_REST}")
MAX_LINKS = 16
_LINK = Pattern(r"""https://[^\s"'<>()\[\]{}|\\^`?#]{1,1500}""")
_ANY_LINK = Pattern(r"""https?://[^\s"'<>()\[\]{}|\\^`?#]{1,1500}""")
_CONTINUES = frozenset("-_")
_STOPS = Pattern(r"""[\s"'<>()\[\]{}|\\^`]""")
_SECRET = Pattern(rf"(?i)(?:^|[?&])(?:{FIELDS})=[^&]*")
_HASH = Pattern(r"[0-9a-fA-F]{64}\Z")
_FOLDER = Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){0,4}\Z")

_PAGE = Pattern(r"\A((?:/datasets|/spaces)?/[^/]+(?:/[^/]+)?)/blob/")
"""A page about a file; a folder that is called `blob` comes later in a path."""

_SAME_HOSTS = {"huggingface.com": "huggingface.co", "hf.co": "huggingface.co"}
"""Hosts that redirect to the one that answers. Source: the Hub's documentation."""

FOLDER_ALIASES = {
    "unet": "diffusion_models",
    "clip": "text_encoders",
    "t2i_adapter": "controlnet",
    "unet_gguf": "diffusion_models",
    "clip_gguf": "text_encoders",
}
"""Other names of folder keys. Source: map_legacy in ComfyUI's folder_paths.py; ComfyUI-GGUF."""


@lru_cache(maxsize=16384)
def clean_url(url: str, configured: frozenset[str] = frozenset()) -> str | None:
    """Return the one spelling of an https URL, without secrets and download flags, else None.

    Pages about a file on Hugging Face and GitHub (`/blob/`) become the file itself. An http URL
    is taken on the hosts (`host` or `host:port`) that a person configured and on no other.
    """
    match = _URL.match(url.strip())
    if match is None:
        return _clean_plain_url(url, configured) if configured else None
    if ".." in match[2]:
        return None
    query = _clean_query(match[3])
    host = match[1].lower().removeprefix("www.")
    host = _SAME_HOSTS.get(host, host)
    path = match[2]
    if host == "huggingface.co":
        path = _PAGE.sub(r"\1/resolve/", path)
    elif host == "github.com":
        path = _PAGE.sub(r"\1/raw/", path)
    return f"https://{host}{path}" + (f"?{query}" if query else "")


def _clean_plain_url(url: str, configured: frozenset[str]) -> str | None:
    """Return the one spelling of an http URL on a configured host, else None."""
    match = _PLAIN_URL.match(url.strip())
    if match is None or ".." in match[2] or match[1].lower() not in configured:
        return None
    query = _clean_query(match[3])
    return f"http://{match[1].lower()}{match[2]}" + (f"?{query}" if query else "")


def _clean_query(query: str | None) -> str:
    """Return an address's query without secrets and download flags."""
    if not query:  # most have none, and the pattern costs a start a millisecond
        return ""
    return _SECRET.sub("", query).replace("?download=true", "").strip("?&")


def host_of(url: str) -> str:
    """Return the host (and port) of a cleaned URL."""
    return url.split("/", 3)[2]


def is_allowed(url: str, hosts: frozenset[str] = ALLOWED_HOSTS) -> bool:
    """Say whether a cleaned URL's host is on the list, by itself or as a subdomain.

    A port is part of the name: `host` means https on its usual port.
    """
    host = host_of(url)
    return host in hosts or any(host.endswith(f".{allowed}") for allowed in hosts)


def links_to(name: str, text: str, *, plain: bool = False) -> list[str]:
    """Return the https links in a text whose last part is this file name, in order.

    With `plain` the http links too.
    """
    found: list[str] = []
    for spelling in (name, name.replace(" ", "%20")) if " " in name else (name,):
        needle = f"/{spelling}"
        at = text.find(needle)
        while at >= 0 and len(found) < MAX_LINKS:
            end = at + len(needle)
            low = at - 800 if at > 800 else 0
            begin = text.rfind("https://", low, at)
            if plain:
                begin = max(begin, text.rfind("http://", low, at))
            if begin >= 0:
                url = text[begin:end]
                follows = text[end : end + 1]
                if _is_in_one(url) and not follows.isalnum() and follows not in _CONTINUES:
                    found.append(url)
            at = text.find(needle, end)
    return found


@lru_cache(maxsize=4096)
def _is_in_one(url: str) -> bool:
    """Say whether nothing in a text ends the link that it begins with."""
    return _STOPS.search(url) is None


def links_by_name(text: str, *, plain: bool = False) -> dict[str, list[str]]:
    """Return all https links in a text by their last part, as `links_to` would find them.

    For texts that many names are looked for in: the cost is that of reading the text once.
    """
    found: dict[str, list[str]] = {}
    for match in (_ANY_LINK if plain else _LINK).finditer(text):
        url = match[0].rstrip(".,;:!*~")
        name = url.rpartition("/")[2].replace("%20", " ")
        links = found.setdefault(name, [])
        if len(links) < MAX_LINKS:
            links.append(url)
    return found


def folder_key(directory: object) -> str | None:
    """Return ComfyUI's folder key for a directory that a stranger names; None if it is none."""
    if not isinstance(directory, str):
        return None
    directory = directory.strip().replace("\\", "/").removeprefix("models/").strip("/")
    if not _FOLDER.match(directory) or ".." in directory:
        return None
    return FOLDER_ALIASES.get(directory, directory)


def sha256_of(digest: object, kind: object) -> str | None:
    """Return a published sha256 in lower case; None for anything else."""
    if not isinstance(digest, str) or not isinstance(kind, str | None):
        return None
    if kind is not None and kind.lower().replace("-", "") != "sha256":
        return None
    digest = digest.strip().removeprefix("sha256:")
    return digest.lower() if _HASH.match(digest) else None
