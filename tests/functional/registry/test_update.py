from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.registry.sources import (
    INK,
    LISTS,
    PEN,
    publish,
    write_lists,
    write_wheel,
)
from tests.functional.shell import everything
from tests.services.loopback import Answer, document, page, redirect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functional.shell import Shell
    from tests.services.loopback import Service

NODE_LIST = "/custom-node-list.json"


def test_what_a_service_lists_is_known_afterwards(shell: Shell, service: Service) -> None:
    publish(service)
    assert shell.registry("show", "ZzPen").code == 1
    updated = shell.registry("update")
    assert (updated.code, updated.err) == (0, "")
    assert updated.out.startswith(f"Updated {shell.updated_layer}: aliases.json, ")
    assert shell.registry("show", "ZzPen").out.splitlines() == [
        "ZzPen: class type",
        "  from pens (listed)",
    ]
    assert (
        shell.registry("show", "ZzShared").out.splitlines()[1] == "  ambiguous: pens, bob/ink-well"
    )
    assert "(the name fits its pattern" in shell.registry("show", "ZzInkAnother").out
    model = shell.registry("show", "zz-quill.safetensors").out
    assert "loras  https://huggingface.co/alice/quill/resolve/main/" in model


def test_a_service_is_told_who_asks_and_nothing_else(shell: Shell, service: Service) -> None:
    publish(service)
    shell.monkeypatch.setenv("HF_TOKEN", "hf_secret")
    shell.monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    shell.registry("update")
    assert sorted(service.paths()) == sorted(f"/{name}" for name in LISTS)
    for request in service.asked:
        assert request.headers["User-Agent"].startswith("comfylock/")
        assert "secret" not in str(request.headers)


def test_the_project_says_where_the_lists_are(shell: Shell, service: Service) -> None:
    publish(service)
    shell.monkeypatch.delenv("COMFYLOCK_MANAGER_URL")
    (shell.project / "comfylock.toml").write_text(f'[endpoints]\nmanager = "{service.url}/"\n')
    assert shell.registry("update").code == 0
    assert sorted(service.paths()) == sorted(f"/{name}" for name in LISTS)


def test_a_second_time_nothing_changes(shell: Shell, service: Service) -> None:
    publish(service)
    shell.registry("update")
    before = everything(shell.updated_layer)
    assert shell.registry("update").out == f"{shell.updated_layer} is up to date\n"
    told = shell.registry("update", "--json").json()
    assert (told["schema"], told["ok"]) == ("comfylock.registry.update", True)
    assert told["data"] == {"folder": str(shell.updated_layer), "changed": []}
    assert everything(shell.updated_layer) == before


def test_a_newer_list_is_seen_in_the_same_process(shell: Shell, service: Service) -> None:
    publish(service)
    shell.registry("update")
    assert shell.registry("show", "ZzNew").code == 1
    newer = {**LISTS["extension-node-map.json"], PEN: [["ZzPen", "ZzNew"], {}]}
    service.answers["/extension-node-map.json"] = document(newer)
    assert "class_types.json" in shell.registry("update", "--json").json()["data"]["changed"]
    assert shell.registry("show", "ZzNew").code == 0


FAULTS: dict[str, tuple[Answer, str]] = {
    "gone": (Answer(b"no", 404), f"127.0.0.1: answered 404 for {NODE_LIST}"),
    "broken": (Answer(b"oops", 500), "127.0.0.1: answered 500, four times"),
    "page": (page(), f"127.0.0.1: gave a web page for {NODE_LIST}"),
    "hidden page": (Answer(b"<html>hello</html>", content_type="text/plain"), "no such list"),
    "cut short": (
        Answer(b'{"custom_nodes": [{"refer', missing=50),
        "broke off after 25 bytes, four",
    ),
    "half": (Answer(b'{"custom_nodes": [{"refer'), "no such list"),
    "reset": (Answer(b"x" * 4000, resets=True), "broke off after 2000 bytes"),
    "empty": (Answer(b""), "no such list"),
    "nothing in it": (document({"custom_nodes": []}), "no such list"),
    "another shape": (document({"message": "slow down"}), "no such list"),
    "a list of lists": (document([[]]), "no such list"),
    "nested": (Answer(b'{"custom_nodes":' + b"[" * 100_000), "no such list"),
    "not UTF-8": (Answer(b'{"custom_nodes": ["\xff\xfe"]}'), "no such list"),
    "circle": (redirect(NODE_LIST), "more than 5 redirects"),
    "nowhere": (redirect("http://a:b:c/"), "leads to what is no address"),
    "file": (redirect("file:///etc/passwd"), "leads to what is not an https"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_service_changes_nothing(shell: Shell, service: Service, fault: str) -> None:
    publish(service)
    shell.registry("update")
    before = everything(shell.home)
    service.answers[NODE_LIST], expected = FAULTS[fault]
    failed = shell.registry("update")
    assert (failed.code, failed.out) == (3, "")
    assert failed.err.startswith("error: 127.0.0.1: ")
    assert expected in failed.err
    assert everything(shell.home) == before
    assert os.listdir(shell.home / "temporary") == []


def test_a_fault_at_the_last_list_changes_nothing_either(shell: Shell, service: Service) -> None:
    publish(service)
    service.answers["/model-list.json"] = Answer(status=503)
    assert shell.registry("update").code == 3
    assert not shell.updated_layer.exists()


@pytest.mark.parametrize("endless", [True, False])
def test_more_than_the_limit_is_not_read(
    shell: Shell, service: Service, monkeypatch: pytest.MonkeyPatch, *, endless: bool
) -> None:
    monkeypatch.setattr("comfylock.ops.registry.MAX_LIST_BYTES", 1 << 20)
    publish(service)
    service.answers[NODE_LIST] = Answer(b" " * ((1 << 20) + 1), endless=endless)
    failed = shell.registry("update")
    assert failed.code == 3
    assert failed.err == (
        "error: 127.0.0.1: gave more than 1 MiB\n\nhint: comfylock registry update FILE, "
        "a folder or a wheel of comfyui-manager\n"
    )


def test_a_redirect_is_followed(shell: Shell, service: Service) -> None:
    publish(service)
    service.answers["/moved.json"] = service.answers.pop(NODE_LIST)
    service.answers[NODE_LIST] = redirect("/moved.json", 301)
    assert shell.registry("update").code == 0
    assert shell.registry("show", "alice/pens").code == 0


def test_a_service_that_is_not_there(shell: Shell, service: Service) -> None:
    service.url = "http://127.0.0.1:1"
    shell.monkeypatch.setenv("COMFYLOCK_MANAGER_URL", f"{service.url}/")
    failed = shell.registry("update", "--json")
    assert failed.code == 3
    assert failed.json()["error"]["code"] == "unavailable"
    assert failed.json()["error"]["message"].startswith("127.0.0.1: cannot be reached: ")


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://127.0.0.1", "file:///etc", "http://", "http://a:b:c"]
)
def test_an_address_that_is_none(shell: Shell, url: str) -> None:
    shell.monkeypatch.setenv("COMFYLOCK_MANAGER_URL", url)
    failed = shell.registry("update")
    assert failed.code == 2
    assert failed.err.startswith("error: ")


def test_a_password_in_an_address_is_not_shown(shell: Shell, service: Service) -> None:
    address = service.url.replace("http://", "http://alice:hunter2@")
    shell.monkeypatch.setenv("COMFYLOCK_MANAGER_URL", address)
    failed = shell.registry("update")
    assert failed.code == 3
    assert "hunter2" not in failed.err
    shell.monkeypatch.setenv("COMFYLOCK_MANAGER_URL", "ftp://alice:hunter2@127.0.0.1")
    assert "hunter2" not in shell.registry("update").err


def test_offline_needs_a_source(shell: Shell, service: Service, tmp_path: Path) -> None:
    publish(service)
    failed = shell.registry("update", "--offline")
    assert (failed.code, failed.out) == (2, "")
    assert failed.err.startswith("error: the Manager's lists cannot be fetched offline\n\nhint: ")
    folder = write_lists(tmp_path / "lists")
    assert shell.registry("update", "--offline", folder).code == 0
    assert service.asked == []


def test_every_kind_of_source_gives_the_same(
    shell: Shell, service: Service, tmp_path: Path
) -> None:
    publish(service)
    shell.registry("update")
    fetched = everything(shell.updated_layer)
    assert shell.registry("update", write_lists(tmp_path / "lists")).out.endswith("up to date\n")
    wheel = write_wheel(tmp_path / "comfyui_manager-9.1-py3-none-any.whl", "9.1")
    assert shell.registry("update", wheel, "--json").json()["data"]["changed"] == [
        "packs.json",
        "sources.json",
    ]
    from_wheel = everything(shell.updated_layer)
    assert from_wheel.keys() == fetched.keys()
    assert json.loads(from_wheel["sources.json"])["comfyui-manager"]["version"] == "9.1"


def test_a_single_list_is_enough(shell: Shell, tmp_path: Path) -> None:
    folder = write_lists(tmp_path / "lists")
    one = os.path.join(folder, "extension-node-map.json")
    assert shell.registry("update", one).code == 0
    assert shell.registry("show", "ZzPen").out.splitlines()[1] == "  from alice/pens (listed)"
    assert shell.registry("show", "KSampler").code == 0


SOURCES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "cannot be read: No such file or directory"),
    "text": (b"hello", "cannot be read: "),
    "other": (b'{"a": 1}', "nothing in it that a registry is compiled from"),
    "not UTF-8": (b'{"custom_nodes": ["\xff"]}', "cannot be read: "),
    "nested": (b"[" * 200_000, "cannot be read: "),
    "broken archive": (b"PK\x05\x06" + bytes(18), "nothing in it"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_that_cannot_be_used(shell: Shell, tmp_path: Path, kind: str) -> None:
    content, expected = SOURCES[kind]
    path = tmp_path / "source.json"
    if content is not None:
        path.write_bytes(content)
    failed = shell.registry("update", str(path))
    assert (failed.code, failed.out) == (2, "")
    assert failed.err.startswith(f"error: {path}: {expected}")
    assert failed.err.count(str(path)) == 1
    assert not shell.updated_layer.exists()


@pytest.mark.parametrize("flaw", ["deflate", "flags", "method"])
def test_a_damaged_wheel(shell: Shell, tmp_path: Path, flaw: str) -> None:
    path = write_wheel(tmp_path / "manager.whl", "9.1")
    data = bytearray((tmp_path / "manager.whl").read_bytes())
    # The entries of the directory at the end: flags at 8, method at 10. The first file's content
    # is the metadata's; the lists come after it.
    start = -1
    while (start := data.find(b"PK\x01\x02", start + 1)) >= 0:
        data[start + 8] |= flaw == "flags"
        data[start + 10] = 99 if flaw == "method" else data[start + 10]
    if flaw == "deflate":
        where = data.find(b"comfyui_manager/custom-node-list.json") + 40
        data[where : where + 30] = b"\xff" * 30
    (tmp_path / "manager.whl").write_bytes(data)
    failed = shell.registry("update", path)
    assert failed.code == 2
    assert failed.err.startswith(f"error: {path}: cannot be read: ")


def test_a_layer_that_cannot_be_written(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    failed = shell.registry("update", write_lists(tmp_path / "lists"))
    assert failed.code == 2
    assert failed.err.startswith(f"error: {shell.updated_layer}: cannot be written: ")


def test_known_names_and_versions_stay(shell: Shell, tmp_path: Path) -> None:
    """Lists alone know `owner/repo` and no versions; the bundled registry knows better."""
    kjnodes = "https://github.com/kijai/ComfyUI-KJNodes"
    core = "https://github.com/comfyanonymous/ComfyUI"
    lists: dict[str, Any] = {
        "custom-node-list.json": {"custom_nodes": [{"reference": kjnodes, "files": [kjnodes]}]},
        "extension-node-map.json": {
            kjnodes: [["ImageResizeKJ", "ZzNewKJ"], {}],
            core: [["KSampler", "ZzNewCore", "ByteDance2TextToVideoNode"], {}],
            INK: [["ZzInk"], {"nodename_pattern": "^.*$"}],
        },
    }
    shown = [shell.registry("show", name).out for name in ("kijai/ComfyUI-KJNodes", "KSampler")]
    shell.registry("update", write_lists(tmp_path / "lists", lists))
    assert shell.registry("show", "KSampler").out == shown[1]
    assert (
        shell.registry("show", "ZzNewKJ").out.splitlines()[1] == "  from comfyui-kjnodes (listed)"
    )
    assert shell.registry("show", "ZzNewCore").out.splitlines()[1] == "  ComfyUI's own"
    pack = shell.registry("show", "kijai/ComfyUI-KJNodes").out
    assert pack.splitlines()[0] == shown[0].splitlines()[0] == "comfyui-kjnodes: node pack"
    assert "ZzNewKJ" in pack
    assert shell.registry("show", "ZzAnything").code == 1


def test_hostile_lists_stay_text(shell: Shell, tmp_path: Path) -> None:
    evil = "Zz\x1b[31mRed\x9b2J\nSecond\u202elast"
    reference = "https://github.com/eve/\x1b[2J\u202epack"
    lists = {
        "custom-node-list.json": {"custom_nodes": [{"reference": reference, "files": [reference]}]},
        "extension-node-map.json": {reference: [[evil], {}]},
        "model-list.json": {
            "models": [
                {"filename": "zz\x1b[1m\u202e.pt", "url": "https://x.example/\x1b[1ma.pt"},
            ]
        },
    }
    assert shell.registry("update", write_lists(tmp_path / "lists", lists)).code == 0
    texts = [
        shell.registry("show", evil).out,
        shell.registry("show", reference).out,
        shell.registry("show", "zz\x1b[1m\u202e.pt").out,
        shell.registry("search", "zz", "--limit", "9").out,
        shell.registry("search", "eve/").out,
    ]
    for text in texts:
        assert "\ufffd" in text
        assert not set(text) & set("\x1b\x9b\u202e\x00")
    assert shell.registry("show", evil).out.splitlines()[0].startswith("Zz")
    assert len(shell.registry("show", evil).out.splitlines()) == 2
