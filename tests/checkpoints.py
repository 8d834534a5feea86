"""Checkpoints as torch writes them, byte by byte from its format, without torch.

Source: torch/serialization.py: a zip of `data.pkl` and the storages' bytes; before 1.6 five pickles
in a row and the bytes; before 0.4 a tar. Tensors are calls of `torch._utils`, storages are
persistent ids.
"""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile
from typing import Any, NamedTuple

MAGIC = 0x1950A86A20F9469CFC6C
WIDTHS = {
    "Half": 2,
    "BFloat16": 2,
    "Byte": 1,
    "Char": 1,
    "QInt8": 1,
    "Bool": 1,
    "Short": 2,
    "Long": 8,
    "Double": 8,
}
"""Bytes of an element, where they are not 4."""


class Tensor(NamedTuple):
    """A tensor of zeros."""

    shape: tuple[int, ...] = (2, 3)
    kind: str = "FloatStorage"
    key: str = "0"


class Storage(NamedTuple):
    """The bytes of a tensor by themselves."""

    kind: str
    key: str
    elements: int


class Call(NamedTuple):
    """What another function makes of arguments."""

    module: str
    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None


class Named(NamedTuple):
    """A name as a value: a data type, a class."""

    module: str
    name: str


class Writer:
    """Writes values as a pickle of protocol 2, or with the names of protocol 4."""

    def __init__(self, protocol: int = 2, *, is_old: bool = False) -> None:
        self.protocol = protocol
        self.is_old = is_old
        self.keys: dict[str, int] = {}
        """Storage to its bytes."""

    def pickle(self, value: Any) -> bytes:
        """The whole pickle of a value."""
        return b"\x80" + bytes([self.protocol]) + self.value(value) + b"."

    def name(self, module: str, name: str) -> bytes:
        if self.protocol < 4:
            return f"c{module}\n{name}\n".encode()
        return self.value(module) + self.value(name) + b"\x93"

    def value(self, value: Any) -> bytes:
        if isinstance(value, Tensor):
            return self.tensor(value)
        if isinstance(value, Storage):
            return self.storage(value)
        if isinstance(value, Named):
            return self.name(*value)
        if isinstance(value, Call):
            made = self.name(value.module, value.name) + self.value(value.arguments) + b"R"
            return made if value.state is None else made + self.value(value.state) + b"b"
        if isinstance(value, dict):
            inner = b"".join(self.value(k) + self.value(v) for k, v in value.items())
            return b"}(" + inner + b"u"
        if isinstance(value, list):
            return b"](" + b"".join(map(self.value, value)) + b"e"
        if isinstance(value, tuple):
            return b"(" + b"".join(map(self.value, value)) + b"t"
        return pickle.dumps(value, 2)[2:-1]

    def storage(self, storage: Storage) -> bytes:
        width = WIDTHS.get(storage.kind.removesuffix("Storage"), 4)
        self.keys[storage.key] = storage.elements * width
        kind = Named("torch", storage.kind)
        parts = ("storage", kind, storage.key, "cpu", storage.elements)
        return self.value((*parts, None) if self.is_old else parts) + b"Q"

    def tensor(self, tensor: Tensor) -> bytes:
        count = 1
        strides: list[int] = []
        for length in reversed(tensor.shape):
            strides.insert(0, count)
            count *= length
        storage = self.storage(Storage(tensor.kind, tensor.key, count))
        rest = [0, tensor.shape, tuple(strides), False, Call("collections", "OrderedDict")]
        inner = storage + b"".join(map(self.value, rest))
        return self.name("torch._utils", "_rebuild_tensor_v2") + b"(" + inner + b"tR"


def zipped(data: bytes, keys: dict[str, int], **members: bytes) -> bytes:
    """A checkpoint of today around a pickle."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", b"little")
        for key, count in keys.items():
            archive.writestr(f"archive/data/{key}", b"\0" * count)
        archive.writestr("archive/version", b"3\n")
        for name, content in members.items():
            archive.writestr(f"archive/{name}", content)
    return out.getvalue()


def checkpoint(value: Any, protocol: int = 2) -> bytes:
    """A value as `torch.save` writes it today."""
    writer = Writer(protocol)
    data = writer.pickle(value)
    return zipped(data, writer.keys)


def legacy(value: Any, *, data: bytes | None = None) -> bytes:
    """A value as torch before 1.6 wrote it; `data` instead of its pickle."""
    writer = Writer(is_old=True)
    whole = data if data is not None else writer.pickle(value)
    sizes = writer.keys.values()
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    head = b"".join(pickle.dumps(each, 2) for each in (MAGIC, 1001, system))
    raw = b"".join(struct.pack("<q", n // 4) + b"\x80\x02c\0" * (n // 4) for n in sizes)
    return head + whole + pickle.dumps(list(writer.keys), 2) + raw


def tarred(members: dict[str, bytes]) -> bytes:
    """A tar, as torch before 0.4 wrote it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def ordered(**fields: Any) -> Call:
    """An OrderedDict as a state dictionary is one."""
    return Call("collections", "OrderedDict", (), {"_metadata": {"": {"version": 1}}, **fields})


def ordinary() -> dict[str, bytes]:
    """Checkpoints with nothing in them but what torch writes."""
    weights = {"conv.weight": Tensor((4, 3, 3, 3)), "conv.bias": Tensor((4,), key="1")}
    halves = [
        Tensor((2,), f"{kind}Storage", str(i))
        for i, kind in enumerate(
            ["Half", "BFloat16", "Byte", "Char", "Short", "Int", "Long", "Double", "Bool"]
        )
    ]
    parameter = Call("torch._utils", "_rebuild_parameter", (Tensor(), True, ordered()))
    number = Call(
        "numpy.core.multiarray",
        "scalar",
        (
            Call("numpy", "dtype", ("f8", False, True), (3, "<", None, None, None, -1, -1, 0)),
            Call("_codecs", "encode", ("\x00" * 8, "latin1")),
        ),
    )
    array = Call(
        "numpy.core.multiarray",
        "_reconstruct",
        (Named("numpy", "ndarray"), (0,), Call("_codecs", "encode", ("b", "latin1"))),
        (1, (2,), Call("numpy", "dtype", ("i8", False, True)), False, "\0" * 16),
    )
    quantized = Call(
        "torch._utils",
        "_rebuild_qtensor",
        (
            Storage("QInt8Storage", "0", 2),
            0,
            (2,),
            (1,),
            (Named("torch", "per_tensor_affine"), 0.1, 0),
            False,
            ordered(),
        ),
    )
    sparse = Call(
        "torch._utils",
        "_rebuild_sparse_tensor",
        (
            Call("torch.serialization", "_get_layout", ("torch.sparse_coo",)),
            (
                Tensor((2, 2), "LongStorage", "0"),
                Tensor((2,), key="1"),
                Call("torch", "Size", ((2, 3),)),
                True,
            ),
        ),
    )
    training = {
        "epoch": 3,
        "loss": 0.25,
        "state_dict": weights,
        "optimizer": {"state": {0: {"step": Tensor((), key="5")}}, "param_groups": [{"lr": 1e-4}]},
        "best": number,
        "history": array,
        "rng": Tensor((16,), "ByteStorage", "9"),
        "seen": Call("builtins", "set", ([1, 2],)),
    }
    return {
        "state.pt": checkpoint(weights),
        "types.bin": checkpoint(halves),
        "parameter.pth": checkpoint(parameter),
        "training.ckpt": checkpoint(training),
        "quantized.pt": checkpoint(quantized),
        "sparse.pt": checkpoint(sparse),
        "protocol-4.pt": checkpoint(weights, 4),
        "protocol-5.pt": checkpoint({"device": Call("torch", "device", ("cpu",)), **weights}, 5),
        "embedding.pt": checkpoint({"string_to_param": {"*": Tensor((2, 768))}, "step": 500}),
        "large.ckpt": checkpoint({f"w.{i}": Tensor((8,), key=str(i)) for i in range(2000)}),
        "old.pth": legacy(weights),
        "older.pth": tarred({
            "storages": pickle.dumps(1, 2)
            + Writer().pickle(("0", "cpu", Named("torch", "FloatStorage")))
            + struct.pack("<q", 4) + b"\x01\x02\x03\x04" * 4 + pickle.dumps([], 2),
            "tensors": pickle.dumps(0, 2),
            "pickle": Writer().pickle({"epoch": 1}),
        }),
        "counted.pt": checkpoint({"n": Call("collections", "Counter", ({"a": 1},)), "w": Tensor()}),
    }  # fmt: skip
