"""What the environment configures: the services' addresses, and hosts that a person allows.

The caller hands the environment in; nothing on this floor reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.config.addresses import host_fault, service_address, service_fault
from comfylock.errors import ConfigError
from comfylock.links import ALLOWED_HOSTS

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINT_VARIABLES = {
    "COMFYLOCK_REGISTRY_URL": "registry",
    "HF_ENDPOINT": "huggingface",
    "COMFYLOCK_CIVITAI_URL": "civitai",
    "COMFYLOCK_GITHUB_API_URL": "github_api",
    "COMFYLOCK_MANAGER_URL": "manager",
}
"""Variable to service, as the fields of comfylock.net.trust.Endpoints are called."""

MODEL_SERVICES = ("huggingface", "civitai")
"""Services whose configured addresses workflows may name as models' sources."""

HOSTS_VARIABLE = "COMFYLOCK_ALLOW_HOSTS"


class Surroundings(Struct, frozen=True):
    """What the environment configures; it goes before what a file says."""

    hosts: frozenset[str] = frozenset()
    """`host` or `host:port`."""
    endpoints: dict[str, str] = {}
    """Service to base address, without a final slash."""


def read_environment(environment: Mapping[str, str]) -> Surroundings:
    """Return what an environment configures; variables that are empty configure nothing.

    Raises:
        ConfigError: with every variable that is wrong.
    """
    hosts = environment.get(HOSTS_VARIABLE, "").strip()
    addresses = {
        name: environment[name].strip()
        for name in ENDPOINT_VARIABLES
        if environment.get(name, "").strip()
    }
    faults: list[tuple[str, str]] = []
    endpoints: dict[str, str] = {}
    for name, text in addresses.items():
        service = ENDPOINT_VARIABLES[name]
        address = service_address(text, service)
        if address is None:
            faults.append((name, service_fault(text)))
        else:
            endpoints[service] = address
    allowed = [host.strip().lower() for host in hosts.split(",") if host.strip()]
    faults += [(HOSTS_VARIABLE, fault) for fault in map(host_fault, allowed) if fault]
    if faults:
        raise ConfigError("environment", tuple(faults))
    return Surroundings(frozenset(allowed), endpoints)


def trusted_hosts(allowed: frozenset[str], endpoints: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of Config that say which hosts are trusted.

    `allowed` are the hosts that a person added, `endpoints` the addresses that one set.
    """
    hosts = {service: address.split("/", 3)[2] for service, address in endpoints.items()}
    mirrors = {hosts[service] for service in MODEL_SERVICES if service in hosts}
    return {
        "allowed_hosts": ALLOWED_HOSTS | allowed | mirrors,
        "configured_hosts": allowed | frozenset(hosts.values()),
    }
