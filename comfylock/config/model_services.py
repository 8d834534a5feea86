"""Models by what services call them: a file of a repository, a version's number, an AIR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.config.addresses import revision_fault
from comfylock.names import leaves_its_folder
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from comfylock.config.tables import Table

HUB = "https://huggingface.co"
CIVITAI = "https://civitai.com"

_REPOSITORY = Pattern(
    r"(?:datasets/|spaces/)?[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}\Z"
)
_AIR = Pattern(
    r"(?:urn:)?(?:air:)?[a-z0-9_.-]{1,40}:[a-z0-9_.-]{1,40}:civitai:\d{1,15}@(\d{1,15})"
    r"(?:\+(\d{1,15}))?(?:\.([a-z]{1,20}))?\Z"
)
_FORMATS = {
    "safetensors": "SafeTensor",
    "safetensor": "SafeTensor",
    "pickletensor": "PickleTensor",
    "ckpt": "PickleTensor",
    "pt": "PickleTensor",
    "gguf": "GGUF",
    "diffusers": "Diffusers",
    "onnx": "ONNX",
}
"""The ending of an AIR to what a download address calls that format."""


def hub_address(table: Table) -> str | None:
    """Return the address of a file on Hugging Face; faults where it is none."""
    from urllib.parse import quote  # noqa: PLC0415 - few projects name files so

    repository = table.text("huggingface")
    if repository is not None and (not _REPOSITORY.match(repository) or ".." in repository):
        table.fault(
            "must be `org/name`, before it `datasets/` or `spaces/` if it is one", "huggingface"
        )
        repository = None
    path = table.text("path")
    if "path" not in table:
        table.fault("needs the file's `path` in the repository", "huggingface")
    elif path is not None and (leaves_its_folder(path) or not _is_plain(path)):
        table.fault("must be a path inside the repository", "path")
        path = None
    revision = table.text("revision") or "main"
    if revision_fault(revision) is not None:
        table.fault(revision_fault(revision) or "", "revision")
        return None
    if repository is None or path is None:
        return None
    return f"{HUB}/{repository}/resolve/{quote(revision, safe='')}/{quote(path, safe='/')}"


def civitai_address(table: Table) -> str | None:
    """Return the address of a model version's file on CivitAI; faults where it is none."""
    version, file = table.number("civitai"), table.number("file")
    if version is None:
        return None
    return _download(version, f"fileId={file}" if file else "")


def air_address(table: Table) -> str | None:
    """Return the address that an AIR of CivitAI means; faults where it is none.

    Source: the AIR specification, `urn:air:{ecosystem}:{type}:{source}:{id}@{version}`.
    """
    text = table.text("air")
    if text is None:
        return None
    match = _AIR.match(text)
    if match is None:
        what = "must be a CivitAI model with its version: `urn:air:sdxl:lora:civitai:1@2`"
        table.fault(what, "air")
        return None
    version, file, ending = match.groups()
    if ending is not None and ending not in _FORMATS:
        table.fault(f"ends with no known format; known: {', '.join(_FORMATS)}", "air")
        return None
    query = f"fileId={int(file)}" if file else f"format={_FORMATS[ending]}" if ending else ""
    return _download(int(version), query)


def _download(version: int, query: str) -> str:
    return f"{CIVITAI}/api/download/models/{version}" + (f"?{query}" if query else "")


def _is_plain(path: str) -> bool:
    return all(c.isprintable() for c in path) and "\\" not in path and "//" not in path
