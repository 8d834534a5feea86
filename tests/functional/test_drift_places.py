"""P13: every reason why a lock is not current names the workflow file and the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tests.builders import INNER, node, stamped, subgraph, ui, with_subgraphs
from tests.functional.verbs import FIRST, call, data, locked, project
from tests.locks import hub_model, release

if TYPE_CHECKING:
    from tests.project import Run


def places(run: Run) -> dict[tuple[str, str], Any]:
    found = data(run, "lock", "--check")
    return {
        (reason["kind"], reason["subject"]): [
            (place["workflow"], place["nodes"]) for place in reason["places"]
        ]
        for reason in found["reasons"]
    }


def test_a_current_lock_has_no_reasons(run: Run) -> None:
    project(run)
    assert call(run, "lock", "--check") == 0
    assert places(run) == {}


def test_class_types_packs_and_models(run: Run) -> None:
    project(run)
    more = [stamped(11, "BetaNode", cnr_id="beta"), node(12, "LoraLoader", "more\\detail.pt")]
    run.write("workflows/first.json", {**FIRST, "nodes": [*FIRST["nodes"], *more]})
    found = places(run)
    assert found["MissingPack", "beta"] == [("workflows/first.json", ["11"])]
    assert found["MissingModel", "loras/more/detail.pt"] == [("workflows/first.json", ["12"])]
    assert call(run, "lock", "--check") == 1
    assert "which is not locked [MissingPack]\n    node 11\n" in run.err


def test_nodes_inside_subgraphs(run: Run) -> None:
    project(run)
    inside = subgraph(INNER, node(5, "Mystery"), name="Upscale")
    run.write("workflows/second.json", with_subgraphs(ui(node(1, INNER)), inside))
    assert places(run)["MissingNodeType", "Mystery"] == [("workflows/second.json", ["Upscale:5"])]


def test_many_nodes_are_counted(run: Run) -> None:
    project(run)
    run.write("workflows/first.json", ui(*[node(n, "Mystery") for n in range(12)]))
    assert call(run, "lock", "--check") == 1
    assert "    nodes 0, 1, 2, 3, 4, 5, 6, 7 and 4 more\n" in run.err


def test_a_reason_of_the_whole_lock_names_the_workflows(run: Run) -> None:
    project(run)
    run.write("comfylock.toml", b'[packs]\nalpha = ">=2"\n')
    assert places(run)["RangeExcludesPin", "alpha"] == [
        ("workflows/first.json", ["2", "7"]),
        ("workflows/second.json", ["4"]),
    ]
    assert call(run, "lock", "--check") == 1
    assert "    workflows/first.json: nodes 2, 7\n    workflows/second.json: node 4\n" in run.err


def test_what_no_workflow_has_has_no_nodes(run: Run) -> None:
    lock = locked()
    project(run, locked(packs=(release("extra"), *lock.packs), models=(*lock.models, hub_model())))
    (run.folder / "workflows" / "second.json").unlink()
    found = places(run)
    assert found["OrphanPin", "extra"] == []
    assert found["OrphanModel", "vae/ae.safetensors"] == []
    assert found["OrphanWorkflow", "workflows/second.json"] == []


def test_a_workflow_inside_a_picture_or_behind_a_name(run: Run) -> None:
    project(run)
    run.write("workflows/with#hash.json", ui(node(9, "Mystery")))
    found = places(run)
    assert found["MissingNodeType", "Mystery"] == [("workflows/with#hash.json", ["9"])]


def test_a_pack_under_another_name_and_by_what_it_provides(run: Run) -> None:
    lock = locked()
    alpha, gamma = lock.packs
    one, two = lock.workflows
    entries = (replace(one, packs=("omega",)), replace(two, packs=("carl/gamma", "omega")))
    packs = (replace(alpha, name="omega", aliases=("alpha",)), gamma)
    project(run, locked(packs=packs, workflows=entries))
    run.write("comfylock.toml", b'[packs]\nalpha = ">=2"\n"carl/gamma" = { revision = "v9" }\n')
    found = places(run)
    assert found["RangeExcludesPin", "omega"][0] == ("workflows/first.json", ["2", "7"])
    assert found["RuleChanged", "carl/gamma"] == [("workflows/second.json", ["1"])]


def test_everything_at_once(run: Run) -> None:
    project(run)
    run.write("comfylock.toml", b'[lock]\nworkflows = ["workflows", "gone.json"]\n')
    for number in range(12):
        run.write(f"workflows/{number:02}.json", ui(node(1, "Mystery")))
    assert call(run, "lock", "--check", "-v") == 2
    assert run.err.startswith("error: gone.json: ")
    assert "more (--verbose)" not in run.err
    assert call(run, "lock", "--check") == 2
    assert " more (--verbose)\n" in run.err


def test_there_is_a_lock(run: Run) -> None:
    project(run)
    assert call(run, "lock", "--check-exists") == 0
    assert run.out == "the lock can be read: 2 packs and 1 model\n"
    assert data(run, "lock", "--check-exists") == {"packs": 2, "models": 1}
    assert call(run, "lock", "--check-exists", "-q") == 0
    assert call(run, "lock", "--check", "-q") == 0
    assert run.out == ""
