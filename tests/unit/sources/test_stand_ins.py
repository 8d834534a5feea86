"""The stand-ins themselves: the real client is content with them, and they need no pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import huggingface_hub
import pytest
from huggingface_hub import HfApi
from huggingface_hub.hf_api import RepoFile

from tests.services.civitai import Upload, civitai_serving
from tests.services.hub import Hub, hub_serving

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with hub_serving() as service:
        files = {"unet/a.safetensors": b"weights", "config.json": b"{}"}
        service.add("acme/model", files, tag="v1", xet=("unet/a.safetensors",))
        yield service


def test_the_hub_lists_as_its_client_expects(hub: Hub) -> None:
    api = HfApi(endpoint=hub.url, token=False)
    tree = list(api.list_repo_tree("acme/model", recursive=True))
    named = api.get_paths_info("acme/model", ["unet/a.safetensors", "nope"])
    assert [entry.path for entry in tree] == ["config.json", "unet/a.safetensors"]
    assert [entry.path for entry in named] == ["unet/a.safetensors"]
    assert isinstance(named[0], RepoFile)
    refs = api.list_repo_refs("acme/model")
    assert [(ref.name, ref.ref) for ref in refs.tags] == [("v1", "refs/tags/v1")]
    assert refs.branches[0].target_commit == hub.repositories["acme/model"].refs["main"]


def test_the_hubs_files_can_be_downloaded(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    for name, content in (("unet/a.safetensors", b"weights"), ("config.json", b"{}")):
        path = huggingface_hub.hf_hub_download(
            "acme/model", name, endpoint=hub.url, cache_dir=tmp_path, token=False
        )
        assert Path(path).read_bytes() == content
    hosts = [request.host for request in hub.asked if request.path.startswith("/content/")]
    assert hosts == [hub.content_host]
    assert hub.content_host != hub.host


def test_files_can_be_read_in_parts() -> None:
    with civitai_serving() as service:
        service.add(2, Upload(3, "a.pt", b"0123456789"))
        url = f"{service.url}/api/download/models/2"
        answers = [
            httpx.get(url, headers={"Range": part}, follow_redirects=True)
            for part in ("bytes=2-4", "bytes=8-", "bytes=99-")
        ]
    assert [answer.status_code for answer in answers] == [206, 206, 416]
    assert [answer.content for answer in answers[:2]] == [b"234", b"89"]


def test_they_run_without_a_test() -> None:
    code = (
        "import sys, tests.services.hub, tests.services.civitai\n"
        "with tests.services.hub.hub_serving() as hub: print(hub.url)\n"
        "print(sorted({'pytest', 'httpx', 'comfylock', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    url, modules = done.stdout.split("\n")[:2]
    assert url.startswith("http://127.0.0.1:")
    assert modules == "[]"
