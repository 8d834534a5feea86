"""The forms that a report of findings can have, for the options of verbs."""

FORMS = ("sarif", "junit", "markdown")
"""Beside text and JSON."""

FORM_HELP = "for people, code scanning, CI, or a comment"
