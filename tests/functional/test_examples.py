"""What `analyze` says about each of the example workflows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import comfylock
from comfylock.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.model import ModelUse, Report, WorkflowReport

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "workflows"
SNAPSHOT = Path(__file__).parent / "snapshots" / "examples.txt"


class Needs(NamedTuple):
    """What one example needs; `-` marks a model that only inactive nodes name."""

    format: str
    nodes: int
    inactive: int = 0
    packs: str = ""
    models: str = ""
    assets: str = ""
    minimum: str | None = None
    unsettled: str = ""


EXPECTED = {
    "audio_ace.json": Needs(
        "ui-0.4",
        11,
        packs="comfyui-gguf",
        models="checkpoints/ace_step_v1_3.5b.safetensors "
        "diffusion_models/ace_step_v1_folk-Q6_K.gguf",
        assets="fiddle_take_2.wav",
        minimum="0.3.61",
    ),
    "batch_upscale.py": Needs(
        "source",
        5,
        packs="comfyui-kjnodes",
        models="upscale_models/4x_NMKD-Siax_200k.pth upscale_models/RealESRGAN_x4plus_anime_6B.pth",
    ),
    "history_entry.json": Needs(
        "ui-0.4", 5, models="upscale_models/RealESRGAN_x4.pth", assets="street.jpg"
    ),
    "inpaint_api.json": Needs(
        "api",
        15,
        packs="comfyui-inpaint-cropandstitch comfyui-inpaint-nodes",
        models="diffusion_models/flux1-fill-dev.safetensors inpaint/big-lama.pt"
        " text_encoders/clip_l.safetensors text_encoders/t5xxl_fp8_e4m3fn.safetensors"
        " vae/ae.safetensors",
        assets="clipspace/living_room_masked.png",
    ),
    "legacy_group_node.json": Needs(
        "ui-0.4",
        10,
        packs="comfyui-impact-pack comfyui-impact-subpack",
        models="checkpoints/SDXL/juggernautXL_v9.safetensors"
        " loras/SDXL/detail/dmd2_sdxl_4step_lora_fp16.safetensors sams/sam_vit_b_01ec64.pth"
        " ultralytics/bbox/face_yolov8m.pt",
        assets="chess_game.png",
    ),
    "open_questions.json": Needs(
        "api", 4, assets="scene_014.png", unsettled="ColorCorrect StudioColorGrade"
    ),
    "portrait_builder.ts": Needs(
        "source",
        14,
        packs="comfyui-impact-pack comfyui-impact-subpack",
        models="checkpoints/juggernautXL_v9.safetensors loras/add-detail-xl.safetensors"
        " ultralytics/bbox/face_yolov8m.pt upscale_models/4x-UltraSharp.pth"
        " vae/sdxl_vae.safetensors",
    ),
    "portrait_sdxl.json": Needs(
        "ui-0.4",
        9,
        models="checkpoints/sd_xl_base_1.0.safetensors embeddings/negativeXL_D.safetensors"
        " loras/sd_xl_offset_example-lora_1.0.safetensors",
    ),
    "product_flux_kjnodes.json": Needs(
        "ui-0.4",
        23,
        inactive=3,
        packs="comfyui-kjnodes rgthree-comfy",
        models="diffusion_models/flux1-dev.safetensors"
        " loras/Hyper-FLUX.1-dev-8steps-lora.safetensors"
        " -loras/packshot/glossy_table_v2.safetensors text_encoders/clip_l.safetensors"
        " text_encoders/t5xxl_fp8_e4m3fn_scaled.safetensors -upscale_models/4x-UltraSharp.pth"
        " vae/ae.safetensors",
    ),
    "render_with_workflow.png": Needs(
        "png/ui-0.4",
        8,
        models="checkpoints/sd_xl_base_1.0.safetensors loras/sdxl_lightning_8step_lora.safetensors",
    ),
    "schema_1.json": Needs(
        "ui-1.0",
        10,
        models="checkpoints/DreamShaper_8_pruned.safetensors"
        " controlnet/control_v11p_sd15_scribble_fp16.safetensors",
        assets="fern_sketch.png",
    ),
    "upscale_subgraph.json": Needs(
        "ui-0.4",
        11,
        models="upscale_models/4x-UltraSharp.pth upscale_models/4x_NMKD-Siax_200k.pth",
        assets="old_postcard.jpg",
    ),
    "video_wan_vhs.json": Needs(
        "ui-0.4",
        15,
        packs="comfyui-videohelpersuite",
        models="clip_vision/clip_vision_h.safetensors"
        " diffusion_models/wan2.1_i2v_480p_14B_fp16.safetensors"
        " text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors vae/wan_2.1_vae.safetensors",
        assets="harbour_walk.mp4",
        minimum="0.3.16",
    ),
    "worker_request.json": Needs(
        "api",
        9,
        packs="comfyui-kjnodes",
        models="checkpoints/flux1-schnell-fp8.safetensors",
        assets="mug.png",
    ),
}
ORIGINS = {
    "portrait_sdxl.json": "node note node",
    "schema_1.json": "workflow workflow",
    "video_wan_vhs.json": "registry node registry node",
    "audio_ace.json": "node none",
}
"""Who says first where each model comes from, in the order of the models above."""


@pytest.fixture(scope="module")
def report() -> Report:
    return comfylock.analyze(EXAMPLES)


@pytest.fixture(scope="module")
def by_name(report: Report) -> dict[str, WorkflowReport]:
    return {workflow.path.rpartition("/")[2]: workflow for workflow in report.workflows}


def needs_of(workflow: WorkflowReport) -> Needs:
    uses = workflow.class_types
    return Needs(
        workflow.format,
        workflow.nodes,
        workflow.inactive,
        _words(use.pack for use in uses if use.pack and use.pack != "comfy-core"),
        _words(path_of(model) for model in workflow.models),
        _words(asset.name for asset in workflow.assets),
        workflow.minimum,
        _words(use.class_type for use in uses if use.kind in {"ambiguous", "unknown"}),
    )


def _words(words: Iterable[str]) -> str:
    return " ".join(sorted(set(words), key=lambda word: word.removeprefix("-")))


def path_of(model: ModelUse) -> str:
    return f"{'-' if model.inactive else ''}{model.folder}/{model.name}"


def test_every_example_is_read_and_told_here(by_name: dict[str, WorkflowReport]) -> None:
    assert sorted(by_name) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_needs(name: str, by_name: dict[str, WorkflowReport]) -> None:
    assert needs_of(by_name[name]) == EXPECTED[name]
    assert by_name[name].unread == 0
    assert by_name[name].problems == ()
    assert [use.class_type for use in by_name[name].class_types if use.conflicts] == []


@pytest.mark.parametrize("name", ORIGINS)
def test_origins_of_models(name: str, by_name: dict[str, WorkflowReport]) -> None:
    models = sorted(by_name[name].models, key=path_of)
    first = [model.sources[0].origin if model.sources else "none" for model in models]
    assert " ".join(first) == ORIGINS[name]


def test_subgraphs_that_nothing_uses_need_nothing(by_name: dict[str, WorkflowReport]) -> None:
    text = (EXAMPLES / "upscale_subgraph.json").read_text()
    used = {use.class_type for use in by_name["upscale_subgraph.json"].class_types}
    assert "ProPostFilmGrain" in text
    assert "ProPostFilmGrain" not in used
    assert "ImageSharpen" in used


def test_open_questions(by_name: dict[str, WorkflowReport]) -> None:
    uses = {use.class_type: use for use in by_name["open_questions.json"].class_types}
    ambiguous, unknown = uses["ColorCorrect"], uses["StudioColorGrade"]
    assert (ambiguous.kind, unknown.kind) == ("ambiguous", "unknown")
    assert ambiguous.candidates == ("comfyui-art-venture", "comfyui-post-processing-nodes")
    assert unknown.pack is None


def test_totals(report: Report) -> None:
    assert report.totals.nodes == sum(needs.nodes for needs in EXPECTED.values())
    assert report.totals.inactive == 3
    assert report.minimum == "0.3.61"
    assert report.problems == ()
    assert not report.is_complete


def test_the_report_as_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["analyze", "examples/workflows"]) == 0
    text = capsys.readouterr().out
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text == SNAPSHOT.read_text(encoding="utf-8"), "UPDATE_SNAPSHOTS=1 writes it anew"
    assert max(map(len, text.splitlines())) <= 80
