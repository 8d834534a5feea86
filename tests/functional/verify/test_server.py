"""`verify --server`: a running ComfyUI against the lock."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.verify.conftest import verify
from tests.installation import MODELS
from tests.python_environment import add_environment
from tests.services.web import Reply, Request, StandIn, document, running, web_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.ended import Ended
    from tests.installation import Tree


class Server(StandIn):
    """A ComfyUI that has everything that the tree's lock has."""

    def __init__(self) -> None:
        super().__init__()
        self.info: dict[str, Any] = {
            "KSampler": {"python_module": "nodes", "input": {}},
            "AlphaNode": {"python_module": "custom_nodes.alpha"},
            "GammaNode": {"python_module": "custom_nodes.gamma"},
            "SingleNode": {"python_module": "custom_nodes.single"},
            "SaveImageWebsocket": {"python_module": "custom_nodes.websocket_image_save"},
        }
        self.system: dict[str, Any] = {
            "comfyui_version": "0.3.64",
            "python_version": "3.12.4 (main, Jun  6 2024) [GCC]",
            "pytorch_version": "2.8.0+cpu",
        }
        self.models: dict[str, list[str]] = {}
        for folder, name in MODELS:
            self.models.setdefault(folder, []).append(name.replace("/", "\\"))

    def answer(self, request: Request) -> Reply:
        """Answer as ComfyUI does."""
        if request.path == "/object_info":
            return document(self.info)
        if request.path == "/system_stats":
            return document({"system": self.system, "devices": []})
        folder = request.path.removeprefix("/models/")
        return document(self.models[folder]) if folder in self.models else Reply(404)


@contextmanager
def serving() -> Iterator[Server]:
    with running(Server(), 0) as server:
        yield server


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def look(tree: Tree, server: Server, *words: str) -> Ended:
    return verify(tree, "--server", server.url, "--json", *words, installed=False)


def test_a_server_that_has_everything(tree: Tree, server: Server) -> None:
    ended = look(tree, server, "--strict")
    assert ended.data["findings"] == []
    assert ended.code == 0
    assert ended.data["parts"] == ["files", "server"]


def gone(server: Server) -> None:
    del server.info["AlphaNode"]


def core(server: Server) -> None:
    server.info["AlphaNode"] = {"python_module": "comfy_extras.nodes_alpha"}


def stolen(server: Server) -> None:
    server.info["AlphaNode"] = {"python_module": "custom_nodes.gamma"}


def stranger(server: Server) -> None:
    server.info["Strange"] = {"python_module": "custom_nodes.stranger"}


def older(server: Server) -> None:
    server.system["comfyui_version"] = "0.3.40"


def unseen(server: Server) -> None:
    server.models["vae"] = []


CASES: dict[Callable[[Server], None], set[tuple[str, str]]] = {
    gone: {("server-class", "alpha")},
    core: {("server-origin", "alpha")},
    stolen: {("server-origin", "alpha")},
    stranger: {("server-extra", "stranger")},
    older: {("server-version", "comfyui")},
    unseen: {("server-model", "vae/ae.safetensors")},
}


@pytest.mark.parametrize("change", CASES, ids=lambda case: case.__name__)
def test_each_deviation_is_found(
    tree: Tree, server: Server, change: Callable[[Server], None]
) -> None:
    change(server)
    ended = look(tree, server)
    assert ended.found == CASES[change]
    assert ended.code == (0 if change is stranger else 1)


def test_python_and_torch_of_a_server(tree: Tree, server: Server) -> None:
    add_environment(tree)
    assert look(tree, server).found == set()
    server.system |= {"python_version": "3.11.9", "pytorch_version": "2.8.0+cu128"}
    expected = {("server-python", "python"), ("server-python", "torch")}
    assert look(tree, server).found == expected


def test_a_server_that_is_away_is_named(tree: Tree) -> None:
    ended = verify(tree, "--server", "http://127.0.0.1:1", "--json", installed=False)
    assert ended.code == 3
    assert "127.0.0.1:1" in ended.err
    assert ended.data["unreachable"]
    people = verify(tree, "--server", "http://127.0.0.1:1", installed=False)
    assert people.code == 3
    assert people.out.rstrip().endswith("nothing that was compared differs")


def test_what_is_no_comfyui_is_said_to_be_none(tree: Tree, server: Server) -> None:
    server.answer = lambda _: web_page()  # type: ignore[method-assign,assignment]
    ended = look(tree, server)
    assert {kind for kind, _ in ended.found} == {"server-answer"}
    assert ended.code == 2


@pytest.mark.parametrize("address", ["file:///etc/passwd", "nowhere", "http://", "http://["])
def test_an_address_that_is_none(tree: Tree, address: str) -> None:
    ended = verify(tree, "--server", address, installed=False)
    assert ended.code == 2
    assert "no address of a server" in ended.err


def test_no_password_of_an_address_is_repeated(tree: Tree, server: Server) -> None:
    gone(server)
    address = server.url.replace("://", "://ann:sesame42@")
    ended = verify(tree, "--server", address, "--json", installed=False)
    assert "sesame42" not in ended.out + ended.err


def test_what_is_proven_on_disk_is_not_proven_less_by_a_server(tree: Tree, server: Server) -> None:
    both = ("--server", server.url, "--json")
    items = {item["name"]: item["status"] for item in verify(tree, *both).data["items"]}
    assert items["alpha"] == items["comfyui"] == "verified"
    del server.info["AlphaNode"]
    items = {item["name"]: item["status"] for item in verify(tree, *both).data["items"]}
    assert (items["alpha"], items["carl/gamma"]) == ("differs", "verified")
