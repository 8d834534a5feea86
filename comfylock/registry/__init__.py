"""The registry: which packs, models and core class types are known, and how it is compiled."""
