"""One spelling for the addresses that the published lists contain."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from comfylock.names import COMFYUI, normalise_repository, repository_key

_CORE = frozenset({"github.com/comfyanonymous/comfyui", "github.com/comfy-org/comfyui"})


def pack_key(url: str) -> str:
    """Return what all addresses of one pack have in common; `comfy-core` for ComfyUI's own.

    A single file on GitHub (a raw `.py`) belongs to its repository.
    """
    key = repository_key(url)
    if key.startswith("raw.githubusercontent.com/"):
        key = "/".join(["github.com", *key.split("/")[1:3]])
    return COMFYUI if key in _CORE else key


def short_name(key: str) -> str:
    """Return `owner/repo` for a repository on GitHub, else the whole key."""
    return key.removeprefix("github.com/")


def repository_url(url: str) -> str:
    """Return the address to show for a pack: its repository, or its single file as it is."""
    if is_single_file(url):
        return url.strip()
    return normalise_repository(url) or url.strip()


def is_single_file(url: str) -> bool:
    """Say whether an address is one Python file, not a repository."""
    return url.strip().lower().endswith(".py")


def canonical_model_url(url: str) -> str | None:
    """Return a model's address in one spelling; None unless it is https with a path."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if (
        parts.scheme != "https"
        or not parts.netloc
        or "@" in parts.netloc
        or parts.path in {"", "/"}
    ):
        return None
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in {"download", "token"}
    ]
    path = parts.path
    if parts.netloc.lower() == "huggingface.co":
        path = path.replace("/blob/", "/resolve/", 1)
    return urlunsplit(("https", parts.netloc.lower(), path, urlencode(query), ""))
