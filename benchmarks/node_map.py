"""The Manager's node map alone, as its own code asks it: the baseline to beat."""

from __future__ import annotations

import json
import re

from benchmarks.labels import Aliases, of_repository


class NodeMap:
    """Answers which packs the map names for a class type."""

    def __init__(self, path: str, aliases: Aliases) -> None:
        with open(path, "rb") as stream:
            entries = json.load(stream)
        self._exact: dict[str, set[str]] = {}
        self._first: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for url, (class_types, facts) in entries.items():
            label = aliases.canonical(of_repository(url))
            for class_type in class_types:
                self._exact.setdefault(class_type, set()).add(label)
            for class_type in facts.get("preemptions", ()):
                self._first[class_type] = label
            if "nodename_pattern" in facts:
                self._patterns.append((re.compile(facts["nodename_pattern"]), label))

    def packs_of(self, class_type: str) -> set[str]:
        """Return the packs by preemption, else by name, else by pattern."""
        if class_type in self._first:
            return {self._first[class_type]}
        if class_type in self._exact:
            return self._exact[class_type]
        return {label for pattern, label in self._patterns if pattern.search(class_type)}
