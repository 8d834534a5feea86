"""What is this file, and what would run if it were loaded? By its bytes; nothing is loaded."""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING

from comfylock.model_files.archives import is_tar, look_at_tar, look_at_zip
from comfylock.model_files.facts import GRADES, FileFacts, Trait
from comfylock.model_files.lambda_layers import lambda_traits
from comfylock.model_files.name_formats import claimed_format, is_pickled
from comfylock.model_files.numpy_arrays import MAGIC as NPY
from comfylock.model_files.numpy_arrays import look_at_array
from comfylock.model_files.onnx_links import look_at_onnx
from comfylock.model_files.part import Part
from comfylock.model_files.pickles import hidden, walk_row
from comfylock.model_files.templates import template_traits
from comfylock.model_files.unpacking import JOBLIB, JOBLIB_HEAD, MAGICS, UNREADABLE, unpacked
from comfylock.model_files.zip_members import has_directory

if TYPE_CHECKING:
    from comfylock.model_files.budget import Budget
    from comfylock.model_files.facts import Format

MAX_SAFETENSORS_HEADER = 100_000_000
"""Source: the safetensors format."""

ARCHIVES_DEEP = 2
ZIP = b"PK\x03\x04"
GGUF = b"GGUF"
HDF5 = b"\x89HDF\r\n\x1a\n"

_BARE_TOO = frozenset({"gguf", "safetensors"})
"""Formats that are known by so few bytes that a pickle could have them."""

MAX_UNPACKED_TAR = 64 << 20
"""Bytes of a compressed tar that are held in memory."""


def look_at(file: IO[bytes], name: str, budget: Budget | None = None) -> FileFacts:
    """Return what an open file is and does; its name only tells what it claims to be.

    What goes beyond the budget is not looked into, and told as dangerous.

    Raises:
        OSError: it cannot be read.
    """
    size = file.seek(0, os.SEEK_END)
    part = Part(file, 0, size, budget)
    found = _by_bytes(part, name)
    if part.budget.is_spent:
        detail = "holds too much to be looked into to its end"
        traits = tuple(sorted({*found.traits, Trait("dangerous", "unread", detail)}))
        found = FileFacts(found.format, found.has_pickle, traits)
    claim = claimed_format(name, found.format)
    if claim is None:
        return found
    traits = found.traits
    if found.has_pickle and claim != "pickle":
        detail = f"is named as {claim} but holds a pickle"
        traits = (*traits, Trait("dangerous", "disguise", detail))
    return FileFacts(found.format, found.has_pickle, tuple(sorted(set(traits))), claim)


def _by_bytes(part: Part, name: str) -> FileFacts:
    head = part.read(0, 512)
    known = _of_magic(part, head, name)
    if known is not None and (head.startswith(ZIP) or not is_pickled(name)):
        if known.format not in _BARE_TOO:
            return known
        bare = _bare(part, head, name, is_known=True)
        return _both(bare, known) if bare.has_pickle else known
    facts = known or FileFacts("unknown")
    has_tar = is_tar(head)
    if has_tar:  # which torch tries first, whatever else the bytes may be
        facts = _both(facts, look_at_tar(part, ARCHIVES_DEEP))
    facts = _both(facts, _packed_tar(part, head))
    if has_directory(part):  # readers look for its end, whatever stands before it
        found = look_at_zip(part, ARCHIVES_DEEP)
        # The last archive in a tar is found that way too, and was looked into with the tar.
        if not has_tar or GRADES.index(found.grade) > GRADES.index(facts.grade):
            facts = _both(found, facts)
    return _both(facts, _bare(part, head, name, is_known=known is not None))


def _of_magic(part: Part, head: bytes, name: str) -> FileFacts | None:
    """Return what a file is that can be nothing else."""
    if not head:
        return FileFacts("empty")
    if head.startswith(ZIP):
        return look_at_zip(part, ARCHIVES_DEEP)
    if head.startswith(NPY):
        return look_at_array(part)
    method = next((told for magic, told in UNREADABLE.items() if head.startswith(magic)), None)
    if method is not None:
        detail = f"is packed as {method}, which is not looked into"
        kind: Format = "seven-zip" if method == "7z" else "unknown"
        return FileFacts(kind, traits=(Trait("suspicious", "unread", detail),))
    length = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and length <= min(part.size - 8, MAX_SAFETENSORS_HEADER):
        return FileFacts("safetensors")
    if head.startswith(GGUF) and not is_pickled(name):
        return FileFacts("gguf", traits=tuple(template_traits(part)))
    if head.startswith(HDF5):
        return FileFacts("hdf5", traits=tuple(lambda_traits(part.feed())))
    if name.lower().endswith(".onnx") and head[:1] == b"\x08":
        return look_at_onnx(part)
    return None


def _bare(part: Part, head: bytes, name: str, *, is_known: bool) -> FileFacts:
    """Return what pickles without an archive around them would do, packed ones too.

    What is known for another format is a pickle only if it does something as one.
    """
    method = _method(head)
    start = JOBLIB_HEAD if head.startswith(JOBLIB) else 0
    rows = [walk_row(part.feed())]
    if method:
        rows.append(walk_row(unpacked(part.feed(start), method)))
    row = next((row for row in rows[::-1] if row.is_meant), rows[-1])
    is_unread = any(trait.word == "unread" for trait in row.traits)
    is_claimed = is_pickled(name) or (head[:1] == b"\x80" and row.count > 0)
    is_one = row.count or row.imports or is_unread
    if not (is_one if is_claimed and not is_known else row.is_meant):
        return FileFacts("gguf") if head.startswith(GGUF) else FileFacts("unknown")
    traits = list(row.traits)
    if not method and any(t.word in {"after-stop", "broken"} for t in traits):
        traits += hidden(part, 1)
    kind: Format = "legacy-torch" if row.is_legacy else "pickle"
    return FileFacts(kind, has_pickle=True, traits=tuple(sorted(set(traits))))


def _method(head: bytes) -> str:
    """Return by what a file is compressed; empty if it is not."""
    if head.startswith(JOBLIB):
        return "zlib"
    return next((method for magic, method in MAGICS.items() if head.startswith(magic)), "")


def _packed_tar(part: Part, head: bytes) -> FileFacts:
    """Return what a compressed tar archive would do; at most so much of it is unpacked."""
    method = _method(head)
    if not method or not is_tar(unpacked(part.feed(), method).take(512)):
        return FileFacts("unknown")
    feed = unpacked(part.feed(), method)
    data = feed.take(MAX_UNPACKED_TAR)
    found = look_at_tar(Part(io.BytesIO(data), 0, len(data), part.budget), ARCHIVES_DEEP)
    if not feed.peek(1):
        return found
    detail = "is a compressed archive too large to be looked into to its end"
    traits = (*found.traits, Trait("dangerous", "unread", detail))
    return FileFacts("tar", found.has_pickle, tuple(sorted(traits)))


def _both(one: FileFacts, other: FileFacts) -> FileFacts:
    """Return what a file is that can be read in two ways."""
    if other.format == "unknown" or one.format == "unknown":
        return one if other.format == "unknown" else other
    detail = f"can be read as {one.format} and as {other.format}"
    traits = {*one.traits, *other.traits, Trait("suspicious", "two-formats", detail)}
    return FileFacts(one.format, one.has_pickle or other.has_pickle, tuple(sorted(traits)))
