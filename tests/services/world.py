"""All services at once on the loopback, and the environment that leads comfylock to them."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.services.civitai import CivitaiService, civitai_serving
from tests.services.comfy_registry import RegistryService, registry_serving
from tests.services.file_host import FileHost, file_host_serving
from tests.services.git_server import GitServer, git_serving
from tests.services.github_api import GithubService, github_api_serving
from tests.services.hub import Hub, hub_serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class World:
    """One service of each kind."""

    def __init__(
        self,
        registry: RegistryService,
        git: GitServer,
        hub: Hub,
        civitai: CivitaiService,
        github: GithubService,
        files: FileHost,
    ) -> None:
        self.registry = registry
        self.git = git
        self.hub = hub
        self.civitai = civitai
        self.github = github
        self.files = files

    @property
    def environment(self) -> dict[str, str]:
        """What leads a command to these services in place of the real ones."""
        return {
            "COMFYLOCK_REGISTRY_URL": self.registry.url,
            "HF_ENDPOINT": self.hub.url,
            "COMFYLOCK_CIVITAI_URL": self.civitai.url,
            "COMFYLOCK_GITHUB_API_URL": self.github.url,
            "COMFYLOCK_ALLOW_HOSTS": ",".join(self._hosts()),
            **self.git.environment(),
        }

    def _hosts(self) -> list[str]:
        """Return where files are: each service hands them out under another name."""
        services = (self.registry, self.hub, self.civitai, self.github, self.files)
        return [self.files.host, *(service.content_host for service in services)]

    def delay(self, seconds: float) -> None:
        """Let every answer take so long."""
        for service in (self.registry, self.hub, self.civitai, self.github, self.files):
            service.delay = seconds
        self.git.delay = seconds

    def hesitate(self, seconds: float) -> None:
        """Let every answer take a while, by chance, so many seconds at the most."""
        for service in (self.registry, self.hub, self.civitai, self.github, self.files):
            service.jitter = seconds
        self.git.jitter = seconds

    def requests(self) -> dict[str, int]:
        """Return how many requests each service got."""
        return {
            "comfy-registry": len(self.registry.asked),
            "git": len(self.git.asked),
            "huggingface": len(self.hub.asked),
            "civitai": len(self.civitai.asked),
            "github": len(self.github.asked),
            "files": len(self.files.asked),
        }

    def forget(self) -> None:
        """Forget what was asked."""
        for service in (self.registry, self.hub, self.civitai, self.github, self.files):
            service.asked.clear()
        self.git.asked.clear()


COMFYUI = ("0.3.10", "0.3.40", "0.3.61", "0.3.64", "0.6.0")
"""Releases of ComfyUI that there are."""

COMFYUI_REQUIREMENTS = "torch\ntorchvision\ntorchaudio\nnumpy>=1.25.0\neinops\n"
"""What each of them asks for."""


def publish_comfyui(git: GitServer) -> None:
    """Give the git host a ComfyUI with a tag for each release."""
    repository = git.repository("github.com/comfyanonymous/ComfyUI")
    for version in COMFYUI:
        files = {
            "main.py": "",
            "comfyui_version.py": f'__version__ = "{version}"\n',
            "requirements.txt": COMFYUI_REQUIREMENTS,
        }
        commit = repository.commit(files)
        repository.tag(f"v{version}", commit)


@contextmanager
def world_serving(folder: str) -> Iterator[World]:
    """Yield all services, their git repositories below a folder."""
    root = os.path.join(folder, "git")
    os.makedirs(root, exist_ok=True)
    with ExitStack() as stack:
        git = stack.enter_context(git_serving(root))
        publish_comfyui(git)
        yield World(
            stack.enter_context(registry_serving()),
            git,
            stack.enter_context(hub_serving()),
            stack.enter_context(civitai_serving()),
            stack.enter_context(github_api_serving()),
            stack.enter_context(file_host_serving()),
        )
