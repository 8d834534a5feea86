"""The schema that editors use says what the parser does."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft7Validator, meta

from comfylock.config import SCHEMA_FILE, parse_config
from comfylock.config.audit import AUDIT_KEYS, IGNORE_KEYS
from comfylock.config.audit import KINDS as AUDIT_KINDS
from comfylock.config.comfyui import COMFYUI_KEYS
from comfylock.config.document import ENDPOINTS, SECTIONS, TRUST_KEYS
from comfylock.config.emit import (
    BASES,
    EMIT_KEYS,
    INSTALLERS,
    KINDS,
    LAYOUTS,
    MODEL_MODES,
)
from comfylock.config.images import IMAGE_KEYS, IMAGE_NAME
from comfylock.config.lock_settings import (
    GROUP_NAME,
    LOCK_KEYS,
    MACHINES,
    PREFERENCES,
    SYSTEMS,
)
from comfylock.config.models import ALTERNATIVE_KEYS, MODEL_KEYS, ORIGINS
from comfylock.config.packs import PACK_KEYS
from comfylock.config.python import PYTHON_KEYS
from comfylock.errors import ConfigError
from comfylock.python.torch import TRIO
from tests.settings import SECRET, SHA

SCHEMA: dict[str, Any] = json.loads(Path(SCHEMA_FILE).read_text("utf-8"))
PROPERTIES = SCHEMA["properties"]
VALIDATOR = Draft7Validator(SCHEMA)

ONE = '{ tier = "a", vram = 24, url = "https://x/a" }'
GOOD = [
    "",
    '[lock]\nworkflows = ["workflows/", "a b/*.json", "..x/y", "x..", "./-a"]\nprefer = "latest"',
    '[lock]\ntargets = ["linux-x86_64", "macos-arm64"]\nrequire-hashes = true',
    "[lock]\nallow-unresolved = true\ninclude-inactive = false",
    '[class-types]\n"A" = "o/r"\n"B" = "comfy-core"',
    '[packs]\na = ">=1.1,<2"\n"o/r" = { revision = "main" }\nc = { version = "1.2.3" }',
    '[packs]\na = { git = "git@host:o/r", revision = "v1", always = true }',
    '[packs]\na = { git = "ssh://git@host/o/r" }\nb = { git = "https://host/o/r.git" }',
    f'[groups]\ng = []\n[packs]\na = {{ url = "https://x/a.py", sha256 = "{SHA}" }}',
    '[groups]\ng = []\n[packs]\na = { groups = ["g"] }',
    f'[models]\nx = "https://x/y"\ny = {{ url = "https://x/y?a=b", sha256 = "{SHA}" }}',
    '[models]\nx = { huggingface = "o/r", path = "a/b.pt", revision = "refs/pr/1" }',
    '[models]\nx = { civitai = 1, file = 2 }\ny = { air = "urn:air:sdxl:lora:civitai:1@2+3" }',
    f'[models]\nx = {{ local = true, sha256 = "{SHA}", size = 0 }}\ny = {{ ignore = true }}',
    f'[models]\n"a/x" = {{ alternatives = [{ONE}, {{ tier = "b", civitai = 1 }}], always = true }}',
    '[models]\n"loras/x" = { url = "https://x/y", local = false, always = true }',
    '[groups]\nvideo = ["workflows/video/*"]',
    '[emit]\noutput = "deploy/"\nkinds = ["script"]\nvariants = ["full"]\nport = 1',
    '[emit]\nvolume = "/data/x"\ncomfyui-dir = "/opt/ComfyUI"\nimage = "cu128"\nuser = "me"',
    '[emit]\nimage-name = "ghcr.io/me/comfyui"\nsystem-packages = ["g++", "libgl1"]',
    '[audit]\nfail-on = "never"\nallow-licences = ["mit", "openrail*"]\ndeny-licences = []',
    '[audit.severity]\ngated = "off"\nruns-code = "error"',
    '[[audit.ignore]]\nkind = "gated"\nreason = "x"\n[[audit.ignore]]\nsubject = "a"\nreason = "y"',
    '[[audit.ignore]]\nkind = "gated"\nsubject = "a/*"\nreason = "x"\nexpires = "2027-01-31"',
    '[endpoints]\nregistry = "http://127.0.0.1:1/a/"\nhuggingface = "https://m"',
    '[endpoints]\ncivitai = "https://c/api/v1"\ngithub-api = "https://g"\nmanager = "HTTPS://m"',
    '[trust]\nallow-hosts = ["models.example.com", "127.0.0.1:8080"]',
    '[python]\ntargets = ["linux-x86_64-py3.12-cu128", "macos-arm64-py3.11-default"]',
    '[python]\ntargets = ["linux-x86_64-py3.12-rocm6.2.4"]\ntorch = ["torch"]',
    (
        '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\nindex = "https://i/simple"\n'
        'extra-indexes = ["https://j/simple"]\ntorch-index = "https://t/cpu"'
    ),
    (
        '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\nallow-builds = ["InsightFace"]\n'
        '[python.constraints]\nnumpy = "<2"\ntorch = "2.8.0"\n[python.overrides]\nx-y = "==1.0"'
    ),
    '[images]\ncu128 = "nvidia/cuda:12.8.1-runtime-ubuntu24.04"\ncpu = "debian"',
    f'[images]\nx = {{ reference = "ghcr.io/a/b:1@sha256:{SHA}", platforms = ["linux/arm64"] }}',
    '[packs]\na = { ignore-requirements = ["torch", "numpy==1.26.4"] }',
]
BAD = [
    "zzz = 1",
    "[audit]\nzzz = 1",
    '[audit]\nfail-on = "loud"',
    '[audit]\nallow-licences = "mit"',
    '[audit]\ndeny-licences = [" "]',
    '[audit.severity]\nzzz = "off"',
    '[audit.severity]\ngated = "no"',
    '[audit]\nignore = "x"',
    '[[audit.ignore]]\nkind = "gated"',
    '[[audit.ignore]]\nreason = "x"',
    '[[audit.ignore]]\nkind = "zzz"\nreason = "x"',
    '[[audit.ignore]]\nkind = "gated"\nreason = " "',
    '[[audit.ignore]]\nkind = "gated"\nreason = "x"\nexpires = "soon"',
    '[[audit.ignore]]\nkind = "gated"\nreason = "x"\nzzz = 1',
    "[lock]\nzzz = 1",
    '[lock]\nprefer = "newest"',
    '[lock]\ntargets = ["linux"]',
    '[lock]\nrequire-hashes = "yes"',
    '[lock]\nworkflows = "workflows/"',
    '[lock]\nworkflows = ["/etc"]',
    '[lock]\nworkflows = ["../x"]',
    '[lock]\nworkflows = ["a/.."]',
    '[lock]\nworkflows = ["--json"]',
    '[lock]\nworkflows = [" "]',
    "[class-types]\nA = 1",
    "[packs]\na = 1",
    '[packs]\na = { git = "https://h/o/r", version = "1" }',
    '[packs]\na = { git = "https://h/o/r", url = "https://h/o.py" }',
    '[packs]\na = { version = ">=1", revision = "main" }',
    f'[packs]\na = {{ sha256 = "{SHA}" }}',
    '[packs]\na = { revision = "-x" }',
    f'[packs]\na = {{ git = "https://me:{SECRET}@h/o/r" }}',
    '[packs]\na = { git = "file:///etc" }',
    "[packs]\na = { zzz = 1 }",
    "[models]\nx = {}",
    '[models]\nx = "ftp://x/y"',
    f'[models]\nx = "https://me:{SECRET}@h/o"',
    '[models]\nx = { url = "https://x/y", local = true }',
    '[models]\nx = { url = "https://x/y", size = 1 }',
    '[models]\nx = { huggingface = "o/r" }',
    '[models]\nx = { huggingface = "gpt2", path = "a" }',
    "[models]\nx = { civitai = 0 }",
    "[models]\nx = { file = 1 }",
    '[models]\nx = { air = "urn:air:sdxl:lora:civitai:1" }',
    "[models]\nx = { ignore = true, always = true }",
    "[models]\nx = { ignore = false }",
    '[models]\n"a/x" = { alternatives = [] }',
    '[models]\n"a/x" = { alternatives = [ { tier = "a", url = "https://x/a" } ] }',
    '[models]\n"a/x" = { alternatives = [ { url = "https://x/a" }, { url = "https://x/b" } ] }',
    f'[models]\n"a/x" = {{ alternatives = [{ONE}, {{ tier = "B", civitai = 1 }}] }}',
    f'[models]\n"a/x" = {{ alternatives = [{ONE}, {{ tier = "b", vram = 0, civitai = 1 }}] }}',
    f'[models]\n"a/x" = {{ civitai = 1, alternatives = [{ONE}, {{ tier = "b", civitai = 1 }}] }}',
    f'[models]\n"a/x" = {{ alternatives = [{ONE}, {{ tier = "b", ignore = true }}] }}',
    f'[models]\n"a/x" = {{ alternatives = [{ONE}, {{ tier = "b", civitai = 1, always = true }}] }}',
    '[groups]\nVideo = ["a"]',
    '[groups]\nvideo = "a"',
    "[emit]\nzzz = 1",
    '[emit]\nlayout = "pod"',
    '[emit]\nkinds = ["scripts"]',
    "[emit]\nvariants = []",
    "[emit]\nport = 70000",
    '[emit]\nvolume = "/a/../b"',
    '[emit]\nvolume = "data"',
    '[emit]\nsystem-packages = ["-y"]',
    '[emit]\nimage-name = "a:tag"',
    '[emit]\noutput = "/etc"',
    '[endpoints]\nregistry = "ftp://x"',
    '[endpoints]\nregistry = "https://x?y=1"',
    '[endpoints]\nzzz = "https://x"',
    '[trust]\nallow-hosts = ["https://x"]',
    "[trust]\nzzz = []",
    "[python]",
    "[python]\ntargets = []",
    '[python]\ntargets = ["cu128"]',
    '[python]\ntargets = ["linux-x86_64-py3.12"]',
    '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\nzzz = 1',
    '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\ntorch = ["numpy"]',
    '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\nallow-builds = ["a b"]',
    '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\nindex = "ftp://x"',
    f'[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\nindex = "https://me:{SECRET}@x/simple"',
    '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\nextra-indexes = "https://x"',
    '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\n[python.constraints]\nnumpy = "new"',
    '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\n[python.overrides]\nnumpy = 2',
    '[python]\ntargets = ["linux-x86_64-py3.12-cpu"]\n[python.overrides]\n"-r x" = "1"',
    "[images]\ncu128 = 1",
    '[images]\nCU128 = "debian"',
    "[images]\ncu128 = {}",
    f'[images]\nx = "https://me:{SECRET}@host/x"',
    '[images]\nx = { reference = "debian", platforms = ["linux"] }',
    '[images]\nx = { reference = "debian", zzz = 1 }',
    '[packs]\na = { ignore-requirements = "torch" }',
]


def parses(text: str) -> bool:
    try:
        parse_config(text.encode(), "comfylock.toml")
    except ConfigError:
        return False
    return True


def test_the_schema_is_one() -> None:
    meta.validate(SCHEMA)


@pytest.mark.parametrize("text", GOOD)
def test_what_the_parser_takes_the_schema_takes(text: str) -> None:
    assert parses(text)
    assert [error.message for error in VALIDATOR.iter_errors(tomllib.loads(text))] == []


@pytest.mark.parametrize("text", BAD)
def test_what_the_schema_refuses_the_parser_refuses(text: str) -> None:
    assert not VALIDATOR.is_valid(tomllib.loads(text))
    assert not parses(text)


def test_both_know_the_same_settings() -> None:
    assert list(PROPERTIES) == list(SECTIONS)
    assert list(PROPERTIES["lock"]["properties"]) == list(LOCK_KEYS)
    assert list(PROPERTIES["comfyui"]["properties"]) == list(COMFYUI_KEYS)
    assert list(PROPERTIES["emit"]["properties"]) == list(EMIT_KEYS)
    assert list(PROPERTIES["python"]["properties"]) == list(PYTHON_KEYS)
    image = PROPERTIES["images"]["additionalProperties"]["anyOf"][1]
    assert list(image["properties"]) == list(IMAGE_KEYS)
    assert list(PROPERTIES["endpoints"]["properties"]) == list(ENDPOINTS)
    assert list(PROPERTIES["trust"]["properties"]) == list(TRUST_KEYS)
    assert set(SCHEMA["definitions"]["pack"]["properties"]) == set(PACK_KEYS)
    assert set(SCHEMA["definitions"]["model"]["properties"]) == set(MODEL_KEYS)
    assert list(SCHEMA["definitions"]["alternative"]["properties"]) == list(ALTERNATIVE_KEYS)


def test_both_know_the_same_values() -> None:
    lock = PROPERTIES["lock"]["properties"]
    assert lock["prefer"]["enum"] == list(PREFERENCES)
    assert lock["targets"]["items"]["enum"] == [f"{s}-{m}" for s in SYSTEMS for m in MACHINES]
    emit = PROPERTIES["emit"]["properties"]
    assert emit["kinds"]["items"]["enum"] == list(KINDS)
    words = {"layout": LAYOUTS, "models": MODEL_MODES, "base": BASES, "installer": INSTALLERS}
    assert {key: tuple(emit[key]["enum"]) for key in words} == words
    names = PROPERTIES["groups"]["propertyNames"]["pattern"]
    assert names.strip("^$") == GROUP_NAME.compiled.pattern.removesuffix(r"\Z")
    images = PROPERTIES["images"]["propertyNames"]["pattern"]
    assert images.strip("^$") == IMAGE_NAME.compiled.pattern.removesuffix(r"\Z")
    assert PROPERTIES["python"]["properties"]["torch"]["items"]["enum"] == list(TRIO)
    origins = [entry["required"][0] for entry in SCHEMA["definitions"]["model"]["oneOf"]]
    assert origins == list(ORIGINS)


def test_every_setting_is_described() -> None:
    told: list[str] = []

    def visit(schema: dict[str, Any], path: str) -> None:
        referred = SCHEMA["definitions"].get(schema.get("$ref", "").rpartition("/")[2], {})
        if not schema.get("description") and not referred.get("description"):
            told.append(path)
        for key, inner in schema.get("properties", {}).items():
            visit(inner, f"{path}.{key}")

    for key, schema in PROPERTIES.items():
        visit(schema, key)
    for kind in ("pack", "model", "alternative"):
        for key, schema in SCHEMA["definitions"][kind]["properties"].items():
            visit(schema, f"{kind}.{key}")
    assert told == []


def test_the_audit_s_words_are_all_there() -> None:
    audit = PROPERTIES["audit"]["properties"]
    assert set(audit) == set(AUDIT_KEYS)
    assert list(audit["severity"]["properties"]) == list(AUDIT_KINDS)
    ignore = SCHEMA["definitions"]["ignore"]["properties"]
    assert set(ignore) == set(IGNORE_KEYS)
    assert ignore["kind"]["enum"] == list(AUDIT_KINDS)
