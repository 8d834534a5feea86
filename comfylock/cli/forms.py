"""The forms that a report of findings can have beside text and JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comfylock.cli.sheet import Sheet

FORMS = ("sarif", "junit", "markdown")
FORM_HELP = "for people, code scanning, CI, or a comment"


def print_sheet(sheet: Sheet, form: str) -> None:
    """Write a report in one of FORMS to standard output."""
    if form == "sarif":
        from comfylock.cli.sarif import sarif  # noqa: PLC0415 - one form of three

        sys.stdout.buffer.write(sarif(sheet))
    elif form == "junit":
        from comfylock.cli.junit import junit  # noqa: PLC0415 - as above

        sys.stdout.buffer.write(junit(sheet))
    else:
        from comfylock.cli.findings_markdown import findings_markdown  # noqa: PLC0415 - as above

        # By its bytes: a console that has no signs for severities would refuse the text.
        sys.stdout.buffer.write(findings_markdown(sheet).encode("utf-8", "replace"))
