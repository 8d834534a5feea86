"""Queue an upscale of every picture in a folder on a ComfyUI server."""

import json
import sys
import urllib.request
from pathlib import Path

UPSCALERS = {
    "photo": "4x_NMKD-Siax_200k.pth",
    "drawing": "RealESRGAN_x4plus_anime_6B.pth",
}


def node(class_type, **inputs):
    """Return one node of an API workflow."""
    return {"class_type": class_type, "inputs": inputs}


def upscale(picture, style="photo", longest=2048):
    """Return the API workflow for one picture."""
    workflow = {
        "1": node("LoadImage", image=picture),
        "2": node("UpscaleModelLoader", model_name=UPSCALERS[style]),
        "3": node("ImageUpscaleWithModel", upscale_model=["2", 0], image=["1", 0]),
        "4": node("ImageResizeKJ", image=["3", 0], width=longest, height=longest),
        "5": node("SaveImage", images=["4", 0], filename_prefix="upscaled"),
    }
    workflow["4"]["inputs"]["keep_proportion"] = True
    return workflow


def queue(server, workflow):
    """Send a workflow to a server and return its prompt id."""
    body = json.dumps({"prompt": workflow}).encode()
    request = urllib.request.Request(f"{server}/prompt", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["prompt_id"]


if __name__ == "__main__":
    server, folder = sys.argv[1:3]
    for path in sorted(Path(folder).glob("*.png")):
        print(path.name, queue(server, upscale(path.name)))
