from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from comfylock.cli.text import cells
from comfylock.names import COMFYUI

if TYPE_CHECKING:
    from tests.functional.shell import Shell

SHA = "ab" * 32
EVIL = "Zz\x1b]0;owned\x07\n\r\x9b2J\u202egnp.exe\u2066"


@pytest.fixture
def own(shell: Shell) -> Shell:
    """A project with a made-up layer."""
    shell.layer_file(
        "packs.json",
        {
            "zz-pens": {
                "id": "zz-pens",
                "repository": "https://github.com/ann/zz-pens",
                "stars": 1,
            },
            "ann/zz-ink": {"repository": "https://github.com/ann/zz-ink"},
        },
    )
    shell.layer_file("aliases.json", {"ann/zz-pens": "zz-pens", "zz-former": "zz-pens"})
    shell.layer_file(
        "class_types.json",
        {"ZzPen": ["zz-pens"], "ZzBoth": ["zz-pens", "ann/zz-ink"], "KSampler": ["zz-pens"]},
    )
    shell.layer_file("frontend_only.json", {"ZzNote": ["zz-pens", "ann/zz-ink"]})
    shell.layer_file("model_inputs.json", {"ZzPen": [["file", "loras", 0], ["other", None, None]]})
    shell.layer_file(
        "models.json",
        {
            "zz-a.safetensors": [
                {"url": "https://x.example/zz-a.safetensors", "folder": "vae", "sha256": SHA},
                {"url": "https://y.example/zz-a.safetensors"},
            ]
        },
    )
    return shell


def test_a_class_type(own: Shell) -> None:
    shown = own.registry("show", "ZzPen")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines() == [
        "ZzPen: class type",
        "  from zz-pens (listed)",
        "  file names a file of loras",
        "  other names a file of an unknown folder",
    ]


def test_a_class_type_of_several_packs(own: Shell) -> None:
    shown = own.registry("show", "ZzBoth")
    assert shown.out.splitlines() == ["ZzBoth: class type", "  ambiguous: zz-pens, ann/zz-ink"]
    told = own.registry("show", "ZzBoth", "--json").json()
    assert told["data"]["class_type"]["kind"] == "ambiguous"
    assert told["data"]["providers"] == ["zz-pens", "ann/zz-ink"]


def test_a_type_of_scripts(own: Shell) -> None:
    line = "  frontend-only (JavaScript), of zz-pens, ann/zz-ink"
    assert own.registry("show", "ZzNote").out.splitlines()[1] == line


def test_core_class_types(own: Shell) -> None:
    lines = own.registry("show", "KSampler").out.splitlines()
    assert lines[1].startswith("  ComfyUI's own")
    assert lines[2] == "  also claimed by zz-pens"


def test_comfyui_itself(own: Shell) -> None:
    shown = own.registry("show", COMFYUI)
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0] == "comfy-core: ComfyUI itself"
    assert "KSampler" in shown.out
    assert "zz-pens" not in shown.out


@pytest.mark.parametrize(
    "name",
    [
        "zz-pens",
        "ZZ-Pens",
        "zz-former",
        "Ann/ZZ-pens",
        "https://github.com/ann/zz-pens",
        "https://github.com/Ann/ZZ-Pens.git",
        "http://www.github.com/ann/zz-pens/tree/main/sub?x=1",
        "git@github.com:ann/zz-pens.git",
        "ssh://git@github.com/ann/zz-pens",
        "git+https://github.com/ann/zz-pens@v1",
    ],
)
def test_a_pack_by_any_of_its_names(own: Shell, name: str) -> None:
    shown = own.registry("show", name)
    assert shown.code == 0
    assert shown.out.splitlines() == [
        "zz-pens: node pack",
        "  registry id zz-pens",
        "  https://github.com/ann/zz-pens",
        "  1 star",
        "  3 class types",
        "    KSampler, ZzBoth, ZzPen",
        "  1 frontend-only type",
        "    ZzNote",
    ]


@pytest.mark.parametrize(
    "name", ["zz-a.safetensors", "sub/zz-a.safetensors", r"a\zz-a.safetensors"]
)
def test_a_model_file(own: Shell, name: str) -> None:
    assert own.registry("show", name).out.splitlines() == [
        f"{name}: model file",
        "  vae  https://x.example/zz-a.safetensors",
        f"    sha256 {SHA}",
        "  folder unknown  https://y.example/zz-a.safetensors",
    ]


def test_the_bundled_registry_knows_common_names(shell: Shell) -> None:
    for name in (
        "rgthree-comfy",
        "rgthree/rgthree-comfy",
        "https://github.com/rgthree/rgthree-comfy",
    ):
        assert shell.registry("show", name).out.startswith("rgthree-comfy: node pack\n")
    assert "from rgthree-comfy" in shell.registry("show", "Any Switch (rgthree)").out
    assert "https://huggingface.co/" in shell.registry("show", "ae.safetensors").out


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("ZqPne", ""),
        ("ksampler", "KSampler"),
        ("zz-a.safetensor", "zz-a.safetensors"),
        ("ann/zz-pen", "ann/zz-pens"),
    ],
)
def test_an_unknown_name(own: Shell, name: str, nearest: str) -> None:
    shown = own.registry("show", name)
    assert (shown.code, shown.err) == (1, "")
    lines = shown.out.splitlines()
    assert lines[0] == f"nothing is known under `{name}`"
    assert ("".join(lines[1:2]).startswith(f"nearest: {nearest}")) is bool(nearest)
    told = own.registry("show", name, "--json").json()
    assert (told["schema"], told["ok"]) == ("comfylock.registry.show", False)
    assert told["data"]["name"] == name


@pytest.mark.parametrize(
    "name", ["\udcff\udcfe", "\x00", "x" * 100_000, EVIL, "(" * 500, "://", "git@"]
)
def test_odd_names_are_unknown(own: Shell, name: str) -> None:
    for words in (("show", name), ("search", name)):
        shown = own.registry(*words)
        assert (shown.code, shown.err) == (1, "")
        assert not set(shown.out.rstrip("\n")) & set("\x00\x1b\x07\n\r\x9b\u202e\u2066\udcff")
        told = own.registry(*words, "--json")
        assert (told.code, told.json()["ok"]) == (1, False)


def test_hostile_facts_stay_text(shell: Shell) -> None:
    evil = {"id": EVIL, "repository": f"https://x.example/{EVIL}", "stars": 2}
    model = {"url": f"https://x.example/{EVIL}", "folder": EVIL, "sha256": EVIL}
    shell.layer_file("packs.json", {"zz-evil": evil, EVIL.lower(): evil})
    shell.layer_file("class_types.json", {EVIL: ["zz-evil", EVIL], "ZzOne": [EVIL]})
    shell.layer_file("frontend_only.json", {f"{EVIL}js": [EVIL, "b"]})
    shell.layer_file("model_inputs.json", {EVIL: [[EVIL, EVIL, 0]], "ZzOne": [[EVIL, None, 0]]})
    shell.layer_file("models.json", {EVIL: [model]})
    shell.layer_file("core.json", {"ZzCore": EVIL})
    names = ("zz-evil", EVIL, "ZzOne", f"{EVIL}js", "ZzCore", f"{EVIL[:-1]}x")
    for name in names:
        for columns in (40, 80):
            shown = shell.registry("show", name, columns=columns).out
            assert "\ufffd" in shown
            assert not set(shown) & set("\x1b\x07\r\x9b\u202e\u2066")
    found = shell.registry("search", "zz").out
    assert not set(found) & set("\x1b\x07\r\x9b\u202e\u2066")


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_lines_fit(own: Shell, columns: int) -> None:
    names = {f"Zz Long Name Of A Node {at} (with its pack)": ["zz-pens"] for at in range(50)}
    crowd = [f"some-owner-{at}/some-repository-{at}" for at in range(12)]
    own.layer_file("class_types.json", {**names, "ZzCrowd": crowd, "KSampler": crowd})
    own.layer_file("frontend_only.json", {"ZzNotes": crowd, "存储节点" * 9: ["zz-pens"]})
    for words in (("show", "zz-pens"), ("show", "ZzCrowd"), ("show", "ZzNotes"), ("search", "zz")):
        for line in own.registry(*words, columns=columns).out.splitlines():
            assert cells(line) <= columns or "https://" in line or " " not in line.strip(), line
    wide = own.registry("show", "KSampler", columns=80).out
    assert "  also claimed by some-owner-0/some-repository-0," in wide


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "`registry` needs a subcommand: show, search, add, update, build"),
        (("show",), "`registry show` needs one NAME"),
        (("show", ""), "`registry show` needs one NAME"),
        (("show", "a", "b"), "`registry show` needs one NAME"),
        (("search",), "`registry search` needs a TEXT"),
        (("search", " "), "`registry search` needs a TEXT"),
        (("search", "a", "--limit", "0"), "--limit must be at least 1"),
        (("search", "a", "--limit", "-3"), "--limit must be at least 1"),
        (("search", "a", "--limit", "many"), "argument --limit: invalid int value: 'many'"),
        (("shwo", "a"), "`registry` has no subcommand `shwo`"),
        (("\x1b[2J", "a"), "`registry` has no subcommand `\ufffd[2J`"),
        (("build", "a"), "`registry build` needs sources and a folder to write to"),
        (("build", "-o", "a"), "`registry build` needs sources and a folder to write to"),
        (("show", "a", "--limti", "3"), "there is no option `--limti`"),
    ],
)
def test_bad_usage(shell: Shell, words: tuple[str, ...], expected: str) -> None:
    failed = shell.registry(*words)
    assert (failed.code, failed.out) == (2, "")
    assert failed.err.splitlines()[0] == f"error: {expected}"
    assert failed.err.splitlines()[2].startswith("hint: ")
    told = json.loads(shell.registry(*words, "--json").out)
    assert (told["schema"], told["error"]["code"]) == ("comfylock.error", "usage")


def test_a_mistyped_subcommand_gets_advice(shell: Shell) -> None:
    assert "hint: did you mean `comfylock registry show`?" in shell.registry("shwo", "a").err


def test_search_finds_parts_of_names(own: Shell) -> None:
    found = own.registry("search", "zz")
    assert found.code == 0
    lines = found.out.splitlines()
    assert lines[0] == "Class types"
    assert "ZzPen, ZzBoth, ZzNote" in lines[1]
    assert "zz-a.safetensors" in found.out
    assert own.registry("search", "zZpE").out == "Class types\n  ZzPen\n"


def test_search_finds_packs_by_their_other_names(own: Shell) -> None:
    assert own.registry("search", "ann/zz").out == "Packs\n  ann/zz-ink, zz-pens\n"
    assert own.registry("search", "zz-former").out == "Packs\n  zz-pens\n"


def test_search_takes_several_words_in_any_order(own: Shell) -> None:
    own.layer_file("class_types.json", {"Zz Fine Pen": ["zz-pens"], "Zz Fine": ["zz-pens"]})
    for words in (("pen", "zz", "fine"), ("fine pen zz",)):
        assert own.registry("search", *words).out.splitlines()[:2] == [
            "Class types",
            "  Zz Fine Pen",
        ]


def test_search_holds_its_limit(shell: Shell) -> None:
    told = shell.registry("search", "a", "--limit", "3", "--json").json()["data"]
    kinds = ("class_types", "packs", "models")
    assert [len(told[kind]) for kind in kinds] == [3, 3, 3]
    assert told["total"] > 10_000
    text = shell.registry("search", "a", "--limit", "3").out
    assert text.splitlines()[-1] == f"and {told['total'] - 9:,} more (--limit)"
    every = shell.registry("search", "a", "--limit", "1000000", "--json").json()["data"]
    assert sum(len(every[kind]) for kind in kinds) == every["total"] == told["total"]


def test_search_without_a_find(own: Shell) -> None:
    found = own.registry("search", "zz-not-there")
    assert (found.code, found.out) == (1, "no name contains `zz-not-there`\n")
    told = own.registry("search", "zz-not-there", "--json").json()
    assert (told["schema"], told["ok"]) == ("comfylock.registry.search", False)
    assert told["data"]["total"] == 0


def test_colours_where_they_are_asked_for(own: Shell) -> None:
    shown = own.registry("show", "ZzPen", "--color", "always").out
    assert shown.startswith("\x1b[1mZzPen: class type\x1b[0m\n")
    assert "\x1b" not in own.registry("show", "ZzPen").out


def test_no_name_touches_the_disk(own: Shell) -> None:
    before = sorted(own.home.rglob("*"))
    for name in ("ZzPen", "../../etc/passwd", "/etc/passwd"):
        own.registry("show", name)
        own.registry("search", name)
    assert sorted(own.home.rglob("*")) == before
