from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfylock.python.one_line import LineError, read_requirement


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("numpy", "numpy"),
        ("Numpy >= 1.20 , < 2", "numpy<2,>=1.20"),
        ("opencv_python.headless==4.9.0.80", "opencv-python-headless==4.9.0.80"),
        ("huggingface_hub[hf_xet,cli]>0.20", "huggingface-hub[cli,hf-xet]>0.20"),
        ("torch>=2.0.*", "torch>=2.0"),
        ("scipy<2.*", "scipy<2"),
        ("numpy>=1.20<2", "numpy<2,>=1.20"),
        ("numpy>=1.20 <2", "numpy<2,>=1.20"),
        ("numpy==1.26.*", "numpy==1.26.*"),
        ("einops;", "einops"),
        ("einops,", "einops"),
        ("'einops'", "einops"),
        ('"einops>=0.6"', "einops>=0.6"),
        ("triton; sys_platform == 'linux'", 'triton ; sys_platform == "linux"'),
        ("foo>=1;python_version<'3.9'", 'foo>=1 ; python_version < "3.9"'),
        ("numpy==1.0 --hash=sha256:abcdef", "numpy==1.0"),
        ("numpy (>=1.0)", "numpy>=1.0"),
    ],
)
def test_what_people_write_is_understood(text: str, requirement: str) -> None:
    assert read_requirement(text).requirement == requirement


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        (
            "git+https://github.com/facebookresearch/sam2",
            "git+https://github.com/facebookresearch/sam2",
        ),
        (
            "git+https://github.com/openai/CLIP.git#egg=clip",
            "clip @ git+https://github.com/openai/CLIP.git",
        ),
        (
            "x @ git+https://github.com/a/b@v1#subdirectory=python",
            "x @ git+https://github.com/a/b@v1#subdirectory=python",
        ),
        ("git@github.com:a/b.git", "git+ssh://git@github.com/a/b.git"),
        (
            "pkg[one] @ https://h.example/pkg-1-py3-none-any.whl",
            "pkg[one] @ https://h.example/pkg-1-py3-none-any.whl",
        ),
        (
            "https://h.example/My_Pkg-1.0-py3-none-any.whl ; sys_platform == 'win32'",
            'my-pkg @ https://h.example/My_Pkg-1.0-py3-none-any.whl ; sys_platform == "win32"',
        ),
        ("https://h.example/odd-name.whl", "odd @ https://h.example/odd-name.whl"),
        ("https://h.example/a/1.tar.gz", "https://h.example/a/1.tar.gz"),
        ("git+https://h.example/a/b#egg=c[d]", "c[d] @ git+https://h.example/a/b"),
    ],
)
def test_addresses_are_understood(text: str, requirement: str) -> None:
    assert read_requirement(text).requirement == requirement


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("numpy=1.2", "conda's way of writing; write `numpy==1.2`"),
        ("python=3.10=h123", "conda's way"),
        ("pip install numpy", "is a command"),
        ("python -m pip install numpy", "is a command"),
        ("./wheels/x.whl", "is a path"),
        ("x-1.0-py3-none-any.whl", "is a path"),
        ("C:\\x\\y.whl", "is a path"),
        ("foo @ ./x", "is a path"),
        ("foo @ file:///x/y.whl", "is a file of the author's machine"),
        ("file:///x", "is a file"),
        ("svn+ssh://h.example/a", "not an address that packages are fetched from"),
        ("git+https://${TOKEN}@github.com/a/b", "needs an environment variable"),
        ("numpy two", "not a requirement that anybody could read"),
        ("numpy>=a.b", "not a requirement that anybody could read"),
        ("<<<<<<< HEAD", "not a requirement that anybody could read"),
        ("x\0y", "holds characters"),
        ("https://h.example/x.whl --extra-index-url https://h.example", "is not an address"),
        ("https://[h.example/x.whl", "is not an address"),
        ("x[ @ https://h.example/x.zip", "not a requirement"),
        ("x @ https://h.example/x.zip ; what", "not a requirement"),
    ],
)
def test_what_cannot_be_locked_says_why(text: str, told: str) -> None:
    with pytest.raises(LineError) as raised:
        read_requirement(text)
    assert told in str(raised.value)


def test_no_secret_of_an_address_is_kept() -> None:
    asked = read_requirement("git+https://someone:s3cretpass@github.com/a/b@main")
    assert "s3cretpass" not in asked.requirement + asked.text
    assert asked.url == "git+https://github.com/a/b@main"
    with pytest.raises(LineError) as raised:
        read_requirement("x y https://someone:s3cretpass@github.com/a/b")
    assert "s3cretpass" not in str(raised.value)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        asked = read_requirement(text)
    except LineError:
        return
    assert asked.name or asked.url
    assert read_requirement(asked.requirement).requirement == asked.requirement


@pytest.mark.parametrize(
    "text",
    ["a; " + "(" * 950 + "python_version>'3'" + ")" * 950, "a" + "[" * 1900, "a>=1," * 390 + "!"],
)
def test_hostile_lines_are_one_short_sentence(text: str) -> None:
    with pytest.raises(LineError) as caught:
        read_requirement(text)
    assert len(str(caught.value)) < 400
