from __future__ import annotations

import pytest

from comfylock.config import Config, parse_config
from comfylock.errors import ConfigError
from comfylock.requirements import ImageRule, PythonRule

TARGET = "linux-x86_64-py3.12-cu128"


def config(text: str) -> Config:
    return parse_config(text.encode(), "comfylock.toml")


def faults(text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        config(text)
    return dict(caught.value.faults)


def python(text: str) -> str:
    return f'[python]\ntargets = ["{TARGET}"]\n{text}'


def test_nothing_is_locked_unasked() -> None:
    assert config("").python == Config().python == PythonRule()
    assert config("").images == ()


def test_everything_that_shapes_a_choice() -> None:
    rule = config(
        python(
            'allow-builds = ["Insight_Face"]\nindex = "https://i/simple"\n'
            'extra-indexes = ["https://b/s", "https://a/s"]\ntorch-index = "https://t/x"\n'
            'torch = ["torchvision", "torch"]\n'
            '[python.constraints]\nNumPy = "<2,>=1.26"\ntorch = "2.8.0"\n'
            '[python.overrides]\n"x.y" = "== 1.0"'
        )
    ).python
    assert rule == PythonRule(
        targets=(TARGET,),
        constraints=("numpy<2,>=1.26", "torch==2.8.0"),
        overrides=("x-y==1.0",),
        builds=("insight-face",),
        index="https://i/simple",
        extra_indexes=("https://b/s", "https://a/s"),
        torch_index="https://t/x",
        torch=("torch", "torchvision"),
    )


def test_an_unknown_target_lists_the_known_ones() -> None:
    told = faults('[python]\ntargets = ["linux-x86_64-py3.12-cu999", "plan9-py3.12-cpu", "x"]')
    assert "`cu128`, `cu129`" in told["python.targets[0]"]
    assert "`linux-x86_64`" in told["python.targets[1]"]
    assert "`macos-arm64`" in told["python.targets[2]"]
    assert "`cu128`" in told["python.targets[2]"]
    assert (
        "there is no torch"
        in faults('[python]\ntargets = ["macos-arm64-py3.12-cu128"]')["python.targets[0]"]
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[python]", "python.targets"),
        (python('zzz = "x"'), "python.zzz"),
        (python('[python.constraints]\nnumpy = "newest"'), 'python.constraints."numpy"'),
        (python('[python.constraints]\nnumpy = "@ https://x/y"'), 'python.constraints."numpy"'),
        (python('[python.constraints]\nnumpy = ""'), 'python.constraints."numpy"'),
        (python('[python.constraints]\na_b = "1"\na-b = "2"'), 'python.constraints."a-b"'),
        (python('[python.overrides]\ntorch = "2.8.0"'), 'python.overrides."torch"'),
        (
            python('[python.overrides]\nnvidia-nccl-cu12 = "2"'),
            'python.overrides."nvidia-nccl-cu12"',
        ),
        (python('allow-builds = ["a b"]'), "python.allow-builds[0]"),
        (python('index = "http://plain/simple"'), "python.index"),
        (python('extra-indexes = ["https://ok/x", "https://u:p@h/x"]'), "python.extra-indexes[1]"),
        (python('torch = ["numpy"]'), "python.torch[0]"),
    ],
)
def test_faults_have_their_place(text: str, place: str) -> None:
    assert list(faults(text)) == [place]


def test_plain_http_is_for_hosts_that_somebody_configured() -> None:
    text = python('index = "http://mirror:8080/simple"\n[trust]\nallow-hosts = ["mirror:8080"]')
    assert config(text).python.index == "http://mirror:8080/simple"


def test_too_many_targets() -> None:
    names = [
        f'"linux-x86_64-py3.{minor}-{a}"'
        for minor in (10, 11, 12)
        for a in ("cpu", "cu118", "cu121", "cu124", "cu126", "cu128")
    ]
    assert list(faults(f"[python]\ntargets = [{', '.join(names)}]")) == ["python.targets"]


def test_images() -> None:
    both = 'platforms = ["linux/ARM64", "linux/amd64"]'
    text = f'[images]\nrunpod = {{ reference = "runpod/base:1", {both} }}\ncpu = "debian"'
    assert config(text).images == (
        ImageRule("cpu", "debian"),
        ImageRule("runpod", "runpod/base:1", ("linux/amd64", "linux/arm64")),
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = 1", 'images."a"'),
        ('A = "debian"', 'images."A"'),
        ('a = "https://host/x"', 'images."a".reference'),
        ('a = "UPPER/case"', 'images."a".reference'),
        ("a = {}", 'images."a".reference'),
        ('a = { reference = "debian", platforms = ["linux"] }', 'images."a".platforms[0]'),
        ('a = { reference = "debian", tag = "x" }', 'images."a".tag'),
    ],
)
def test_faulty_images(text: str, place: str) -> None:
    assert list(faults(f"[images]\n{text}")) == [place]


def test_requirements_that_a_pack_asks_for_in_vain() -> None:
    rules = config(
        '[packs]\na = { ignore-requirements = ["torch", "numpy==1", "torch"] }'
    ).pack_rules
    assert rules["a"].ignored == ("numpy==1", "torch")
