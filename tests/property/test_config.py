"""Whatever is written into settings: settings, or faults that fit on lines and keep secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfylock.config import Config, parse_config, surroundings
from comfylock.config.document import ENDPOINTS, SECTIONS, TRUST_KEYS
from comfylock.config.lock_settings import LOCK_KEYS
from comfylock.config.models import MODEL_KEYS
from comfylock.config.packs import PACK_KEYS
from comfylock.errors import ConfigError
from comfylock.names import quoted
from tests.settings import SECRET, SHA

KEYS = sorted({*SECTIONS, *LOCK_KEYS, *PACK_KEYS, *MODEL_KEYS, *ENDPOINTS, *TRUST_KEYS})
NAMES = st.sampled_from([*KEYS, "some-pack", "o/r", "loras/x.pt", "video", "../x", "a\nb", ""])
WORDS = st.sampled_from(
    [
        "1.2.3",
        "main",
        "-x",
        "video",
        "org/repo",
        "workflows/",
        SHA,
        "https://models.example.com/x.py",
        "http://127.0.0.1:8080/x",
        "git@host:o/r.git",
        "ssh://git@host/o/r",
        "urn:air:sdxl:lora:civitai:1@2",
    ]
)
TEXTS = st.one_of(WORDS, st.text(st.characters(codec="utf-8"), max_size=12))
SCALARS = st.one_of(st.booleans(), st.integers(-3, 2**70), TEXTS)
VALUES = st.recursive(
    st.one_of(SCALARS, st.lists(SCALARS, max_size=3)),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from(SECTIONS), st.dictionaries(NAMES, VALUES, max_size=4))


def toml(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, dict):
        inner = ", ".join(f"{quoted(key)} = {toml(entry)}" for key, entry in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def document(tables: dict[str, Any]) -> bytes:
    return "".join(f"{quoted(key)} = {toml(value)}\n" for key, value in tables.items()).encode()


def outcome(data: bytes) -> tuple[Config | None, tuple[tuple[str, str], ...]]:
    try:
        return parse_config(data, "comfylock.toml"), ()
    except ConfigError as error:
        return None, error.faults


@given(DOCUMENTS)
def test_settings_or_faults_and_nothing_else(tables: dict[str, Any]) -> None:
    config, faults = outcome(document(tables))
    for path, sentence in faults:
        assert path.isprintable()
        assert sentence.isprintable()
        assert not sentence.endswith(".")
    assert (config is None) == bool(faults)
    if config is not None:
        assert (config, ()) == outcome(document(tables))
        assert set(config.models) | config.settled_models == set(config.model_rules)
        assert not set(config.models) & config.settled_models


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_the_order_of_tables_says_nothing(packs: dict[str, Any]) -> None:
    tables = {"packs": packs, "groups": {"video": []}, "trust": {"allow-hosts": ["127.0.0.1:8080"]}}
    reversed_tables = {key: tables[key] for key in reversed(tables)}
    assert outcome(document(tables)) == outcome(document(reversed_tables))


ADDRESSES = st.sampled_from(
    [
        f"https://me:{SECRET}@host.example/a.py",
        f"https://{SECRET}@host.example/a.py",
        f"http://x:{SECRET}@127.0.0.1:8080/a",
        f"https://host.example/a.py?token={SECRET}",
        f"https://host.example/a.py?x=1&api_key={SECRET}",
        f"https://host.example/a?X-Amz-Signature={SECRET}",
        f"ssh://git:{SECRET}@host.example/o/r",
        f"HTTPS://me:{SECRET}@host.example/a",
    ]
)
PLACES = st.sampled_from(
    [
        "[packs]\nx = { git = %s }",
        "[packs]\nx = { url = %s }",
        "[packs]\nx = %s",
        "[packs]\n%s = 3",
        "[models]\nx = %s",
        "[models]\nx = { huggingface = %s, path = 'a' }",
        "[models]\nx = { air = %s }",
        "[class-types]\n%s = 3",
        "[class-types]\nx = %s",
        "[packs]\n%s = '1.0'",
        "[endpoints]\nregistry = %s",
        "[trust]\nallow-hosts = [%s]",
        "[lock]\nworkflows = [%s]",
        "[groups]\n%s = []",
        "%s = 1",
    ]
)


@given(ADDRESSES, PLACES)
def test_secrets_are_faults_and_never_repeated(address: str, place: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_config((place % quoted(address)).encode(), "comfylock.toml")
    assert SECRET not in str(raised.value)
    assert SECRET not in repr(raised.value.faults)


@given(ADDRESSES, st.sampled_from(["HF_ENDPOINT", "COMFYLOCK_ALLOW_HOSTS"]))
def test_secrets_of_the_environment_are_never_repeated(address: str, name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        surroundings({name: address})
    assert SECRET not in str(raised.value)
