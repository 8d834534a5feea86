"""A package index on the loopback: wheels made by hand, a page for each package."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from tests.services.loopback import Answer, Service, serving

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOMENT = (2025, 1, 1, 0, 0, 0)


class Release(Struct, frozen=True):
    """One version of a package."""

    name: str
    version: str
    requires: tuple[str, ...] = ()
    python: str = ">=3.9"
    tag: str = "py3-none-any"
    """Empty: there is no wheel, only a source distribution."""
    has_digest: bool = True

    @property
    def file(self) -> str:
        """What its file is called."""
        name = self.name.replace("-", "_")
        suffix = f"-{self.tag}.whl" if self.tag else ".tar.gz"
        return f"{name}-{self.version}{suffix}"


def release(
    text: str,
    *requires: str,
    python: str = ">=3.9",
    tag: str = "py3-none-any",
    has_digest: bool = True,
) -> Release:
    """`name==version` and what it requires."""
    name, _, version = text.partition("==")
    return Release(name, version, requires, python, tag, has_digest)


def wheel(release: Release) -> bytes:
    """The wheel of a release, the same bytes each time."""
    name = release.name.replace("-", "_")
    info = f"{name}-{release.version}.dist-info"
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {release.name}",
        f"Version: {release.version}",
        f"Requires-Python: {release.python}",
        *(f"Requires-Dist: {each}" for each in release.requires),
    ]
    files = {
        f"{name}.py": f"VERSION = {release.version!r}\n",
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {release.tag}\n",
    }
    record = [f"{path},{_digest(text)},{len(text)}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, MOMENT), text)
    return stream.getvalue()


def _digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def publish(service: Service, releases: Iterable[Release], root: str = "simple") -> str:
    """Put releases on a server under a root; the index's address."""
    pages: dict[str, list[str]] = {}
    for each in releases:
        data = wheel(each) if each.tag else b"never to be opened"
        service.answers[f"/files/{root}/{each.file}"] = Answer(data, content_type="application/zip")
        fragment = f"#sha256={hashlib.sha256(data).hexdigest()}" if each.has_digest else ""
        python = each.python.replace(">", "&gt;").replace("<", "&lt;")
        address = f"{service.url}/files/{root}/{each.file}{fragment}"
        link = f'<a href="{address}" data-requires-python="{python}">{each.file}</a>'
        pages.setdefault(each.name, []).append(link)
    for name, links in pages.items():
        body = f"<!DOCTYPE html><html><body>{'<br>'.join(links)}</body></html>"
        service.answers[f"/{root}/{name}/"] = Answer(body.encode(), content_type="text/html")
    return f"{service.url}/{root}/"


@contextmanager
def package_index(*releases: Release) -> Iterator[tuple[Service, str]]:
    """Yield a server with an index, and the index's address."""
    with serving() as service:
        yield service, publish(service, releases)
