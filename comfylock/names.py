"""Names and their one normal form: packs, repositories, model paths, class types."""

from __future__ import annotations

import re
from typing import NewType

from comfylock.patterns import Pattern

PackName = NewType("PackName", str)
"""A pack's name in comfylock: its registry id, else `owner/repo`, always lower case."""

RepositoryUrl = NewType("RepositoryUrl", str)
"""`https://host/owner/repo` or deeper, without `.git`, user, query or a trailing slash."""

REGISTRY_ID = Pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?\Z")
"""A Comfy Registry id. Source: the `[project].name` rule of the registry's API."""

OWNER_REPO = Pattern(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}\Z")
"""GitHub's `owner/repo`, as node stamps carry it in `aux_id`."""

SUBGRAPH_ID = Pattern(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.IGNORECASE)
"""The type of a subgraph instance is its definition's UUID, never a class type."""

MODEL_EXTENSIONS = (
    ".safetensors",
    ".sft",
    ".ckpt",
    ".pt",
    ".pt2",
    ".pth",
    ".bin",
    ".pkl",
    ".gguf",
    ".onnx",
)
"""ComfyUI's own extensions, and those that packs add. Source: folder_paths.py, ComfyUI-GGUF."""

COMFYUI = PackName("comfy-core")
"""The name under which ComfyUI's own class types are stamped."""

SHORT_HOSTS = frozenset(["bitbucket.org", "codeberg.org", "github.com"])
"""Hosts where a repository is `owner/repo` and anything below it is a page."""

_REPOSITORY = Pattern(
    r"(?:git\+)?(?:(?:https?|ssh|git)://(?:[^/@\s]*@)?|git@)"
    r"(?:www\.)?([A-Za-z0-9.-]+(?::\d+)?)[/:]([^/\s?#@]+(?:/[^/\s?#@]+)+)",
    re.IGNORECASE,
)
_PAGES = frozenset(
    ["-", "blob", "commit", "commits", "raw", "releases", "resolve", "src", "tree", "wiki"]
)
"""What stands behind a repository in the addresses of its pages."""


def normalise_repository(url: str) -> RepositoryUrl | None:
    """Return one spelling for the many of a git repository's URL; None if it is none.

    Understands https, ssh, `git@host:`, `git+https`, `www.`, `.git`, groups in groups
    (`host/group/sub/repo`), and the pages below a repository (`/tree/…`, `/-/blob/…`). Host is
    lower-cased, the path keeps its case; compare with `repository_key`.
    """
    match = _REPOSITORY.match(url.strip())
    if match is None:
        return None
    host, path = match[1].lower(), _repository_path(match[1].lower(), match[2].split("/"))
    if not path[-1] or host.startswith("."):
        return None
    return RepositoryUrl(f"https://{host}/{'/'.join(path)}")


def _repository_path(host: str, parts: list[str]) -> list[str]:
    """Return the parts of a path that name a repository, without what is below it."""
    last = 2 if host in SHORT_HOSTS else len(parts)
    for place, part in enumerate(parts[1:last], 1):
        if part.endswith(".git"):
            return [*parts[:place], part.removesuffix(".git")]
        if place > 1 and part.lower() in _PAGES:
            return parts[:place]
    return parts[:last]


def repository_key(url: str) -> str:
    """Return what two spellings of one repository have in common: `host/owner/repo`, lower case.

    A URL that names no repository (a raw file, a gist) is its own key.
    """
    normal = normalise_repository(url)
    return (normal or url.strip()).lower().removeprefix("https://").rstrip("/")


def normalise_registry_id(text: str) -> str | None:
    """Return a Comfy Registry id in lower case, or None if the text cannot be one."""
    text = text.strip()
    return text.lower() if REGISTRY_ID.match(text) else None


def normalise_model_path(value: str) -> str:
    r"""Return a model's relative path with `/` between its parts (`..\sub\a.pt` is `sub/a.pt`).

    Steps upwards at the front are dropped: a name is looked for in its folder and nowhere else.
    """
    path = value.strip().replace("\\", "/")
    while path.startswith(("./", "../")):
        path = path.partition("/")[2]
    return path


def leaves_its_folder(path: str) -> bool:
    """Say whether a normalised path is absolute, has a drive, or climbs out of its folder."""
    return path[:1] in ("/", "~") or path[1:2] == ":" or (".." in path and ".." in path.split("/"))


def is_text(text: str) -> bool:
    """Say whether a text can be written to a file: no half of a character in it."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def printable(text: str, limit: int = 200) -> str:
    """Return a stranger's text safe for one line: no control characters, cut short."""
    clean = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1]
    )
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def quoted(text: str) -> str:
    """Return a stranger's text as a TOML string, on one line and in plain sight."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else _escape(ord(c)) for c in escaped) + '"'


def _escape(number: int) -> str:
    if 0xD800 <= number <= 0xDFFF:  # half of a character is nothing that TOML can say
        return "\N{REPLACEMENT CHARACTER}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
