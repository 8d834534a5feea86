"""The verbs as functions: the library's API, silent, the parts wired together."""
