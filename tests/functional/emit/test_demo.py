"""`make demo` to its end, and what README shows of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

ROOT = Path(__file__).parents[3]
CLOCK = re.compile(r"^\d\d:\d\d:\d\d ", re.MULTILINE)


@pytest.mark.large
def test_what_readme_shows_is_what_it_says() -> None:
    command = [sys.executable, "-m", "tests.services.demo"]
    done = subprocess.run(
        command, cwd=ROOT, stdout=PIPE, stderr=STDOUT, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-2000:]
    told = CLOCK.sub("TIME ", done.stdout)
    assert "\n$ comfylock verify --installed ../ComfyUI\n" in told
    assert "files and installed: 56 of 58 things verified, 2 unproven; 1 note" in told
    readme = (ROOT / "README.md").read_text("utf-8")
    begin = readme.index("$ comfylock emit script ")
    shown = readme[begin : readme.index("```", begin)]
    assert CLOCK.sub("TIME ", shown) in told
