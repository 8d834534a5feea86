"""What comfylock finds and how fast, on public data and against the tools that people use."""
