from __future__ import annotations

import pytest

from tests.lock_texts import GIT, MODEL, PACK, WORKFLOW, faults, read_text
from tests.locks import COMMIT, SHA

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
        (MODEL.replace('"ae.', '"a//ae.', 1), "name"),
        (MODEL.replace('"ae.safetensors"', '""', 1), "name"),
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


def test_files_may_be_called_as_systems_allow() -> None:
    text = WORKFLOW.replace("a.json", " an odd, #1 'name' $(x) .json")
    assert read_text(text).workflows[0].path == " an odd, #1 'name' $(x) .json"


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
