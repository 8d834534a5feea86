"""Archives of node packs, the same bytes each time."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOMENT = (2025, 3, 1, 12, 0, 0)


def pack_files(
    class_types: Iterable[str], requirements: Iterable[str] = (), **more: str
) -> dict[str, bytes]:
    """Return the files of a pack that declares these class types."""
    names = sorted(class_types)
    mapping = "".join(f"    {name!r}: Node{at},\n" for at, name in enumerate(names))
    classes = "".join(
        f"class Node{at}:\n"
        "    @classmethod\n"
        "    def INPUT_TYPES(cls):\n"
        '        return {"required": {"image": ("IMAGE",)}}\n\n'
        '    RETURN_TYPES = ("IMAGE",)\n'
        '    FUNCTION = "run"\n\n\n'
        for at in range(len(names))
    )
    files = {"__init__.py": f"{classes}NODE_CLASS_MAPPINGS = {{\n{mapping}}}\n".encode()}
    if requirements:
        files["requirements.txt"] = "".join(f"{line}\n" for line in requirements).encode()
    return files | {name.replace("__", "."): text.encode() for name, text in more.items()}


def node_zip(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return written.getvalue()


def node_tar(files: Mapping[str, bytes]) -> bytes:
    """Return a tar.gz of these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))
    return gzip.compress(written.getvalue(), mtime=0)
