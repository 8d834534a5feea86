from __future__ import annotations

import sys
from pathlib import Path

import pytest

from comfylock.errors import LockConflictError, LockParseError, LockVersionError
from comfylock.lockfile import read
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.schema import Lock
from comfylock.lockfile.write import write_lock
from tests.lock_texts import GIT, MODEL, PACK, WORKFLOW, faults, read_text
from tests.locks import COMMIT, full, small

BAD = Path(__file__).parents[2] / "bad"


def test_the_parts_used_below_are_sound() -> None:
    lock = read_text(PACK + GIT + MODEL + WORKFLOW)
    assert [pin.name for pin in lock.packs] == ["alpha", "carl/gamma"]
    assert lock.models[0].key == "vae/ae.safetensors"


def test_the_least_lock() -> None:
    assert read_lock(b"version = 1") == Lock()


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_endings_and_byte_order_marks_do_not_matter(ending: bytes, mark: bytes) -> None:
    data = write_lock(small())
    assert read_lock(mark + data.replace(b"\n", ending)) == small()


# what cannot be read at all


@pytest.mark.parametrize("path", sorted(BAD.glob("*.lock")), ids=lambda path: path.stem)
def test_named_broken_locks(path: Path) -> None:
    first, _, rest = path.read_text("utf-8").partition("\n")
    expected = first.removeprefix("# expected: ")
    with pytest.raises((LockConflictError, LockParseError, LockVersionError)) as caught:
        read_lock(rest.encode())
    assert str(caught.value).replace("\n ", "") == expected


def test_p18_conflict_markers_come_before_anything_else() -> None:
    data = b"version = 9\n<<<<<<< HEAD\nx\n=======\n[\n>>>>>>> other branch\n<<<<<<<\n"
    with pytest.raises(LockConflictError, match=r"merge conflicts \(lines 2, 6, 7\)") as caught:
        read_lock(data, "here/comfy.lock")
    assert caught.value.lines == (2, 6, 7)
    assert str(caught.value).startswith("here/comfy.lock has")
    assert caught.value.hint


def test_marks_inside_a_line_are_no_conflict() -> None:
    text = '[[unresolved]]\nkind = "pack"\nname = "a"\nreason = "x"\nmessage = "<<<<<<< a >>>>>>>"'
    assert read_text(text).unresolved[0].message == "<<<<<<< a >>>>>>>"


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read.MAX_LOCK_BYTES == 64 << 20
    monkeypatch.setattr(read, "MAX_LOCK_BYTES", 1 << 20)
    data = b"version = 1\n#" + b"x" * (1 << 20)
    assert faults(data) == [("", f"has {len(data)} bytes, more than 1 MiB")]


def test_no_text() -> None:
    assert faults(b"version = 1\n# \xff\n") == [("", "is not UTF-8: byte 14")]


@pytest.mark.parametrize("text", ["x = [", "a = 1\na = 2", "[options]\n[options]", '"', "x"])
def test_no_toml(text: str) -> None:
    ((path, sentence),) = faults(text)
    assert path == ""
    assert sentence.startswith("is not TOML: ")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[tool.x]\na = " + "[" * 100_000, ""),
        ("[tool.x]\na" + ".a" * 5_000 + " = 1", ""),
        ("[tool.x]\na" + ".a" * 70 + " = 1", "tool"),
        ("[tool.x]\na = " + "[" * 70 + "]" * 70, "tool"),
    ],
)
def test_nested_beyond_all_measure(text: str, path: str) -> None:
    assert faults(text) == [(path, "is nested too deeply")]


# versions


@pytest.mark.parametrize(
    "data",
    [
        b"version = 3\n[new]\nkey = 1\n",
        b"# a comment\n\nversion = 3\n[new\n",
        b"\xef\xbb\xbfrevision = 2\r\nversion = 3\r\n<something else entirely>",
        b"version = 3 # of the future\n" + b"\0",
    ],
)
def test_p8_a_lock_of_the_future_says_so_whatever_its_body(data: bytes) -> None:
    with pytest.raises(LockVersionError) as caught:
        read_lock(data)
    told = "comfy.lock: lock version 3, this comfylock reads up to 1"
    assert str(caught.value) == told
    assert caught.value.hint == (
        "install a release of comfylock that writes lock version 3, or newer"
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("value", ["true", '"1"', "0", "-1", "1.0", "[1]"])
def test_p8_what_is_no_version(value: str) -> None:
    told = [("version", "must be a whole number from 1 on")]
    assert faults(f"version = {value}".encode()) == told


def test_p8_no_version() -> None:
    assert faults(b"") == [("version", "is missing")]
    assert faults(b"[[pack]\n")[0][1].startswith("is not TOML")


def test_p8_a_newer_revision_is_read_over_what_is_unknown() -> None:
    text = (
        PACK.replace("size", "colour = 1\nsize") + "[[pets]]\nname = 1\n[options]\nstrict = true\n"
    )
    lock = read_text("revision = 1\n" + text)
    assert lock.revision == 1
    assert lock.unknown == ("options.strict", "pack[0].colour", "pets")
    assert lock.packs[0].name == "alpha"


def test_p8_the_same_revision_names_the_nearest_key() -> None:
    text = PACK.replace("size", "sizes") + "[option]\nprefer = 1\n[comfyui]\nzzz = 1\n"
    assert faults(text) == [
        ("pack[0].sizes", "is no key of `[pack]`; did you mean `size`?"),
        ("option", "is no key of a lock; did you mean `options`?"),
        ("comfyui.zzz", "is no key of `[comfyui]`"),
        ("comfyui.requested", "is missing"),
        ("pack[0].size", "is missing; `comfy-registry` needs it"),
    ]


def test_a_newer_revision_still_has_faults() -> None:
    assert faults("revision = 1\ncolour = 1\n[options]\ninputs = 5\n") == [
        ("options.inputs", "must be a list of texts")
    ]


# types


@pytest.mark.parametrize(
    ("text", "path", "sentence"),
    [
        ("revision = true", "revision", "must be a whole number"),
        ("revision = -1", "revision", "must be a whole number"),
        ("options = 1", "options", "must be a table"),
        ("pack = 1", "pack", "must be written as `[[pack]]`"),
        ("pack = [1]", "pack[0]", "must be a table"),
        ("model = [1]", "model[0]", "must be a table"),
        ("tool = 1", "tool", "must be a table"),
        ("[tool]\nx = 1\ny = {}", "tool.x", "must be a table"),
        (
            '[[model]]\nsource = "local"\nname = 1\nprivate = true',
            "model[0].name",
            "must be a text",
        ),
        (MODEL + 'size = true\ngroups = ["a"]', "model[0].size", "must be a whole number"),
        ("[options]\nprefer = 1", "options.prefer", "must be `authored` or `latest`"),
        ("[options]\nprefer = 'x'", "options.prefer", "must be `authored` or `latest`"),
        ("[options]\ninputs = [1]", "options.inputs", "must be a list of texts"),
        ("[options]\ninclude-inactive = 1", "options.include-inactive", "must be true or false"),
        (PACK.replace("= 5", "= true"), "pack[0].size", "must be a whole number"),
        (PACK.replace("= 5", "= 5.0"), "pack[0].size", "must be a whole number"),
        (PACK.replace('"alpha"', "1"), "pack[0].name", "must be a text"),
        (PACK + "date = 2025-03-01T12:00:00Z", "pack[0].date", "must be a text"),
        (MODEL + 'verified = "me"', "model[0].verified", "must be `downloaded` or `upstream`"),
        (MODEL.replace('"vae"', "[]"), "model[0].folder", "must be a text"),
    ],
)
def test_wrong_types(text: str, path: str, sentence: str) -> None:
    assert faults(text) == [(path, sentence)]


def test_every_fault_at_once_with_the_entry_s_own_number() -> None:
    text = (
        '[[pack]]\nsource = "git"\n'
        + PACK.replace("alpha", "Alpha")
        + MODEL.replace(COMMIT, "main")
        + WORKFLOW.replace("a.json", "../a.json")
        + "packs = 3\n"
    )
    assert faults(text) == [
        ("pack[0].name", "is missing"),
        ("workflow[0].packs", "must be a list of texts"),
        ("workflow[0].path", "must be relative and stay in its folder"),
        ("pack[1].name", "must be a registry id or `owner/repo` in lower case"),
        ("model[0].commit", "must be 40 or 64 lower-case hex digits"),
    ]


# between entries


def test_names_given_twice() -> None:
    gap = '[[unresolved]]\nkind = "pack"\nname = "b"\nreason = "x"\nmessage = "y"\n'
    text = PACK + PACK + MODEL + MODEL + WORKFLOW + WORKFLOW + gap + gap
    assert faults(text) == [
        ("workflow[1].path", "`a.json` is in workflow[0] already"),
        ("pack[1].name", "`alpha` is in pack[0] already"),
        ("model[1].name", "`vae/ae.safetensors` is in model[0] already"),
        ("unresolved[1].name", "`pack: b` is in unresolved[0] already"),
    ]


def test_p12_workflows_that_need_what_is_not_there() -> None:
    text = PACK + WORKFLOW + 'packs = ["alpha", "beta"]\nmodels = ["vae/x.pt"]\n'
    told = "is neither pinned nor unresolved"
    assert faults(text) == [
        ("workflow[0].packs[1]", f"`beta` {told}"),
        ("workflow[0].models[0]", f"`vae/x.pt` {told}"),
    ]


def test_p23_what_is_unresolved_may_be_needed() -> None:
    gaps = "".join(
        f'[[unresolved]]\nkind = "{kind}"\nname = "{name}"\nreason = "gone"\nmessage = "it is"\n'
        for kind, name in (("pack", "beta"), ("model", "vae/x.pt"))
    )
    lock = read_text(WORKFLOW + 'packs = ["beta"]\nmodels = ["vae/x.pt"]\n' + gaps)
    assert [gap.name for gap in lock.unresolved] == ["vae/x.pt", "beta"]


def test_lists_that_a_merge_left_in_disorder_are_put_in_order() -> None:
    text = WORKFLOW + 'packs = ["carl/gamma", "alpha", "alpha"]\n' + GIT + PACK
    lock = read_text(text)
    assert lock.workflows[0].packs == ("alpha", "carl/gamma")
    assert [pin.name for pin in lock.packs] == ["alpha", "carl/gamma"]


def test_p14_reading_a_sound_lock_loads_no_parser_and_no_writer(tmp_path: Path) -> None:
    import subprocess  # noqa: PLC0415

    file = tmp_path / "comfy.lock"
    file.write_bytes(write_lock(small()))
    code = (
        "import sys\nfrom comfylock.lockfile.read import read_lock\n"
        f"read_lock(open({str(file)!r}, 'rb').read())\n"
        "heavy = {'tomli', 'tomllib', 'tomli_w', 'pathlib', 'dataclasses', 'pydantic', 'difflib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_full_lock_is_sound() -> None:
    assert read_lock(write_lock(full())).unresolved
