"""What a project says in `comfylock.toml`, or in `[tool.comfylock]` of its pyproject.toml.

All faults are reported at once, each with its path and a sentence. What reads and checks the text
is loaded only where there is one: most projects have no file, and pydantic alone would cost every
`analyze` four times an empty Python's start.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.errors import ConfigError
from comfylock.links import ALLOWED_HOSTS
from comfylock.reading import read_regular
from comfylock.requirements import ComfyuiRule, ImageRule, PythonRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.config.audit import AuditRules  # noqa: TC004 - settings are never decoded
    from comfylock.config.emit import EmitSettings  # noqa: TC004 - settings are never decoded
    from comfylock.config.environment import Surroundings
    from comfylock.model import Source  # noqa: TC004 - settings are never decoded by msgspec
    from comfylock.requirements import ModelRule, PackRule  # noqa: TC004 - nor these

FILE = "comfylock.toml"
MAX_CONFIG_BYTES = 4 * 1024 * 1024
SCHEMA_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "comfylock.schema.json")
"""The JSON Schema of the settings, for editors."""

VARIABLES = (
    "COMFYLOCK_ALLOW_HOSTS",
    "COMFYLOCK_CIVITAI_URL",
    "COMFYLOCK_GITHUB_API_URL",
    "COMFYLOCK_MANAGER_URL",
    "COMFYLOCK_REGISTRY_URL",
    "HF_ENDPOINT",
)
"""What the environment may configure."""


class Config(Struct, frozen=True):
    """A project's settings; empty where it has no file."""

    file: str | None = None
    class_types: dict[str, str] = {}
    """Class type to pack: a registry id, `owner/repo`, a repository URL, or `comfy-core`."""
    models: dict[str, Source] = {}
    """Model (`folder/name` or `name`) to where it comes from."""
    allowed_hosts: frozenset[str] = ALLOWED_HOSTS
    """Hosts that a workflow may name as a model's source; with a port where it is not 443."""
    configured_hosts: frozenset[str] = frozenset()
    """`host` or `host:port` of what a person configured, services included: http is allowed."""
    pack_rules: dict[str, PackRule] = {}
    """By the pack's name."""
    model_rules: dict[str, ModelRule] = {}
    """By `folder/name` or `name`."""
    comfyui: ComfyuiRule | None = ComfyuiRule()
    """Which ComfyUI is locked; None where `[comfyui]` says `pin = false`."""
    python: PythonRule = PythonRule()
    """For which targets Python packages are locked, and what shapes the choice."""
    images: tuple[ImageRule, ...] = ()
    """Container images to lock, sorted by name."""
    groups: dict[str, tuple[str, ...]] = {}
    """Group to patterns of workflow paths."""
    emit: EmitSettings | None = None
    """How an environment is laid out; None: nobody says."""
    endpoints: dict[str, str] = {}
    """Service, as the fields of comfylock.net.trust.Endpoints are called, to base address."""
    workflows: tuple[str, ...] = ()
    """What `lock` locks when no path is given: files, folders and patterns below the project."""
    prefer: Literal["authored", "latest"] = "authored"
    targets: tuple[str, ...] = ()
    """`linux-x86_64` and the like, sorted; empty: any."""
    require_hashes: bool = False
    allow_unresolved: bool = False
    include_inactive: bool = False
    audit: AuditRules | None = None
    """What `[audit]` says; None where there is no such table."""

    @property
    def settled_models(self) -> frozenset[str]:
        """Models that need no source: somebody brings them, or they are not wanted."""
        return frozenset(key for key, rule in self.model_rules.items() if rule.url is None)


def surroundings(environment: Mapping[str, str]) -> Surroundings | None:
    """Return what an environment configures, None if nothing.

    Raises:
        ConfigError: with every variable that is wrong.
    """
    if not any(environment.get(name) for name in VARIABLES):
        return None
    from comfylock.config.environment import read_environment  # noqa: PLC0415 - few have any

    return read_environment(environment)


def load_config(folder: str, around: Surroundings | None = None) -> Config:
    """Return the settings of the project in a folder; the defaults if it has none.

    What the environment configures, if given, goes before what the file says.

    Raises:
        ConfigError: with every fault of the file.
    """
    path = os.path.join(folder, FILE)
    data = _read(path)
    if data is not None:
        return parse_config(data, path, around=around)
    path = os.path.join(folder, "pyproject.toml")
    data = _read(path)
    if data is not None and b"comfylock" in data:
        return parse_config(data, path, table=("tool", "comfylock"), around=around)
    if around is None:
        return Config()
    from comfylock.config.environment import trusted_hosts  # noqa: PLC0415 - few have any

    return Config(endpoints=around.endpoints, **trusted_hosts(around.hosts, around.endpoints))


def parse_config(
    data: bytes,
    file: str,
    *,
    table: tuple[str, ...] = (),
    around: Surroundings | None = None,
) -> Config:
    """Return the settings that TOML bytes hold, from a table inside it if given.

    Raises:
        ConfigError: with every fault of the file.
    """
    from comfylock.config.document import read_document  # noqa: PLC0415 - only where there is one

    return Config(file=file, **read_document(data, file, table, around))


def _read(path: str) -> bytes | None:
    try:
        data = read_regular(path, MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(path, (("", f"cannot be read: {error.strerror}"),)) from error
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(path, (("", "is too large for a settings file"),))
    return data
