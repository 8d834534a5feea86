"""A pack of the Comfy Registry against its archive: version, list of files, every file's bytes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.names import leaves_its_folder, printable
from comfylock.sources.hidden_code import CODE, MADE, unchecked_bytecode
from comfylock.verifying import mends
from comfylock.verifying.digests import Trouble
from comfylock.verifying.disk import walk
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.look import shown, troubled
from comfylock.verifying.pack_folders import TRACKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfylock.findings import Finding
    from comfylock.lockfile.schema import PackPin
    from comfylock.verifying.findings import Status
    from comfylock.verifying.pack_folders import PackFolder

_IGNORED = frozenset({TRACKING, ".DS_Store", "Thumbs.db", "desktop.ini"})

PROVEN = "version and every file"
LISTED = "version and list of files"
VERSION = "version"


class RegistryLook:
    """One installed pack of the registry; `digests` are its archive's, if they are known."""

    def __init__(
        self, pin: PackPin, folder: PackFolder, base: str, digests: Mapping[str, str] | None
    ) -> None:
        self._pin = pin
        self._folder = folder
        self._base = base
        self._archive = digests if folder.version in {pin.version, None} else None
        self._walk = walk(folder.path, follows=False, skips=lambda _, name: name in MADE)
        names = [n for n in self._archive or {} if self._is_plain(n)]
        self.wanted = tuple(self._path(name) for name in names)

    def judged(self, digests: Mapping[str, str | Trouble]) -> Checked:
        """Return what differs, and how much of it could be proven."""
        findings = list(self._about_version())
        proof = VERSION
        if not findings:
            if self._archive is not None:
                proof = PROVEN
                findings += self._about_bytes(self._archive, digests)
                findings += self._about_list(set(self._archive))
            else:
                proof = self._unproven(findings)
        findings += [*self._bytecode(), *self._unreadable()]
        status: Status = "verified" if proof == PROVEN else "unproven"
        found = self._folder.version
        item = Item("pack", self._pin.name, status, self._pin.version, found, size=self._pin.size)
        item = judged(item, findings)
        return Checked(tuple(findings), (replace(item, proof=proof),))

    def _unproven(self, findings: list[Finding]) -> str:
        """Compare the installer's own list, where there is one; say what remains open."""
        tracking = self._folder.tracking
        if tracking is not None:
            expected = {name.removeprefix("./") for name in tracking if not name.endswith("/")}
            climbing = sorted(name for name in expected if leaves_its_folder(name))
            if climbing:
                findings.append(self._bad_list(f"names `{printable(climbing[0], 80)}`"))
            expected = {name for name in expected if not leaves_its_folder(name)}
            findings += self._presence(expected)
        has_list = tracking is not None
        what = "the list of its files were" if has_list else "nothing else was"
        told = f"of `{self._pin.name}` the version and {what} compared, and no bytes: "
        findings.append(
            self._finding(
                "pack-unproven",
                f"{told}what is in the locked archive is not known on this machine",
                self._place(),
                "comfylock verify --upstream --installed DIR",
            )
        )
        return LISTED if has_list else VERSION

    def _about_version(self) -> Iterator[Finding]:
        found = self._folder.version
        if found is None and self._archive is None:
            yield self._finding(
                "pack-version",
                f"`{self._place()}` says no version in its pyproject.toml",
                f"{self._place()}/pyproject.toml",
                mends.reinstall(self._pin, self._folder.path),
                self._pin.version,
            )
        elif found is not None and found != self._pin.version:
            yield self._finding(
                "pack-version",
                f"`{self._place()}` is version {printable(found, 40)}, "
                f"locked is {self._pin.version}",
                self._place(),
                mends.install(self._pin, self._folder.path),
                self._pin.version,
                found,
            )

    def _about_bytes(
        self, archive: Mapping[str, str], digests: Mapping[str, str | Trouble]
    ) -> Iterator[Finding]:
        yield from self._presence(set(archive))
        for name, expected in archive.items():
            place = f"{self._place()}/{name}"
            if name in self._walk.links or name in self._walk.odd:
                yield self._finding(
                    "pack-edited",
                    f"`{place}` is a link or a device where the archive has a file",
                    place,
                    mends.reinstall(self._pin, self._folder.path),
                )
                continue
            actual = digests.get(self._path(name))
            if isinstance(actual, Trouble):
                yield troubled("pack", self._pin.name, place, actual)
            elif actual is not None and actual != expected:
                yield self._finding(
                    "pack-edited",
                    f"`{place}` is not as the archive of {self._pin.version} has it",
                    place,
                    mends.reinstall(self._pin, self._folder.path),
                    expected,
                    actual,
                )

    def _presence(self, expected: set[str]) -> Iterator[Finding]:
        """Compare which files there are with which there should be."""
        there = {*self._walk.files, *self._walk.links, *self._walk.odd}
        for name in sorted(expected - there):
            place = f"{self._place()}/{name}"
            hint = mends.reinstall(self._pin, self._folder.path)
            yield self._finding("pack-file-missing", f"`{place}` is not there", place, hint)
        for name in sorted(there - expected - _IGNORED):
            if name.rpartition("/")[2] in _IGNORED:
                continue
            place = f"{self._place()}/{name}"
            is_code = name.lower().endswith(CODE) or name in self._walk.links
            kind = "pack-code-added" if is_code else "pack-file-added"
            told = f"`{place}` is not of {self._pin.name} {self._pin.version}"
            yield self._finding(kind, told, place, mends.remove(self._path(name)))

    def _about_list(self, expected: set[str]) -> Iterator[Finding]:
        """Compare the installer's list with the archive: updates delete what it names."""
        if self._folder.tracking is None:
            return
        listed = {n.removeprefix("./") for n in self._folder.tracking if not n.endswith("/")}
        folders = {name.rpartition("/")[0] for name in expected}
        more = sorted(listed - expected - folders)
        less = sorted(expected - listed)
        if more:
            yield self._bad_list(f"names `{printable(more[0], 80)}`, which the archive has not")
        elif less:
            yield self._bad_list(f"leaves out `{printable(less[0], 80)}` of the archive")

    def _bad_list(self, told: str) -> Finding:
        place = f"{self._place()}/{TRACKING}"
        hint = mends.reinstall(self._pin, self._folder.path)
        return self._finding("pack-list", f"`{place}` {told}", place, hint)

    def _bytecode(self) -> Iterator[Finding]:
        """Name the bytecode that Python runs whatever the pack's source says."""
        for prefix in sorted({name[: name.rfind("/") + 1] for name in self._walk.files}):
            for name in unchecked_bytecode(self._folder.path, prefix):
                place = f"{self._place()}/{name}"
                told = f"`{place}` is bytecode that Python runs without a look at the source"
                mend = mends.remove(self._path(name))
                yield self._finding("pack-code-added", told, place, mend)

    def _unreadable(self) -> Iterator[Finding]:
        for name, reason in self._walk.unreadable:
            place = f"{self._place()}/{name}".rstrip("/")
            trouble = Trouble("unreadable", f"cannot be read: {reason}")
            yield troubled("pack", self._pin.name, place, trouble)

    def _finding(
        self,
        kind: str,
        message: str,
        place: str,
        mend: str,
        expected: str | None = None,
        actual: str | None = None,
    ) -> Finding:
        return observe(kind, "pack", self._pin.name, message, place, mend, expected, actual)

    def _is_plain(self, name: str) -> bool:
        return name in self._walk.files and name not in self._walk.links

    def _path(self, name: str) -> str:
        return os.path.join(self._folder.path, *name.split("/"))

    def _place(self) -> str:
        return shown(self._folder.path, self._base)
