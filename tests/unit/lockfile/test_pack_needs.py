from __future__ import annotations

import pytest
from msgspec.structs import replace

from comfylock.lockfile.satisfy import pack_drift
from comfylock.requirements import (
    ClassNeed,
    PackRule,
)
from tests.lock_needs import kinds, needs_of, pack_kinds, stamped
from tests.locks import (
    COMMIT,
    OTHER_SHA,
    SHA,
    from_file,
    from_git,
    release,
    small_needs,
)
from tests.locks import small as small_lock

# versions


@pytest.mark.parametrize(
    ("text", "is_stale"),
    [
        ("1.2.0", False),
        (">=1.2,<2", False),
        (">=1,<3", False),
        ("<1.2", True),
        ("==1.3", True),
        ("anything else", True),
    ],
)
def test_p12_p13_a_range_that_still_admits_the_pin_is_no_news(text: str, is_stale: bool) -> None:
    needs = small_needs(pack_rules={"alpha": PackRule("alpha", version=text)})
    expected = [("RangeExcludesPin", None, "alpha")] if is_stale else []
    assert kinds(small_lock(), needs) == expected


def test_a_range_for_what_was_taken_from_git() -> None:
    rules = {"carl/gamma": PackRule("carl/gamma", version=">=1")}
    needs = needs_of(ClassNeed("X", "carl/gamma", "aux_id"), pack_rules=rules)
    for pin, expected in (
        (from_git(version="v1.1"), []),
        (from_git(requested=">=1"), []),
        (from_git(), ["RangeExcludesPin"]),
        (from_git(version="v0.9"), ["RangeExcludesPin"]),
    ):
        assert pack_kinds(replace(pin, provides=("X",)), needs) == expected


@pytest.mark.parametrize(
    ("stamps", "is_stale"),
    [
        ((), False),
        (("1.2.0",), False),
        (("v1.2.0",), False),
        (("0.9.0", "1.1.0"), False),
        (("1.1.0", "1.10.0"), True),
        (("nightly",), False),
        ((COMMIT[:10],), False),
    ],
)
def test_p14_stamps_are_wishes(stamps: tuple[str, ...], is_stale: bool) -> None:
    pin = release(provides=("AlphaNode",))
    assert pack_kinds(pin, stamped(*stamps)) == (["StampChanged"] if is_stale else [])
    latest = replace(stamped(*stamps), prefer="latest")
    assert pack_drift(pin, latest) == ()
    ruled = replace(stamped(*stamps), pack_rules={"alpha": PackRule("alpha", version="1.2.0")})
    assert pack_drift(pin, ruled) == ()


def test_a_stamp_that_could_not_be_had_is_no_news() -> None:
    pin = release(requested="2.0.0", provides=("AlphaNode",))
    assert pack_kinds(pin, stamped("2.0.0")) == []
    assert pack_kinds(pin, stamped("2.0.1")) == ["StampChanged"]
    without = from_git("alpha", provides=("AlphaNode",))
    assert pack_kinds(without, stamped("2.0.1")) == []
    tagged = from_git("alpha", version="v2.0", provides=("AlphaNode",))
    assert pack_kinds(tagged, stamped("2.0.1")) == ["StampChanged"]


@pytest.mark.parametrize(
    ("requested", "stamps", "is_stale"),
    [
        (COMMIT[:10], (COMMIT[:10],), False),
        (COMMIT[:10], (COMMIT[:10], "f" * 40), False),
        (COMMIT[:10], (COMMIT,), False),
        (COMMIT[:10], ("f" * 40,), True),
        (COMMIT[:10], (), True),
        ("e" * 40, ("f" * 40,), True),
        ("main", ("f" * 40,), False),
        (None, ("f" * 40,), False),
    ],
)
def test_p12_commits_as_stamps(
    requested: str | None, stamps: tuple[str, ...], is_stale: bool
) -> None:
    pin = from_git("alpha", requested=requested, provides=("AlphaNode",))
    assert pack_kinds(pin, stamped(*stamps)) == (["StampChanged"] if is_stale else [])


GIT = "https://github.com/carl/gamma"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (PackRule("alpha", git="git@github.com:Carl/Gamma.git"), []),
        (PackRule("alpha", git="https://github.com/fork/gamma"), ["RuleChanged"]),
        (PackRule("alpha", git="https://github.com/was/gamma"), []),
        (PackRule("alpha", git=GIT, revision="dev"), []),
        (PackRule("alpha", git=GIT, revision="v1.0"), []),
        (PackRule("alpha", git=GIT, revision=COMMIT[:8]), []),
        (PackRule("alpha", git=GIT, revision="f" * 8), ["RuleChanged"]),
        (PackRule("alpha", revision="other"), ["RuleChanged"]),
        (PackRule("alpha", url="https://example.org/x.py"), ["RuleChanged"]),
        (PackRule("alpha", groups=()), []),
    ],
)
def test_p13_rules_about_repositories(rule: PackRule, expected: list[str]) -> None:
    pin = from_git(
        "alpha",
        repository=GIT,
        requested="dev",
        version="v1.0",
        aliases=("was/gamma",),
        provides=("AlphaNode",),
    )
    needs = replace(stamped(), pack_rules={"alpha": rule})
    assert pack_kinds(pin, needs) == expected


def test_p13_a_release_where_a_repository_is_wanted() -> None:
    pin = release(provides=("AlphaNode",))
    for rule in (PackRule("alpha", git=GIT), PackRule("alpha", revision="main")):
        assert pack_kinds(pin, replace(stamped(), pack_rules={"alpha": rule})) == ["RuleChanged"]


RAW = "https://raw.githubusercontent.com/dora/single"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (PackRule("x", url=f"{RAW}/{COMMIT}/nodes/single.py"), []),
        (PackRule("x", url=f"{RAW}/main/nodes/single.py"), []),
        (PackRule("x", url="https://github.com/dora/single/raw/main/nodes/single.py"), []),
        (PackRule("x", url=f"{RAW}/{'f' * 40}/nodes/single.py"), ["RuleChanged"]),
        (PackRule("x", url=f"{RAW}/main/nodes/other.py"), ["RuleChanged"]),
        (PackRule("x", url="https://example.org/nodes/single.py"), ["RuleChanged"]),
        (PackRule("x", url=f"{RAW}/main/nodes/single.py", sha256=SHA), []),
        (PackRule("x", url=f"{RAW}/main/nodes/single.py", sha256=OTHER_SHA), ["DigestDiffers"]),
    ],
)
def test_p13_rules_about_single_files(rule: PackRule, expected: list[str]) -> None:
    pin = from_file(provides=("AlphaNode",))
    needs = replace(stamped(pack="dora/single"), pack_rules={"dora/single": rule})
    assert pack_kinds(pin, needs) == expected


def test_a_file_without_a_commit() -> None:
    url = "https://example.org/x.py"
    pin = from_file(url=url, repository=None, commit=None, path=None, provides=("AlphaNode",))
    for address, expected in ((url, []), (url + "?v=2", ["RuleChanged"])):
        rules = {"dora/single": PackRule("dora/single", url=address)}
        needs = replace(stamped(pack="dora/single"), pack_rules=rules)
        assert pack_kinds(pin, needs) == expected
