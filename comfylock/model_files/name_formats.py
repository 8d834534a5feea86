"""What a model file's name says about its format, and whether loading such a file runs code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comfylock.model_files.facts import Format

SAFE = {".gguf": "gguf", ".safetensors": "safetensors", ".sft": "safetensors"}
PICKLED = frozenset(
    {
        ".bin",
        ".ckpt",
        ".dill",
        ".joblib",
        ".mar",
        ".nemo",
        ".p",
        ".pck",
        ".pcl",
        ".pdopt",
        ".pdparams",
        ".pickle",
        ".pkl",
        ".pt",
        ".pt2",
        ".pth",
        ".ptl",
        ".tar",
        ".th",
    }
)
"""Endings of files that are pickles, or archives of them."""

CODE = {
    ".h5": "may hold Python code in its layers",
    ".hdf5": "may hold Python code in its layers",
    ".keras": "may hold Python code in its layers",
    ".npy": "holds a pickle if its array is one of objects",
    ".npz": "holds pickles if its arrays are ones of objects",
}
"""Endings of files that may run code, and by what."""

OTHERS = {".onnx": "onnx", ".npy": "npy", ".npz": "npz", ".keras": "keras", ".h5": "hdf5"}
_PICKLE_FORMATS = frozenset({"legacy-torch", "pickle", "tar", "torch", "torchscript"})


def ending(name: str) -> str:
    """Return the ending of a name in small letters, with its dot; empty if it has none."""
    base = name.replace("\\", "/").rpartition("/")[2]
    return f".{base.rpartition('.')[2].lower()}" if "." in base[1:] else ""


def runs_code(name: str) -> str | None:
    """Return how a file of this name may run code when it is loaded; None if it cannot."""
    found = ending(name)
    return "is a pickle by its name" if found in PICKLED else CODE.get(found)


def is_model_name(name: str) -> bool:
    """Say whether a file of this name is taken for a model of any format."""
    return ending(name) in PICKLED or ending(name) in SAFE or ending(name) in OTHERS


def is_pickled(name: str) -> bool:
    """Say whether a file of this name is taken for a pickle."""
    return ending(name) in PICKLED


def claimed_format(name: str, found: Format) -> str | None:
    """Return the format that a name claims, where that is another than the one found."""
    told = ending(name)
    if found == "empty":
        return None
    claim = SAFE.get(told) or OTHERS.get(told)
    if claim is not None:
        return None if claim == found or _may_hold(claim, found) else claim
    if told in PICKLED and found not in _PICKLE_FORMATS and found != "zip":
        return None if told in {".bin", ".p", ".th"} and found == "unknown" else "pickle"
    return None


def _may_hold(claim: str, found: Format) -> bool:
    return (claim, found) in {
        ("onnx", "unknown"),
        ("keras", "zip"),
        ("keras", "hdf5"),
        ("npz", "zip"),
    }
