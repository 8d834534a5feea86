"""Text of several lines in a bash script, behind an end that it cannot hold."""

from __future__ import annotations

import hashlib

from comfylock.emit.quoting import Quoted, refuse_odd


class BashText(Quoted):
    """Lines between `<<'END'` and `END`, or the end: nothing in them is expanded."""

    __slots__ = ()


def bash_text(text: str) -> BashText:
    """Return a text as a here-document's lines.

    Raises:
        EmitError: a line holds control characters.
    """
    return BashText("\n".join(refuse_odd(line, "a script") for line in text.split("\n")))


def heredoc_end(text: str) -> BashText:
    """Return the line that ends a text; it follows from all of it, so it does not hold it."""
    end = f"END_{hashlib.sha256(text.encode()).hexdigest()[:20]}"
    return BashText(f"{end}_" if end in text else end)
