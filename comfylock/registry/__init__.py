"""Which pack has a class type, what ComfyUI has itself, which model files are known."""
