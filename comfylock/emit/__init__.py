"""From a lock to the files that build what it holds. No network, no clock, no environment."""
