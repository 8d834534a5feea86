"""Readings and the registry in, reports out: what one workflow needs, what many need together."""
