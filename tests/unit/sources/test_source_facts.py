"""What do a pack's own files say, wherever they come from?"""

from __future__ import annotations

import pytest

from comfylock.definitions import pack_files
from comfylock.definitions.pack_files import collect_files
from comfylock.python.requirement_lines import read_list, read_pack, without_place
from comfylock.sources.interface import SourceFacts
from comfylock.sources.pip_calls import calls_pip
from comfylock.sources.source_facts import facts_of, facts_of_file, wanted_files

NODE = b"class A:\n    pass\nNODE_CLASS_MAPPINGS = {'X': A}\nWEB_DIRECTORY = './web'\n"


def facts(files: dict[str, bytes], *, with_classes: bool = False) -> SourceFacts:
    return facts_of(files, files.get, with_classes=with_classes)


def requirements(data: bytes) -> tuple[str, ...]:
    """The lines of a file, each without its place."""
    return tuple(map(without_place, facts({"requirements.txt": data}).requirements))


# class types


def test_class_types_are_read_only_when_asked_for() -> None:
    files = {"__init__.py": NODE, "web/a.js": b"LiteGraph.registerNodeType('Label', L)"}
    assert facts(files).class_types is None
    assert facts(files, with_classes=True).class_types == ("Label", "X")


def test_only_the_wanted_files_are_read() -> None:
    names = ["__init__.py", "a/b.py", "a/b.png", "venv/c.py", "requirements.txt", "LICENSE"]
    asked: list[str] = []

    def read(name: str) -> bytes | None:
        asked.append(name)
        return b""

    for with_classes, wanted in (
        (False, ["__init__.py", "requirements.txt"]),
        (True, ["__init__.py", "a/b.py", "requirements.txt"]),
    ):
        asked.clear()
        assert wanted_files(names, with_classes=with_classes) == wanted
        facts_of(names, read, with_classes=with_classes)
        assert sorted(set(asked)) == wanted


def test_the_order_of_names_means_nothing() -> None:
    files = {"__init__.py": b"from .a import *", "a.py": NODE, "z/install.py": b"", "setup.py": b""}
    turned = dict(reversed(files.items()))
    assert facts(files, with_classes=True) == facts(turned, with_classes=True)


def test_a_file_that_cannot_be_given_is_a_problem_and_no_error() -> None:
    found = collect_files(["a.py", "b.py"], {"a.py": NODE}.get)
    assert list(found.python) == ["a.py"]
    assert [(p.path, p.message) for p in found.problems] == [("b.py", "was not read")]


def test_limits_hold_for_files_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_files, "PYTHON_SIZE", 3)
    monkeypatch.setattr(pack_files, "JAVASCRIPT_SIZE", 3)
    monkeypatch.setattr(pack_files, "FILE_LIMIT", 3)
    files = {"a.py": b"1234", "b.js": b"1234", "c.py": b"1", "d.py": b"1"}
    found = collect_files(files, files.get)
    assert (found.python, found.scripts, found.names) == (
        {"c.py": b"1"},
        {},
        ("a.py", "b.js", "c.py"),
    )
    assert [p.message for p in found.problems] == [
        "larger than 3 bytes; not read",
        "more than 3 files; the rest was not read",
    ]


def test_a_pack_of_one_file_starts_with_itself() -> None:
    found = facts_of_file("nodes.py", NODE + b"import os\nos.system('pip install x')")
    assert found == SourceFacts(runs_code=("nodes.py: pip",), class_types=("X",))
    assert facts_of_file("nodes.py", b"\0\xff") == SourceFacts(class_types=())


# what runs


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["install.py", "prestartup_script.py"], ("install.py", "prestartup_script.py")),
        (["scripts/install.py", "scripts/prestartup_script.py"], ()),
        (["setup.py", "a.py"], ()),
        (["setup.py", "src/kernel.cu"], ("setup.py",)),
        (["setup.py", "CMakeLists.txt"], ("setup.py",)),
        (["pyproject.toml", "crate/Cargo.toml"], ("pyproject.toml",)),
        (["src/kernel.cu", "sub/setup.py"], ()),
    ],
)
def test_files_that_run_are_named(names: list[str], expected: tuple[str, ...]) -> None:
    project = b'[build-system]\nrequires = ["maturin"]\n'
    files = {name: project if name == "pyproject.toml" else b"" for name in names}
    assert facts(files).runs_code == expected


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install'])",
        "import os\nos.system(f'{python} -m pip install -r {file}')",
        "import subprocess\ncmd = ['uv', 'pip', 'install', x]\nsubprocess.run(cmd, check=True)",
        "import subprocess\nsubprocess.Popen(args=('pip3', 'install'))",
        "from subprocess import run\ndef f():\n    run('pip install x', shell=True)",
        "import pip\npip.main(['install', 'x'])",
        "from pip._internal import main",
        "import os\nprint 'python two'\nos.system('pip install x')",
    ],
)
def test_a_start_that_calls_pip_is_named(source: str) -> None:
    assert facts({"__init__.py": source.encode()}).runs_code == ("__init__.py: pip",)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "import pipeline",
        "print('run: pip install x')",
        "import subprocess\nsubprocess.run(['git', 'pull'])  # not pip install",
        "import subprocess\nraise ImportError('pip install x')",
        "x: int\nsubprocess.run(['pip', 'list'])",
        "(lambda: pip)()()",
    ],
)
def test_a_start_that_only_speaks_of_pip_is_not(source: str) -> None:
    assert not calls_pip(source.encode())


def test_a_start_that_nobody_can_parse_is_not_an_error() -> None:
    assert not calls_pip(b"pip" + b"(" * 50_000)


# requirements


def test_requirements_lose_comments_and_blank_lines_and_keep_their_order() -> None:
    data = b"# top\n\nzeta>=1 # why\r\nalpha\n  beta ; python_version < '3.12'\n-r more.txt\nx#y\n"
    assert requirements(data) == (
        "zeta>=1",
        "alpha",
        "beta ; python_version < '3.12'",
        "-r more.txt",
        "x#y",
    )


def test_lines_that_go_on_are_joined() -> None:
    assert requirements(b"a \\\n  --hash=sha256:00 \\\n  --hash=sha256:11\nb\\") == (
        "a   --hash=sha256:00   --hash=sha256:11",
        "b",
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "utf-16-le", "utf-16-be"]
)
def test_any_encoding_is_read(encoding: str) -> None:
    text = "numpy # für alle\ntorch\n"
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    assert requirements(mark + text.encode(encoding)) == ("numpy", "torch")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"git+https://planted-token@github.com/a/b.git@v1", "git+https://github.com/a/b.git@v1"),
        (b"--extra-index-url https://u:planted@example.com/x", None),
        (b"git+ssh://git@github.com/a/b.git", "git+ssh://git@github.com/a/b.git"),
    ],
)
def test_requirements_hold_no_secret(line: bytes, expected: str | None) -> None:
    found = requirements(line)[0]
    assert "planted" not in found
    assert found == (expected or "--extra-index-url https://example.com/x")


def test_hostile_requirements_are_kept_harmless() -> None:
    odd, fine, long = facts({"requirements.txt": b"a\x00b\nok\n" + b"x" * 3000}).requirements
    assert odd == "a\ufffdb # requirements.txt:1"
    assert fine == "ok # requirements.txt:2"
    assert long == "x" * 199 + "… # requirements.txt:3"
    assert len(requirements(b"x\n" * 5000)) == 2000


def test_what_a_file_takes_in_stands_in_its_place() -> None:
    files = {
        "requirements.txt": b"a\n-r deps/more.txt\n-r ../../etc/passwd\n-r gone.txt\nz\n",
        "deps/more.txt": b"b\n-c limits.txt\n-r ../requirements.txt\n",
        "deps/limits.txt": b"numpy<2\n",
    }
    assert facts(files).requirements == (
        "a # requirements.txt:1",
        "b # deps/more.txt:1",
        "numpy<2 # deps/limits.txt:1 constraint",
        "-r ../../etc/passwd # requirements.txt:3",
        "-r gone.txt # requirements.txt:4",
        "z # requirements.txt:5",
    )


def test_a_lock_reads_its_lines_as_the_pack_reads_its_files() -> None:
    files = {
        "requirements.txt": b"a[x]>=1 ; python_version < '4'\n-r more.txt\n-c limits.txt\n??\n"
        b"--pre\ngit+https://github.com/a/b\n./local\n-r gone.txt\n" + b"x" * 3000,
        "more.txt": b"\xef\xbb\xbfb==1.0 --hash=sha256:00\n",
        "limits.txt": b"numpy<2\n",
    }
    lines = facts(files).requirements
    direct, locked = read_pack("p", files.get), read_list("p", lines)
    assert locked.asked == direct.asked
    assert locked.options == direct.options
    assert [(f.file, f.line) for f in locked.faults] == [(f.file, f.line) for f in direct.faults]


def test_a_project_file_that_cannot_be_read_is_told_from_a_lock_too() -> None:
    lines = facts({"pyproject.toml": b"["}).requirements
    assert [(f.file, f.line, f.message) for f in read_list("p", lines).faults] == [
        ("pyproject.toml", 0, "is not TOML")
    ]


def test_a_project_file_answers_where_there_are_no_requirements() -> None:
    project = b'[project]\ndependencies = ["b>=1", 3, "a"]\n'
    assert facts({"pyproject.toml": project}).requirements == (
        "b>=1 # pyproject.toml:1",
        "entry 2 of `project.dependencies` is not a text # pyproject.toml:0",
        "a # pyproject.toml:3",
    )
    assert facts({"pyproject.toml": project, "requirements.txt": b""}).requirements == ()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"[", "is not TOML"),
        (b"\xff", "is not TOML"),
        (b"project = 1", None),
        (b"[project]\ndependencies = 'x'", "`project.dependencies` is not a list"),
        (b"a=" + b"[" * 9999, "is not TOML"),
    ],
)
def test_a_broken_project_file_asks_for_nothing_and_is_told(data: bytes, told: str | None) -> None:
    lines = (f"{told} # pyproject.toml:0",) if told else ()
    assert facts({"pyproject.toml": data}) == SourceFacts(requirements=lines)
