"""The services of a run, wired together: client, answers, one source of each kind."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock import __version__
from comfylock.net.cache import Cache, Cached, Offline, Recording, Replay
from comfylock.net.endpoints import load_trust
from comfylock.net.http import Http
from comfylock.ops.cache import cache_folder
from comfylock.resolve.sources import Sources
from comfylock.sources.civitai import Civitai
from comfylock.sources.comfy_registry import ComfyRegistry
from comfylock.sources.direct_url import DirectUrl
from comfylock.sources.git import Git
from comfylock.sources.git_files import RepositoryFiles, SingleFiles
from comfylock.sources.github_release import GithubReleases
from comfylock.sources.huggingface import HuggingFace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Executor

    from comfylock.config import Config
    from comfylock.net.interface import Answers

THREADS = 32
"""Questions under way at once; each host has a limit of its own besides."""


class Mode(Struct, frozen=True):
    """Where answers may come from."""

    is_offline: bool = False
    record: str | None = None
    replay: str | None = None
    max_age: float = 600.0
    """Seconds for which an answer that may change is taken from the cache unasked."""
