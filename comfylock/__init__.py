"""From ComfyUI workflows to a locked, verified environment."""
