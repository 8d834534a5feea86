"""What a lock alone tells of its packs and models. No network, no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.auditing.licences import judge_licence
from comfylock.config.audit import KINDS
from comfylock.findings import About, Finding
from comfylock.model_files.name_formats import is_pickled, runs_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.config.audit import AuditRules
    from comfylock.lockfile.schema import Lock, ModelPin, PackPin

_WEAK = {"note": "a link in a note of a workflow", "workflow": "a workflow"}
_GATES = {
    "auto": "after its terms were accepted",
    "manual": "after its owner has agreed",
    "login": "after logging in",
}


def finding(
    about: About,
    subject: str,
    kind: str,
    message: str,
    *,
    place: str | None = None,
    mend: str | None = None,
) -> Finding:
    """Return a finding of a kind with the kind's usual severity."""
    return Finding(kind, KINDS[kind].severity, about, subject, message, place or None, mend)


def audit_lock(lock: Lock, rules: AuditRules) -> Iterator[Finding]:
    """Yield what a lock tells."""
    for pack in lock.packs:
        yield from _pack(pack)
    yield from _built(lock)
    for model in lock.models:
        yield from _model(model)
        yield from _licence(model, rules)
    pin = lock.comfyui
    if pin is not None and not pin.commit:
        told = "ComfyUI has no commit in the lock, so that any may be installed"
        yield finding("comfyui", "comfyui", "unpinned", told, mend="comfylock lock")
    for gap in lock.unresolved:
        about: About = "comfyui" if gap.kind == "comfyui" else "lock"
        if gap.kind == "pack" or gap.kind == "model":  # noqa: PLR1714 - narrows
            about = gap.kind
        told = f"is not pinned: {gap.message}"
        yield finding(about, gap.name, "unresolved", told, mend=gap.hint or "comfylock lock")


def _pack(pin: PackPin) -> Iterator[Finding]:
    upgrade = f"comfylock lock --upgrade-package {pin.name}"
    version = pin.version or (pin.commit or "")[:10]
    if pin.status is not None:
        kind = pin.status if pin.status in {"flagged", "banned", "pending"} else "flagged"
        told = f"{version} is {pin.status} in the Comfy Registry"
        yield finding("pack", pin.name, kind, told, mend=upgrade)
    if pin.deprecated:
        told = f"{version} is deprecated in the Comfy Registry"
        yield finding("pack", pin.name, "deprecated", told, mend=upgrade)
    if pin.runs_code:
        told = f"runs its own code when it is installed or started: {', '.join(pin.runs_code)}"
        mend = "read it, then ignore it with a reason in comfylock.toml"
        yield finding("pack", pin.name, "runs-code", told, mend=mend)
    urls = (pin.url, pin.repository, *(text.split(" ")[-1] for text in pin.submodules))
    yield from _plain("pack", pin.name, urls)


def _built(lock: Lock) -> Iterator[Finding]:
    targets: dict[str, list[str]] = {}
    for pin in lock.python:
        for package in pin.builds:
            targets.setdefault(package, []).append(pin.target)
    for package, where in targets.items():
        told = f"has no wheel for {', '.join(where)}, so that installing it runs its own code"
        yield finding("python", package, "builds-code", told)


def _model(pin: ModelPin) -> Iterator[Finding]:
    name = pin.name if runs_code(pin.name) else pin.path or ""
    danger = runs_code(name)
    if danger:
        kind = "pickle-format" if is_pickled(name) else "code-format"
        told = f"{danger}, and loading it may run code; nobody looked into it"
        mend = "comfylock audit --installed COMFYUI_DIR, or lock a safetensors file instead"
        yield finding("model", pin.key, kind, told, mend=mend)
    if pin.sha256 is None:
        reason = pin.unhashed or "the user brings it"
        told = f"has no sha256 in the lock ({reason}), so that any file passes for it"
        mend = f'[models] "{pin.key}" = {{ …, sha256 = "…" }}'
        yield finding("model", pin.key, "unhashed", told, mend=mend)
    if pin.gated:
        how = _GATES.get(pin.gated, "not by everybody")
        yield finding("model", pin.key, "gated", f"can be had only {how}")
    if pin.private:
        yield finding("model", pin.key, "private", "was found with a token only")
    if pin.origin in _WEAK:
        told = f"was taken from where {_WEAK[pin.origin]} says, which nobody has confirmed"
        mend = f'[models] "{pin.key}" = …'
        yield finding("model", pin.key, "weak-origin", told, mend=mend)
    yield from _plain("model", pin.key, (pin.url, pin.repository, *pin.mirrors))


def _plain(about: About, subject: str, urls: tuple[str | None, ...]) -> Iterator[Finding]:
    plain = [url for url in urls if url and url.startswith("http://")]
    if plain:
        told = f"is fetched without encryption from {plain[0]}"
        yield finding(about, subject, "plain-http", told, mend="name an https address")


def _licence(pin: ModelPin, rules: AuditRules) -> Iterator[Finding]:
    if not rules.allow_licences and not rules.deny_licences:
        return
    verdict = judge_licence(pin.licence, rules.allow_licences, rules.deny_licences)
    name = pin.licence or "no licence that the lock knows"
    if verdict == "denied":
        told = f"has the licence {name}, which deny-licences names"
        yield finding("model", pin.key, "licence-denied", told)
    elif verdict == "not-allowed":
        told = f"has the licence {name}, which allow-licences does not name"
        yield finding("model", pin.key, "licence-not-allowed", told)
    elif verdict == "unknown":
        yield finding("model", pin.key, "licence-unknown", f"has {_unnamed(pin.licence)}")


def _unnamed(licence: str | None) -> str:
    return f"the licence `{licence}`, which says nothing" if licence else "no licence in the lock"
