"""Archives that hold pickles: torch's zip, .npz, .keras, and the tar of torch before 0.4."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

from comfylock.model_files.facts import FileFacts, Trait, gravest
from comfylock.model_files.lambda_layers import lambda_traits
from comfylock.model_files.member_texts import has_text, name_traits, package_traits, text_traits
from comfylock.model_files.name_formats import is_pickled
from comfylock.model_files.numpy_arrays import MAGIC as NPY
from comfylock.model_files.numpy_arrays import look_at_array
from comfylock.model_files.part import Part
from comfylock.model_files.pickle_walk import Limits, is_meant, may_be_pickle, walk
from comfylock.model_files.pickles import hidden, placed, walk_row
from comfylock.model_files.unpacking import unpacked
from comfylock.model_files.zip_members import read_members
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.model_files.facts import Format
    from comfylock.model_files.feed import Feed
    from comfylock.model_files.zip_members import Member

MAX_INNER = 16 << 20
"""Bytes of a compressed member that are unpacked into memory."""

MAX_CHECKED = 64 << 20
"""Bytes of a pickle whose checksum is computed."""

MAX_TRAITS = 1000
MAX_MEMBERS = 1000
"""Of a tar."""

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
        traits += name_traits(member.name)
        found = _look_at_packed(part, member, depth)
        has_pickle = has_pickle or found.has_pickle
        traits += found.traits
        if len(traits) > 2 * MAX_TRAITS:
            traits[:] = gravest(traits, MAX_TRAITS)
    traits += package_traits(names)
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


def _look_at_packed(part: Part, member: Member, depth: int) -> FileFacts:
    method = _METHODS.get(member.method)
    if method is None:
        detail = f"is packed by method {member.method}, which is not looked into"
        return FileFacts("unknown", traits=(_unread(detail, member.name),))
    inner = part.inner(member.start, member.packed)
    found = _look_at_member(inner, method, member.name, depth)
    if not _PICKLE.search(member.name):
        return found
    checked = _checked(inner, method, member)
    return FileFacts(found.format, found.has_pickle, (*found.traits, *checked))


def _look_at_member(inner: Part, method: str, place: str, depth: int) -> FileFacts:
    """Return what a file in an archive is and does, packed or not."""
    head = _feed(inner, method).take(512)
    if _PICKLE.search(place):
        row = walk_row(_feed(inner, method), place)
        traits = list(row.traits)
        if not method and not row.is_legacy and _is_followed(traits):
            traits += hidden(inner, 1, place)
        return FileFacts("pickle", has_pickle=True, traits=tuple(traits))
    if head.startswith(NPY):
        whole, cut = _in_memory(inner, method, place)
        found = look_at_array(whole, place)
        return FileFacts(found.format, found.has_pickle, (*found.traits, *cut))
    if head.startswith(b"PK\x03\x04") or is_tar(head):
        return _look_at_archive(inner, method, place, depth, is_zip=head.startswith(b"PK"))
    if place.endswith("config.json"):
        return FileFacts("unknown", traits=tuple(lambda_traits(_feed(inner, method), place)))
    if has_text(place):
        return FileFacts("unknown", traits=tuple(text_traits(place, _feed(inner, method))))
    is_storage = bool(_STORAGE.search(place))
    if is_storage and not may_be_pickle(head):  # numbers, which are opcodes by chance
        return FileFacts("unknown")
    return _unnamed(_feed(inner, method), place, is_storage=is_storage)


def _look_at_archive(
    inner: Part, method: str, place: str, depth: int, *, is_zip: bool
) -> FileFacts:
    if not depth:
        detail = "is an archive in too many archives to be looked into"
        return FileFacts("unknown", traits=(_unread(detail, place),))
    whole, cut = _in_memory(inner, method, place)
    found = look_at_zip(whole, depth - 1) if is_zip else look_at_tar(whole, depth - 1)
    return FileFacts(found.format, found.has_pickle, (*_moved(found, place), *cut))


def _unread(detail: str, place: str) -> Trait:
    return Trait("dangerous", "unread", detail, place)


def _is_followed(traits: Iterable[Trait]) -> bool:
    return any(trait.word in {"after-stop", "broken"} for trait in traits)


def _unnamed(feed: Feed, place: str, *, is_storage: bool) -> FileFacts:
    """Return what a member does that is a pickle by its bytes; others are one by chance."""
    facts = walk(feed, Limits(operations=200_000))
    is_unread = any(trait.word == "unread" for trait in facts.traits) and not is_storage
    if not is_meant(facts) and not is_unread:
        return FileFacts("unknown")
    if is_storage and facts.grade != "dangerous":
        return FileFacts("unknown")
    traits = [*placed(facts, place)]
    if not is_storage and not is_pickled(place):
        traits.append(Trait("suspicious", "unnamed", "is a pickle under another name", place))
    return FileFacts("pickle", has_pickle=True, traits=tuple(traits))


def _moved(found: FileFacts, place: str) -> list[Trait]:
    return [
        Trait(t.grade, t.word, t.detail, f"{place}, {t.place}" if t.place else place)
        for t in found.traits
    ]


def _feed(inner: Part, method: str) -> Feed:
    return unpacked(inner.feed(), method) if method else inner.feed()


def _in_memory(inner: Part, method: str, place: str) -> tuple[Part, tuple[Trait, ...]]:
    """Return a member as a part that can be read from any place, and whether it was cut."""
    if not method:
        return inner, ()
    feed = _feed(inner, method)
    data = feed.take(MAX_INNER)
    cut = (_unread("is too large to be looked into to its end", place),) if feed.peek(1) else ()
    return Part(io.BytesIO(data), 0, len(data), inner.budget), cut


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


def look_at_tar(part: Part, depth: int) -> FileFacts:
    """Return what the members of a tar archive would do; torch took three of them for pickles."""
    traits: list[Trait] = []
    has_pickle = False
    at = count = 0
    while at + 512 <= part.size:
        head = part.read(at, 512)
        if not is_tar(head):
            break
        if count >= MAX_MEMBERS:
            traits.append(_unread(f"has more than {MAX_MEMBERS} members", ""))
            break
        size = _octal(head[124:136])
        name = _name(head[:100])
        inner = part.inner(at + 512, size)
        found = _look_at_tarred(inner, name, depth)
        has_pickle = has_pickle or found.has_pickle
        traits += [*name_traits(name), *found.traits]
        if head[156:157] in (b"1", b"2"):
            traits += [t for t in name_traits(_name(head[157:257])) if t.word == "outside"]
        at += 512 + (size + 511) // 512 * 512
        count += 1
    return FileFacts("tar", has_pickle, gravest(traits, MAX_TRAITS))


def _name(field: bytes) -> str:
    return field.split(b"\x00")[0].decode("utf-8", "replace")


def _look_at_tarred(inner: Part, name: str, depth: int) -> FileFacts:
    found = _look_at_member(inner, "", name, depth)
    if found.format not in {"unknown", "pickle"} or has_text(name):
        return found
    row = walk_row(inner.feed(), name)
    has_pickle = found.has_pickle or row.count > 0 or row.imports
    traits = [t for t in row.traits if t.word not in {"after-stop", "broken"}] if has_pickle else []
    kept = [t for t in found.traits if t.word not in {"after-stop", "broken", "unnamed"}]
    return FileFacts("pickle", has_pickle, (*kept, *traits, *hidden(inner, 1, name)))


def _octal(field: bytes) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[4:], "big")
    try:
        return max(0, int(field.strip(b" \x00") or b"0", 8))
    except ValueError:
        return 0
