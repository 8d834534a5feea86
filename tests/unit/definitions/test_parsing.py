"""Python files become syntax trees, whichever thread asks."""

from __future__ import annotations

import ast
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from comfylock.definitions.parsing import parse_python

if TYPE_CHECKING:
    import pytest


def test_threads_parse_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, inside, most = ast.parse, [0], [0]

    def watched(*words: Any) -> Any:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.002)
        made = parse(*words)
        inside[0] -= 1
        return made

    monkeypatch.setattr(ast, "parse", watched)
    with ThreadPoolExecutor(4) as pool:
        trees = [pool.submit(parse_python, b"A = 1", "a.py") for _ in range(12)]
        assert {ast.dump(each.result()[0]) for each in trees} == {ast.dump(parse("A = 1"))}
    assert most == [1]
