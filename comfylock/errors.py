"""Every error that comfylock raises on purpose: one root, one class per decision a caller takes."""

from __future__ import annotations

from typing import Any


class ComfylockError(Exception):
    """The root: a sentence, what to do about it, a stable code and an exit code."""

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls the class with the message alone; workers need all of it.
        return _restored, (type(self), self.args, self.__dict__)


class UsageError(ComfylockError):
    """The command line or the call cannot be understood, or a named input is not there."""

    code = "usage"
    exit_code = 2


class ConfigError(ComfylockError):
    """`comfylock.toml` has faults; `faults` lists all of them as (path, sentence)."""

    code = "config"
    exit_code = 2

    def __init__(self, file: str, faults: tuple[tuple[str, str], ...]) -> None:
        self.file = file
        self.faults = faults
        super().__init__(_listed(file, faults))


class WorkflowError(ComfylockError):
    """A file cannot be read as a workflow at all; `file` names it."""

    code = "workflow"
    exit_code = 2

    def __init__(self, file: str, message: str) -> None:
        self.file = file
        self.reason = message
        super().__init__(f"{file}: {message}")


class RegistryError(ComfylockError):
    """Registry data is missing, damaged or of a newer format; `file` names it."""

    code = "registry"
    exit_code = 2

    def __init__(self, file: str, message: str, *, hint: str | None = None) -> None:
        self.file = file
        self.reason = message
        super().__init__(f"{file}: {message}", hint=hint)


class DefinitionsError(ComfylockError):
    """What should be a set of node definitions is none; `file` names it."""

    code = "definitions"
    exit_code = 2

    def __init__(self, file: str, message: str, *, hint: str | None = None) -> None:
        self.file = file
        self.reason = message
        super().__init__(f"{file}: {message}", hint=hint)


class LockParseError(ComfylockError):
    """A lock cannot be read; `faults` lists all of them as (path, sentence)."""

    code = "lock-parse"
    exit_code = 2

    def __init__(
        self, file: str, faults: tuple[tuple[str, str], ...], *, hint: str | None = None
    ) -> None:
        self.file = file
        self.faults = faults
        super().__init__(_listed(file, faults), hint=hint)


class LockVersionError(ComfylockError):
    """A lock is of a newer format than this release reads."""

    code = "lock-version"
    exit_code = 2


class LockConflictError(ComfylockError):
    """A lock holds conflict markers of a merge; `lines` are where, counted from 1."""

    code = "lock-conflict"
    exit_code = 2

    def __init__(self, file: str, lines: tuple[int, ...]) -> None:
        self.file = file
        self.lines = lines
        told = ", ".join(map(str, lines))
        hint = "`comfylock lock` takes both sides and resolves what is left"
        super().__init__(f"{file} has unresolved merge conflicts (lines {told})", hint=hint)


class EmitError(ComfylockError):
    """A lock does not hold what an output must have: nothing of it is emitted."""

    code = "emit"
    exit_code = 1


class WriteError(ComfylockError):
    """A file cannot be written; the old one, if there was one, is as it was."""

    code = "write"
    exit_code = 2

    def __init__(self, file: str, message: str, *, hint: str | None = None) -> None:
        self.file = file
        super().__init__(f"{file}: {message}", hint=hint)


class IntegrityError(ComfylockError):
    """Bytes are not what was promised; never to be mended silently."""

    code = "integrity"
    exit_code = 4


class SourceUnavailableError(ComfylockError):
    """A service could not be reached or did not answer usefully; `service` names it."""

    code = "unavailable"
    exit_code = 3

    def __init__(self, service: str, message: str, *, hint: str | None = None) -> None:
        self.service = service
        super().__init__(f"{service}: {message}", hint=hint)


class RefusedError(ComfylockError):
    """An address, or a redirect to one, that must not be visited; `service` names its host.

    The fault of whoever gave the address, so a source answers it with a Missing of the reason
    `not-allowed`; uncaught it means a service that leads where nobody may go.
    """

    code = "refused"
    exit_code = 3

    def __init__(self, service: str, message: str, *, hint: str | None = None) -> None:
        self.service = service
        super().__init__(f"{service}: {message}", hint=hint)


class OfflineError(SourceUnavailableError):
    """An answer is needed that nobody knows yet, and the network must not be used."""

    code = "offline"


def _listed(file: str, faults: tuple[tuple[str, str], ...]) -> str:
    """Return one fault in a line with its file, several below each other."""
    lines = [f"`{path}`: {text}" if path else text for path, text in faults]
    if len(lines) == 1:
        return f"{file}: {lines[0]}"
    return "\n  ".join([f"{file} has {len(lines)} faults", *lines])


def _restored(
    kind: type[ComfylockError], args: tuple[Any, ...], values: dict[str, Any]
) -> ComfylockError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(values)
    return error
