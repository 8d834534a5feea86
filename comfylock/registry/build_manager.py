"""What ComfyUI-Manager's published lists say about packs, class types and models.

Source: https://github.com/Comfy-Org/ComfyUI-Manager (`custom-node-list.json`,
`extension-node-map.json`, `github-stats.json`, `model-list.json`).
"""

from __future__ import annotations

from typing import Any

from comfylock.registry.build_facts import KnownModel, Listing, ManagerLists, texts
from comfylock.registry.build_urls import canonical_model_url
from comfylock.registry.known import folder_key

_FOLDERS = {
    "checkpoint": "checkpoints",
    "checkpoints": "checkpoints",
    "unclip": "checkpoints",
    "clip": "text_encoders",
    "text_encoders": "text_encoders",
    "vae": "vae",
    "lora": "loras",
    "controlnet": "controlnet",
    "t2i-adapter": "controlnet",
    "t2i-style": "controlnet",
    "clip_vision": "clip_vision",
    "gligen": "gligen",
    "upscale": "upscale_models",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "unet": "diffusion_models",
    "diffusion_model": "diffusion_models",
}
"""Where the Manager puts a model whose `save_path` is `default`, by its type in lower case."""


def read_manager(version: str, files: dict[str, Any]) -> ManagerLists:
    """Return what the decoded lists of one version say; lists that are missing are empty."""
    class_map = _mapping(files.get("extension-node-map.json"))
    metas = {url: _mapping(entry[1]) for url, entry in class_map.items() if _has_meta(entry)}
    listing = _mapping(files.get("custom-node-list.json")).get("custom_nodes")
    models = _mapping(files.get("model-list.json")).get("models")
    return ManagerLists(
        version=version,
        class_types={url: _class_types(entry) for url, entry in class_map.items()},
        patterns={
            url: meta["nodename_pattern"]
            for url, meta in metas.items()
            if isinstance(meta.get("nodename_pattern"), str)
        },
        preemptions={url: names for url, meta in metas.items() if (names := _claims(meta))},
        listings=tuple(each for item in _entries(listing) if (each := _listing(item))),
        models=tuple(found for item in _entries(models) if (found := _model(item))),
        stars={
            url: stars
            for url, entry in _mapping(files.get("github-stats.json")).items()
            if isinstance(stars := _mapping(entry).get("stars"), int) and stars > 0
        },
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _entries(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _has_meta(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) > 1


def _class_types(entry: Any) -> tuple[str, ...]:
    names = texts(entry[0]) if isinstance(entry, list) and entry else ()
    return tuple(sorted({name.strip() for name in names} - {""}))


def _claims(meta: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(set(texts(meta.get("preemptions")))))


def _listing(item: dict[str, Any]) -> Listing | None:
    reference = item.get("reference")
    if not isinstance(reference, str) or not reference.strip():
        return None
    urls = list(texts(item.get("files")))
    if isinstance(second := item.get("reference2"), str):
        urls.append(second)
    registry_id = item.get("id")
    return Listing(
        reference=reference,
        urls=tuple(sorted(set(urls))),
        registry_id=registry_id if isinstance(registry_id, str) else None,
    )


def _model(item: dict[str, Any]) -> KnownModel | None:
    name, url = item.get("filename"), item.get("url")
    if not isinstance(name, str) or not isinstance(url, str):
        return None
    address = canonical_model_url(url)
    if name.startswith("<") or "/" in name or address is None:
        return None
    return KnownModel(name=name, url=address, folder=_folder(item))


def _folder(item: dict[str, Any]) -> str | None:
    """Return the folder key; None for a pack's own directory and for what leaves `models/`."""
    place = item.get("save_path")
    kind = item.get("type")
    if not isinstance(place, str) or place.startswith(("custom_nodes", "/")) or ".." in place:
        return None
    if place == "default":
        return _FOLDERS.get(kind.lower()) if isinstance(kind, str) else None
    return folder_key(place)
