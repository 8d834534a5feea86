"""A small project in a world of services, secrets planted wherever a stranger can plant one."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from msgspec import Struct

from comfylock.cli.main import main
from tests.builders import encoded, node, stamped, ui
from tests.services import civitai, git_server, github_api, hub
from tests.services.node_archive import pack_files
from tests.services.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.web import Fault, StandIn

HUB, CIVITAI, GITHUB = "hf_plantedHubToken01", 'civ/planted+token"02', "ghp_plantedGitHub03"
TOKENS = (HUB, CIVITAI, GITHUB)
QUERY, PASSWORD, CONFIGURED = "plantedQuery04", "plantedPassword05", "plantedConfigured06"
GIVEN = (QUERY, PASSWORD, CONFIGURED)
"""What the project's own files hold."""
FOREIGN = "plantedForeign07"
"""What the services themselves let out."""
PLANTED = (*TOKENS, *GIVEN, FOREIGN)

ENVIRONMENT = {"HF_TOKEN": HUB, "CIVITAI_TOKEN": CIVITAI, "GITHUB_TOKEN": GITHUB}


class Ended(Struct, frozen=True):
    """What came of a command."""

    code: int
    out: str
    err: str


class Ground(Struct):
    """A folder with a project, a cache and a recording, and the world that it is locked in."""

    folder: str
    world: World
    environment: dict[str, str]

    @property
    def project(self) -> Path:
        """The project's folder."""
        return Path(self.folder) / "project"

    @property
    def lock(self) -> str:
        """The lock as it was written, empty if it was not."""
        path = self.project / "comfy.lock"
        return path.read_text("utf-8") if path.exists() else ""

    def write(self, name: str, content: Any) -> None:
        """Write a file of the project."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else encoded(content))

    def run(self, *words: str, **environment: str) -> Ended:
        """Run a command line as a user of this machine does."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.environment, **environment}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main([*words, "-C", str(self.project)])
        return Ended(code, *(_text(stream) for stream in (out, err)))

    def record(self, *words: str, **environment: str) -> Ended:
        """Lock, keeping every answer."""
        return self.run("lock", "--record", f"{self.folder}/kept", *words, **environment)

    def kept(self) -> Iterator[str]:
        """Every file that a run left, with its path."""
        for parent, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(parent, name)
                if not path.startswith((str(self.project / "workflows"), f"{self.folder}/git")):
                    yield f"{path} {Path(path).read_text('utf-8')}"


@contextmanager
def ground(folder: str, world: World) -> Iterator[Ground]:
    """Yield an empty project; the world's faults are mended and its log is empty."""
    for service in stand_ins(world).values():
        service.faults.clear()
    world.git.faults.clear()
    world.forget()
    world.github.left = 60
    named = world.environment
    hosts = [each.content_host for each in stand_ins(world).values()]
    more = {
        "COMFYLOCK_ALLOW_HOSTS": ",".join([named["COMFYLOCK_ALLOW_HOSTS"], *hosts]),
        "COMFYLOCK_CACHE_DIR": f"{folder}/cache",
        "TMPDIR": folder,
    }
    yield Ground(folder, world, {**named, **ENVIRONMENT, **more})
    world.forget()


def stand_ins(world: World) -> dict[str, StandIn]:
    """The services that speak HTTP, by name."""
    return {
        "registry": world.registry,
        "hub": world.hub,
        "civitai": world.civitai,
        "github": world.github,
        "files": world.files,
    }


def fill(world: World) -> None:
    """Publish one thing of each kind, for whoever brings the planted tokens."""
    world.registry.publish("alpha-nodes", "1.2.0", ("AlphaNode",))
    world.git.repository("github.com/ann/beta-nodes").commit(pack_files(("BetaNode",)))
    world.hub.tokens = {HUB, hub.TOKEN}
    world.hub.add("org/private", {"big.safetensors": b"big " * 99, "small.pt2": b"a few"})
    world.civitai.tokens = {CIVITAI, civitai.TOKEN}
    world.civitai.add(10, civitai.Upload(100, "civ.safetensors", b"civ"), wants_login=True)
    world.github.add("ann/release", "v1", big__pt=github_api.Attached(b"weights", has_digest=False))
    world.files.add("/plain.safetensors", b"plain " * 20, elsewhere=True)


def addresses(world: World) -> dict[str, str]:
    """File name to address of everything that `fill` published."""
    return {
        "big.safetensors": "https://huggingface.co/org/private/resolve/main/big.safetensors",
        "small.pt2": "https://huggingface.co/org/private/resolve/main/small.pt2",
        "civ.safetensors": "https://civitai.com/api/download/models/10",
        "big.pt": "https://github.com/ann/release/releases/download/v1/big.pt",
        "plain.safetensors": f"{world.files.url}/plain.safetensors",
    }


def workflow(models: dict[str, str], *more: Any, note: str = "", aux: str = "") -> Any:
    """A workflow that needs these models, two packs, and says this in a note."""
    stamps = [{"name": n, "url": url, "directory": "checkpoints"} for n, url in models.items()]
    return ui(
        stamped(1, "AlphaNode", cnr_id="alpha-nodes", ver="1.2.0"),
        stamped(2, "BetaNode", aux_id=aux or "ann/beta-nodes"),
        *(
            node(10 + at, "CheckpointLoaderSimple", each["name"], properties={"models": [each]})
            for at, each in enumerate(stamps)
        ),
        node(90, "Note", note),
        *more,
    )


def spelt(secret: str) -> set[str]:
    """The spellings in which a secret would be one."""
    return {secret, quote(secret, safe=""), secret.replace('"', '\\"')}


def found_in(text: str, secrets: tuple[str, ...]) -> list[str]:
    """The secrets that a text holds."""
    return [each for each in secrets if any(spelling in text for spelling in spelt(each))]


def foreign_tokens(world: World) -> dict[str, list[str]]:
    """Host to the planted tokens that it got and must not have got."""
    own = {world.hub.host: (HUB,), world.civitai.host: (CIVITAI,), world.github.host: (GITHUB,)}
    leaked: dict[str, list[str]] = {}
    for service in stand_ins(world).values():
        for request in service.asked:
            text = f"{request.path}?{request.query_text} {request.headers} {request.body!r}"
            secrets = (*TOKENS, *GIVEN)
            for each in found_in(text, secrets):
                if each not in own.get(request.host, ()):
                    leaked.setdefault(request.host, []).append(each)
    for asked in world.git.asked:
        told = found_in(f"{asked.path} {asked.headers} {asked.body!r}", (*TOKENS, *GIVEN))
        if told:
            leaked.setdefault("git", []).extend(told)
    return leaked


def breaking(service: StandIn, start: str, fault: Fault) -> None:
    """Let something go wrong below a path of a service."""
    service.faults[start] = fault


def git_fault(status: int, body: bytes) -> git_server.Fault:
    """A git host that refuses in its own words."""
    return git_server.Fault(status, body, {"Content-Type": "text/plain"})


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8", "replace")
