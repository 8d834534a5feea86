"""Whatever is locked: read back the same, written the same, merged the same from either side."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import tomli
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from comfylock.errors import LockConflictError, LockParseError, LockVersionError
from comfylock.lockfile.canonical import canonical, lock_faults
from comfylock.lockfile.diff import diff
from comfylock.lockfile.document import image_key
from comfylock.lockfile.markers import split_conflict
from comfylock.lockfile.merge import merge
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.satisfy import unsatisfied
from comfylock.lockfile.schema import (
    ComfyuiPin,
    Gap,
    ImagePin,
    Lock,
    ModelPin,
    Options,
    PackPin,
    PythonPin,
    WorkflowEntry,
)
from comfylock.lockfile.toml import parse_regular
from comfylock.lockfile.write import write_lock
from comfylock.requirements import ClassNeed, ModelNeed, Offer, Requirements, WorkflowNeed
from tests.locks import full, hub_model, release, small, url_of

# locks

FREE = st.text(
    st.characters(
        exclude_categories=["Cc", "Cs", "Zl", "Zp"],
        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    ),
    max_size=20,
)
HEX = st.text("0123456789abcdef", min_size=40, max_size=40)
SHA = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.sampled_from(["alpha", "beta", "gamma", "carl/delta", "ann/e.f-g_h", "codeberg.org/x/y"])
FILES = st.sampled_from(["a.pt", "b c.pt", "sub/a.pt", "größe.pt", "日本/x.safetensors"])
FOLDERS = st.sampled_from([None, "vae", "loras", "LLM/x"])
WORDS = st.sampled_from(["video", "audio", "x-1"])
SIZES = st.none() | st.integers(0, 1 << 50)


def some(values: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=most, unique=True).map(tuple)


@st.composite
def packs(draw: st.DrawFn, name: str) -> PackPin:
    """A sound pack pin of this name."""
    common: dict[str, Any] = {
        "requested": draw(st.sampled_from([None, "1.0", ">=1,<2", "main", "v1.0"])),
        "aliases": draw(some(NAMES)),
        "date": draw(st.sampled_from([None, "2025-03-01T12:00:00Z"])),
        "dependencies": draw(some(FREE)),
        "provides": draw(some(FREE)),
        "evidence": draw(some(FREE)),
        "rejected": draw(some(FREE)),
        "runs_code": draw(some(FILES)),
        "system_packages": draw(some(st.sampled_from(["ffmpeg", "libgl1", "g++"]))),
        "needs_gpu": draw(some(FREE)),
        "groups": draw(some(WORDS)),
    }
    if draw(st.booleans()):
        return PackPin(
            name,
            "git",
            repository="https://github.com/Ann/x",
            commit=draw(HEX),
            tree=draw(HEX),
            version=draw(st.sampled_from([None, "v1.0", "release/2"])),
            **common,
        )
    return PackPin(
        name,
        "comfy-registry",
        version=draw(st.sampled_from(["1.0.0", "1.2.3-rc.1", "0.9"])),
        url="https://cdn.comfy.org/node.zip",
        sha256=draw(SHA),
        size=draw(st.integers(0, 1 << 50)),
        deprecated=draw(st.booleans()),
        os=draw(some(FREE)),
        **common,
    )


@st.composite
def models(draw: st.DrawFn, name: str, folder: str | None) -> ModelPin:
    """A sound model pin."""
    digest = draw(st.none() | SHA)
    return ModelPin(
        name,
        folder,
        "huggingface",
        requested=draw(st.sampled_from([None, "main"])),
        repository="org/repo",
        commit=draw(HEX),
        path=draw(FILES),
        sha256=digest,
        size=draw(SIZES),
        unhashed=None if digest else draw(FREE.filter(bool)),
        licence=draw(st.none() | FREE),
        origin=draw(st.sampled_from([None, "node", "workflow"])),
        groups=draw(some(WORDS)),
    )


@st.composite
def images(draw: st.DrawFn) -> ImagePin:
    """A sound image."""
    return ImagePin(
        draw(WORDS),
        draw(st.sampled_from(["linux/amd64", "linux/arm/v6"])),
        "debian",
        "docker.io/library/debian:latest",
        f"sha256:{draw(SHA)}",
        draw(st.none() | SHA.map("sha256:{}".format)),
        draw(SIZES),
    )


@st.composite
def python_pins(draw: st.DrawFn) -> PythonPin:
    """A sound choice of Python packages."""
    return PythonPin(
        draw(WORDS),
        draw(st.sampled_from(["pylock.comfy.toml", "pylock.x-1.toml"])),
        draw(SHA),
        draw(SHA),
        draw(st.integers(0, 500)),
        draw(st.sampled_from([None, "2.8.0+cu128"])),
        draw(some(WORDS)),
    )


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    """A sound lock, its entries in any order."""
    pinned = [draw(packs(name)) for name in draw(some(NAMES))]
    keys = draw(st.lists(st.tuples(FILES, FOLDERS), max_size=3, unique=True))
    files = [draw(models(name, folder)) for name, folder in keys]
    files = list({pin.key: pin for pin in files}.values())
    pack_names, model_keys = [pin.name for pin in pinned], [pin.key for pin in files]
    entries = [
        WorkflowEntry(
            path,
            draw(some(st.sampled_from(pack_names))) if pack_names else (),
            draw(some(st.sampled_from(model_keys))) if model_keys else (),
            draw(some(WORDS)),
        )
        for path in draw(some(FILES))
    ]
    gaps = [
        Gap("class-type", name, "unknown", draw(FREE), draw(some(FREE)), draw(some(FILES)))
        for name in draw(some(FREE))
    ]
    return Lock(
        options=Options(
            draw(st.sampled_from(["authored", "latest"])),
            draw(some(FILES)),
            draw(some(WORDS)),
            draw(st.booleans()),
        ),
        comfyui=draw(st.sampled_from([None, ComfyuiPin(">=0.3"), ComfyuiPin("x", "0.3.1")])),
        images=tuple({(i.name, i.platform): i for i in draw(some(images()))}.values()),
        python=tuple(_apart(draw(some(python_pins())))),
        workflows=tuple(entries),
        packs=tuple(pinned),
        models=tuple(files),
        unresolved=tuple(gaps),
        tool=draw(st.dictionaries(FREE, st.dictionaries(FREE, FREE | st.integers()), max_size=2)),
    )


def _apart(pins: tuple[PythonPin, ...]) -> list[PythonPin]:
    """Pins of which no two are for one target or in one file."""
    targets = {pin.target: pin for pin in pins}
    return list({pin.file: pin for pin in targets.values()}.values())


def shuffled(lock: Lock, seed: int) -> Lock:
    """The same lock with its entries in another order."""
    mix = random.Random(seed)

    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(mix.sample(items, len(items)))

    return replace(
        lock,
        workflows=mixed(tuple(replace(w, packs=mixed(w.packs)) for w in lock.workflows)),
        images=mixed(lock.images),
        python=mixed(lock.python),
        packs=mixed(tuple(replace(p, provides=mixed(p.provides)) for p in lock.packs)),
        models=mixed(lock.models),
        unresolved=mixed(lock.unresolved),
    )


@given(locks())
def test_p3_what_was_written_is_read(lock: Lock) -> None:
    assert lock_faults(lock) == ()
    data = write_lock(lock)
    assert read_lock(data) == canonical(lock)
    assert write_lock(read_lock(data)) == data
    assert read_lock(data.replace(b"\n", b"\r\n")) == canonical(lock)


@given(locks(), st.integers(0, 99))
def test_p3_order_means_nothing(lock: Lock, seed: int) -> None:
    assert write_lock(shuffled(lock, seed)) == write_lock(lock)
    assert diff(lock, shuffled(lock, seed)).is_empty


@given(locks())
def test_both_readers_of_toml_agree(lock: Lock) -> None:
    text = write_lock(replace(lock, tool={})).decode()
    plain = parse_regular(text)
    assert plain is None or plain == tomli.loads(text)
    assert plain is not None or "\\" in text or not text.replace("\n", "").isprintable()


LINES = st.sampled_from(
    """\
version = 1|version = 01|a = true|a = "x"|a = "x|a = [|a = []|pack = []|[options]|[comfyui]
[[pack]]|[[model]]|[pack]|[[options]]|]||# x|[|    "x",|    "x"|    "y",|a=1|a = 1 |a.b = 1
é = 1|a = 1_000|a = ٣|b = ""|b = '''x'''|b = 1.5|b = +1|b = "x" # y|b = 99999999999999999999
"a" = 1|[[pack]] # x|b = [1]|b = {}|    'x',|    "",|    ",|  |[ options ]|b = 0|pack = 1
""".replace("\n", "|").split("|")
)


@given(st.lists(LINES, max_size=8))
def test_the_fast_reader_takes_nothing_that_means_something_else(lines: list[str]) -> None:
    text = "\n".join(lines)
    plain = parse_regular(text)
    if plain is not None:
        assert plain == tomli.loads(text)


@given(locks(), st.data())
def test_p17_one_changed_entry_changes_its_own_lines_only(lock: Lock, data: st.DataObject) -> None:
    assume(lock.packs)
    lock = canonical(lock)
    place = data.draw(st.integers(0, len(lock.packs) - 1))
    other = data.draw(packs(lock.packs[place].name))
    changed = replace(lock, packs=(*lock.packs[:place], other, *lock.packs[place + 1 :]))
    before, after = (write_lock(one).decode().split("\n\n") for one in (lock, changed))
    assert len(before) == len(after)
    differing = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert len(differing) <= 1
    for block in (text for pair in differing for text in pair):
        assert block.startswith(f'[[pack]]\nname = "{other.name}"\n')


@given(locks(), locks())
def test_a_difference_is_seen_if_there_is_one(one: Lock, other: Lock) -> None:
    assert diff(one, one).is_empty
    assert diff(one, other).is_empty == (canonical(one) == canonical(other))


def swapped(conflicts: Any) -> list[tuple[Any, ...]]:
    return [(c.kind, c.name, c.theirs, c.ours) for c in conflicts]


def _kind_and_name(pin: PackPin | ModelPin | ImagePin | PythonPin) -> tuple[str, str]:
    """As conflicts call it."""
    if isinstance(pin, ImagePin):
        return "image", image_key(pin)
    if isinstance(pin, PythonPin):
        return "python", pin.target
    return ("pack", pin.name) if isinstance(pin, PackPin) else ("model", pin.key)


@given(st.none() | locks(), locks(), locks())
def test_p18_merging_does_not_care_whose_side_is_ours(
    base: Lock | None, ours: Lock, theirs: Lock
) -> None:
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert swapped(one.conflicts) == [(c.kind, c.name, c.ours, c.theirs) for c in other.conflicts]
    assert lock_faults(one.lock) == ()
    undecided = {(c.kind, c.name) for c in one.conflicts}
    for mine, yours in (
        (one.lock.packs, other.lock.packs),
        (one.lock.models, other.lock.models),
        (one.lock.images, other.lock.images),
        (one.lock.python, other.lock.python),
    ):
        sides = [{_kind_and_name(p): p for p in pins} for pins in (mine, yours)]
        assert sides[0].keys() == sides[1].keys()
        assert {k for k in sides[0] if sides[0][k] != sides[1][k]} <= undecided
    assert one.lock.workflows == other.lock.workflows
    assert one.lock.unresolved == other.lock.unresolved
    if not one.conflicts:
        assert one.lock == other.lock


@given(st.none() | locks(), locks())
def test_p18_what_is_the_same_on_both_sides_stands(base: Lock | None, lock: Lock) -> None:
    found = merge(lock, lock, lock)
    assert (found.lock, found.conflicts) == (canonical(lock), ())
    assert merge(base, lock, lock).lock == canonical(lock)


@given(locks(), locks())
def test_p18_what_one_side_alone_changed_is_taken(base: Lock, changed: Lock) -> None:
    found = merge(base, base, changed)
    assert found.conflicts == ()
    assert found.lock == canonical(changed)


# needs

CLASSES = st.sampled_from(["A", "B", "C"])


@st.composite
def needs(draw: st.DrawFn) -> Requirements:
    """What some workflows need of packs and models."""
    workflows = []
    for path in draw(some(FILES)):
        classes = tuple(
            ClassNeed(name, pack, draw(st.sampled_from(["cnr_id", "registry"])), stamps)
            for name, pack in draw(st.dictionaries(CLASSES, NAMES)).items()
            for stamps in [draw(some(st.sampled_from(["1.0.0", "1.2.0", "0123abcdef", "x"])))]
        )
        files = tuple(
            ModelNeed(name, folder, (Offer(url_of(hub_model(name)), "node"),))
            for name, folder in draw(st.lists(st.tuples(FILES, FOLDERS), unique=True, max_size=2))
        )
        workflows.append(WorkflowNeed(path, classes, files))
    groups: dict[str, tuple[str, ...]] = draw(
        st.sampled_from([{}, {"video": ("sub/*",)}, {"video": ("*",), "x-1": ("a.pt",)}])
    )
    return Requirements(tuple(workflows), groups=groups, inputs=draw(some(FILES)))


def joined(needed: Requirements, paths: list[str]) -> tuple[str, ...]:
    groups = [needed.groups_of(path) for path in paths]
    return () if not all(groups) else tuple(sorted({name for one in groups for name in one}))


def locked(needed: Requirements) -> Lock:
    """The plain lock of some needs: every pack at a release beyond all stamps."""
    uses: dict[str, tuple[list[str], set[str]]] = {}
    files: dict[tuple[str, str | None], list[str]] = {}
    for workflow in needed.workflows:
        for need in workflow.classes:
            paths, provided = uses.setdefault(str(need.pack), ([], set()))
            paths.append(workflow.path)
            provided.add(need.class_type)
        for model in workflow.models:
            files.setdefault((model.name, model.folder), []).append(workflow.path)
    return Lock(
        options=Options(inputs=needed.inputs),
        workflows=tuple(
            WorkflowEntry(
                w.path,
                tuple(sorted({str(c.pack) for c in w.classes})),
                tuple(sorted({m.key for m in w.models})),
                needed.groups_of(w.path),
            )
            for w in needed.workflows
        ),
        packs=tuple(
            release(name, "2.0.0", provides=tuple(provided), groups=joined(needed, paths))
            for name, (paths, provided) in uses.items()
        ),
        models=tuple(
            hub_model(name, folder, groups=joined(needed, paths))
            for (name, folder), paths in files.items()
        ),
    )


@given(needs(), st.integers(0, 99))
def test_p12_a_lock_satisfies_what_it_was_made_of(needed: Requirements, seed: int) -> None:
    lock = locked(needed)
    assert unsatisfied(lock, needed, require_hashes=True) == ()
    assert unsatisfied(read_lock(write_lock(lock)), needed) == ()
    assert unsatisfied(shuffled(lock, seed), needed) == ()


@given(needs(), needs())
def test_p13_reasons_are_in_order_and_none_is_missing(
    one: Requirements, other: Requirements
) -> None:
    found = unsatisfied(locked(one), other)
    assert list(found) == sorted(found, key=lambda d: (d.workflow or "", d.kind, d.subject))
    paths = [workflow.path for workflow in one.workflows], [w.path for w in other.workflows]
    gone = {drift.subject for drift in found if drift.kind == "OrphanWorkflow"}
    new = {drift.subject for drift in found if drift.kind == "MissingWorkflow"}
    assert gone == set(paths[0]) - set(paths[1])
    assert new == set(paths[1]) - set(paths[0])


# hostile bytes

SAMPLE = write_lock(full())
PIECES = [b"\x00", b"\n", b'"', b"\\", b"[", b"]", b"=", b"{", b"}", b"\xff", b"<<<<<<< x\n"]
PIECES += [b"version = 2\n", b"[[pack]]\n", b"[tool.x]\n", b"'", b"1", b"..", b"true", b"\r", b"-"]


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for text in (data, b"version = 1\n" + data):
        with contextlib.suppress(LockConflictError, LockParseError, LockVersionError):
            read_lock(text)
    with contextlib.suppress(LockParseError):
        split_conflict(data)


@given(
    st.lists(
        st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 9), st.sampled_from(PIECES)),
        max_size=3,
    )
)
def test_damaged_locks(damages: list[tuple[int, int, bytes]]) -> None:
    data = SAMPLE
    for place, length, piece in damages:
        data = data[:place] + piece + data[place + length :]
    try:
        lock = read_lock(data)
    except (LockConflictError, LockParseError, LockVersionError):
        return
    assert lock_faults(lock) == ()
    assert read_lock(write_lock(lock, force=True)) == replace(
        lock, unknown=(), revision=(0 if lock.unknown else lock.revision)
    )


@given(
    st.lists(
        st.sampled_from([b"<<<<<<< a", b"||||||| b", b"=======", b">>>>>>> c", b"x", b"y\r"]),
        max_size=12,
    )
)
def test_p18_markers_in_any_order(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    with contextlib.suppress(LockParseError):
        sides = split_conflict(data)
        for marker in (b"<<<<<<<", b">>>>>>>"):
            assert marker not in sides.ours + sides.theirs + (sides.base or b"")


def test_the_small_lock_is_what_these_tests_think() -> None:
    assert lock_faults(small()) == ()
