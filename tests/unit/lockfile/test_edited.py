from __future__ import annotations

import pytest

from comfylock.errors import LockParseError
from comfylock.lockfile.edited import refuse_edited
from comfylock.lockfile.schema import Lock
from tests.locks import from_git, full, release


def test_a_version_that_its_address_contradicts_was_edited_by_hand() -> None:
    url = "https://cdn.comfy.org/ann/alpha/1.2.0/node.zip"
    lock = Lock(packs=(from_git(), release(version="1.3.0", url=url)))
    with pytest.raises(LockParseError) as caught:
        refuse_edited(lock, "comfy.lock")
    assert caught.value.faults == (
        ("pack[1].version", "is 1.3.0, `url` is of another: edited by hand"),
    )
    assert caught.value.exit_code == 2
    assert "--upgrade-package" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.comfy.org/ann/alpha/1.3.0/node.zip",
        "https://storage.googleapis.com/comfy-registry/ann/alpha/node.zip",
        "https://cdn.comfy.org/other/shape.zip",
    ],
)
def test_other_addresses_say_nothing_of_versions(url: str) -> None:
    refuse_edited(Lock(packs=(release(version="1.3.0", url=url),)), "comfy.lock")


def test_what_comfylock_writes_is_taken() -> None:
    refuse_edited(full(), "comfy.lock")
