"""Which class types exist and what inputs they take, read without importing or running them."""
