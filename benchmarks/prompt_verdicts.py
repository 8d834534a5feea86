"""Let a real ComfyUI judge made prompts, and keep what it said.

    python -m benchmarks.prompt_verdicts http://127.0.0.1:8188 --count 600 -o FILE
    python -m benchmarks.prompt_verdicts http://127.0.0.1:8188 --pack upgrade_pack -o FILE

With `--pack` only the class types of that folder of `custom_nodes` are used, without it only
ComfyUI's own. The server runs what
it accepts: start it with `--cpu` and without models.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import httpx
import msgspec

from benchmarks.prompts import prompts
from comfylock.definitions.set_file import write_set
from comfylock.definitions.signature import ClassSignature, DefinitionSet
from comfylock.definitions.signature_object_info import read_signatures


def main(words: list[str]) -> int:
    """Record; 0 when done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", metavar="URL")
    parser.add_argument("--pack", metavar="FOLDER", help="only class types of this pack")
    parser.add_argument("--count", type=int, default=600, metavar="N")
    parser.add_argument("--seed", type=int, default=7, metavar="N")
    parser.add_argument("-o", "--output", required=True, metavar="FILE")
    arguments = parser.parse_args(words)
    with httpx.Client(base_url=arguments.server, timeout=60) as client:
        recorded = record(client, arguments.pack, arguments.count, arguments.seed)
    with open(arguments.output, "wb") as stream:
        stream.write(recorded)
    return 0


def record(client: httpx.Client, pack: str | None, count: int, seed: int) -> bytes:
    """Return the set that the server has, and its verdict on each prompt, as JSON lines."""
    info = client.get("/object_info").json()
    stats = client.get("/system_stats").json()["system"]
    module = f"custom_nodes.{pack}"
    found, _ = read_signatures(info, kind="server", keep_files=True)
    classes = {k: v for k, v in found.classes.items() if _is_wanted(v, module if pack else None)}
    held = DefinitionSet(classes, "server", stats.get("comfyui_version"), has_files=True)
    lines = [msgspec.json.encode(msgspec.json.decode(write_set(held)))]
    for name, prompt in prompts(held, count, seed):
        status, kinds = judged(client, prompt)
        told = {"what": name, "prompt": prompt, "status": status, "kinds": kinds}
        lines.append(msgspec.json.encode(told))
    client.post("/queue", json={"clear": True})
    return b"\n".join(lines) + b"\n"


def _is_wanted(signature: ClassSignature, module: str | None) -> bool:
    if module is not None:
        return signature.module == module
    return signature.is_core and not (signature.module or "").endswith("canary")


def judged(client: httpx.Client, prompt: Any) -> tuple[int, list[list[str]]]:
    """Return the status of the answer, and its errors as (node, kind, input), sorted."""
    answer = client.post("/prompt", json={"prompt": prompt})
    if answer.status_code not in (200, 400):
        return answer.status_code, []
    told = answer.json()
    found = [["", told["error"]["type"], ""]] if told.get("error") else []
    for node, errors in (told.get("node_errors") or {}).items():
        for error in errors["errors"]:
            name = error.get("extra_info", {}).get("input_name", "")
            found.append([node, error["type"], name])
    return answer.status_code, sorted(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
