"""Unpack an archive into a new folder: plain files only, and none of them elsewhere."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tarfile
import zipfile
from functools import partial
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_FILES, MAX_BYTES = 50_000, 16 << 30
HARMLESS, RATIO = 256 << 20, 100  # how much larger it may become than it is


def entries(path: str) -> Iterator[tuple[str, str, int, Callable[[], IO[bytes] | None]]]:
    """Yield (name, kind, mode, open) for what an archive holds; kind is `f`, `d` or `?`."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for each in packed.infolist():
                mode = each.external_attr >> 16
                kind = "f" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "?"
                kind = "d" if each.is_dir() and stat.S_IFMT(mode) in (0, stat.S_IFDIR) else kind
                yield each.orig_filename, kind, mode, partial(packed.open, each)
    else:
        with tarfile.open(path) as archive:
            for entry in archive:
                kind = "f" if entry.isreg() else "d" if entry.isdir() else "?"
                yield entry.name, kind, entry.mode, partial(archive.extractfile, entry)


def checked(name: str, kind: str) -> str:
    """Return a name below the folder; end if it leads anywhere else."""
    plain = name.removeprefix("./")
    parts = plain.rstrip("/").split("/") if kind == "d" else plain.split("/")
    is_odd = any(ord(letter) < 32 or ord(letter) == 127 for letter in name) or "\\" in name
    if kind == "?" or is_odd or any(part in ("", ".", "..") for part in parts) or ":" in parts[0]:
        sys.exit(f"the archive holds what no pack needs: {ascii(name)[:80]}")
    return "/".join(parts)


def unpack(path: str, folder: str, record: str) -> None:
    """Unpack, and write the digest of every file as sha256sum does."""
    digests: dict[str, str] = {}
    left = min(MAX_BYTES, max(HARMLESS, RATIO * os.path.getsize(path)))
    os.makedirs(folder)
    for named, kind, mode, opened in entries(path):
        if kind == "d" and named.rstrip("/") in ("", "."):
            continue
        name = checked(named, kind)
        target = os.path.join(folder, name)
        if kind == "d":
            os.makedirs(target, exist_ok=True)
            continue
        if len(digests) >= MAX_FILES or name in digests:
            sys.exit(f"the archive holds too many files, or one twice: {ascii(name)[:80]}")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        digest = hashlib.sha256()
        source: Any = opened()
        with source, open(target, "xb") as made:
            while block := source.read(1 << 20):
                left -= len(block)
                if left < 0:
                    sys.exit("the archive unpacks to far more than its size")
                digest.update(block)
                made.write(block)
        os.chmod(target, 0o755 if mode & 0o111 else 0o644)
        digests[name] = digest.hexdigest()
    if not digests:
        sys.exit("the archive is empty")
    with open(os.path.join(folder, ".tracking"), "w") as listed:  # what ComfyUI-Manager looks for
        listed.write("\n".join(sorted(digests)))
    digests.pop(".tracking", None)
    with open(record, "w") as listed:
        listed.writelines(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


try:
    unpack(*sys.argv[1:])
except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError) as error:
    sys.exit(f"cannot be unpacked: {error}")
except (zipfile.BadZipFile, tarfile.TarError):
    sys.exit("is neither a zip nor a tar archive, or the archive is damaged")
