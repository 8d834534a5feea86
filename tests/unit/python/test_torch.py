from __future__ import annotations

import pytest

from comfylock.python.requirement_lines import read_list
from comfylock.python.torch import is_protected, protect, unmet


def protected(*lines: str) -> tuple[list[str], list[str], list[tuple[int, str]]]:
    reading = read_list("pack", lines)
    assert reading.faults == ()
    result = protect(reading.asked, reading.options)
    return (
        [asked.requirement for asked in result.asked],
        [asked.name for asked in result.taken],
        [(attempt.line, attempt.message) for attempt in result.attempts],
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("torch==2.1.0", "would fix `torch`, which follows the target"),
        ("torch===2.1.0+cu118", "would fix `torch`, which follows the target"),
        ("torchvision==0.16.*", "would fix `torchvision`, which follows the target"),
        ("nvidia-cudnn-cu12==9.1.0.70", "would fix `nvidia-cudnn-cu12`, which follows the target"),
        ("triton==3.0", "would fix `triton`, which follows the target"),
        ("torch @ git+https://github.com/pytorch/pytorch", "would take `torch` from an address"),
        ("git+https://github.com/pytorch/vision.git@main", "would take `torchvision` from"),
        ("https://h.example/whl/torch-2.1.0-cp311-cp311-linux_x86_64.whl", "would take `torch`"),
        ("https://h.example/torchaudio-2.1.0.tar.gz", "would take `torchaudio` from an address"),
        ("--index-url https://h.example/whl/cu118", "would take packages from elsewhere"),
        ("--extra-index-url https://h.example/whl", "would take packages from elsewhere"),
        ("--pre", "would allow pre-releases of every package"),
        ("--no-deps", "would change how every package is installed"),
    ],
)
def test_no_line_moves_the_trio_and_each_try_is_reported(line: str, message: str) -> None:
    asked, _, attempts = protected(line, "numpy<2")
    assert asked == ["numpy<2"]
    assert [(number, text.startswith(message)) for number, text in attempts] == [(1, True)]


@pytest.mark.parametrize("line", ["torch", "torch>=2.0", "torchaudio", "nvidia-cublas-cu12"])
def test_a_line_that_leaves_the_choice_is_no_attempt(line: str) -> None:
    asked, taken, attempts = protected(line)
    assert (asked, attempts) == ([], [])
    assert taken == [line.partition(">")[0]]


@pytest.mark.parametrize(
    "line",
    [
        "torchsde",
        "torchmetrics==1.0",
        "nvidia-ml-py",
        "pytorch-lightning",
        "git+https://github.com/pytorch/ao",
        "https://h.example/torchsde-1.0-py3-none-any.whl",
        "https://h.example/x/archive/main.zip",
    ],
)
def test_neighbours_are_not_protected(line: str) -> None:
    asked, taken, attempts = protected(line)
    assert (len(asked), taken, attempts) == (1, [], [])


def test_ranges_are_judged_once_the_trio_is_chosen() -> None:
    lines = ["torch>=2.4", "torch<2.2", "torch==2.1", "triton>=3", "torchvision"]
    taken = protect(read_list("pack", lines).asked, ()).taken
    versions = {"torch": "2.8.0+cu128", "torchvision": "0.23.0+cu128"}
    assert [(attempt.line, attempt.message) for attempt in unmet(taken, versions)] == [
        (2, "asks for `torch<2.2`; the target has 2.8.0+cu128"),
        (4, "asks for `triton`, which torch does not bring on this target"),
    ]


def test_names_that_torch_brings_are_protected() -> None:
    brought = ("torch", "triton", "pytorch-triton-rocm", "nvidia-nccl-cu13", "cuda-toolkit")
    assert all(map(is_protected, brought))
    assert not any(map(is_protected, ("numpy", "nvidia-ml-py", "torchsde")))
