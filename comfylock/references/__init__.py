"""What a model's address means: a file on Hugging Face, CivitAI, GitHub, or anywhere else."""

from __future__ import annotations

from comfylock.references.addresses import address_of, canonical_url
from comfylock.references.kinds import (
    CivitaiFile,
    HubFile,
    PlainUrl,
    Reference,
    ReleaseAsset,
    RepositoryFile,
)
from comfylock.references.parse import CIVITAI_HOSTS, HUB_HOSTS, parse_reference

__all__ = [
    "CIVITAI_HOSTS",
    "HUB_HOSTS",
    "CivitaiFile",
    "HubFile",
    "PlainUrl",
    "Reference",
    "ReleaseAsset",
    "RepositoryFile",
    "address_of",
    "canonical_url",
    "parse_reference",
]
