"""The services of the lock benchmark, in a process of their own: words in, JSON lines out.

`python -m benchmarks.runners.lock_services FOLDER SECONDS` prints the environment that leads to
them. Each line on standard input is answered with the requests since the last one, by service.
"""

from __future__ import annotations

import json
import sys

from benchmarks.lock_world import Plan, fill
from tests.services.world import world_serving


def main(folder: str, seconds: float) -> None:
    """Serve until standard input ends."""
    with world_serving(folder) as world:
        fill(world, Plan())
        world.delay(seconds)
        print(json.dumps({"environment": world.environment, "files": world.files.url}), flush=True)
        for _ in sys.stdin:
            print(json.dumps(world.requests()), flush=True)
            world.forget()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
