from __future__ import annotations

import pytest

from comfylock.python.targets import parse_target
from comfylock.verifying.upstream_python import locked_files, package_checked

LINUX = parse_target("linux-x86_64-py3.12-cu128")
WINDOWS = parse_target("windows-x86_64-py3.11-cpu")
BASE = "https://files.example.org/"
NAMES = (
    "numpy-2.1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "numpy-2.1.0-cp312-cp312-manylinux_2_17_aarch64.whl",
    "numpy-2.1.0-cp311-cp311-win_amd64.whl",
    "numpy-2.1.0-cp39-abi3-macosx_11_0_arm64.whl",
)


def pylock(*names: str, size: int = 10) -> bytes:
    wheels = "".join(
        f'    {{ url = "{BASE}{name}", size = {size}, hashes = {{ sha256 = "{"ab" * 32}" }} }},\n'
        for name in names
    )
    text = 'lock-version = "1.0"\n[[packages]]\nname = "NumPy"\nversion = "2.1.0"\nwheels = [\n'
    return f"{text}{wheels}]\n".encode()


class Host:
    """Answers by file name."""

    def __init__(self, **answers: tuple[int, int | None]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def head(self, url: str) -> tuple[int, int | None]:
        self.asked.append(url)
        return self.answers.get("every", (200, 10))


@pytest.mark.parametrize(("target", "number"), [(LINUX, 0), (WINDOWS, 2)])
def test_only_the_files_of_a_target_are_asked_for(target: object, number: int) -> None:
    assert isinstance(target, type(LINUX))
    host = Host()
    (package,) = locked_files(pylock(*NAMES), target)
    checked = package_checked(package, host)
    assert checked.findings == ()
    assert [item.status for item in checked.items] == ["unproven"]  # as long: not the same bytes
    assert host.asked == [BASE + NAMES[number]]


def test_all_files_where_none_fits() -> None:
    (package,) = locked_files(pylock(NAMES[3]), LINUX)
    assert [file.name for file in package.files] == [NAMES[3]]
    assert (package.name, package.version) == ("numpy", "2.1.0")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((404, None), "upstream-gone"),
        ((410, None), "upstream-gone"),
        ((403, None), "upstream-refused"),
        ((200, 11), "upstream-digest"),
    ],
)
def test_what_is_not_as_it_was(answer: tuple[int, int | None], kind: str) -> None:
    (package,) = locked_files(pylock(NAMES[0]), LINUX)
    checked = package_checked(package, Host(every=answer))
    assert [(f.kind, f.about, f.subject) for f in checked.findings] == [(kind, "python", "numpy")]
    assert checked.items[0].status == "differs"


@pytest.mark.parametrize(
    ("answer", "kinds"), [((200, None), []), ((405, None), ["upstream-unproven"])]
)
def test_a_host_that_says_little_proves_little(
    answer: tuple[int, int | None], kinds: list[str]
) -> None:
    (package,) = locked_files(pylock(NAMES[0]), LINUX)
    checked = package_checked(package, Host(every=answer))
    assert [found.kind for found in checked.findings] == kinds
    assert checked.items[0].status == "unproven"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[[packages",
        b"packages = 3",
        b"packages = [1, {}]",
        b'[[packages]]\nname = "a"\nwheels = 3\narchive = { url = 3 }\n',
        b'[[packages]]\nname = "a"\nwheels = [{ url = "file:///etc/passwd" }]\n',
    ],
)
def test_what_cannot_be_understood_is_left_out(data: bytes) -> None:
    assert [package for package in locked_files(data, LINUX) if package.files] == []
