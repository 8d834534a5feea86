from __future__ import annotations

import codecs

import pytest

from comfylock.python.asked import Fault, Reading
from comfylock.python.requirement_lines import MAX_INCLUDES, read_list, read_pack
from comfylock.python.requirement_text import MAX_FILE, MAX_LINE, MAX_LINES


def read(**files: str | bytes) -> Reading:
    """What a pack of these files asks for; `__` stands for a dot."""
    content = {
        name.replace("__", "."): text if isinstance(text, bytes) else text.encode()
        for name, text in files.items()
    }
    return read_pack("impact", content.get)


def told(reading: Reading) -> list[tuple[str, int, str]]:
    return [(fault.file, fault.line, fault.message) for fault in reading.faults]


def names(reading: Reading) -> list[str]:
    return [asked.requirement for asked in reading.asked]


TEXT = "# needs\nnumpy>=1.20   # not too old\n\neinops\nscipy \\\n  >=1.9\ntransformers\n"
EXPECTED = [("numpy>=1.20", 2), ("einops", 4), ("scipy>=1.9", 5), ("transformers", 7)]


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        TEXT.encode("utf-16-le"),
        TEXT.replace("old", "v\xe9tuste").encode("latin-1"),
        TEXT.replace("\n", "\r\n").encode(),
    ],
    ids=["utf-8", "mark", "utf-16", "big", "utf-32", "no mark", "latin", "windows"],
)
def test_every_encoding_means_the_same(data: bytes) -> None:
    reading = read(requirements__txt=data)
    assert [(asked.requirement, asked.line) for asked in reading.asked] == EXPECTED
    assert reading.faults == ()
    first = reading.asked[0]
    assert (first.pack, first.file, first.text) == ("impact", "requirements.txt", "numpy>=1.20")
    assert first.place == "impact: requirements.txt:2"


def test_a_bad_line_costs_that_line_alone() -> None:
    reading = read(requirements__txt="numpy=1.2\neinops\n<<<<<<< HEAD\nscipy\n")
    assert names(reading) == ["einops", "scipy"]
    assert [(fault.pack, fault.file, fault.line) for fault in reading.faults] == [
        ("impact", "requirements.txt", 1),
        ("impact", "requirements.txt", 3),
    ]


def test_includes_are_followed_inside_the_pack() -> None:
    reading = read_pack(
        "impact",
        {
            "requirements.txt": b"-r more/base.txt\n-c limits.txt\neinops",
            "more/base.txt": b"scipy\n-r ../requirements.txt\n-r extra.txt\n",
            "more/extra.txt": b"rich",
            "limits.txt": b"numpy<2",
        }.get,
    )
    assert [(asked.file, asked.requirement, asked.is_constraint) for asked in reading.asked] == [
        ("more/base.txt", "scipy", False),
        ("more/extra.txt", "rich", False),
        ("limits.txt", "numpy<2", True),
        ("requirements.txt", "einops", False),
    ]
    assert reading.faults == ()


@pytest.mark.parametrize(
    "target", ["../other/x.txt", "/etc/passwd", "..\\x.txt", "https://h.example/r.txt", "C:/x", ""]
)
def test_nothing_outside_the_pack_is_read(target: str) -> None:
    asked_for = []

    def files(name: str) -> bytes | None:
        asked_for.append(name)
        return f"-r {target}\neinops".encode() if name == "requirements.txt" else None

    reading = read_pack("impact", files)
    assert asked_for == ["requirements.txt"]
    assert names(reading) == ["einops"]
    assert "outside the pack" in reading.faults[0].message


def test_an_include_that_is_missing_is_named() -> None:
    assert told(read(requirements__txt="-r gone.txt")) == [
        ("requirements.txt", 1, "`gone.txt` is not in the pack")
    ]


def test_a_chain_of_includes_ends() -> None:
    def files(name: str) -> bytes:
        return f"-r {name}x".encode()

    reading = read_pack("impact", files)
    assert len(reading.faults) == 1
    assert str(MAX_INCLUDES) in reading.faults[0].message


def test_options_are_kept_apart() -> None:
    reading = read(
        requirements__txt="--extra-index-url=https://u:s3cretpass@h.example/whl\n-i https://h.example/\n"
        "-f ./wheels\n--pre\n--no-deps\n-U\n--prefer-binary\n-e git+https://github.com/a/b#egg=b\n"
        "--what now\n-e .\n-ihttps://h.example/two\n"
    )
    assert [(option.name, option.line) for option in reading.options] == [
        ("--extra-index-url", 1),
        ("--index-url", 2),
        ("--find-links", 3),
        ("--pre", 4),
        ("--no-deps", 5),
        ("--index-url", 11),
    ]
    assert "s3cretpass" not in repr(reading)
    assert names(reading) == ["b @ git+https://github.com/a/b"]
    assert [fault.line for fault in reading.faults] == [9, 10]


def test_sizes_have_limits() -> None:
    assert told(read(requirements__txt=b"#" * (MAX_FILE + 1))) == [
        ("requirements.txt", 0, "is too large for a requirements file")
    ]
    long = read(requirements__txt=f"{'a' * (MAX_LINE + 1)}\neinops")
    assert names(long) == ["einops"]
    assert told(long) == [("requirements.txt", 1, "is too long for a requirement")]
    many = read(requirements__txt="einops\n" * (MAX_LINES + 5))
    assert len(many.asked) == MAX_LINES
    assert len(many.faults) == 1


def test_a_project_file_counts_where_there_is_no_requirements_file() -> None:
    project = '[project]\nname = "x"\ndependencies = ["numpy>=1", "a=1", 5]\n'
    reading = read(pyproject__toml=project)
    assert [(asked.file, asked.line, asked.name) for asked in reading.asked] == [
        ("pyproject.toml", 1, "numpy")
    ]
    assert [fault.line for fault in reading.faults] == [2, 0]
    assert reading.faults[1].message == "entry 3 of `project.dependencies` is not a text"
    assert read(requirements__txt="", pyproject__toml=project) == Reading()


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[project", [("pyproject.toml", 0, "is not TOML")]),
        (
            "[project]\ndependencies = 5",
            [("pyproject.toml", 0, "`project.dependencies` is not a list")],
        ),
        ("project = 5", []),
        ("[tool.x]", []),
    ],
)
def test_a_bad_project_file_is_a_fault(text: str, faults: list[tuple[str, int, str]]) -> None:
    assert told(read(pyproject__toml=text)) == faults


def test_a_pack_without_files_asks_for_nothing() -> None:
    assert read() == Reading()


def test_a_list_names_its_entries() -> None:
    reading = read_list("impact", ["numpy<2", "# nothing", "scipy  # why", "-r x.txt", "a=1"])
    assert [(asked.requirement, asked.file, asked.line) for asked in reading.asked] == [
        ("numpy<2", "registry", 1),
        ("scipy", "registry", 3),
    ]
    assert reading.faults[0] == Fault("impact", "registry", 4, "`x.txt` is not in the pack")
    assert reading.faults[1].line == 5


def test_a_continuation_at_the_end_of_a_file_is_read() -> None:
    assert names(read(requirements__txt="numpy \\")) == ["numpy"]
