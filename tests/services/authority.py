"""An authority of one's own for https on the loopback."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def authority_in(folder: Path, *hosts: str) -> ssl.SSLContext:
    """Make an authority, write its certificate to `ca.pem`; return what its servers use."""
    import trustme  # noqa: PLC0415 - only who asks for https needs it

    folder.mkdir(exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    return context
