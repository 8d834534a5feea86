from __future__ import annotations

import json
from typing import Any

import pytest

from comfylock.errors import WorkflowError
from comfylock.model import Problem
from comfylock.workflow.detect import MAX_DEPTH, MAX_WORKFLOWS, may_hold_workflow, read_value
from tests.builders import TABLES, Json, api, classes, encoded, node, read, read_one, ui, ui_1

UI = ui(node(1, "FromEditor"))
API = api(("FromServer", {}))


def dumps(value: Any, times: int = 1) -> str:
    for _ in range(times):
        value = json.dumps(value)
    return str(value)


UI_WRAPPERS: dict[str, Any] = {
    "bare": UI,
    "schema 1": ui_1(node(1, "FromEditor")),
    "only nodes with editor marks": {"nodes": [node(1, "FromEditor")]},
    "{workflow}": {"workflow": UI},
    "{workflow} as text": {"workflow": dumps(UI)},
    "text twice": {"workflow": dumps(UI, 2)},
    "text three times": {"workflow": dumps(UI, 3)},
    "the whole file a text": dumps(UI),
    "prompt and workflow": {"prompt": API, "workflow": UI},
    "both as text": {"prompt": dumps(API), "workflow": dumps(UI)},
    "POST /prompt": {
        "prompt": API,
        "client_id": "x",
        "extra_data": {"extra_pnginfo": {"workflow": UI}},
    },
    "queue tuple": [3, "id", API, {"extra_pnginfo": {"workflow": UI}}, ["9"]],
    "history entry": {"id": {"prompt": [3, "id", API, {"extra_pnginfo": {"workflow": UI}}, []]}},
    "extra_pnginfo": {"extra_pnginfo": {"workflow": UI}},
}

API_WRAPPERS: dict[str, Any] = {
    "bare": API,
    "{prompt}": {"prompt": API},
    "{prompt} as text": {"prompt": dumps(API)},
    "text three times": {"prompt": dumps(API, 3)},
    "{input: {workflow}}": {"input": {"workflow": API}},
    "{input: {workflow, images}}": {"input": {"workflow": API, "images": [{"name": "a.png"}]}},
    "{workflow}": {"workflow": API},
    "{output}": {"output": API},
    "queue tuple": [0, "prompt-id", API, {}, ["9"]],
    "a short tuple": [0, "prompt-id", API],
    "history entry": {"some-id": {"prompt": [0, "some-id", API, {}, ["9"]], "outputs": {}}},
    "queue": {"queue_running": [[0, "x", API, {}, []]], "queue_pending": []},
    "subgraph ids": {"12:34": API["1"]},
    "with a stranger beside": {**API, "extra": {"version": 1}},
}


@pytest.mark.parametrize("name", UI_WRAPPERS)
def test_ui_workflows_are_found_in(name: str) -> None:
    reading = read_one(UI_WRAPPERS[name])
    assert reading.format.startswith("ui-")
    assert classes(reading) == {"FromEditor": (1, 0)}


@pytest.mark.parametrize("name", API_WRAPPERS)
def test_api_workflows_are_found_in(name: str) -> None:
    reading = read_one(API_WRAPPERS[name])
    assert reading.format == "api"
    assert classes(reading) == {"FromServer": (1, 0)}


def test_formats_are_told_by_version() -> None:
    assert read_one(ui(node(1, "A"))).format == "ui-0.4"
    assert read_one(ui(node(1, "A"), version=1)).format == "ui-1.0"
    assert read_one(ui(node(1, "A"), version="1")).format == "ui-0.4"
    assert read_one(ui(node(1, "A"), version=None)).format == "ui-0.4"


def test_a_bundle_of_templates_gives_each_with_its_place() -> None:
    readings = read({"templates": [{"name": "a", "data": UI}, {"name": "b", "data": API}]})
    assert [reading.fragment for reading in readings] == ["templates[0].data", "templates[1].data"]
    assert [reading.format for reading in readings] == ["ui-0.4", "api"]


def test_a_history_of_several_gives_each_with_its_place() -> None:
    readings = read({name: {"prompt": [0, name, API]} for name in ("one", "two")})
    assert [reading.fragment for reading in readings] == ["one.prompt.prompt", "two.prompt.prompt"]


def test_a_list_of_workflows() -> None:
    assert [reading.fragment for reading in read([UI, UI])] == ["[0]", "[1]"]


NOT_WORKFLOWS: dict[str, Any] = {
    "null": None,
    "a text": "hello",
    "a number": 3,
    "an empty list": [],
    "an empty object": {},
    "package.json": {"name": "x", "version": "1.0.0", "dependencies": {"nodes": "^1"}},
    "n8n": {
        "name": "x",
        "nodes": [
            {
                "id": "a",
                "name": "Start",
                "type": "n8n-nodes-base.start",
                "typeVersion": 1,
                "position": [250, 300],
                "parameters": {},
            }
        ],
        "connections": {},
        "active": False,
    },
    "node-red": [{"id": "a1", "type": "tab", "label": "Flow"}, {"id": "b", "type": "inject"}],
    "d3": {"nodes": [{"id": "a", "group": 1}], "links": [{"source": "a", "target": "b"}]},
    "react flow": {"nodes": [{"id": "1", "type": "input", "position": {"x": 0, "y": 0}}]},
    "a cluster": {"state": "ready", "nodes": [{"type": "worker", "name": "n1"}]},
    "nodes without a list": {"nodes": {"a": 1}, "edges": []},
    "class_type as a number": {"1": {"class_type": 7}},
}


@pytest.mark.parametrize("name", NOT_WORKFLOWS)
def test_other_json_is_no_workflow(name: str) -> None:
    with pytest.raises(WorkflowError, match="is JSON, but holds no workflow in UI or API format"):
        read(NOT_WORKFLOWS[name])


def test_no_entry_is_searched_for_ever() -> None:
    deep: Any = UI
    for _ in range(MAX_DEPTH + 2):
        deep = {"a": deep}
    with pytest.raises(WorkflowError):
        read(deep)


def test_texts_in_texts_end_somewhere() -> None:
    with pytest.raises(WorkflowError):
        read({"workflow": dumps(UI, 9)})


def test_more_workflows_than_a_history_holds_are_cut_and_that_is_said() -> None:
    whole = read_value([API] * MAX_WORKFLOWS, TABLES)
    assert (len(whole), whole[-1].unread, whole[-1].problems) == (MAX_WORKFLOWS, 0, [])
    cut = read_value([API] * (MAX_WORKFLOWS + 1), TABLES)
    told = Problem("", "holds more than 10,000 workflows; the rest was not read")
    assert (len(cut), cut[-1].unread, cut[-1].problems) == (MAX_WORKFLOWS, 1, [told])


def test_a_text_that_is_no_json_is_passed_over() -> None:
    broken = dumps(UI)[:-5]
    reading = read_one({"workflow": broken, "prompt": API})
    assert reading.format == "api"


def test_a_remark_about_the_encoding_stays_with_the_workflow() -> None:
    data = json.dumps(ui(node(1, "Größe")), ensure_ascii=False).encode("latin-1")
    reading = read_one(data)
    assert classes(reading) == {"Größe": (1, 0)}
    assert "read as Latin-1" in reading.problems[0].message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_workflows_in_every_unicode_encoding(encoding: str) -> None:
    text = json.dumps(UI)
    assert classes(read_one(text.encode(encoding))) == {"FromEditor": (1, 0)}
    assert may_hold_workflow(text.encode(encoding))


@pytest.mark.parametrize(
    "document", [*UI_WRAPPERS.values(), *API_WRAPPERS.values()], ids=lambda _: ""
)
def test_the_cheap_look_never_misses_one(document: Any) -> None:
    assert may_hold_workflow(encoded(document))


def test_the_cheap_look_sees_escaped_keys() -> None:
    data = encoded(UI).replace(b'"nodes"', b'"\\u006eodes"').replace(b'"n', b'"\\u006e')
    assert may_hold_workflow(data)
    assert not may_hold_workflow(b'{"name": "x", "version": 3}')


def test_a_prompt_that_speaks_of_nodes_is_read_as_what_it_is() -> None:
    document: Json = api(("CLIPTextEncode", {"text": 'a graph with "nodes" in it'}))
    assert classes(read_one(document)) == {"CLIPTextEncode": (1, 0)}
