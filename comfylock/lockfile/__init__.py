"""comfy.lock: read, write, compare, merge; text in, text out."""
