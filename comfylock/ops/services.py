"""The services of a run, wired together: a client, answers, one source of each kind."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock import __version__
from comfylock.config import surroundings
from comfylock.net.answers import Cached, InMemory, Offline
from comfylock.net.cache import Cache
from comfylock.net.credentials import load_credentials
from comfylock.net.http import Http
from comfylock.net.recording import Counted, Recording, Replay
from comfylock.net.retries import Patience
from comfylock.net.trust import Endpoints, Trust
from comfylock.ops.cache import cache_folder
from comfylock.redaction import environment_secrets
from comfylock.references import parse_reference
from comfylock.resolve.sources import Sources
from comfylock.sources.civitai import Civitai
from comfylock.sources.comfy_registry import ComfyRegistry
from comfylock.sources.container_image import ContainerImages
from comfylock.sources.direct_url import DirectUrl, may_be_visited
from comfylock.sources.git import Git
from comfylock.sources.git_command import Limits
from comfylock.sources.git_files import RepositoryFiles
from comfylock.sources.github_release import GithubReleases
from comfylock.sources.huggingface import HuggingFace
from comfylock.sources.huggingface_client import Patience as HubPatience
from comfylock.sources.package_answers import AnsweredPackages, UncachedPackages
from comfylock.sources.pin_definitions import PinDefinitions
from comfylock.sources.python_packages import UvPackages
from comfylock.sources.single_file import SingleFiles
from comfylock.sources.uv_command import UvLimits
from comfylock.threads import threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Executor

    from comfylock.config import Config
    from comfylock.net.trust import Credentials
    from comfylock.python.wanted import PackageSource

THREADS = 128
"""Questions under way at once; each host has a limit of its own besides.

So many that no pack waits behind the models of a host whose turns are all taken.
"""

RECENT = 60.0
"""Seconds for which a kept answer tells what is newest, to whoever asks for that.

Long enough for a run to carry on where one has failed; a release of a moment ago is missed.
"""

USER_AGENT = f"comfylock/{__version__}"


class Effort(Struct, frozen=True):
    """How hard every service is tried before it counts as one that does not answer."""

    threads: int = THREADS
    attempts: int = 4
    pause: float = 0.5
    """Seconds, at the most, before the second attempt; before later ones more."""
    seconds: float = 60.0
    """For one request with all its attempts; git's commands may take five times as long."""


class Mode(Struct, frozen=True):
    """Where answers may come from."""

    is_offline: bool = False
    record: str | None = None
    """A folder to keep every answer in that was used."""
    replay: str | None = None
    """A folder of such answers, instead of all services."""
    max_age: float = 600.0
    """Seconds for which an answer that may change is taken from the cache unasked."""
    effort: Effort = Effort()
    doubts: bool = False
    """Even what cannot change is asked for again, to see whether it has."""


class Services:
    """Sources and the threads to ask them with, for one run."""

    def __init__(
        self,
        sources: Sources,
        executor: Executor,
        answers: Counted,
        definitions: PinDefinitions,
    ) -> None:
        self.sources = sources
        self.definitions = definitions
        self.executor = executor
        self._answers = answers

    def asked(self) -> dict[str, tuple[int, int]]:
        """Return by service how many questions there were so far, and how many went to it."""
        return self._answers.counts()


@contextmanager
def open_services(config: Config, environ: Mapping[str, str], mode: Mode) -> Iterator[Services]:
    """Yield the services that a project's settings and the environment name.

    Raises:
        ConfigError: a token of the environment is none.
    """
    trust = trust_of(config, environ)
    endpoints, tokens = trust.endpoints, trust.credentials
    with ExitStack() as stack:
        answers = _answers(mode, environ, known_secrets(environ))
        patience, limits, hub_patience = _patience(mode.effort)
        http = stack.enter_context(Http(USER_AGENT, trust, patience=patience))
        private = {"https://github.com/": tokens.github} if tokens.github else None
        git = stack.enter_context(Git(answers, limits=limits, tokens=private))
        hub = HuggingFace(
            answers,
            http=http,
            user_agent=USER_AGENT,
            endpoint=endpoints.huggingface,
            token=tokens.huggingface,
            patience=hub_patience,
        )
        civitai = Civitai(answers, http, endpoint=endpoints.civitai, token=tokens.civitai)
        registry = ComfyRegistry(
            answers, http, endpoint=endpoints.registry, configured=trust.configured
        )
        sources = Sources(
            registry=registry,
            git=git,
            files=SingleFiles(git, http, answers),
            hub=hub,
            civitai=civitai,
            releases=GithubReleases(
                answers,
                http,
                endpoint=endpoints.github_api,
                configured=trust.configured,
                has_token=tokens.github is not None,
            ),
            repository_files=RepositoryFiles(git),
            urls=DirectUrl(
                answers,
                http,
                is_allowed=partial(may_be_visited, configured=trust.configured),
            ),
            images=ContainerImages(
                answers,
                http,
                endpoints=_plain_registries(trust.configured),
                configured=trust.configured,
            ),
            python=_packages(mode, environ, answers),
            reference=partial(parse_reference, hub_hosts=hub.hosts, civitai_hosts=civitai.hosts),
        )
        executor = stack.enter_context(threads(mode.effort.threads, "comfylock"))
        yield Services(sources, executor, answers, PinDefinitions(git, registry))


def _plain_registries(configured: frozenset[str]) -> dict[str, str]:
    """Return the registries of images that speak plain http: configured ones on this machine.

    Source: https://docs.docker.com/reference/cli/dockerd/#insecure-registries
    """
    names = ("localhost", "127.0.0.1", "[::1]")
    return {
        host: f"http://{host}"
        for host in configured
        if host in names or host.rpartition(":")[0] in names
    }


def _packages(mode: Mode, environ: Mapping[str, str], answers: Counted) -> PackageSource:
    """Return who chooses Python packages: uv, whose own cache is all there is when offline."""
    # uv's cache is everybody's, unless somebody wants all of ours in one place.
    own = environ.get("COMFYLOCK_CACHE_DIR") and os.path.join(cache_folder(environ), "uv")
    uv = UvPackages(own or None, environ=environ, limits=_uv_limits(mode.effort))
    if mode.is_offline and mode.replay is None:
        return UncachedPackages(uv)
    return AnsweredPackages(answers, uv)


def _uv_limits(effort: Effort) -> UvLimits:
    """Return what an effort means to uv, which tries each request again by itself."""
    return UvLimits(request_seconds=max(1, int(effort.seconds)), retries=effort.attempts - 1)


def _patience(effort: Effort) -> tuple[Patience, Limits, HubPatience]:
    """Return what an effort means to HTTP, to git and to the Hub's own client."""
    pauses = tuple(effort.pause * 4**at for at in range(effort.attempts - 2))
    return (
        Patience(effort.attempts, effort.seconds, effort.pause),
        Limits(seconds=5 * effort.seconds, pauses=pauses),
        HubPatience(effort.attempts, effort.seconds, min(30.0, effort.seconds)),
    )


def trust_of(config: Config, environ: Mapping[str, str]) -> Trust:
    """Return what a run may reach, and with which tokens.

    Raises:
        ConfigError: a token of the environment is none.
    """
    tokens = _tokens(environ)
    return Trust(
        endpoints=replace(Endpoints(), **config.endpoints),
        credentials=replace(tokens, **dict.fromkeys(_strangers(config, environ))),
        hosts=config.allowed_hosts,
        configured=config.configured_hosts,
    )


def known_secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return what no file and no message may repeat, whether this run uses it or not.

    Raises:
        ConfigError: a token of the environment is none.
    """
    return tuple(sorted({*environment_secrets(environ), *_tokens(environ).secrets}))


def _tokens(environ: Mapping[str, str]) -> Credentials:
    home = environ.get("HOME") or os.path.expanduser("~")
    return load_credentials(environ, home)


def _strangers(config: Config, environ: Mapping[str, str]) -> list[str]:
    """Return the services whose address a project's file sets and no person confirms.

    A project may be a stranger's: its mirror gets no token, unless the environment names the
    mirror, or its host in COMFYLOCK_ALLOW_HOSTS.
    """
    around = surroundings(environ)
    confirmed = around.endpoints if around is not None else {}
    hosts = around.hosts if around is not None else frozenset[str]()
    fields = {"huggingface": "huggingface", "civitai": "civitai", "github_api": "github"}
    return [
        token
        for service, token in fields.items()
        if (address := config.endpoints.get(service)) is not None
        and service not in confirmed
        and address.split("/", 3)[2] not in hosts
    ]


def _answers(mode: Mode, environ: Mapping[str, str], secrets: tuple[str, ...]) -> Counted:
    if mode.replay is not None:
        return Replay(mode.replay)
    cache = Cache(
        cache_folder(environ), time.time, mode.max_age, secrets=secrets, doubts=mode.doubts
    )
    memory = InMemory(secrets=secrets)
    answers: Counted = Offline(cache, memory) if mode.is_offline else Cached(cache, memory)
    return answers if mode.record is None else Recording(answers, mode.record, secrets=secrets)
