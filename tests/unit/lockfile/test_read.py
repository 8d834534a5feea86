from __future__ import annotations

import sys
from pathlib import Path

import pytest

from comfylock.errors import LockConflictError, LockParseError, LockVersionError
from comfylock.lockfile import read
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.schema import Lock
from comfylock.lockfile.write import write_lock
from tests.locks import COMMIT, SHA, full, small

BAD = Path(__file__).parents[2] / "bad"

PACK = f"""
[[pack]]
name = "alpha"
source = "comfy-registry"
version = "1.2.0"
url = "https://cdn.comfy.org/alpha/1.2.0/node.zip"
sha256 = "{SHA}"
size = 5
"""
GIT = f"""
[[pack]]
name = "carl/gamma"
source = "git"
repository = "https://github.com/carl/gamma"
commit = "{COMMIT}"
tree = "{COMMIT}"
"""
MODEL = f"""
[[model]]
name = "ae.safetensors"
folder = "vae"
source = "huggingface"
repository = "org/repo"
commit = "{COMMIT}"
path = "ae.safetensors"
sha256 = "{SHA}"
"""
WORKFLOW = '\n[[workflow]]\npath = "a.json"\n'


def faults(text: str | bytes) -> list[tuple[str, str]]:
    """What is wrong with a lock of version 1."""
    data = text if isinstance(text, bytes) else f"version = 1\n{text}".encode()
    with pytest.raises(LockParseError) as caught:
        read_lock(data)
    return list(caught.value.faults)


def read_text(text: str) -> Lock:
    return read_lock(f"version = 1\n{text}".encode())


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
        ("[tool]\nx = 1", "tool.x", "must be a table"),
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


# keys by source


@pytest.mark.parametrize(
    ("entry", "source", "keys"),
    [
        (PACK, "comfy-registry", ["version", "url", "sha256", "size"]),
        (GIT, "git", ["repository", "commit", "tree"]),
        (MODEL, "huggingface", ["repository", "commit", "path"]),
    ],
)
def test_p2_p5_every_required_key(entry: str, source: str, keys: list[str]) -> None:
    for key in keys:
        text = "\n".join(line for line in entry.split("\n") if not line.startswith(f"{key} ="))
        ((path, sentence),) = faults(text)
        assert path.endswith(f"[0].{key}")
        assert sentence == f"is missing; `{source}` needs it"


@pytest.mark.parametrize("key", ["kind", "name", "reason", "message"])
def test_every_required_key_of_a_gap(key: str) -> None:
    values = {"kind": "pack", "name": "a", "reason": "gone", "message": "it is gone"}
    text = "".join(f'{name} = "{value}"\n' for name, value in values.items() if name != key)
    assert faults(f"[[unresolved]]\n{text}") == [(f"unresolved[0].{key}", "is missing")]


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("civitai", {"version-id", "file-id"}),
        ("github-release", {"repository", "tag", "path"}),
        ("git", {"repository", "commit", "path"}),
        ("url", {"url"}),
        ("local", set()),
    ],
)
def test_p2_what_each_source_of_a_model_needs(source: str, missing: set[str]) -> None:
    text = f'[[model]]\nname = "a.pt"\nsource = "{source}"\n'
    if source == "local":
        assert read_text(text).models[0].source == "local"
        return
    found = dict(faults(text))
    assert found.pop("model[0].sha256") == "is missing; without it `unhashed` must say why"
    assert {path.removeprefix("model[0].") for path in found} == missing


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (PACK + 'repository = "https://github.com/a/b"', "repository"),
        (PACK + f'commit = "{COMMIT}"', "commit"),
        (GIT + f'sha256 = "{SHA}"', "sha256"),
        (GIT + "deprecated = true", "deprecated"),
        (MODEL + 'url = "https://example.org/a"', "url"),
        (MODEL + "file-id = 3", "file-id"),
        (MODEL + 'tag = "v1"', "tag"),
    ],
)
def test_keys_of_another_source(text: str, key: str) -> None:
    ((path, sentence),) = faults(text)
    assert path.endswith(f"[0].{key}")
    assert sentence.startswith("does not belong to `")


def test_p5_a_digest_or_a_reason() -> None:
    assert faults(MODEL + 'unhashed = "why"') == [("model[0].unhashed", "contradicts `sha256`")]
    bare = MODEL.replace(f'sha256 = "{SHA}"', 'unhashed = "why"')
    assert read_text(bare).models[0].unhashed == "why"
    told = [("model[0].verified", "says nothing without `sha256`")]
    assert faults(bare + 'verified = "upstream"') == told


def test_comfyui_needs_both_halves_of_its_pin() -> None:
    text = f'[comfyui]\nrequested = ">=0.3"\ncommit = "{COMMIT}"\n'
    assert [path for path, _ in faults(text)] == ["comfyui.commit"]


# values


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (PACK.replace('"alpha"', '"../alpha"'), "name"),
        (PACK.replace('"alpha"', '"al pha"'), "name"),
        (PACK.replace('"alpha"', '"-alpha"'), "name"),
        (PACK.replace('"alpha"', '"a/../b"'), "name"),
        (PACK.replace('"alpha"', '"a\\\\b"'), "name"),
        (PACK.replace('"1.2.0"', '"latest"'), "version"),
        (PACK.replace('"1.2.0"', '"nightly"'), "version"),
        (PACK.replace('"1.2.0"', '"1.2.0 "'), "version"),
        (PACK.replace("https://cdn", "ftp://cdn"), "url"),
        (PACK.replace("https://cdn", "file:///cdn"), "url"),
        (PACK.replace("https://cdn", "https://me:secret@cdn"), "url"),
        (PACK.replace("node.zip", "node.zip#x"), "url"),
        (PACK.replace("node.zip", "../node.zip"), "url"),
        (PACK.replace("node.zip", "$(id)` .zip"), "url"),
        (PACK.replace("node.zip", "node.zip?token=abc"), "url"),
        (PACK.replace("node.zip", "n?a=1&X-Amz-Signature=abc"), "url"),
        (PACK.replace(SHA, SHA.upper()), "sha256"),
        (PACK.replace(SHA, SHA[:-1]), "sha256"),
        (PACK.replace(SHA, "sha256:" + SHA), "sha256"),
        (PACK.replace("= 5", "= -5"), "size"),
        (PACK.replace("= 5", f"= {1 << 62}"), "size"),
        (PACK + 'requested = "-x"', "requested"),
        (PACK + 'requested = ""', "requested"),
        (PACK + 'requested = "https://a:b@example.org/"', "requested"),
        (PACK + 'date = "yesterday"', "date"),
        (PACK + 'status = "banned"', "status"),
        (PACK + 'aliases = ["Ann/Alpha"]', "aliases[0]"),
        (PACK + 'runs-code = ["/install.py"]', "runs-code[0]"),
        (PACK + 'runs-code = ["a//b.py"]', "runs-code[0]"),
        (PACK + 'groups = ["Video Group"]', "groups[0]"),
        (PACK + 'missing = ["A"]', "missing"),
        (GIT.replace(COMMIT, "main", 1), "commit"),
        (GIT.replace(f'commit = "{COMMIT}', f'commit = "{COMMIT[:12]}'), "commit"),
        (GIT.replace("https://github", "git@github"), "repository"),
        (GIT.replace("https://github", "https://git@github"), "repository"),
        (GIT.replace('gamma"\ncommit', 'gamma.git"\ncommit'), "repository"),
        (GIT.replace('gamma"\ncommit', 'gamma?x=1"\ncommit'), "repository"),
        (GIT + 'version = "--upload-pack=x"', "version"),
        (GIT + 'version = "a b"', "version"),
        (GIT + 'submodules = ["a b"]', "submodules[0]"),
        (GIT + f'submodules = ["-a {COMMIT} https://a.org/b"]', "submodules[0]"),
        (GIT + f'submodules = ["../a {COMMIT} https://a.org/b"]', "submodules[0]"),
        (GIT + 'submodules = ["a main https://a.org/b"]', "submodules[0]"),
        (GIT + f'submodules = ["a {COMMIT} ext::sh"]', "submodules[0]"),
        (MODEL.replace('"ae.', '"../ae.', 1), "name"),
        (MODEL.replace('"ae.', '"/ae.', 1), "name"),
        (MODEL.replace('"ae.', '"C:/ae.', 1), "name"),
        (MODEL.replace('"ae.', '"a\\\\ae.', 1), "name"),
        (MODEL.replace('"ae.', '" ae.', 1), "name"),
        (MODEL.replace('"vae"', '"clip"'), "folder"),
        (MODEL.replace('"vae"', '"../vae"'), "folder"),
        (MODEL.replace("org/repo", "../repo"), "repository"),
        (MODEL.replace("org/repo", "https://huggingface.co/org/repo"), "repository"),
        (MODEL.replace('path = "ae', 'path = "a/../ae'), "path"),
        (MODEL + 'gated = "yes"', "gated"),
        (MODEL + 'origin = "me"', "origin"),
        (MODEL + 'mirrors = ["javascript:x"]', "mirrors[0]"),
        ('[options]\ninputs = ["/etc"]', "inputs[0]"),
        ('[options]\ntargets = ["Linux x"]', "targets[0]"),
    ],
)
def test_p2_p22_values_that_nobody_should_meet_in_a_script(text: str, key: str) -> None:
    ((path, sentence),) = faults(text)
    assert path.endswith(f".{key}")
    assert sentence


@pytest.mark.parametrize("name", ["token", "hf_token", "API-Key", "sig", "X-Goog-Signature"])
@pytest.mark.parametrize("key", ["url", "requested", "mirrors"])
def test_p22_no_secret_of_an_address_is_let_in(name: str, key: str) -> None:
    url = f"https://example.org/a.pt?size=1&{name}=0123456789"
    value = f'["{url}"]' if key == "mirrors" else f'"{url}"'
    known = "" if key == "url" else 'url = "https://example.org/a.pt?format=pt"\n'
    text = f'[[model]]\nname = "a.pt"\nsource = "url"\nunhashed = "so"\n{known}{key} = {value}\n'
    (fault,) = faults(text)
    assert fault[1] == "must be a URL without secrets"
    assert "0123456789" not in str(fault)


def test_an_asset_is_a_file_s_name() -> None:
    text = (
        '[[model]]\nname = "a.pt"\nsource = "github-release"\ntag = "v1"\nunhashed = "so"\n'
        'repository = "https://github.com/a/b"\npath = "{}"\n'
    )
    assert faults(text.format("b/a.pt")) == [("model[0].path", "must be a file's name")]
    assert read_text(text.format("a.pt")).models[0].path == "a.pt"


def test_tidy_inputs() -> None:
    lock = read_text('[options]\ninputs = [".", "workflows/", "a/**/*.json"]')
    assert lock.options.inputs == (".", "a/**/*.json", "workflows/")


@pytest.mark.parametrize("character", ["\x1b", "\x7f", "\x85", "\u202e", "\u2028", "\n"])
def test_control_characters_nowhere(character: str) -> None:
    escaped = f"\\u{ord(character):04x}"
    text = PACK + f'evidence = ["a", "b{escaped}"]\nrejected = ["x{escaped}"]\n'
    assert faults(text) == [
        ("pack[0].evidence[1]", "holds control characters"),
        ("pack[0].rejected[0]", "holds control characters"),
    ]
    model = MODEL + f'licence = "m{escaped}t"\n'
    assert faults(model) == [("model[0].licence", "holds control characters")]
    if character in "\u202e\u2028":
        raw = MODEL + f'licence = "m{character}t"\n'
        assert faults(raw) == [("model[0].licence", "holds control characters")]


def test_names_in_every_script_are_names() -> None:
    text = PACK + 'provides = ["Größe 👁\u200d🗨 日本", "Nbsp\u00a0", "Quote \\" \\\\"]\n'
    assert len(read_text(text).packs[0].provides) == 3


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
