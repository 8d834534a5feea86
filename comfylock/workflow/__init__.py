"""Bytes in, workflows out: every format that ComfyUI and its users write."""
