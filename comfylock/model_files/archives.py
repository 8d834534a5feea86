"""Archives that hold pickles: torch's zip, .npz, .keras, and the tar of torch before 0.4."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

from comfylock.model_files.facts import FileFacts, Trait, gravest
from comfylock.model_files.lambda_layers import lambda_traits
from comfylock.model_files.numpy_arrays import MAGIC as NPY
from comfylock.model_files.numpy_arrays import look_at_array
from comfylock.model_files.part import Part
from comfylock.model_files.pickle_walk import Limits, is_meant, may_be_pickle, walk
from comfylock.model_files.pickles import hidden, placed, walk_row
from comfylock.model_files.unpacking import unpacked
from comfylock.model_files.zip_members import read_members
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from comfylock.model_files.facts import Format
    from comfylock.model_files.feed import Feed
    from comfylock.model_files.zip_members import Member

MAX_INNER = 16 << 20
"""Bytes of a compressed member that are unpacked into memory."""

MAX_CHECKED = 64 << 20
"""Bytes of a pickle whose checksum is computed."""

MAX_TRAITS = 1000
_PICKLE = Pattern(r"(?i)\.(pkl|pickle|pck|pcl|p|joblib|dill|debug_pkl)\Z")
_STORAGE = Pattern(r"(?:^|/)data/\d+\Z")
_METHODS = {0: "", 8: "deflate", 12: "bz2"}


def look_at_zip(part: Part, depth: int) -> FileFacts:
    """Return what a zip archive is, and what would run of what is in it.

    `depth` says how many archives in archives are still opened.
    """
    traits: list[Trait] = []
    names: list[str] = []
    has_pickle = False
    for member in read_members(part, traits):
        if len(names) < 4096:
            names.append(member.name)
        found = _look_at_member(part, member, depth)
        has_pickle = has_pickle or found.has_pickle
        traits += found.traits
        if len(traits) > 2 * MAX_TRAITS:
            traits[:] = gravest(traits, MAX_TRAITS)
    kind = _kind(names, has_pickle=has_pickle)
    return FileFacts(kind, has_pickle, gravest(traits, MAX_TRAITS))


def _kind(names: list[str], *, has_pickle: bool) -> Format:
    last = {name.rpartition("/")[2] for name in names}
    if "constants.pkl" in last:
        return "torchscript"
    if "data.pkl" in last and has_pickle:
        return "torch"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    return "keras" if {"config.json", "metadata.json"} <= last else "zip"


def _look_at_member(part: Part, member: Member, depth: int) -> FileFacts:
    place = member.name
    method = _METHODS.get(member.method)
    if method is None:
        detail = f"is packed by method {member.method}, which is not looked into"
        return FileFacts("unknown", traits=(Trait("suspicious", "unread", detail, place),))
    inner = part.inner(member.start, member.packed)
    head = _feed(inner, method).take(8)
    if _PICKLE.search(member.name):
        facts = walk_row(_feed(inner, method), place)
        traits = [*facts.traits, *_checked(inner, method, member)]
        if not method and not facts.is_legacy and _is_followed(facts.traits):
            traits += hidden(inner, 1, place)
        return FileFacts("pickle", has_pickle=True, traits=tuple(traits))
    if head.startswith(NPY):
        return look_at_array(_in_memory(inner, method), place)
    if head.startswith(b"PK\x03\x04") and depth:
        found = look_at_zip(_in_memory(inner, method), depth - 1)
        return FileFacts(found.format, found.has_pickle, tuple(_moved(found, place)))
    if member.name.endswith("config.json"):
        return FileFacts("unknown", traits=tuple(lambda_traits(_feed(inner, method), place)))
    if may_be_pickle(head):
        return _unnamed(_feed(inner, method), place, is_storage=bool(_STORAGE.search(place)))
    return FileFacts("unknown")


def _is_followed(traits: tuple[Trait, ...]) -> bool:
    return any(trait.word in {"after-stop", "broken"} for trait in traits)


def _unnamed(feed: Feed, place: str, *, is_storage: bool) -> FileFacts:
    """Return what a member does that is a pickle by its bytes; tensors' bytes are one by chance."""
    facts = walk(feed, Limits(operations=200_000))
    is_unread = any(trait.word == "unread" for trait in facts.traits) and not is_storage
    if not is_meant(facts) and not is_unread:
        return FileFacts("unknown")
    if is_storage and facts.grade != "dangerous":
        return FileFacts("unknown")
    traits = [*placed(facts, place)]
    if not is_storage:
        traits.append(Trait("suspicious", "unnamed", "is a pickle under another name", place))
    return FileFacts("pickle", has_pickle=True, traits=tuple(traits))


def _moved(found: FileFacts, place: str) -> list[Trait]:
    return [
        Trait(t.grade, t.word, t.detail, f"{place}, {t.place}" if t.place else place)
        for t in found.traits
    ]


def _feed(inner: Part, method: str) -> Feed:
    return unpacked(inner.feed(), method) if method else inner.feed()


def _in_memory(inner: Part, method: str) -> Part:
    """Return a member as a part that can be read from any place."""
    if not method:
        return inner
    data = _feed(inner, method).take(MAX_INNER)
    return Part(io.BytesIO(data), 0, len(data), inner.budget)


def _checked(inner: Part, method: str, member: Member) -> list[Trait]:
    """Return a trait if a pickle's checksum is not the one that the archive holds."""
    if member.size > MAX_CHECKED:
        return []
    feed = _feed(inner, method)
    checksum = left = 0
    left = member.size
    while left > 0 and (data := feed.take(min(left, 1 << 16))):
        checksum = zlib.crc32(data, checksum)
        left -= len(data)
    if checksum == member.crc:
        return []
    detail = "has another checksum than its archive says, which torch does not look at"
    return [Trait("suspicious", "zip-checksum", detail, member.name)]


# tar


def is_tar(head: bytes) -> bool:
    """Say whether a file begins with a header of tar, by its checksum as tarfile does."""
    if len(head) < 512 or not head[0]:
        return False
    digits = head[148:156].strip(b" \x00")
    try:
        told = int(digits, 8)
    except ValueError:
        return False
    return told == 256 + sum(head[:148]) + sum(head[156:512])


def look_at_tar(part: Part) -> FileFacts:
    """Return what the members of a tar archive would do; torch took three of them for pickles."""
    traits: list[Trait] = []
    has_pickle = False
    at = count = 0
    while count < MAX_TRAITS and at + 512 <= part.size:
        head = part.read(at, 512)
        if not is_tar(head):
            break
        size = _octal(head[124:136])
        name = head[:100].split(b"\x00")[0].decode("utf-8", "replace")
        inner = part.inner(at + 512, size)
        row = walk_row(inner.feed(), name)
        if row.count or row.imports:
            has_pickle = True
            traits += [t for t in row.traits if t.word not in {"after-stop", "broken"}]
        traits += hidden(inner, 1, name)
        at += 512 + (size + 511) // 512 * 512
        count += 1
    return FileFacts("tar", has_pickle, gravest(traits, MAX_TRAITS))


def _octal(field: bytes) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[4:], "big")
    try:
        return max(0, int(field.strip(b" \x00") or b"0", 8))
    except ValueError:
        return 0
