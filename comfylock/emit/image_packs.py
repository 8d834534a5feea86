"""The packs of an image as a template prints them: each value quoted for its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.emit.image_words import is_ssh, lane
from comfylock.emit.quoting import BashWord, Comment, DockerWord, bash, bash_words, comment, docker
from comfylock.emit.steps import ArchiveStep, FileStep, GitStep
from comfylock.errors import EmitError
from comfylock.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.emit.plan import Plan
    from comfylock.emit.steps import PackStep

INSTALLERS = {
    "comfy-node-install": BashWord("comfy-node-install"),
    "comfy node install": BashWord(
        'comfy --skip-prompt --workspace "$COMFYUI_DIR" node install',
    ),
}
"""Other programs that put packs into `custom_nodes`, as they are called in an image."""


class OtherInstaller(Struct, frozen=True):
    """What another program installs of a variant."""

    command: BashWord
    packs: BashWord
    """`name@version`, each."""
    folders: BashWord
    """Where they are afterwards."""


class PackStage(Struct, frozen=True):
    """A stage that fetches one pack; `/out` in it is laid out as the image."""

    stage: DockerWord
    title: Comment
    remarks: tuple[Comment, ...]
    kind: str
    """`archive`, `git` or `file`: the lines that fetch it."""
    sha256: DockerWord
    source: DockerWord
    """Its address, with the build argument FILE_MIRROR in place of `https://`."""
    parent: BashWord
    """`custom_nodes` below `/out`."""
    target: BashWord
    """The one file in it."""
    folder: BashWord
    """Where it is in the image."""
    git: BashWord
    """What `fetch git` takes."""
    is_ssh: bool
    lane: DockerWord
    installed: str | None
    """What another installer is asked for, unquoted; None: the pack is put where it belongs."""


def pack_stages(plan: Plan, folder: str) -> dict[str, PackStage]:
    """Return a stage for each pack, by its name; `folder` is `custom_nodes` in the image."""
    return {pack.name: _pack(plan, pack, folder) for pack in plan.packs}


def is_left_to_others(plan: Plan, pack: PackStep) -> bool:
    """Say whether another installer than comfylock's own steps puts a pack into `custom_nodes`."""
    return plan.settings.installer != "direct" and isinstance(pack, ArchiveStep)


def _pack(plan: Plan, pack: PackStep, folder: str) -> PackStage:
    url = "" if isinstance(pack, GitStep) else pack.url
    version = pack.version or (pack.commit[:12] if isinstance(pack, GitStep) else "")
    remarks = [*pack.remarks]
    if pack.runs_code and not is_left_to_others(plan, pack):
        remarks.append(f"not run: {', '.join(pack.runs_code)}")
    return PackStage(
        stage=docker(f"pack-{pack.folder.lower()}"),
        title=comment(f"{pack.name} {version}".strip()),
        remarks=tuple(map(comment, remarks)),
        kind={ArchiveStep: "archive", GitStep: "git", FileStep: "file"}[type(pack)],
        sha256=docker("" if isinstance(pack, GitStep) else pack.sha256),
        source=docker("") if isinstance(pack, GitStep) else mirrored(url),
        parent=bash(f"/out{folder}"),
        target=bash(f"/out{folder}/{pack.folder}"),
        folder=bash(f"{folder}/{pack.folder}"),
        git=_git_words(pack, folder) if isinstance(pack, GitStep) else bash_words(()),
        is_ssh=is_ssh(pack),
        lane=lane(pack.folder),
        installed=f"{pack.name}@{pack.version}" if is_left_to_others(plan, pack) else None,
    )


def mirrored(url: str) -> DockerWord:
    """Return an address for ADD, with what may stand in for `https://` of every host.

    Raises:
        EmitError: ADD would take it for a git repository.
    """
    if url.partition("?")[0].endswith(".git"):
        told = f"`{printable(url, 120)}` is no address of a file to ADD, which takes it for git's"
        raise EmitError(told)
    rest = url.removeprefix("https://")
    return docker(url) if rest == url else DockerWord("${FILE_MIRROR}" + docker(rest))


def _git_words(pack: GitStep, folder: str) -> BashWord:
    words = [f"/out{folder}/{pack.folder}", pack.repository, pack.commit, pack.tree]
    for inner in pack.submodules:
        words += (inner.path, inner.commit, inner.url)
    return bash_words(words)


def other_installer(plan: Plan, stages: Iterable[PackStage]) -> OtherInstaller | None:
    """Return what is installed by another program of these packs; None: nothing."""
    left = [stage for stage in stages if stage.installed is not None]
    if not left:
        return None
    return OtherInstaller(
        command=INSTALLERS[plan.settings.installer],
        packs=bash_words(stage.installed or "" for stage in left),
        folders=BashWord(" ".join(stage.folder for stage in left)),
    )


def runs(plan: Plan, pack: PackStep) -> bool:
    """Say whether a pack's install.py is run while the image is built."""
    return plan.settings.install_scripts and "install.py" in pack.runs_code
