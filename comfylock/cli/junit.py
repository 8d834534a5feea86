"""`--format junit`: a test case for each thing, for CI systems.

Source: https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from comfylock.cli.text import safe

if TYPE_CHECKING:
    from comfylock.cli.sheet import Sheet
    from comfylock.findings import Finding
    from comfylock.verifying.findings import Item


def junit(sheet: Sheet) -> bytes:
    """Return the report as JUnit XML: what is minded failed, what is not proven was skipped."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in sheet.findings:
        found.setdefault((finding.about, finding.subject), []).append(finding)
    suites: dict[str, list[Element]] = {}
    for item in sheet.items:
        mine = found.pop((item.about, item.name), [])
        suites.setdefault(item.about, []).append(_case(sheet, item.about, item.name, mine, item))
    for (about, subject), mine in found.items():
        suites.setdefault(about, []).append(_case(sheet, about, subject, mine, None))
    if sheet.failures:
        suites["failures"] = [_failed(message) for message in sheet.failures]
    every = [case for cases in suites.values() for case in cases]
    root = Element("testsuites", {"name": f"comfylock {sheet.verb}", **_counts(every)})
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


def _case(
    sheet: Sheet, about: str, name: str, findings: list[Finding], item: Item | None
) -> Element:
    case = Element("testcase", classname=f"comfylock.{about}", name=safe(name))
    minded = [finding for finding in findings if sheet.is_minded(finding)]
    if minded:
        failure = SubElement(case, "failure", message=safe(minded[0].message), type=minded[0].kind)
        failure.text = "\n".join(_told(finding) for finding in minded)
    elif item is not None and item.status not in ("verified", "extra"):
        told = next((f.message for f in findings), item.error or "it could not be compared")
        SubElement(case, "skipped", message=safe(told))
    rest = [finding for finding in findings if finding not in minded]
    if rest:
        SubElement(case, "system-out").text = "\n".join(_told(finding) for finding in rest)
    return case


def _failed(message: str) -> Element:
    case = Element("testcase", classname="comfylock.failures", name=safe(message))
    SubElement(case, "error", message=safe(message), type="unreachable")
    return case


def _told(finding: Finding) -> str:
    facts = (
        ("place", finding.place),
        ("expected", finding.expected),
        ("actual", finding.actual),
        ("to mend", finding.mend),
    )
    lines = [f"{finding.severity}: {finding.message} [{finding.kind}]"]
    lines += [f"  {key}: {value}" for key, value in facts if value]
    return "\n".join(map(safe, lines))
