"""Ways to spoil an installation by a byte, and what is to be said about each."""

from __future__ import annotations

SPOILS = {
    "model": ("printf x >> models/vae/ae.safetensors", "models/vae/ae.safetensors has 3997 bytes"),
    "same size": (
        "printf x | dd of=models/vae/ae.safetensors conv=notrunc status=none",
        "models/vae/ae.safetensors has sha256",
    ),
    "no model": ("rm models/vae/ae.safetensors", "models/vae/ae.safetensors is missing"),
    "archive": ("printf x >> custom_nodes/alpha/__init__.py", "alpha/__init__.py was changed"),
    "odd name": ("rm custom_nodes/alpha/deep/er/*", "name.txt is missing"),
    "more": ("touch custom_nodes/alpha/evil.py", "alpha/evil.py is not of the pack"),
    "no pack": ("rm -r custom_nodes/alpha", "custom_nodes/alpha is missing"),
    "git": ("printf x >> custom_nodes/gamma/__init__.py", "custom_nodes/gamma:  M __init__.py"),
    "git more": ("touch custom_nodes/gamma/evil.py", "custom_nodes/gamma: ?? evil.py"),
    "git mode": ("chmod -x custom_nodes/gamma/run.sh", "custom_nodes/gamma:  M run.sh"),
    "submodule": ("printf x >> 'custom_nodes/gamma/deps/sub module/lib.py'", "custom_nodes/gamma:"),
    "no repository": ("rm -r custom_nodes/gamma/.git", "custom_nodes/gamma is at nothing"),
    "file": ("printf x >> custom_nodes/single.py", "custom_nodes/single.py has"),
    "ComfyUI": ("printf x >> main.py", "ComfyUI:  M main.py"),
}
"""A command in ComfyUI's folder, and a part of what is told then."""
