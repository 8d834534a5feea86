"""Everything that is emitted from a lock with everything in it, as one digest."""

from __future__ import annotations

import hashlib

from comfylock.config.emit import EmitSettings
from comfylock.emit.kinds import TABLE, generator
from comfylock.emit.planning import plan_of
from comfylock.errors import EmitError
from tests.locks import SHA, full

SETTINGS = EmitSettings(output="deploy", allow_unpinned=True, variants=("full",))
PYLOCK = f"""
lock-version = "1.0"

[[packages]]
name = "numpy"
version = "2.1.0"
wheels = [{{ url = "https://example.org/numpy.whl", hashes = {{ sha256 = "{SHA}" }} }}]
""".encode()


def digest_of_everything() -> str:
    """Return one digest for all that all kinds make of it."""
    lock = full()
    files = {pin.file: PYLOCK for pin in lock.python}
    plan = plan_of(lock, SHA, SETTINGS, companions=files)
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

    sys.stdout.write(digest_of_everything())
