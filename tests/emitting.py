"""Everything that is emitted from a lock with everything in it: for digests and for review.

`python -m tests.emitting` prints one digest of all; `python -m tests.emitting DIR` writes the files
of the kinds in REVIEWED, to be looked at and committed when they are meant to change.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from comfylock.config.emit import EmitSettings
from comfylock.emit.kinds import TABLE, generator
from comfylock.emit.planning import plan_of
from comfylock.errors import EmitError
from tests.locks import COMMIT, SHA, full

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.emit.interface import Emitted
    from comfylock.emit.plan import Plan

REVIEWED = ("bake", "compose", "model-paths", "snapshot", "requirements", "sbom", "ci")
EXPECTED = Path(__file__).parent / "unit" / "emit" / "expected"
"""What these kinds gave when somebody last looked."""

SETTINGS = EmitSettings(output="deploy", allow_unpinned=True, variants=("full",))
PYLOCK = f"""
lock-version = "1.0"

[[packages]]
name = "numpy"
version = "2.1.0"
wheels = [{{ url = "https://example.org/numpy-2.1.0.whl", hashes = {{ sha256 = "{SHA}" }} }}]

[[packages]]
name = "torch"
version = "2.8.0+cu128"
[[packages.wheels]]
url = "https://example.org/torch-2.8.0%2Bcu128.whl"
hashes = {{ sha256 = "{SHA}" }}

[[packages]]
name = "insightface"
version = "0.7.3"
sdist = {{ url = "https://example.org/insightface-0.7.3.tar.gz", hashes = {{ sha256 = "{SHA}" }} }}

[[packages]]
name = "from-git"
vcs = {{ type = "git", url = "https://github.com/ann/from-git", commit-id = "{COMMIT}" }}
""".encode()


def whole_plan() -> Plan:
    """Return the plan of a lock with everything in it."""
    lock = full()
    files = {pin.file: PYLOCK for pin in lock.python}
    return plan_of(lock, SHA, SETTINGS, companions=files)


def reviewed() -> Iterator[Emitted]:
    """Yield the files of the reviewed kinds."""
    plan = whole_plan()
    for kind in REVIEWED:
        yield from generator(kind)(plan)


def digest_of_everything() -> str:
    """Return one digest for all that all kinds make of it."""
    plan = whole_plan()
    found = hashlib.sha256()
    for kind in TABLE:
        try:
            for file in generator(kind)(plan):
                found.update(f"{kind} {file.name} {len(file.data)}\n".encode() + file.data)
        except EmitError as error:
            found.update(f"{kind} {error}\n".encode())
    return found.hexdigest()


if __name__ == "__main__":
    import sys

    if len(sys.argv) > 1:
        for file in reviewed():
            (Path(sys.argv[1]) / Path(file.name).name).write_bytes(file.data)
    else:
        sys.stdout.write(digest_of_everything())
