"""The components of a bill of materials: what each is, where it is from, what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from packaging.utils import canonicalize_name

from comfylock.emit.package_urls import comfyui_url, image_url, model_url, pack_url, python_url
from comfylock.lockfile.python_files import locked_packages
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.emit.plan import Plan
    from comfylock.emit.steps import ComfyuiStep, ImageStep, ModelStep, PackStep
    from comfylock.lockfile.python_files import LockedPackage

COMFYUI = "comfyui"

Component = dict[str, Any]

LICENCES = {
    name.lower(): name
    for name in (
        "AFL-3.0",
        "AGPL-3.0",
        "Apache-2.0",
        "Artistic-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC-BY-2.0",
        "CC-BY-3.0",
        "CC-BY-4.0",
        "CC-BY-NC-2.0",
        "CC-BY-NC-3.0",
        "CC-BY-NC-4.0",
        "CC-BY-NC-ND-3.0",
        "CC-BY-NC-ND-4.0",
        "CC-BY-NC-SA-2.0",
        "CC-BY-NC-SA-3.0",
        "CC-BY-NC-SA-4.0",
        "CC-BY-ND-4.0",
        "CC-BY-SA-3.0",
        "CC-BY-SA-4.0",
        "CC0-1.0",
        "ECL-2.0",
        "EPL-2.0",
        "EUPL-1.1",
        "GPL-2.0",
        "GPL-3.0",
        "ISC",
        "LGPL-2.1",
        "LGPL-3.0",
        "MIT",
        "MPL-2.0",
        "MS-PL",
        "NCSA",
        "OFL-1.1",
        "OSL-3.0",
        "PostgreSQL",
        "Unlicense",
        "WTFPL",
        "Zlib",
    )
}
"""Licences as Hugging Face spells them to SPDX; any other is told by its name.
Source: https://huggingface.co/docs/hub/repositories-licenses"""

_NAME = Pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_VERSION = 1024
"""Letters that a version may have."""

_SAFE = ":/?#@!$&'()*+,;=%~"
"""What an address keeps as it is; any other letter is written in percents."""


def comfyui_component(step: ComfyuiStep) -> Component:
    """Return ComfyUI itself."""
    return {
        "type": "application",
        "bom-ref": COMFYUI,
        "name": "ComfyUI",
        "version": step.version or step.commit,
        "purl": comfyui_url(step),
        "externalReferences": [_reference("vcs", step.repository)],
        "properties": _properties({"commit": step.commit, "tree": step.tree}),
    }


def pack_component(step: PackStep) -> Component:
    """Return a node pack."""
    pinned = step.commit if step.source == "git" else step.sha256
    is_told = step.version is not None and len(step.version) <= MAX_VERSION
    component: Component = {
        "type": "library",
        "bom-ref": f"pack:{step.name}",
        "name": step.name,
        "version": step.version if is_told else pinned,
    }
    if step.source == "git":
        component["purl"] = pack_url(step)
        component["externalReferences"] = [_reference("vcs", step.repository)]
        properties = {"commit": step.commit, "tree": step.tree}
    else:
        component["hashes"] = _hashes(step.sha256)
        component["purl"] = pack_url(step)
        component["externalReferences"] = [_reference("distribution", step.url, step.sha256)]
        properties = {}
    told = {**properties, "runs-code": ", ".join(step.runs_code), "groups": ", ".join(step.groups)}
    component["properties"] = _properties({**told, "path": f"custom_nodes/{step.folder}"})
    return component


def model_component(step: ModelStep) -> Component:
    """Return a model file."""
    component: Component = {
        "type": "machine-learning-model",
        "bom-ref": f"model:{step.key}" + (f"#{step.tier}" if step.tier else ""),
        "name": step.key,
    }
    if step.sha256 is not None:
        component["hashes"] = _hashes(step.sha256)
    if step.licence is not None:
        known = LICENCES.get(step.licence.lower())
        licence = {"id": known} if known is not None else {"name": step.licence}
        component["licenses"] = [{"license": licence}]
    component["purl"] = model_url(step)
    addresses = [step.url, *step.mirrors] if step.url is not None else []
    if addresses:
        component["externalReferences"] = [
            _reference("distribution", url, step.sha256) for url in addresses
        ]
    size = None if step.size is None else str(step.size)
    told = {"path": f"models/{step.path}", "size": size, "tier": step.tier}
    component["properties"] = _properties({**told, "groups": ", ".join(step.groups)})
    return component


def image_component(step: ImageStep) -> Component:
    """Return a container image to build on."""
    return {
        "type": "container",
        "bom-ref": f"image:{step.name}:{step.platform}",
        "name": step.reference,
        "version": step.digest,
        "hashes": _hashes(step.digest.removeprefix("sha256:")),
        "purl": image_url(step),
    }


def python_components(plan: Plan) -> tuple[list[Component], dict[str, list[str]]]:
    """Return the Python packages of all targets, and which of them ComfyUI and packs ask for.

    Raises:
        EmitError: a pylock is not beside the lock.
    """
    packages: dict[str, list[tuple[str, LockedPackage]]] = {}
    refs: dict[str, set[str]] = {}
    for step in plan.python:
        for package in locked_packages(step.pylock(), step.file):
            version = package.version or package.commit or _digest(package)
            ref = f"python:{package.name}@{version}"
            packages.setdefault(ref, []).append((step.target.name, package))
            refs.setdefault(package.name, set()).add(ref)
    asked = {f"pack:{pack.name}": _asked(pack.requirements, refs) for pack in plan.packs}
    if plan.comfyui is not None:
        asked[COMFYUI] = _asked(plan.comfyui.requirements, refs)
    return [_python(ref, same) for ref, same in sorted(packages.items())], asked


def _python(ref: str, same: list[tuple[str, LockedPackage]]) -> Component:
    """Return one version of a package, with its files for all targets that have it."""
    package = same[0][1]
    files = sorted({file for _, each in same for file in each.files})
    component: Component = {"type": "library", "bom-ref": ref, "name": package.name}
    component["version"] = ref.rpartition("@")[2]
    if len(files) == 1:
        component["hashes"] = _hashes(files[0].sha256)
    component["purl"] = python_url(package)
    references = [_reference("distribution", file.url, file.sha256) for file in files]
    if package.repository is not None:
        references.append(_reference("vcs", package.repository.removeprefix("git+")))
    component["externalReferences"] = references
    component["properties"] = [
        {"name": "comfylock:target", "value": target} for target in sorted({t for t, _ in same})
    ]
    return component


def _digest(package: LockedPackage) -> str:
    return package.files[0].sha256


def _asked(requirements: Iterable[str], refs: dict[str, set[str]]) -> list[str]:
    """Return the packages that requirements name, as far as they are locked."""
    found: set[str] = set()
    for text in requirements:
        match = _NAME.match(text)
        if match is not None:
            found |= refs.get(canonicalize_name(match[0]), set())
    return sorted(found)


def _reference(kind: str, url: str, sha256: str | None = None) -> dict[str, Any]:
    reference: dict[str, Any] = {"type": kind, "url": quote(url, safe=_SAFE)}
    if sha256 is not None:
        reference["hashes"] = _hashes(sha256)
    return reference


def _hashes(sha256: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": sha256}]


def _properties(values: dict[str, str | None]) -> list[dict[str, str]]:
    return [{"name": f"comfylock:{key}", "value": value} for key, value in values.items() if value]
