"""Whatever a requirements file holds: it is read, or it is a fault, and the next line counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comfylock.python.requirement_lines import read_pack
from comfylock.python.settings import PythonSettings
from comfylock.python.targets import target_of
from comfylock.resolve.python_union import PackageUnion, sift

TARGET = target_of("3.12", "linux-x86_64", "cu128")
PIECES = st.sampled_from(
    [
        *(
            "numpy",
            "torch",
            "a.b_c",
            "x[one,two]",
            "==",
            ">=",
            "~=",
            "<",
            "!=",
            "===",
            "1.2",
            "2.*",
        ),
        *(" ", " ; ", ";", ",", "#", " # ", "@ ", " @ ", "\\\n", "'", '"', "(", ")", "[", "]"),
        *("python_version", "sys_platform", "'3.9'", "'linux'", " and ", " or ", " in ", "extra"),
        *("git+", "https://", "http://", "file:", "user:pw@", "h.example", "/a/b.git", "@main"),
        *("-r ", "-c ", "-e ", "--index-url ", "--pre", "--hash=", "-", "../", "x.txt", "#egg=n"),
        *(
            "${X}",
            "%X%",
            "\ufeff",
            "\0",
            "\u2028",
            "é",
            "😀",
            "x.whl",
            "n-1-py3-none-any.whl",
            "=",
            "1",
        ),
    ]
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
LINES = st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=6).map("\n".join)


@given(
    st.one_of(
        st.binary(max_size=200), LINES.map(str.encode), LINES.map(lambda t: t.encode("utf-16"))
    )
)
def test_nothing_stops_the_reading(data: bytes) -> None:
    reading = read_pack("pack", {"requirements.txt": data, "pyproject.toml": data}.get)
    sifted = sift([reading], TARGET, PythonSettings())
    wanted = PackageUnion(TARGET, PythonSettings(), sifted.lines).wanted()
    texts = (*wanted.requirements, *wanted.constraints)
    assert all(text.isprintable() and not text.startswith("-") for text in texts)
    assert all(fault.line >= 0 and fault.message for fault in sifted.faults)


@given(LINES)
def test_a_bad_line_does_not_cost_the_next(text: str) -> None:
    closed = text.rstrip("\\")
    reading = read_pack("pack", {"requirements.txt": f"{closed}\n\nlast-one>=1\n".encode()}.get)
    assert reading.asked[-1].requirement == "last-one>=1"
