"""Services that packs and models come from, each behind its interface."""
