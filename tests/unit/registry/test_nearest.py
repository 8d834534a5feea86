from __future__ import annotations

from comfylock.model import ClassEntry, Report
from comfylock.registry.nearest import MAX_ANSWERED, MAX_LENGTH, nearest, with_nearest
from comfylock.registry.store import Registry

NAMES = ["KSampler", "KSamplerAdvanced", "KSampler (Efficient)", "LoadImage", "LoadImages"]


def test_the_closest_comes_first() -> None:
    assert nearest("LoadImagse", NAMES) == ("LoadImage", "LoadImages")
    assert nearest("ksampler", NAMES) == ("KSampler",)


def test_blanks_around_a_name_do_not_count() -> None:
    assert nearest(" KSampler\n", ["KSampler", "VAEDecode"]) == ("KSampler",)


def test_far_names_are_no_advice() -> None:
    assert nearest("Picture", NAMES) == ()
    assert nearest("", NAMES) == ()
    assert nearest("LoadImage", []) == ()


def test_the_order_of_names_is_irrelevant() -> None:
    names = [f"Load{letter}mage" for letter in "ABCDEFGHIJ"]
    found = nearest("LoadXmage", names, 5)
    assert len(found) == 5
    assert nearest("LoadXmage", names[::-1], 5) == found
    assert nearest("LoadXmage", names * 3, 5) == found


def test_long_names_have_none() -> None:
    name = "x" * MAX_LENGTH
    assert nearest(name, [name]) == (name,)
    assert nearest(f"{name}x", [f"{name}x"]) == ()


def test_unknown_class_types_of_a_report_get_advice() -> None:
    unknown = ClassEntry("KSamplre", "unknown", None, "")
    known = ClassEntry("Other", "ambiguous", None, "", candidates=("a", "b"))
    report = with_nearest(Report(class_types=(unknown, known)), Registry())
    assert "KSampler" in report.class_types[0].candidates
    assert report.class_types[1] == known


def test_a_report_without_questions_stays_as_it_is() -> None:
    report = Report(class_types=(ClassEntry("Other", "core", "comfy-core", "core"),))
    assert with_nearest(report, Registry()) is report


def test_advice_is_limited() -> None:
    entries = tuple(ClassEntry("KSamplre", "unknown", None, "") for _ in range(3))
    many = tuple(ClassEntry(f"KSample{at}", "unknown", None, "") for at in range(MAX_ANSWERED + 9))
    report = with_nearest(Report(class_types=(*many, *entries)), Registry())
    advised = [entry for entry in report.class_types if entry.candidates]
    assert len(advised) == MAX_ANSWERED
