from __future__ import annotations

import pytest

from comfylock.auditing.licences import judge_licence, normalise_licence


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Apache-2.0", "apache-2.0"),
        ("Apache License 2.0", "apache-2.0"),
        ("license:apache-2.0", "apache-2.0"),
        ("MIT License", "mit"),
        ("GPL-3.0-only", "gpl-3.0"),
        ("GPL-3.0-or-later", "gpl-3.0"),
        ("gpl-3.0+", "gpl-3.0"),
        ("GPLv3", "gpl-3.0"),
        ("openrail++", "openrail++"),
        ("CreativeML OpenRAIL M", "creativeml-openrail-m"),
        ("cc_by_nc_4.0", "cc-by-nc-4.0"),
        ("flux-1-dev-non-commercial-license", "flux-1-dev-non-commercial-license"),
    ],
)
def test_one_spelling(text: str, name: str) -> None:
    assert normalise_licence(text) == name


@pytest.mark.parametrize(
    ("licence", "verdict"),
    [
        ("apache-2.0", "allowed"),
        ("Apache License 2.0", "allowed"),
        ("openrail++", "allowed"),
        ("gpl-3.0", "not-allowed"),
        ("cc-by-nc-4.0", "denied"),
        ("MIT OR GPL-3.0", "allowed"),
        ("MIT AND GPL-3.0", "not-allowed"),
        ("MIT and cc-by-nc-4.0", "denied"),
        ("GPL-3.0 OR cc-by-nc-4.0", "not-allowed"),
        ("other", "unknown"),
        ("unknown", "unknown"),
        (None, "unknown"),
        ("", "unknown"),
        ("mit-something", "not-allowed"),
    ],
)
def test_lists(licence: str | None, verdict: str) -> None:
    allowed = ("Apache-2.0", "mit", "openrail*")
    assert judge_licence(licence, allowed, ("*-nc-*",)) == verdict


def test_without_an_allow_list_all_but_the_denied_will_do() -> None:
    assert judge_licence("gpl-3.0", (), ("*-nc-*",)) == "allowed"
    assert judge_licence(None, (), ("*-nc-*",)) == "allowed"
    assert judge_licence("cc-by-nc-sa-4.0", (), ("*-NC-*",)) == "denied"


def test_what_is_allowed_by_name_is_allowed_even_if_it_says_nothing() -> None:
    assert judge_licence("other", ("other",), ()) == "allowed"
