from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comfylock.analysis.analyzer import Analyzer, Settings
from comfylock.analysis.summary import MAX_FINDINGS, SAMPLE, Summary
from comfylock.links import ALLOWED_HOSTS
from comfylock.model import Problem, Source, WorkflowReport
from tests.builders import SHA, Json, api, made_up_registry, node, read_one, stamped, ui

if TYPE_CHECKING:
    from pathlib import Path

HUB = "https://huggingface.co/org/repo/resolve/main/x.safetensors"


@pytest.fixture
def analyze(tmp_path: Path) -> Any:
    registry = made_up_registry(tmp_path)

    def run(document: Json, path: str = "a.json", **settings: Any) -> WorkflowReport:
        return Analyzer(registry, Settings(**settings)).report(read_one(document), path)

    return run


def loader(name: str = "x.safetensors", /, **stamp: Any) -> Json:
    entry = {"name": name, "url": HUB, "directory": "checkpoints", **stamp}
    return node(1, "CheckpointLoaderSimple", name, properties={"models": [entry]})


# class types


def test_company_decides_inside_one_workflow(analyze: Any) -> None:
    uses = analyze(ui(node(1, "Shared"), node(2, "AlphaNode"))).class_types
    assert [(use.class_type, use.pack, use.evidence) for use in uses] == [
        ("AlphaNode", "alpha", "registry"),
        ("Shared", "alpha", "company"),
    ]


def test_stamps_of_one_class_are_added_up_in_any_order(analyze: Any) -> None:
    nodes = [
        stamped(1, "AlphaNode", cnr_id="alpha", ver="1.10.0"),
        stamped(2, "AlphaNode", cnr_id="alpha", ver="1.9.0"),
        stamped(3, "AlphaNode", aux_id="SetNode", ver=" "),
        node(4, "AlphaNode", mode=2),
    ]
    first, second = analyze(ui(*nodes)), analyze(ui(*reversed(nodes)))
    assert first.class_types == second.class_types
    (use,) = first.class_types
    assert (use.count, use.inactive, use.evidence) == (3, 1, "cnr_id")
    assert use.versions == ("1.9.0", "1.10.0")
    assert use.conflicts == ("`aux_id` 'SetNode' is no owner/repo, ignored",)


def test_the_minimum_comes_from_nodes_that_run(analyze: Any) -> None:
    assert analyze(ui(node(1, "KSampler"), node(2, "NewSampler"))).minimum == "0.3.64"
    assert analyze(ui(node(1, "KSampler"), node(2, "NewSampler", mode=4))).minimum == "0.1.0"
    assert analyze(ui(node(1, "BetaNode"))).minimum is None


def test_inactive_parts_can_be_left_out(analyze: Any) -> None:
    document = ui(
        node(1, "AlphaNode", mode=2),
        node(2, "LoadImage", "a.png", mode=2),
        node(3, "LoraLoader", "x.safetensors", mode=4),
    )
    with_them, without = analyze(document), analyze(document, include_inactive=False)
    assert len(with_them.class_types) == 3
    assert [asset.inactive for asset in with_them.assets] == [True]
    assert (without.class_types, without.assets, without.models) == ((), (), ())


def test_assets_come_once_and_active_if_any_is(analyze: Any) -> None:
    document = ui(node(1, "LoadImage", "a.png", mode=2), node(2, "LoadImage", "a.png"))
    assert [(a.name, a.inactive) for a in analyze(document).assets] == [("a.png", False)]


# where models come from


def sources(report: WorkflowReport) -> list[tuple[str, str]]:
    return [(source.origin, source.url) for model in report.models for source in model.sources]


def test_the_nodes_own_word(analyze: Any) -> None:
    report = analyze(ui(loader(hash=SHA, hash_type="SHA256")))
    assert report.models[0].sources == (Source(HUB, "node", SHA),)
    assert report.models[0].folder == "checkpoints"


def test_the_order_of_sources(analyze: Any) -> None:
    other = {"name": "known.safetensors", "directory": "checkpoints"}
    document = ui(
        loader("known.safetensors", url=f"{HUB}1"),
        node(2, "Note", f"{HUB.replace('x.', 'known.')}"),
        models=[{**other, "url": f"{HUB}2"}],
    )
    own = {"checkpoints/known.safetensors": Source(f"{HUB}0", "config")}
    assert [origin for origin, _ in sources(analyze(document, models=own))] == [
        "config",
        "node",
        "workflow",
        "note",
    ]


def test_the_registry_knows_a_link_a_note_and_a_digest(analyze: Any) -> None:
    report = analyze(api(("CheckpointLoaderSimple", {"ckpt_name": "sub\\known.safetensors"})))
    (model,) = report.models
    assert (model.name, model.folder) == ("sub/known.safetensors", "checkpoints")
    assert [(source.origin, source.sha256) for source in model.sources] == [("registry", SHA)]


def test_the_folder_tells_two_published_files_apart(analyze: Any) -> None:
    document = api(("LoraLoader", {"lora_name": "twice.safetensors"}))
    assert [url for _, url in sources(analyze(document))] == [
        "https://huggingface.co/b/two/resolve/main/twice.safetensors"
    ]


def test_without_a_folder_both_are_told_and_none_is_guessed(analyze: Any) -> None:
    report = analyze(api(("Stranger", {"file": "twice.safetensors"})))
    assert len(sources(report)) == 2
    assert report.models[0].folder is None


def test_a_name_no_entry_fits(analyze: Any) -> None:
    report = analyze(ui(loader("y.safetensors", name="x.safetensors")))
    assert sources(report) == []


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://huggingface.co/x.safetensors", "huggingface.co"),
        ("https://huggingface.co/a/../x.safetensors", "huggingface.co"),
        ("https://me:hunter2@huggingface.co/x.safetensors", "huggingface.co"),
        ("https://me:hunter2@evil.example/x.safetensors", "evil.example"),
        ("file:///etc/passwd", "file:"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("http://\x1b[2J/x", "\ufffd[2J"),
    ],
)
def test_links_that_are_no_addresses_are_refused_and_told(
    analyze: Any, url: str, place: str
) -> None:
    report = analyze(ui(loader(url=url)))
    assert sources(report) == []
    message = f"links to a model at `{place}` by no plain https address"
    assert report.problems == (Problem("", message),)


def test_links_of_strangers_are_refused_and_told(analyze: Any) -> None:
    report = analyze(ui(loader(url="https://evil.example/x.safetensors")))
    assert sources(report) == []
    message = "links to models on `evil.example`, which is not an allowed host"
    assert report.problems == (Problem("", message),)


def test_hosts_that_the_project_allows(analyze: Any) -> None:
    hosts = frozenset({"evil.example"})
    url = "https://evil.example/x.safetensors"
    assert sources(analyze(ui(loader(url=url)), allowed_hosts=hosts)) == [("node", url)]


@pytest.mark.parametrize("count", [1, 40])
def test_plain_http_and_loopback_on_hosts_that_a_person_added(analyze: Any, count: int) -> None:
    url = "http://127.0.0.1:8080/x.safetensors"
    more = [node(9 + n, "LoraLoader", f"{n}.safetensors") for n in range(count)]
    stamped, noted = ui(loader(url=url), *more), ui(loader(), node(2, "Note", f"at {url}"), *more)
    for document, origin in ((stamped, "node"), (noted, "note")):
        assert (origin, url) not in sources(analyze(document))
        report = analyze(document, allowed_hosts=ALLOWED_HOSTS | {"127.0.0.1:8080"})
        assert (origin, url) in sources(report)
        assert report.problems == ()
        elsewhere = analyze(document, allowed_hosts=ALLOWED_HOSTS | {"127.0.0.1"})
        assert (origin, url) not in sources(elsewhere)


@pytest.mark.parametrize("directory", ["../../etc", "/", "", "..", "a b"])
def test_no_directory_leaves_the_models_folder(analyze: Any, directory: str) -> None:
    entry = {"name": "x.safetensors", "url": HUB, "directory": directory}
    report = analyze(ui(node(1, "Stranger", "x.safetensors", properties={"models": [entry]})))
    assert report.models[0].folder is None


# many workflows


def summary(analyze: Any, tmp_path: Path, *documents: Json, **options: Any) -> Summary:
    total = Summary(made_up_registry(tmp_path), **options)
    for number, document in enumerate(documents):
        total.add(analyze(document, f"{number}.json"))
    return total


def test_what_workflows_say_about_one_model_is_added_up(analyze: Any, tmp_path: Path) -> None:
    documents = [
        ui(loader(url=f"{HUB}?b=1", hash=SHA)),
        api(("CheckpointLoaderSimple", {"ckpt_name": "x.safetensors"})),
        ui({**loader(url=f"{HUB}?a=1"), "mode": 2}),
        ui(loader(url=f"{HUB}?b=1")),
    ]
    forth = summary(analyze, tmp_path, *documents).report().models
    back = summary(analyze, tmp_path, *reversed(documents)).report().models
    assert len(forth) == 1
    assert forth[0].sources == back[0].sources
    assert forth[0].sources == (
        Source(f"{HUB}?a=1", "node"),
        Source(f"{HUB}?b=1", "node", SHA),
    )
    assert (forth[0].inactive, forth[0].workflow_count) == (False, 4)


def test_packs_know_how_they_are_called(analyze: Any, tmp_path: Path) -> None:
    document = ui(
        stamped(1, "One", cnr_id="alpha", ver="1.0"),
        stamped(2, "Two", cnr_id="New-Id"),
        stamped(3, "Three", aux_id="New/Repo", ver="abcdef1"),
        node(4, "Mine"),
    )
    config = {"Mine": "https://gitlab.com/x/y"}
    report = Summary(made_up_registry(tmp_path))
    report.add(analyze(document, class_types=config))
    assert [(p.name, p.registry_id, p.repository) for p in report.report().packs] == [
        ("alpha", "alpha", "https://github.com/ann/Alpha"),
        ("https://gitlab.com/x/y", None, None),
        ("new-id", "new-id", None),
        ("new/repo", None, "https://github.com/new/repo"),
    ]


def test_a_long_run_keeps_counts_and_a_few_names(analyze: Any, tmp_path: Path) -> None:
    documents = [ui(node(1, "AlphaNode"), None)] * (MAX_FINDINGS + 5)
    report = summary(analyze, tmp_path, *documents, with_workflows=False).report()
    assert report.workflows == ()
    assert len(report.findings) == MAX_FINDINGS
    assert report.totals.problems == MAX_FINDINGS + 5
    (entry,) = report.class_types
    assert len(entry.workflows) == SAMPLE
    assert entry.workflow_count == entry.count == MAX_FINDINGS + 5


def test_complete_is_said_only_of_what_is(analyze: Any, tmp_path: Path) -> None:
    def complete(*nodes: Any) -> bool:
        return summary(analyze, tmp_path, ui(*nodes)).report().is_complete

    assert complete(node(1, "KSampler"), node(2, "AlphaNode"))
    assert not complete(node(1, "KSampler"), None)
    assert not complete(node(1, "Shared"))
    assert not complete(node(1, "Nobody Knows", mode=4))
    broken = summary(analyze, tmp_path, ui(node(1, "KSampler")))
    broken.add_problem(Problem("x.json", "is damaged"))
    assert not broken.report().is_complete
