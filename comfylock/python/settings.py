"""What a project says about its Python packages, whatever file it says it in."""

from __future__ import annotations

from msgspec import Struct

from comfylock.python.torch import TRIO
from comfylock.python.wanted import Indexes


class PythonSettings(Struct, frozen=True):
    """Settings that shape the choice for every target; texts are PEP 508."""

    constraints: tuple[str, ...] = ()
    """`numpy<2`: limits for whoever asks for a package, torch included."""
    overrides: tuple[str, ...] = ()
    """`numpy==2.1.0`: instead of whatever anybody asks about a package."""
    ignored: dict[str, tuple[str, ...]] = {}
    """Pack to the packages, or the whole lines, that it asks for in vain."""
    allowed_builds: tuple[str, ...] = ()
    """Packages whose own code may run, to learn what they need and to install them."""
    indexes: Indexes = Indexes()
    hosts: frozenset[str] = frozenset()
    """Hosts (`host` or `host:port`) that requirements with an address may name beside the usual
    ones, over http too."""
    trio: tuple[str, ...] = TRIO
    """Of torch, torchvision and torchaudio, what is installed."""
