from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from comfylock.errors import LockConflictError, LockParseError
from comfylock.lockfile.canonical import lock_faults
from comfylock.lockfile.conflicted import conflicted
from comfylock.lockfile.markers import Sides, split_conflict
from comfylock.lockfile.merge import Conflict, merge
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.schema import ComfyuiPin, Gap, Lock, Options, WorkflowEntry
from comfylock.lockfile.write import write_lock
from tests.locks import COMMIT, full, hub_model, release, small

A, B = "workflows/a.json", "workflows/b.json"


def with_beta(lock: Lock, workflow: str = B, **fields: Any) -> Lock:
    """The lock and another workflow that needs another pack."""
    beta = release("beta", provides=("BetaNode",), **fields)
    entries = (*lock.workflows, WorkflowEntry(workflow, ("beta",)))
    return replace(lock, workflows=entries, packs=(*lock.packs, beta))


def merged(base: Lock | None, ours: Lock, theirs: Lock) -> Lock:
    """What two sides make without a conflict, whichever is which."""
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert one.conflicts == other.conflicts == ()
    assert one.lock == other.lock
    assert lock_faults(one.lock) == ()
    return one.lock


@pytest.mark.parametrize("base", [None, small(), full()])
def test_p18_a_lock_with_itself(base: Lock | None) -> None:
    for lock in (small(), full()):
        assert merged(base, lock, lock) == read_lock(write_lock(lock))


@pytest.mark.parametrize("base", [None, small()])
def test_p18_both_sides_add(base: Lock | None) -> None:
    theirs = small(
        workflows=(*small().workflows, WorkflowEntry("c.json", (), ("vae/b.pt",))),
        models=(*small().models, hub_model("b.pt")),
    )
    lock = merged(base, with_beta(small()), theirs)
    assert [pin.name for pin in lock.packs] == ["alpha", "beta"]
    assert [pin.key for pin in lock.models] == ["vae/ae.safetensors", "vae/b.pt"]
    assert len(lock.workflows) == 3


def test_p18_what_one_side_removed_stays_removed_if_there_is_a_base() -> None:
    base = with_beta(small())
    assert merged(base, small(), base) == small()
    assert merged(None, small(), base) == base
    assert merged(base, small(), small()) == small()


def test_p18_one_side_upgrades() -> None:
    newer = small(packs=(release(version="1.3.0", provides=("AlphaNode",)),))
    assert merged(small(), newer, small()) == newer


def test_p18_who_needs_a_pin_is_joined_and_is_no_conflict() -> None:
    def needed_by(workflow: str, node: str) -> Lock:
        pin = release(
            provides=("AlphaNode", node), evidence=(f"{A}: cnr_id", f"{workflow}: cnr_id")
        )
        entries = (*small().workflows, WorkflowEntry(workflow, ("alpha",)))
        return small(workflows=entries, packs=(pin,))

    base = small(packs=(release(provides=("AlphaNode",), evidence=(f"{A}: cnr_id",)),))
    lock = merged(base, needed_by("b", "X"), needed_by("c", "Y"))
    assert lock.packs[0].provides == ("AlphaNode", "X", "Y")
    assert len(lock.packs[0].evidence) == 3
    newer = replace(base.packs[0], version="2.0.0", provides=("AlphaNode", "X"))
    lock = merged(base, replace(base, packs=(newer,)), needed_by("c", "Y"))
    assert (lock.packs[0].version, lock.packs[0].provides) == ("2.0.0", ("AlphaNode", "X", "Y"))


def test_p18_the_same_pack_at_two_versions_is_never_settled_silently() -> None:
    ours = small(packs=(release(version="1.3.0", provides=("AlphaNode",)),))
    theirs = small(packs=(release(version="1.4.0", provides=("AlphaNode",)),))
    found = merge(small(), ours, theirs)
    assert found.conflicts == (Conflict("pack", "alpha", ours.packs[0], theirs.packs[0]),)
    assert found.lock == replace(ours, packs=(replace(ours.packs[0], requested="1.4.0"),))
    other = merge(small(), theirs, ours)
    assert other.conflicts == (Conflict("pack", "alpha", theirs.packs[0], ours.packs[0]),)


def test_p18_the_same_model_twice() -> None:
    ours = small(models=(hub_model(commit="e" * 40),))
    theirs = small(models=(hub_model(commit="f" * 40, origin="node"),))
    (conflict,) = merge(None, ours, theirs).conflicts
    assert (conflict.kind, conflict.name) == ("model", "vae/ae.safetensors")
    assert conflict.theirs.commit == "f" * 40


def test_p18_removed_here_and_moved_there() -> None:
    base = with_beta(small())
    moved = with_beta(small(), url="https://example.org/other.zip")
    found, other = merge(base, small(), moved), merge(base, moved, small())
    assert found.conflicts == (Conflict("pack", "beta", None, moved.packs[1]),)
    assert other.conflicts == (Conflict("pack", "beta", moved.packs[1], None),)
    assert found.lock.packs == other.lock.packs == moved.packs
    model = small(models=(hub_model(), hub_model("b.pt")))
    changed = small(models=(hub_model(), hub_model("b.pt", size=1)))
    assert [c.kind for c in merge(model, small(), changed).conflicts] == ["model"]


def test_p18_removed_here_and_needed_there_comes_back() -> None:
    base = with_beta(small())
    base = replace(
        base,
        models=(*base.models, hub_model("b.pt")),
        unresolved=(
            Gap("pack", "gamma", "gone", "it is"),
            Gap("model", "vae/c.pt", "gone", "it is"),
        ),
    )
    entry = WorkflowEntry("c.json", ("beta", "gamma"), ("vae/b.pt", "vae/c.pt"))
    theirs = replace(base, workflows=(*base.workflows, entry))
    lock = merged(base, small(), theirs)
    assert [pin.name for pin in lock.packs] == ["alpha", "beta"]
    assert len(lock.models) == 2
    assert len(lock.unresolved) == 2
    assert [entry.path for entry in lock.workflows] == ["c.json", A]


def test_p18_a_workflow_that_was_removed_here_and_changed_there_stays() -> None:
    base = with_beta(small())
    changed = replace(base.workflows[1], packs=("alpha", "beta"))
    theirs = replace(base, workflows=(base.workflows[0], changed))
    assert merged(base, small(), theirs).workflows[1] == changed


def test_p18_lists_relative_to_the_base() -> None:
    packs = tuple(release(name) for name in ("alpha", "beta", "gamma", "zeta"))

    def listing(*names: str) -> Lock:
        return small(packs=packs, workflows=(WorkflowEntry(A, names),))

    base = listing("alpha", "beta")
    lock = merged(base, listing("beta", "gamma"), listing("alpha", "beta", "zeta"))
    assert lock.workflows[0].packs == ("beta", "gamma", "zeta")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        (("a",), ("a",), ("a", "b"), ("a", "b")),
        (("a",), (), ("a", "b"), ()),
        (("a",), ("a", "c"), ("b",), ("a", "b", "c")),
        (None, ("a",), ("b",), ("a", "b")),
        (None, (), ("b",), ()),
    ],
)
def test_groups_and_targets_of_which_none_means_all(
    base: tuple[str, ...] | None,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    expected: tuple[str, ...],
) -> None:
    def lock(groups: tuple[str, ...]) -> Lock:
        pin = release(groups=groups)
        return small(packs=(pin,), options=Options(inputs=("workflows",), targets=groups))

    found = merged(None if base is None else lock(base), lock(ours), lock(theirs))
    assert found.packs[0].groups == expected
    assert found.options.targets == expected


def test_options_comfyui_and_tools() -> None:
    base = small(comfyui=ComfyuiPin(">=0.3"), tool={"a": {"x": 1}, "b": {"x": 1}})
    ours = replace(
        base,
        options=Options("latest", ("workflows", "x")),
        comfyui=ComfyuiPin(">=0.4"),
        tool={"a": {"x": 2}, "c": {}},
    )
    theirs = replace(
        base,
        options=replace(base.options, inputs=("y",)),
        comfyui=ComfyuiPin(">=0.5"),
        tool={"a": {"x": 3}, "b": {"x": 1}},
    )
    found = merge(base, ours, theirs)
    assert found.lock.options == Options("latest", ("x", "y"))
    assert [(c.kind, c.name) for c in found.conflicts] == [("comfyui", "comfyui"), ("tool", "a")]
    assert found.lock.comfyui == ComfyuiPin(">=0.4")
    assert found.lock.tool == {"a": {"x": 2}, "c": {}}
    without = merge(None, replace(ours, comfyui=None), theirs)
    assert [(c.kind, c.name) for c in without.conflicts] == [("options", "prefer"), ("tool", "a")]
    assert without.lock.comfyui == ComfyuiPin(">=0.5")
    assert merge(base, replace(ours, comfyui=None), base).lock.comfyui is None
    gone = merge(base, replace(base, comfyui=None), theirs)
    assert gone.lock.comfyui == ComfyuiPin(">=0.5")
    assert [c.name for c in gone.conflicts] == ["comfyui"]


def gap(message: str, *workflows: str, name: str = "Shared") -> Gap:
    return Gap("class-type", name, "ambiguous", message, (), workflows)


def test_p23_gaps_are_joined_and_their_words_are_no_conflict() -> None:
    ours, theirs = small(unresolved=(gap("one", A),)), small(unresolved=(gap("two", B),))
    assert merged(None, ours, theirs).unresolved == (gap("two", A, B),)


def test_p23_what_one_side_has_pinned_is_no_gap() -> None:
    ours = with_beta(small())
    entries = (*small().workflows, WorkflowEntry("c.json", ("beta",)))
    theirs = small(workflows=entries, unresolved=(Gap("pack", "beta", "gone", "it is"),))
    lock = merged(small(), ours, theirs)
    assert lock.unresolved == ()
    assert lock.workflows[0].packs == ("beta",)


def test_p8_keys_of_the_future_are_not_forgotten() -> None:
    ours, theirs = small(revision=2, unknown=("x",)), small(revision=3, unknown=("x", "y"))
    lock = merged(None, ours, theirs)
    assert (lock.revision, lock.unknown) == (3, ("x", "y"))


# conflict markers

OURS, THEIRS, BASE = b"a\nours\nz\n", b"a\ntheirs\nz\n", b"a\nbase\nz\n"
TWO_WAY = b"a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> branch\nz\n"
DIFF3 = b"a\n<<<<<<< HEAD\nours\n||||||| 123\nbase\n=======\ntheirs\n>>>>>>> branch\nz\n"


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_p18_the_sides_of_a_conflict(ending: bytes) -> None:
    def lines(data: bytes) -> bytes:
        return data.replace(b"\n", ending)

    two = split_conflict(lines(TWO_WAY))
    assert two == Sides(lines(OURS), None, lines(THEIRS))
    three = split_conflict(lines(DIFF3))
    assert three == Sides(lines(OURS), lines(BASE), lines(THEIRS))
    mixed = split_conflict(lines(DIFF3 + TWO_WAY))
    assert mixed == Sides(lines(OURS * 2), None, lines(THEIRS * 2))


def test_a_file_without_conflicts_has_the_same_sides() -> None:
    plain = b"a\n=======\n||||||| x\n<<<<<<<x\n"
    assert split_conflict(plain) == Sides(plain, plain, plain)
    assert split_conflict(b"") == Sides(b"", b"", b"")


@pytest.mark.parametrize(
    ("data", "line", "sentence"),
    [
        (b"<<<<<<< a\n<<<<<<< b\n", 2, "`<<<<<<<` has no counterpart"),
        (b">>>>>>> a\n", 1, "`>>>>>>>` has no counterpart"),
        (b"<<<<<<< a\n>>>>>>> b\n", 2, "`>>>>>>>` has no counterpart"),
        (b"<<<<<<<\n=======\n=======\n", 3, "`=======` has no counterpart"),
        (b"<<<<<<<\n=======\n|||||||\n", 3, "`|||||||` has no counterpart"),
        (b"<<<<<<<\nx\n=======\n", 1, "`<<<<<<<` opens a conflict that is never closed"),
    ],
)
def test_p18_markers_that_do_not_fit(data: bytes, line: int, sentence: str) -> None:
    with pytest.raises(LockParseError) as caught:
        split_conflict(data, "here")
    assert caught.value.faults == ((f"line {line}", sentence),)
    assert caught.value.hint


def test_p18_from_markers_to_one_lock() -> None:
    ours, theirs = with_beta(small()), with_beta(small(), "workflows/c.json", size=1234)
    ours = replace(ours, packs=(ours.packs[0],), workflows=ours.workflows[:1])
    ours = replace(ours, options=replace(ours.options, targets=("linux-x86_64",)))
    head, tail = write_lock(ours), write_lock(theirs)
    data = b"<<<<<<< HEAD\n" + head + b"=======\n" + tail + b">>>>>>> branch\n"
    with pytest.raises(LockConflictError):
        read_lock(data)
    sides = split_conflict(data)
    found = merge(None, read_lock(sides.ours), read_lock(sides.theirs))
    assert found.conflicts == ()
    assert [pin.name for pin in found.lock.packs] == ["alpha", "beta"]
    assert found.lock.models[0].commit == COMMIT


def test_what_both_sides_added_differently_is_marked_alone() -> None:
    ours, theirs = (with_beta(full(), version=version) for version in ("1.0.0", "2.0.0"))
    result = merge(full(), ours, theirs)
    assert [(each.kind, each.name) for each in result.conflicts] == [("pack", "beta")]
    data = conflicted(full(), ours, theirs, result)
    before, _, rest = data.partition(b"<<<<<<< ours\n")
    between, _, after = rest.partition(b">>>>>>> theirs\n")
    assert between.count(b"[[") == between.count(b'name = "beta"') == 2
    assert before.startswith(b"# Written by comfylock.")
    assert after
