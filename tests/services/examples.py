"""The services filled with all that the example workflows need, for the demo and the tests.

The packs and files have the names of real ones and none of their bytes: a few lines each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.services.civitai import Upload
from tests.services.github_api import Attached
from tests.services.node_archive import pack_files

if TYPE_CHECKING:
    from tests.services.world import World

RELEASES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "comfyui-gguf": (
        "https://github.com/city96/ComfyUI-GGUF",
        ("1.1.10", "1.1.4"),
        ("UnetLoaderGGUF",),
    ),
    "comfyui-impact-pack": (
        "https://github.com/ltdrdata/ComfyUI-Impact-Pack",
        ("8.28.3", "8.28.2"),
        ("FaceDetailer", "SAMLoader"),
    ),
    "comfyui-impact-subpack": (
        "https://github.com/ltdrdata/ComfyUI-Impact-Subpack",
        ("1.3.5", "1.3.4"),
        ("UltralyticsDetectorProvider",),
    ),
    "comfyui-inpaint-cropandstitch": (
        "https://github.com/lquesada/ComfyUI-Inpaint-CropAndStitch",
        ("3.0.10", "3.0.9"),
        ("InpaintCropImproved", "InpaintStitchImproved"),
    ),
    "comfyui-inpaint-nodes": (
        "https://github.com/Acly/comfyui-inpaint-nodes",
        ("1.0.4",),
        ("INPAINT_InpaintWithModel", "INPAINT_LoadInpaintModel"),
    ),
    "comfyui-kjnodes": (
        "https://github.com/kijai/ComfyUI-KJNodes",
        ("1.4.2", "1.4.1"),
        (
            "ColorMatch",
            "GetImageSizeAndCount",
            "ImageResizeKJ",
            "ImageResizeKJv2",
            "StringConstant",
        ),
    ),
    "comfyui-post-processing-nodes": (
        "https://github.com/EllangoK/ComfyUI-post-processing-nodes",
        ("1.0.1",),
        ("ColorCorrect",),
    ),
    "comfyui-videohelpersuite": (
        "https://github.com/Kosinkadink/ComfyUI-VideoHelperSuite",
        ("1.7.9",),
        ("VHS_LoadVideo", "VHS_VideoCombine"),
    ),
    "rgthree-comfy": (
        "https://github.com/rgthree/rgthree-comfy",
        ("1.0.2512112053",),
        ("Any Switch (rgthree)", "Power Lora Loader (rgthree)"),
    ),
}
"""Registry id to repository, versions (the newest first) and class types."""

SCRIPT = "".join(
    f'LiteGraph.registerNodeType("{name}", class {{}});\n' for name in ("GetNode", "SetNode")
)
"""What the JavaScript of comfyui-kjnodes registers; the registry does not list it."""

FILES = {
    "Bingsu/adetailer": ("face_yolov8m.pt",),
    "ByteDance/Hyper-SD": ("Hyper-FLUX.1-dev-8steps-lora.safetensors",),
    "ByteDance/SDXL-Lightning": ("sdxl_lightning_8step_lora.safetensors",),
    "Comfy-Org/ACE-Step_ComfyUI_repackaged": ("all_in_one/ace_step_v1_3.5b.safetensors",),
    "Comfy-Org/Lumina_Image_2.0_Repackaged": ("split_files/vae/ae.safetensors",),
    "Comfy-Org/Wan-Animate-2": (
        "clip_vision/clip_vision_h.safetensors",
        "text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors",
    ),
    "Comfy-Org/Wan_2.1_ComfyUI_repackaged": (
        "split_files/clip_vision/clip_vision_h.safetensors",
        "split_files/diffusion_models/wan2.1_i2v_480p_14B_fp16.safetensors",
        "split_files/text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors",
        "split_files/vae/wan_2.1_vae.safetensors",
    ),
    "Comfy-Org/flux1-dev": (
        "flux1-dev.safetensors",
        "split_files/diffusion_models/flux1-fill-dev.safetensors",
    ),
    "Comfy-Org/flux1-schnell": ("flux1-schnell-fp8.safetensors",),
    "Kim2091/UltraSharp": ("4x-UltraSharp.pth",),
    "Lykon/DreamShaper": ("DreamShaper_8_pruned.safetensors",),
    "ai-forever/Real-ESRGAN": ("RealESRGAN_x4.pth",),
    "comfyanonymous/ControlNet-v1-1_fp16_safetensors": (
        "control_v11p_sd15_scribble_fp16.safetensors",
    ),
    "comfyanonymous/flux_text_encoders": (
        "clip_l.safetensors",
        "t5xxl_fp8_e4m3fn.safetensors",
        "t5xxl_fp8_e4m3fn_scaled.safetensors",
    ),
    "gemasai/4x_NMKD-Siax_200k": ("4x_NMKD-Siax_200k.pth",),
    "gsdf/CounterfeitXL": ("embeddings/negativeXL_D.safetensors",),
    "stabilityai/sdxl-vae": ("sdxl_vae.safetensors",),
    "stabilityai/stable-diffusion-xl-base-1.0": (
        "sd_xl_base_1.0.safetensors",
        "sd_xl_offset_example-lora_1.0.safetensors",
    ),
    "tianweiy/DMD2": ("dmd2_sdxl_4step_lora_fp16.safetensors",),
    "ybelkada/segment-anything": ("checkpoints/sam_vit_b_01ec64.pth",),
}
"""Hugging Face repository to files."""

GATED = {"Comfy-Org/flux1-dev": "auto"}
ASSETS = {
    "Sanster/models": ("add_big_lama", "big-lama.pt"),
    "xinntao/Real-ESRGAN": ("v0.2.2.4", "RealESRGAN_x4plus_anime_6B.pth"),
}
CIVITAI = {
    348913: (133005, "juggernautXL_v9.safetensors"),
    135867: (122359, "add-detail-xl.safetensors"),
}


def fill(world: World) -> None:
    """Publish everything that the examples need."""
    for pack, (repository, versions, class_types) in RELEASES.items():
        world.registry.add(pack, repository=repository)
        files = pack_files(class_types)
        if pack == "comfyui-kjnodes":
            files["web/js/setgetnodes.js"] = SCRIPT.encode()
        for version in reversed(versions):
            world.registry.publish(pack, version, class_types, files)
    own = world.git.repository("git.example.com/our-studio/comfyui-studio-nodes")
    first = own.commit(pack_files(("StudioColorGrade",)))
    own.tag("v2.1.0", first, annotated=True)
    for name, paths in FILES.items():
        # Files of one name are one file, wherever they are published.
        contents = {path: f"made up for {path.rpartition('/')[2]}".encode() for path in paths}
        world.hub.add(name, contents, card={"license": "apache-2.0"}, gated=GATED.get(name, False))
    for name, (tag, asset) in ASSETS.items():
        attached = Attached(f"made up for {asset}".encode())
        world.github.add(name, tag, **{asset.replace(".", "__"): attached})
    for number, (model, file) in CIVITAI.items():
        world.civitai.add(number, Upload(number * 10, file, b"made up"), model_id=model)
