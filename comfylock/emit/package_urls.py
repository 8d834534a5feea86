"""Package URLs: one name for a package, whoever tells of it.

Source: https://github.com/package-url/purl-spec
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from comfylock.emit.steps import ComfyuiStep, ImageStep, ModelStep, PackStep
    from comfylock.lockfile.python_files import LockedPackage

GITHUB = "https://github.com/"
HUB = "https://huggingface.co/"


def package_url(
    kind: str,
    name: str,
    version: str | None = None,
    qualifiers: dict[str, str] | None = None,
    subpath: str = "",
) -> str:
    """Return a package URL; `name` holds the namespace too, `/` between parts."""
    url = f"pkg:{kind}/{_quoted(name)}"
    if version:
        url += f"@{quote(version, safe=':')}"
    if qualifiers:
        pairs = sorted(qualifiers.items())
        url += "?" + "&".join(f"{key}={quote(value, safe=':/')}" for key, value in pairs)
    return url + (f"#{_quoted(subpath)}" if subpath else "")


def git_url(name: str, repository: str, commit: str) -> str:
    """Return the package URL of a commit."""
    if repository.startswith(GITHUB):
        return package_url("github", repository.removeprefix(GITHUB).lower(), commit)
    return package_url("generic", name, commit, {"vcs_url": f"git+{repository}@{commit}"})


def comfyui_url(step: ComfyuiStep) -> str:
    """Return ComfyUI's package URL."""
    return git_url("comfyui", step.repository, step.commit)


def pack_url(step: PackStep) -> str:
    """Return a pack's package URL."""
    if step.source == "git":
        return git_url(step.name, step.repository, step.commit)
    return file_url(step.name, step.version, step.url, step.sha256)


def model_url(step: ModelStep) -> str:
    """Return a model's package URL."""
    if step.service == "huggingface" and step.url is not None:
        repository, _, rest = step.url.removeprefix(HUB).partition("/resolve/")
        commit, _, path = rest.partition("/")
        if not repository.startswith(("datasets/", "spaces/")):
            from urllib.parse import unquote  # noqa: PLC0415 - addresses alone need it

            return package_url("huggingface", repository, commit, subpath=unquote(path))
    return file_url(step.key, None, step.url, step.sha256)


def python_url(package: LockedPackage) -> str:
    """Return a Python package's package URL."""
    qualifiers = {}
    if package.commit is not None and package.repository is not None:
        address = package.repository.removeprefix("git+")
        qualifiers["vcs_url"] = f"git+{address}@{package.commit}"
    elif package.archive is not None:
        qualifiers["download_url"] = package.archive.url
    return package_url("pypi", package.name, package.version, qualifiers)


def image_url(step: ImageStep) -> str:
    """Return a container image's package URL."""
    repository, _, tag = step.reference.rpartition(":")
    if not repository or "/" in tag:
        repository, tag = step.reference, ""
    name = repository.rpartition("/")[2].lower()
    qualifiers = {"repository_url": repository, "arch": step.platform.partition("/")[2]}
    if tag:
        qualifiers["tag"] = tag
    return package_url("oci", name, step.digest, qualifiers)


def file_url(name: str, version: str | None, url: str | None, sha256: str | None) -> str:
    """Return the package URL of something that only its address and its digest name."""
    qualifiers = {}
    if url is not None:
        qualifiers["download_url"] = url
    if sha256 is not None:
        qualifiers["checksum"] = f"sha256:{sha256}"
    return package_url("generic", name, version, qualifiers)


def _quoted(path: str) -> str:
    return "/".join(quote(part, safe=":") for part in path.split("/"))
