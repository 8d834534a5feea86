"""Where requests may go, and which credentials go where."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from comfylock.links import ALLOWED_HOSTS


class Endpoints(Struct, frozen=True):
    """Base addresses of the services, without a final slash; mirrors and tests replace them."""

    registry: str = "https://api.comfy.org"
    huggingface: str = "https://huggingface.co"
    civitai: str = "https://civitai.com"
    """With or without `/api/v1` when configured; kept without."""
    github_api: str = "https://api.github.com"
    manager: str = "https://raw.githubusercontent.com/Comfy-Org/ComfyUI-Manager/main"


class Credentials(Struct, frozen=True):
    """Tokens by service; None where there is none. Never printed, stored or hashed."""

    huggingface: str | None = None
    civitai: str | None = None
    github: str | None = None

    def __repr__(self) -> str:
        return "Credentials(***)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show no token either."""
        return [("tokens", "***")]

    @property
    def secrets(self) -> tuple[str, ...]:
        """The tokens that there are."""
        return tuple(filter(None, (self.huggingface, self.civitai, self.github)))


class Trust(Struct, frozen=True):
    """What a run may reach, and with what."""

    endpoints: Endpoints = Endpoints()
    credentials: Credentials = Credentials()
    hosts: frozenset[str] = ALLOWED_HOSTS
    """Hosts whose files may be taken on a workflow's word."""
    configured: frozenset[str] = frozenset()
    """`host` or `host:port` of what a person configured: http and loopback are allowed there."""
