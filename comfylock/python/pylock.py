"""`pylock.comfy.toml` (PEP 751): written in one way, read back as values."""

from __future__ import annotations

import hashlib
from typing import Any

from packaging.utils import canonicalize_name

from comfylock.errors import LockParseError
from comfylock.patterns import Pattern
from comfylock.python.wanted import Package
from comfylock.redaction import redact_url

FILE = "pylock.comfy.toml"
"""Its name beside `comfy.lock`, where a project has one target."""

MAX_FILE = 64 << 20
"""Bytes."""

_DROPPED = frozenset({"attestation-identities", "dependencies", "index", "tool", "upload-time"})
"""Keys that say nothing about what is installed, or change without it changing."""

_SHA256 = Pattern(r"[0-9a-f]{64}\Z")
_ORDER = (
    "name",
    "version",
    "marker",
    "requires-python",
    "vcs",
    "directory",
    "archive",
    "sdist",
    "wheels",
    "type",
    "url",
    "path",
    "requested-revision",
    "commit-id",
    "subdirectory",
    "size",
    "hashes",
)
"""Keys of packages and files in the order of PEP 751."""


class UnhashedError(ValueError):
    """Files come without a sha256; `names` are their packages, sorted."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(", ".join(names))


def canonical(data: bytes) -> bytes:
    """Return a pylock in the one way that comfylock writes it.

    Raises:
        UnhashedError: a file has no sha256.
        LockParseError: it is no pylock.
    """
    document = pylock_document(data)
    packages: list[dict[str, Any]] = [_package(each) for each in document["packages"]]
    unhashed = {each.name for each in map(_read, packages) if not each.digests and not each.commit}
    if unhashed:
        raise UnhashedError(tuple(sorted(unhashed)))
    packages.sort(key=lambda each: (each["name"], each.get("version", ""), repr(each)))
    content = {"lock-version": "1.0"}
    if isinstance(document.get("requires-python"), str):
        content["requires-python"] = document["requires-python"]
    content["created-by"] = "comfylock"
    return _written({**content, "packages": packages})


def read_pylock(data: bytes, file: str = FILE) -> tuple[Package, ...]:
    """Return the packages of a pylock, sorted.

    Raises:
        LockParseError: it cannot be read.
    """
    return tuple(sorted(_read(each) for each in pylock_document(data, file)["packages"]))


def digest_of(data: bytes) -> str:
    """Return the sha256 of a pylock, as `comfy.lock` holds it."""
    return hashlib.sha256(data).hexdigest()


def pylock_document(data: bytes, file: str = FILE) -> dict[str, Any]:
    """Return what a pylock holds; its `packages` are tables with a name.

    Raises:
        LockParseError: it is no pylock.
    """
    import tomli  # noqa: PLC0415 - only locks of Python packages are read with it

    try:
        if len(data) > MAX_FILE:
            raise ValueError("too large")  # noqa: TRY301 - one way out
        document: dict[str, Any] = tomli.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise LockParseError(file, (("", "is not TOML"),)) from error
    version = document.get("lock-version")
    if not isinstance(version, str) or not version.startswith("1."):
        raise LockParseError(file, (("lock-version", "must be `1.0`"),))
    packages: Any = document.setdefault("packages", [])
    is_list = isinstance(packages, list) and all(isinstance(each, dict) for each in packages)
    if not is_list or not all(isinstance(each.get("name"), str) for each in packages):
        raise LockParseError(file, (("packages", "must be tables with a name"),))
    return document


def _package(table: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = _clean(table)
    kept["name"] = canonicalize_name(kept["name"])
    wheels = [each for each in _list(kept.get("wheels")) if isinstance(each, dict)]
    if wheels:
        kept["wheels"] = sorted(wheels, key=lambda each: str(each.get("url", "")))
    return kept


def _clean(value: Any) -> Any:
    """Return a value with its keys in order, without secrets and what is not to be kept."""
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if not isinstance(value, dict):
        return value
    names = sorted(value, key=lambda name: (_rank(name), name))
    kept = {name: _clean(value[name]) for name in names if name not in _DROPPED}
    if isinstance(kept.get("url"), str):
        kept["url"] = redact_url(kept["url"])
    return kept


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _read(table: dict[str, Any]) -> Package:
    digests = []
    files = [table.get("archive"), table.get("sdist"), *_list(table.get("wheels"))]
    for each in files:
        if not isinstance(each, dict):
            continue
        hashes = each.get("hashes")
        digest = hashes.get("sha256") if isinstance(hashes, dict) else None
        if not isinstance(digest, str) or not _SHA256.match(digest):
            return Package(canonicalize_name(table["name"]), _text(table.get("version")))
        digests.append(digest)
    source = table.get("vcs") or table.get("archive")
    url = _text(source.get("url")) if isinstance(source, dict) else None
    commit = _text(source.get("commit-id")) if isinstance(source, dict) else None
    return Package(
        canonicalize_name(table["name"]),
        _text(table.get("version")),
        tuple(sorted(digests)),
        url,
        commit,
        is_built=not table.get("wheels") and not (url or "").endswith(".whl"),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _written(document: dict[str, Any]) -> bytes:
    """Return a document with a file on each line; tomli-w would break them into tables."""
    lines = [f"{key} = {_value(value)}" for key, value in document.items() if key != "packages"]
    for package in document["packages"]:
        lines += ["", "[[packages]]"]
        for key, value in package.items():
            if key == "wheels":
                lines += ["wheels = [", *(f"    {_value(each)}," for each in value), "]"]
            else:
                lines.append(f"{key} = {_value(value)}")
    return ("\n".join(lines) + "\n").encode()


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    import tomli_w  # noqa: PLC0415 - only locks of Python packages are written with it

    return tomli_w.dumps({"x": value}).rstrip("\n").partition(" = ")[2]
