"""The network: the only package that speaks HTTP."""
