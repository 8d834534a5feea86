"""What a merge could not decide reads back from its file, whatever the locks were (P18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comfylock.errors import LockConflictError
from comfylock.lockfile.conflicted import conflicted
from comfylock.lockfile.markers import split_conflict
from comfylock.lockfile.merge import merge
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.write import write_lock
from tests.property.test_lockfile import locks

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock


@given(st.none() | locks(), locks(), locks())
def test_p18_a_conflict_reads_back_as_the_merge_it_was_made_of(
    base: Lock | None, ours: Lock, theirs: Lock
) -> None:
    merged = merge(base, ours, theirs)
    assume(merged.conflicts)
    data = conflicted(base, ours, theirs, merged)
    with pytest.raises(LockConflictError):
        read_lock(data)
    sides = split_conflict(data)
    assert base is not None or sides.base is None
    before = None if sides.base is None else read_lock(sides.base)
    again = merge(before, read_lock(sides.ours), read_lock(sides.theirs))
    assert write_lock(again.lock) == write_lock(merged.lock)
    named = [(conflict.kind, conflict.name) for conflict in again.conflicts]
    assert named == [(conflict.kind, conflict.name) for conflict in merged.conflicts]
