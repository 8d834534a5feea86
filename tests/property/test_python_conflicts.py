"""Whatever cannot be had together: what is named is the cause, and no line of it is too many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comfylock.python.asked import Asked
from comfylock.python.settings import PythonSettings
from comfylock.python.targets import target_of
from comfylock.python.wanted import Compiled, NoSolution, Wanted
from comfylock.resolve.conflict_parts import Effort, Trials, parts_of, smallest
from comfylock.resolve.python_union import PackageUnion

TARGET = target_of("3.12", "linux-x86_64", "default")
NAMES = [f"package-{number}" for number in range(12)]
SETS = st.sets(st.sampled_from(NAMES), min_size=1, max_size=4)


class Feuds:
    """A resolver for packages of which some cannot be had together."""

    def __init__(self, feuds: list[set[str]], *, talks: bool) -> None:
        self.feuds = feuds
        self.talks = talks

    def compile(self, wanted: Wanted, *, offline: bool = False) -> Compiled | NoSolution:
        """Refuse any question with a whole feud in it; `talks`: and name those of the first."""
        assert not offline
        found = [feud for feud in self.feuds if feud <= set(wanted.requirements)]
        if not found:
            return Compiled(b"", "", ())
        return NoSolution("conflict", "", tuple(sorted(found[0])) if self.talks else ())


@given(
    asked=st.sets(st.sampled_from(NAMES), min_size=2),
    feuds=st.lists(SETS, min_size=1, max_size=4),
    packs=st.integers(1, 5),
    talks=st.booleans(),
    runs=st.integers(0, 60),
)
def test_the_smallest_set_is_a_feud(
    asked: set[str], feuds: list[set[str]], packs: int, talks: bool, runs: int
) -> None:
    lines = tuple(
        Asked(name, pack=f"pack-{number % packs}", line=number)
        for number, name in enumerate(sorted(asked))
    )
    union = PackageUnion(TARGET, PythonSettings(trio=()), lines)
    source = Feuds(feuds, talks=talks)
    answer = source.compile(union.wanted())
    if isinstance(answer, Compiled):
        return
    found = smallest(union, parts_of(union), answer, Trials(source, Effort(runs=runs)))
    names = {part.name for part in found.parts}
    if not found.is_smallest:
        assert runs < 60
        return
    assert any(feud <= names for feud in feuds)
    assert not any(feud <= names - {name} for feud in feuds for name in names)
