"""A small ComfyUI: it loads packs as the real one does, answers as it does, and needs nothing.

The text of its main.py; what a GPU or torch would be needed for is left out.
"""

from __future__ import annotations

MAIN = """\
import importlib.util
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = dict(word[2:].partition("=")[::2] for word in sys.argv[1:] if word.startswith("--"))


def load(path):
    source = os.path.join(path, "__init__.py") if os.path.isdir(path) else path
    name = "pack_" + "".join(c if c.isalnum() else "_" for c in os.path.basename(path))
    spec = importlib.util.spec_from_file_location(name, source, submodule_search_locations=[path])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return getattr(module, "NODE_CLASS_MAPPINGS", {})


NODES = {"KSampler": object}
folder = os.path.join(HERE, "custom_nodes")
for name in sorted(os.listdir(folder)):
    path = os.path.join(folder, name)
    if name.startswith((".", "__")) or not (os.path.isdir(path) or name.endswith(".py")):
        continue
    try:
        NODES.update(load(path))
    except Exception as error:
        print(f"IMPORT FAILED: {name}: {error}", flush=True)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answers = {
            "/system_stats": {"system": {"argv": sys.argv, "uid": os.getuid(), "pid": os.getpid()}},
            "/object_info": {name: {"name": name} for name in NODES},
        }
        body = json.dumps(answers.get(self.path, {})).encode()
        self.send_response(200 if self.path in answers else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


for kind in ("output", "input", "temp", "user"):
    place = OPTIONS.get(f"{kind}-directory", os.path.join(HERE, kind))
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, ".written"), "w") as file:
        file.write("by ComfyUI")
server = ThreadingHTTPServer(
    (OPTIONS.get("listen", "127.0.0.1"), int(OPTIONS.get("port", "8188"))), Handler
)
print("To see the GUI go to: http://0.0.0.0", flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    print("Stopped server", flush=True)
"""

FILES = {
    "main.py": MAIN,
    "comfyui_version.py": '__version__ = "0.3.64"\n',
    ".gitignore": "".join(
        f"{line}\n"
        for line in (
            "__pycache__/",
            "/output/",
            "/input/",
            "/user/",
            "/temp/",
            "/custom_nodes/*",
            "!/custom_nodes/example_node.py.example",
            "/models/*/*",
            "extra_model_paths.yaml",
        )
    ),
    "custom_nodes/example_node.py.example": "# an example\n",
    "input/example.png": "no picture",
    "models/vae/put_vae_here": "",
    "models/checkpoints/put_checkpoints_here": "",
    "output/_output_images_will_be_put_here": "",
}
"""Path to text, as ComfyUI's repository has them."""
