"""Models at their services: the same bytes, behind the same gate, under the same licence?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.lockfile.diff import label
from comfylock.names import repository_key
from comfylock.references import (
    CivitaiFile,
    HubFile,
    PlainUrl,
    ReleaseAsset,
    RepositoryFile,
)
from comfylock.sources.interface import Missing, ModelFacts
from comfylock.sources.model_services import find_model
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.upstream_packs import BYTES, missing_finding, move, other_bytes

if TYPE_CHECKING:
    from comfylock.findings import Finding
    from comfylock.lockfile.schema import ModelPin
    from comfylock.references import Reference
    from comfylock.sources.model_services import ModelServices


def model_checked(pin: ModelPin, services: ModelServices) -> Checked:
    """Compare a model with what its source has at its pin. Uses the network."""
    item = Item("model", pin.key, "verified", label(pin), size=pin.size, proof=BYTES)
    if pin.source == "local":
        return Checked(items=(replace(item, status="unproven", proof=""),))
    found = find_model(_reference(pin), pin.name, services)
    if isinstance(found, Missing):
        findings = [missing_finding("model", pin.key, found)]
    else:
        findings = _compared(pin, found)
    findings += [each for url in pin.mirrors if (each := _mirror(pin, url, services)) is not None]
    if pin.sha256 is None and not findings:
        item = replace(item, status="unproven", proof="it is there")
    return Checked(tuple(findings), (judged(item, findings),))


def _reference(pin: ModelPin) -> Reference:
    """Return where exactly a model is locked to be."""
    repository, path = pin.repository or "", pin.path or ""
    match pin.source:
        case "huggingface":
            return HubFile(repository, pin.commit or "", path)
        case "civitai":
            return CivitaiFile(pin.model_id, pin.version_id, pin.file_id)
        case "github-release":
            return ReleaseAsset(repository, pin.tag or "", path)
        case "git":
            return RepositoryFile(repository, f"{pin.commit}/{path}")
    return PlainUrl(pin.url or "")


def _compared(pin: ModelPin, found: ModelFacts) -> list[Finding]:
    findings: list[Finding] = []
    if pin.sha256 is not None and found.sha256 is None:
        told = f"nobody says any more what `{pin.key}` holds: {found.unhashed or 'no sha256'}"
        findings.append(observe("upstream-unproven", "model", pin.key, told))
    elif (pin.sha256 is not None and found.sha256 != pin.sha256) or (
        pin.size is not None and found.size not in (None, pin.size)
    ):
        told = f"`{pin.key}` holds other bytes at its service than when it was locked"
        findings.append(other_bytes("model", pin.key, told, pin.sha256, found.sha256))
    return findings + _terms(pin, found)


def _terms(pin: ModelPin, found: ModelFacts) -> list[Finding]:
    """Compare what stands between a user and the file."""
    findings: list[Finding] = []
    relock = move(pin.key)
    if found.gated is not None and found.gated != pin.gated:
        before = f"was `{pin.gated}`" if pin.gated else "was open"
        told = f"`{pin.key}` {before} when it was locked and is behind a gate now (`{found.gated}`)"
        findings.append(
            observe("upstream-gated", "model", pin.key, told, None, relock, pin.gated, found.gated)
        )
    if found.private and not pin.private:
        told = f"`{pin.key}` was public when it was locked and is private now"
        findings.append(observe("upstream-gated", "model", pin.key, told, None, relock))
    if found.licence != pin.licence:
        told = f"the licence of `{pin.key}` is {found.licence or 'not said any more'}, "
        told += f"locked is {pin.licence or 'none'}"
        findings.append(
            observe(
                "upstream-licence", "model", pin.key, told, None, relock, pin.licence, found.licence
            )
        )
    if found.repository and pin.repository and not _same(found.repository, pin.repository):
        told = f"`{pin.repository}` has moved to `{found.repository}`"
        findings.append(
            observe(
                "upstream-moved",
                "model",
                pin.key,
                told,
                None,
                relock,
                pin.repository,
                found.repository,
            )
        )
    return findings


def _same(first: str, second: str) -> bool:
    return repository_key(first) == repository_key(second)


def _mirror(pin: ModelPin, url: str, services: ModelServices) -> Finding | None:
    """Compare another address that was proven to hold the same bytes."""
    found = find_model(services.reference(url), pin.name, services)
    if isinstance(found, ModelFacts) and found.sha256 == pin.sha256:
        return None
    told = found.message if isinstance(found, Missing) else "it holds other bytes by now"
    message = f"the mirror `{url}` of `{pin.key}` is none any more: {told}"
    return observe("upstream-mirror", "model", pin.key, message, None, move(pin.key))
