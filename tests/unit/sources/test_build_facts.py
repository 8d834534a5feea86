"""Which programs does a pack start, and what asks for a GPU as soon as it is imported?"""

from __future__ import annotations

import pytest

from comfylock.sources.build_facts import MAX_USES, BuildFacts, build_facts


def gpu(source: str) -> tuple[str, ...]:
    return build_facts({"__init__.py": source.encode()}).needs_gpu


def programs(source: str, name: str = "__init__.py") -> tuple[str, ...]:
    return build_facts({"__init__.py": b"", name: source.encode()}).programs


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import torch\nX = torch.cuda.current_device()", "2 torch.cuda.current_device()"),
        ("if True:\n  name = torch.cuda.get_device_name(0)", "2 torch.cuda.get_device_name()"),
        ("class A:\n  free = torch.cuda.mem_get_info()[0]", "2 torch.cuda.mem_get_info()"),
        ("def f(d=torch.cuda.current_device()): ...", "1 torch.cuda.current_device()"),
        ("@g(torch.cuda.Stream())\ndef f(): ...", "1 torch.cuda.Stream()"),
        ("from torch import cuda\ncuda.init()", "2 cuda.init()"),
        ("model = Model().cuda()", "1 .cuda()"),
        ("x = torch.zeros(1).to('cuda:0')", '1 .to("cuda")'),
        ("x = torch.zeros(1, device='cuda')", '1 torch.zeros(device="cuda")'),
        ("import pynvml\npynvml.nvmlInit()", "2 pynvml.nvmlInit()"),
        ("import flash_attn", "1 import flash_attn"),
        ("from mamba_ssm.ops import x", "1 import mamba_ssm.ops"),
        ("with torch.cuda.Stream() as s:\n  pass", "1 torch.cuda.Stream()"),
    ],
)
def test_what_runs_at_once_and_needs_a_gpu(source: str, told: str) -> None:
    assert gpu(source) == (f"__init__.py:{told}",)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n  torch.cuda.current_device()\n  x.cuda()",
        "class A:\n  def f(self):\n    return x.to('cuda')",
        "f = lambda: torch.cuda.current_device()",
        "if torch.cuda.is_available():\n  n = torch.cuda.get_device_name()",
        "n = torch.cuda.get_device_name() if torch.cuda.is_available() else ''",
        "n = torch.cuda.is_available() and torch.cuda.get_device_name()",
        "if USE_CUDA:\n  torch.cuda.init()",
        "try:\n  import flash_attn\nexcept ImportError:\n  flash_attn = None",
        "try:\n  torch.cuda.init()\nexcept Exception:\n  pass",
        "if __name__ == '__main__':\n  torch.cuda.init()",
        "device = torch.device('cuda')",
        "x = torch.zeros(1).to('cpu')",
        "from .flash_attn import x",
        "torch.cuda.empty_cache()",
    ],
)
def test_what_needs_none_yet(source: str) -> None:
    assert gpu(source) == ()


def test_only_what_is_imported_with_the_pack_counts() -> None:
    use = b"torch.cuda.init()"
    files = {
        "__init__.py": b"from .a import x\nfrom . import b\nimport d\n",
        "a.py": b"from .sub.inner import y\n",
        "b/__init__.py": use,
        "c.py": use,
        "d.py": use,
        "sub/inner.py": b"from ..e import z\n",
        "e.py": b"x = 1\n" + use,
        "tests/test_a.py": use,
    }
    assert build_facts(files).needs_gpu == (
        "b/__init__.py:1 torch.cuda.init()",
        "d.py:1 torch.cuda.init()",
        "e.py:2 torch.cuda.init()",
    )
    files["__init__.py"] = b"import importlib\n"
    assert "c.py:1 torch.cuda.init()" in build_facts(files).needs_gpu
    assert not any("tests/" in use for use in build_facts(files).needs_gpu)


def test_imports_in_a_circle_and_out_of_the_pack_end() -> None:
    files = {"__init__.py": b"from .a import *\nfrom ....x import y", "a.py": b"from . import b"}
    assert build_facts(files) == BuildFacts()


@pytest.mark.parametrize(
    ("source", "program"),
    [
        ("subprocess.run(['ffmpeg', '-i', x])", "ffmpeg"),
        ("subprocess.check_output(('ffprobe',))", "ffprobe"),
        ("def f():\n  subprocess.Popen('/usr/bin/git pull', shell=True)", "git"),
        ("os.system(f'convert {a} {b}')", "convert"),
        ("os.system('sox ' + x)", "sox"),
        ("shutil.which('tesseract')", "tesseract"),
        ("which('ffmpeg.exe')", "ffmpeg"),
    ],
)
def test_programs_that_are_started_or_looked_for(source: str, program: str) -> None:
    assert programs(source) == (program,)


@pytest.mark.parametrize(
    "source",
    [
        "print('ffmpeg')",
        "run(['some-own-thing'])",
        "run([])",
        "run()",
        "run('')",
        "run(x)",
        "run([x, 'ffmpeg'])",
        "# subprocess.run(['ffmpeg'])",
    ],
)
def test_what_starts_no_known_program(source: str) -> None:
    assert programs(source) == ()


def test_what_a_pack_does_not_import_starts_nothing() -> None:
    assert programs("subprocess.run(['ffmpeg'])", "tools/convert.py") == ()


def test_a_pack_without_a_start_says_nothing() -> None:
    assert build_facts({"a.py": b"torch.cuda.init()"}) == BuildFacts()


def test_broken_and_hostile_files_cost_nothing_else() -> None:
    deep = "x = " + "-" * 5000 + "torch.cuda.init()"
    assert gpu(deep) == ()
    assert gpu("def broken(:\ntorch.cuda.init()") == ("__init__.py:2 torch.cuda.init()",)
    many = "\n".join("torch.cuda.init()" for _ in range(100))
    assert len(gpu(many)) == MAX_USES
    odd = {"__init__.py": b"import importlib", "a\n\x1b[31m.py": b"torch.cuda.init()"}
    assert all(use.isprintable() for use in build_facts(odd).needs_gpu)
