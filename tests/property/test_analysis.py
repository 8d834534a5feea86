"""Whatever is done to a workflow: no surprise, honest counts, and nothing that is not in it."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from comfylock.errors import WorkflowError
from comfylock.model import Report
from comfylock.names import normalise_model_path
from comfylock.ops.analyze import analyze
from comfylock.registry.store import Registry, shared_registry
from comfylock.workflow.models import names_in_prompt
from comfylock.workflow.read import read_bytes
from tests.builders import (
    INNER,
    OUTER,
    REGISTRY,
    TABLES,
    api,
    encoded,
    link,
    node,
    stamped,
    subgraph,
    ui,
    ui_1,
    widget,
    with_groups,
    with_subgraphs,
    write_layer,
)

URL = "https://huggingface.co/a/b/resolve/main/base.safetensors"
STAMPS = [{"name": "base.safetensors", "url": URL, "directory": "checkpoints"}]
LOADER = node(
    1,
    "CheckpointLoaderSimple",
    "base.safetensors",
    inputs=[widget("ckpt_name", 7)],
    properties={"cnr_id": "comfy-core", "ver": "0.3.1", "models": STAMPS},
)

WORKFLOWS: list[Any] = [
    ui(
        LOADER,
        node(2, "PrimitiveNode", "sub\\live.safetensors", "fixed"),
        node(3, "Reroute", inputs=[{"name": "", "link": 8}]),
        node(4, "KSampler", 5, "randomize", 20, "euler", mode=4),
        stamped(5, "AlphaNode", cnr_id="alpha", ver="1.0.0"),
        node(6, "CLIPTextEncode", "a cat, embedding:bad:1.2 <lora:detail:0.5>"),
        node(7, "Note", f"from {URL}"),
        node(8, "Power Lora Loader (rgthree)", {"on": False, "lora": "off.safetensors"}, None),
        node(9, "VHS_LoadVideo", widgets_values={"video": "clip.mp4", "format": None}),
        links=[link(7, 3), link(8, 2)],
    ),
    ui_1(LOADER, node(2, "Shared"), node(3, "LoadImage", "cat.png", "image"), links=[]),
    with_subgraphs(
        ui(
            node(1, OUTER, "other.safetensors", properties={"proxyWidgets": [["4", "ckpt_name"]]}),
            node(2, OUTER, mode=2),
        ),
        subgraph(OUTER, {**LOADER, "id": 4}, node(5, INNER)),
        subgraph(INNER, node(6, "BetaNode"), node(7, OUTER)),
    ),
    with_groups(ui(node(1, "workflow>g")), g=[LOADER, {"type": "GammaNode"}]),
    api(
        ("CheckpointLoaderSimple", {"ckpt_name": "base.safetensors"}),
        ("KSampler", {"model": ["1", 0], "seed": 5}),
        ("Power Lora Loader (rgthree)", {"lora_1": {"on": True, "lora": "x.safetensors"}}),
        ("LoadImage", {"image": "cat.png"}),
    ),
]
WORKFLOWS += [
    {"prompt": WORKFLOWS[-1], "extra_data": {"extra_pnginfo": {"workflow": WORKFLOWS[0]}}},
    {"input": {"workflow": WORKFLOWS[-1]}},
    {"id": {"prompt": [0, "id", WORKFLOWS[-1], {}, []]}},
]

EXAMPLES = Path(__file__).parents[2] / "examples" / "workflows"
WORKFLOWS += [json.loads(path.read_text("utf-8")) for path in sorted(EXAMPLES.glob("*.json"))]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -1, 2, 4, 1e308, 0.5]),
    st.text(max_size=8),
    st.sampled_from(
        ["", " ", "workflow>g", OUTER, "x.safetensors", "KSampler", "\x1b[31m", "\ud83d\ude00"]
    ),
    st.just([]),
    st.just({}),
    st.just([[1, 2, 3, 4, 5, "*"]]),
    st.just({"nodes": [{"type": "A"}]}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [path]
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A workflow after some accidents."""
    document = copy.deepcopy(draw(st.sampled_from(WORKFLOWS)))
    for _ in range(draw(st.integers(0, 5))):
        path = draw(st.sampled_from(places(document)))
        if not path:
            continue
        parent, last = at(document, path[:-1]), path[-1]
        accident = draw(st.sampled_from(["drop", "retype", "nest", "double", "swap", "rename"]))
        if accident == "drop":
            del parent[last]
        elif accident == "retype":
            parent[last] = copy.deepcopy(draw(ODD))
        elif accident == "nest":
            parent[last] = draw(st.sampled_from([[parent[last]], {"a": parent[last]}]))
        elif accident == "double" and isinstance(parent, list):
            parent.insert(last, copy.deepcopy(parent[last]))
        elif accident == "swap":
            other = draw(st.sampled_from(places(document)))
            parent[last] = copy.deepcopy(at(document, other))
        elif accident == "rename" and isinstance(parent, dict):
            parent[draw(st.text(max_size=4))] = parent.pop(last)
    return document


@st.composite
def mutated_bytes(draw: st.DrawFn) -> bytes:
    """A workflow file after some more accidents."""
    text = json.dumps(draw(mutated()), ensure_ascii=draw(st.booleans()))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"]))
    data = text.encode(encoding, errors="replace")
    accident = draw(st.sampled_from(["none", "cut", "flip", "insert", "nan", "again"]))
    place = draw(st.integers(0, max(len(data) - 1, 0)))
    if accident == "cut":
        return data[:place]
    if accident == "flip":
        return data[:place] + bytes([draw(st.integers(0, 255))]) + data[place + 1 :]
    if accident == "insert":
        return data[:place] + draw(st.binary(max_size=6)) + data[place:]
    if accident == "nan":
        return data.replace(b"null", b"NaN")
    return data * 2 if accident == "again" else data


@cache
def registry_folder() -> tempfile.TemporaryDirectory[str]:
    """Where the made-up registry lies until this process ends."""
    made = tempfile.TemporaryDirectory(prefix="comfylock-test-")
    write_layer(Path(made.name), **REGISTRY)
    return made


def registry() -> Registry:
    """The made-up registry, written once for each process."""
    return shared_registry((registry_folder().name,))


def texts(value: Any) -> set[str]:
    """Every text of a JSON value, and of JSON inside its texts."""
    found: set[str] = set()
    if isinstance(value, str):
        found.add(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            found |= {key} | texts(item)
    elif isinstance(value, list):
        for item in value:
            found |= texts(item)
    return found


def said(document: Any) -> set[str]:
    """Names that a document can be said to name."""
    found = texts(document)
    for written in list(found):
        # Two halves of one character, escaped one by one, are that character.
        text = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        found.add(text)
        found |= {name for _, name in names_in_prompt(text)}
        found.add(normalise_model_path(text))
        found.add(text.strip())
    return found


def node_count(value: Any) -> int:
    """Objects and other things in lists named `nodes`, and API nodes: what can be read at most."""
    count = 0
    if isinstance(value, dict):
        count += isinstance(value.get("class_type"), str)
        count += len(value["nodes"]) if isinstance(value.get("nodes"), list) else 0
        count += sum(map(node_count, value.values()))
    elif isinstance(value, list):
        count += sum(map(node_count, value))
    return count


def encode(report: Report) -> bytes:
    return msgspec.json.encode(report)


@given(mutated())
def test_reports_hold_only_what_the_document_says(document: Any) -> None:
    report = analyze(encoded(document), registry=registry())
    names = said(document)
    assert {entry.class_type for entry in report.class_types} <= names
    assert {model.name for model in report.models} <= names
    assert {name.partition(" [")[0] for name in report.totals.assets} <= {
        name.partition(" [")[0] for name in names
    }
    assert len(report.class_types) <= len(texts(document))


@given(mutated())
def test_counts_are_honest(document: Any) -> None:
    report = analyze(encoded(document), registry=registry())
    for workflow in report.workflows:
        uses = workflow.class_types
        assert 0 <= workflow.inactive <= workflow.nodes
        assert workflow.unread >= 0
        assert sum(use.count + use.inactive for use in uses) <= workflow.nodes
        assert workflow.nodes + workflow.unread <= node_count(document) + len(workflow.problems)
        assert workflow.unread == 0 or workflow.problems
    assert report.totals.nodes == sum(workflow.nodes for workflow in report.workflows)
    assert report.workflows or report.problems


@given(st.lists(st.sampled_from(["good", None, 3, "x", {}, {"type": 5}, {"type": ""}]), max_size=9))
def test_every_node_of_a_list_is_read_or_unread(kinds: list[Any]) -> None:
    nodes = [node(n, "KSampler") if kind == "good" else kind for n, kind in enumerate(kinds)]
    (workflow,) = analyze(encoded(ui(*nodes)), registry=registry()).workflows
    assert workflow.nodes == kinds.count("good")
    assert workflow.unread == len(kinds) - kinds.count("good")
    assert len(workflow.problems) >= max(workflow.unread, not kinds)


@given(mutated_bytes())
def test_no_bytes_end_in_an_exception(data: bytes) -> None:
    with contextlib.suppress(WorkflowError):
        assert read_bytes(data, "x.json", TABLES)
    report = analyze(data, registry=registry())
    assert bool(report.problems) != bool(report.workflows)
    assert all("\n" not in problem.message for problem in report.problems)


@given(mutated_bytes())
def test_reports_cross_borders_whole(data: bytes) -> None:
    report = analyze(data, registry=registry())
    assert msgspec.json.decode(encode(report), type=Report) == report
    assert json.loads(encode(report))["totals"]["nodes"] == report.totals.nodes


@given(mutated_bytes())
def test_bytes_and_files_say_the_same(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "<input 1>"
        path.write_bytes(data)
        from_file = encode(analyze(path, registry=registry()))
        shown = json.dumps(str(path)).strip('"').encode()
        assert from_file.replace(shown, b"<input 1>") == encode(analyze(data, registry=registry()))


@given(st.lists(mutated(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_workflows_does_not_matter(documents: list[Any], random: Any) -> None:
    shuffled = list(documents)
    random.shuffle(shuffled)

    def entries(inputs: list[Any]) -> Any:
        report = analyze([encoded(document) for document in inputs], registry=registry())
        everything = (report.class_types, report.packs, report.models)
        told = [
            msgspec.structs.replace(entry, workflows=()) for group in everything for entry in group
        ]
        return told, report.minimum, report.totals

    assert entries(documents) == entries(shuffled)


@given(st.lists(mutated_bytes(), min_size=1, max_size=4))
def test_an_executor_changes_nothing(items: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as executor:
        for number, data in enumerate(items):
            (Path(folder) / f"{number}.json").write_bytes(data)
        alone = analyze(folder, registry=registry())
        assert analyze(folder, registry=registry(), executor=executor) == alone


@given(mutated(), st.integers(0, 3))
def test_wrapping_changes_nothing(document: Any, times: int) -> None:
    plain = analyze(encoded(document), registry=registry())
    wrapped: Any = document
    for _ in range(times):
        wrapped = {"a": wrapped}
    if len(plain.workflows) == 1 and "a" not in (document if isinstance(document, dict) else {}):
        assert analyze(encoded(wrapped), registry=registry()).class_types == plain.class_types


@given(st.binary(max_size=300))
def test_any_bytes_at_all(data: bytes) -> None:
    analyze(data, registry=registry())
    analyze(b'{"last_node_id": 1, "nodes": [' + data, registry=registry())
    analyze(b'{"a": "' + base64.b64encode(data) + b'"}', registry=registry())
