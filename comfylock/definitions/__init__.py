"""Which class types exist and what inputs they take, read without running anything."""
