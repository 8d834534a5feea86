"""`comfylock verify --format junit`: a test case for each thing, for CI systems.

Source: https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from comfylock.cli.text import safe

if TYPE_CHECKING:
    from comfylock.ops.verify_request import VerifyOutcome
    from comfylock.verifying.findings import Finding, Item


def verify_junit(outcome: VerifyOutcome) -> bytes:
    """Return the report as JUnit XML: what differs failed, what could not be proven was skipped."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in outcome.findings:
        found.setdefault((finding.about, finding.subject), []).append(finding)
    suites: dict[str, list[Element]] = {}
    for item in outcome.items:
        mine = found.pop((item.about, item.name), [])
        suites.setdefault(item.about, []).append(_case(item.about, item.name, mine, item))
    for (about, subject), mine in found.items():
        suites.setdefault(about, []).append(_case(about, subject, mine, None))
    if outcome.unreachable:
        suites["services"] = [_away(message) for message, _ in outcome.unreachable]
    every = [case for cases in suites.values() for case in cases]
    root = Element("testsuites", {"name": "comfylock verify", **_counts(every)})
    for name, cases in suites.items():
        suite = SubElement(root, "testsuite", {"name": name, **_counts(cases)})
        suite.extend(cases)
    indent(root)
    text: bytes = tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text + b"\n"


def _counts(cases: list[Element]) -> dict[str, str]:
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counted = {
        name: sum(case.find(tag) is not None for case in cases) for name, tag in kinds.items()
    }
    return {"tests": str(len(cases)), **{name: str(count) for name, count in counted.items()}}


def _case(about: str, name: str, findings: list[Finding], item: Item | None) -> Element:
    case = Element("testcase", classname=f"comfylock.{about}", name=safe(name))
    grave = [finding for finding in findings if finding.severity == "error"]
    if grave:
        failure = SubElement(case, "failure", message=safe(grave[0].message), type=grave[0].kind)
        failure.text = "\n".join(_told(finding) for finding in grave)
    elif item is not None and item.status == "unproven":
        told = next((f.message for f in findings), "its bytes could not be compared")
        SubElement(case, "skipped", message=safe(told))
    rest = [finding for finding in findings if finding.severity != "error"]
    if rest:
        SubElement(case, "system-out").text = "\n".join(_told(finding) for finding in rest)
    return case


def _away(message: str) -> Element:
    case = Element("testcase", classname="comfylock.services", name=safe(message))
    SubElement(case, "error", message=safe(message), type="unreachable")
    return case


def _told(finding: Finding) -> str:
    lines = [f"{finding.severity}: {finding.message} [{finding.kind}]"]
    lines += [f"  {key}: {value}" for key, value in _facts(finding) if value]
    return "\n".join(map(safe, lines))


def _facts(finding: Finding) -> list[tuple[str, str | None]]:
    return [
        ("place", finding.place),
        ("expected", finding.expected),
        ("actual", finding.actual),
        ("to mend", finding.mend),
    ]
