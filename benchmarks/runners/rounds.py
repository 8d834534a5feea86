"""How a contender is asked for rounds: a line in, a line with the seconds out.

Standard library only: the peers' environments import it too.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER = '{"seconds":'
"""How the line begins that answers a round."""


def serve(one_round: Callable[[list[str]], object]) -> None:
    """Answer each line on standard input with one timed round over the files of argv[1]."""
    with open(sys.argv[1], encoding="utf-8") as stream:
        paths = stream.read().splitlines()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a contender prints is not ours to read
    for _ in sys.stdin:
        before, began = time.process_time(), time.perf_counter()
        one_round(paths)
        seconds, cpu = time.perf_counter() - began, time.process_time() - before
        answer = {"seconds": seconds, "cpu": cpu, "memory": peak_memory()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def peak_memory(process: int | str = "self") -> int:
    """Return the most memory that a process ever held, in bytes; 0 where nobody tells.

    `VmHWM` where there is one: `ru_maxrss` starts with what the parent held before the exec.
    """
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as stream:
            for line in stream:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    if process != "self":
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
