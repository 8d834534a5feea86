"""Ways around a look: gadgets of harmless names, odd containers, code that is no pickle."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.checkpoints import tarred, zipped
from tests.looking import CLEAN, EVIL, OLD_EVIL, look, words
from tests.pickle_attacks import line, old

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACE = b"\x80\x02c" + line("argparse", "Namespace") + b")\x81"
ORDERED = b"\x80\x02c" + line("collections", "OrderedDict") + b")\x81"
HELD = b"c" + line("some_pack.nodes", "Handler")
"""A name that nobody knows, and that is not called by any opcode of its own."""

GADGETS = {
    "a second state": NAMESPACE + b"}" + old("__setstate__") + HELD + b"sb" + old("x") + b"b.",
    "a state of a trusted class": ORDERED + b"}" + old("__setstate__") + HELD + b"sbNb.",
    "append": NAMESPACE + b"}" + old("append") + HELD + b"sb" + old("x") + b"a.",
    "extend": NAMESPACE + b"}" + old("extend") + HELD + b"sb(" + old("x") + b"e.",
    "add": b"\x80\x04c" + line("argparse", "Namespace") + b")\x81}" + old("add") + HELD + b"sb("
    + old("x") + b"\x90.",
    "held deep": NAMESPACE + b"}" + old("append") + HELD + b"sb" + old("x") + b"a0N.",
    "many fields before": NAMESPACE + b"}(" + b"".join(old(f"f{i}") + b"N" for i in range(40))
    + old("append") + HELD + b"ub" + old("x") + b"a.",
    "a registry of somebody": HELD + old("x") + b"a.",
    "an entry of somebody's table": HELD + old("x") + old("y") + b"s.",
}  # fmt: skip


@pytest.mark.parametrize("name", GADGETS)
def test_a_held_name_that_a_later_opcode_calls(name: str) -> None:
    facts = look(GADGETS[name], "a.pkl")
    assert facts.grade == "dangerous", facts


def test_such_a_gadget_is_a_real_one(tmp_path: Path) -> None:
    """Else the test above would prove nothing: CPython calls what an instance calls `append`."""
    made = tmp_path / "made"
    data = NAMESPACE + b"}" + old("append") + b"c" + line("os", "mkdir") + b"sb" + old(str(made))
    (tmp_path / "file").write_bytes(data + b"a.")
    load = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"
    command = [sys.executable, "-c", load, str(tmp_path / "file")]
    subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert made.is_dir()


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


V_FIRST = old("ignored") + b"0" + OLD_EVIL
"""A pickle of protocol 0 that begins with a text."""


@pytest.mark.parametrize("member", ["weights.pt", "a/model.ckpt", "x/DATA.PKL", "blob", "w.th"])
@pytest.mark.parametrize("data", [EVIL, OLD_EVIL, V_FIRST], ids=["new", "old", "text first"])
def test_pickles_under_any_name_in_an_archive(member: str, data: bytes) -> None:
    assert look(archive({"README": b"hello", member: data}), "a.zip").grade == "dangerous"


def test_archives_in_archives_in_archives() -> None:
    data = EVIL
    for depth in range(5):
        data = archive({f"inner{depth}.zip" if depth else "data.pkl": data}, zipfile.ZIP_STORED)
        facts = look(data, "a.zip")
        assert facts.grade == "dangerous", depth
    assert "unread" in words(facts)


def test_what_is_behind_what_fits_into_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.model_files.archives.MAX_INNER", 4096)
    inner = archive({"big": b"\0" * 9000, "data.pkl": EVIL}, zipfile.ZIP_STORED)
    assert "unread" in words(look(archive({"model.pt": inner}), "a.mar"))


@pytest.mark.parametrize("name", ["lib/run.so", "data/aotinductor/model/x.SO", "a.dll", "a.pyd"])
def test_native_libraries_in_an_archive(name: str) -> None:
    facts = look(archive({"archive/version": b"1", name: b"\x7fELF"}), "a.pt2")
    assert ("dangerous", "code-file") in {(t.grade, t.word) for t in facts.traits}


@pytest.mark.parametrize("name", ["../../.bashrc", "/etc/cron.d/x", "a/../../x", "..\\..\\x"])
def test_members_that_leave_their_folder(name: str) -> None:
    data = archive({"a": b"1"}).replace(b"PLACEHOLDER", b"")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        info = zipfile.ZipInfo("x")
        info.filename = name
        file.writestr(info, b"content")
    assert ("dangerous", "outside") in {(t.grade, t.word) for t in look(out.getvalue()).traits}
    assert data
    assert "outside" in words(look(tarred({name: b"content"}), "a.tar"))


def test_what_a_torchscript_writes_to() -> None:
    code = b"def forward(self):\n  _0 = torch.from_file('/etc/profile', True, 9)\n  return _0\n"
    plain = b"def forward(self, x: Tensor) -> Tensor:\n  return torch.relu(x)\n"
    for text, grade in ((code, "dangerous"), (plain, "plain")):
        data = zipped(CLEAN, {}, **{"code/__torch__.py": text, "constants.pkl": CLEAN})
        facts = look(data, "a.pt")
        assert facts.format == "torchscript"
        assert facts.grade == grade, facts


# tars


def test_what_is_in_a_tar_is_looked_into_as_anything_else() -> None:
    checkpoint = archive({"archive/data.pkl": EVIL})
    for members in (
        {"model_config.yaml": b"name: x\n", "model_weights.ckpt": checkpoint},
        {"model_weights.ckpt": archive({"archive/data.pkl": CLEAN}), "x.npy": array("|O", EVIL)},
        {"config.yaml": b"model:\n  _target_: os.system\n  command: id\n"},
        {"config.yaml": b"a: {_target_: 'subprocess.Popen', args: [id]}\n"},
    ):
        for data in (tarred(members), gzip.compress(tarred(members))):
            facts = look(data, "a.nemo")
            assert facts.grade == "dangerous", members


def test_an_ordinary_nemo() -> None:
    config = b"model:\n  _target_: nemo.collections.asr.models.EncDecCTCModel\n  lr: 0.1\n"
    weights = archive({"archive/data.pkl": CLEAN}, zipfile.ZIP_STORED)
    facts = look(tarred({"./model_config.yaml": config, "./model_weights.ckpt": weights}), "a.nemo")
    assert facts.grade == "plain", facts
    assert facts.has_pickle


def test_a_tar_of_too_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.model_files.archives.MAX_MEMBERS", 3)
    data = tarred({f"a{n}": b"x" for n in range(3)} | {"pickle": EVIL})
    assert "unread" in words(look(data, "a.pt"))


def test_a_link_in_a_tar_that_leads_out() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        info = tarfile.TarInfo("storages")
        info.type = tarfile.SYMTYPE
        info.linkname = "/etc/passwd"
        file.addfile(info)
    assert "outside" in words(look(out.getvalue(), "a.pt"))


# compressions


@pytest.mark.parametrize(
    "magic",
    [b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd", b"Rar!\x1a\x07\x01\x00", b"\x1f\x9d\x90"],
    ids=["lz4", "zstd", "rar", "compress"],
)
def test_what_cannot_be_unpacked_is_told(magic: bytes) -> None:
    facts = look(magic + b"\x64\x40\xa7" * 40, "a.joblib")
    assert "unread" in words(facts)


def test_old_joblib() -> None:
    data = b"ZF" + hex(len(EVIL)).encode().ljust(19) + zlib.compress(EVIL)
    assert look(data, "a.joblib").grade == "dangerous"


# arrays


def array(descr: str, data: bytes) -> bytes:
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': (1,), }}"
    return behind(header, data)


def behind(header: str, data: bytes) -> bytes:
    text = header.encode("latin-1").ljust(118 - 10) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


@pytest.mark.parametrize(
    "descr",
    [
        r"'\x7cO'",
        r"'\174O'",
        r"'\x4f'",
        r"'\N{LATIN CAPITAL LETTER O}'",
        "'i4,O'",
        "[('a', '<i4'), ('b', '|O')]",
        "('O', (2,))",
        "'object'",
        "{'names': ['a'], 'formats': ['O']}",
        "'' 'O'",
        "u'O8'",
    ],
)
def test_headers_that_hide_their_objects(descr: str) -> None:
    data = behind(f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}", EVIL)
    assert look(data, "a.npy").grade == "dangerous"
    assert look(archive({"a.npy": data}), "a.npz").grade == "dangerous"


def test_arrays_of_numbers_stay_plain() -> None:
    for descr in ("'<f4'", "[('Object', '<i4'), ('O', '<f8')]", "'<i4,<f8'"):
        data = behind(f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}", b"\1" * 64)
        facts = look(data, "a.npy")
        assert (facts.grade, facts.has_pickle) == ("plain", False), (descr, facts)


# code that is no pickle


def gguf(template: str, *tokens: str) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    listed = b"".join(map(text, tokens))
    vocabulary = text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, len(tokens)) + listed
    chat = text("tokenizer.chat_template") + struct.pack("<I", 8) + text(template)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + vocabulary + chat + b"\0" * 64


@pytest.mark.parametrize(
    "template",
    [
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
        "{{ ''['__cl' + 'ass__'] }}{{ x|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
        "{{ self._TemplateReference__context }}",
        "{% set u = '_' %}{{ ''[u ~ u ~ 'class' ~ u ~ u][u ~ u ~ 'mro' ~ u ~ u] }}",
    ],
)
def test_chat_templates_that_reach_for_python(template: str) -> None:
    facts = look(gguf(template, "__init__", "__class__"), "a.gguf")
    assert ("dangerous", "code-text") in {(t.grade, t.word) for t in facts.traits}


def test_an_ordinary_chat_template() -> None:
    template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}<__image__>\n"
        "{{ m['content'] | trim }}<|im_end|>"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        "{{ raise_exception('no') if messages|length == 0 }}"
    )
    facts = look(gguf(template, "__init__", "__class__", "▁__globals__"), "a.gguf")
    assert (facts.format, facts.traits) == ("gguf", ())


@pytest.mark.parametrize("module", ["os", "subprocess", "shutil", "pty", "builtins.eval", "runpy"])
def test_keras_configurations_that_name_pythons_modules(module: str) -> None:
    first, _, function = module.partition(".")
    layer = {"class_name": "function", "module": first, "config": function or "system"}
    config = {"class_name": "Functional", "config": {"layers": [layer]}}
    data = archive({"config.json": json.dumps(config).encode(), "metadata.json": b"{}"})
    assert look(data, "a.keras").grade == "dangerous"


def test_an_ordinary_keras_model() -> None:
    dtype = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    activation = {"module": "builtins", "class_name": "function", "config": "relu"}
    layers = [
        {"module": "keras.layers", "class_name": "Dense", "config": {"dtype": dtype}},
        {"module": None, "class_name": "Mine", "config": {"activation": activation}},
    ]
    config = {
        "module": "keras.src.models",
        "class_name": "Sequential",
        "config": {"layers": layers},
    }
    data = archive({"config.json": json.dumps(config).encode(), "metadata.json": b"{}"})
    assert look(data, "a.keras").traits == ()


def test_a_pickle_that_looks_like_a_safetensors_file() -> None:
    head = b"V\x08\0\0\0\0\0\0{\n0" + OLD_EVIL
    for name in ("a", "a.ckpt", "a.safetensors", "a.gguf"):
        assert look(head, name).grade == "dangerous", name


def test_protocols() -> None:
    for protocol in range(6):
        data = pickle.dumps({"a": [1, 2.5, "x", b"y", (None, True)]}, protocol)
        assert look(data, "a.pkl").grade == "plain", protocol
