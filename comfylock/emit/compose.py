"""`compose.yaml`: a service for each accelerator, with its GPU, volume, health check and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.emit.bake import tag_of
from comfylock.emit.image_builds import builds_of, tools_of
from comfylock.emit.image_words import NAME as DOCKERFILE
from comfylock.emit.image_words import placed, secrets_needed
from comfylock.emit.interface import Emitted
from comfylock.emit.quoting import refuse_odd
from comfylock.lockfile.mark import lock_mark

if TYPE_CHECKING:
    from comfylock.emit.image_builds import Build
    from comfylock.emit.plan import Plan

NAME = "compose.yaml"
TOKENS_FILE = "comfyui.env"
WORKER_PORT = 8000
"""Where the worker answers with SERVE_API_LOCALLY. Source: worker-comfyui's docker-compose.yml."""

HEADER = """\
# {mark}
# Written by comfylock emit compose: do not edit it, emit it again.
#
#   docker compose up --build                   {others}
#   VARIANT={variants} docker compose up        another variant; PORT=8189: another port
#
# {tokens}, beside this file, may hold HF_TOKEN=…, CIVITAI_TOKEN=…, COMFYUI_ARGS=…
"""


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the compose file.

    Raises:
        EmitError: there is nothing to build on.
        UsageError: the settings name an image that the lock does not have.
    """
    import yaml  # noqa: PLC0415 - this kind alone needs it

    builds, notes = builds_of(plan)
    services = {
        "comfyui" if build is builds[0] else f"comfyui-{build.name}": _service(plan, build, builds)
        for build in builds
    }
    content: dict[str, Any] = {"name": "comfyui", "services": services}
    secrets = secrets_needed(plan)
    if secrets:
        content["secrets"] = {name: {"environment": held} for name, held in secrets.items()}
    content["volumes"] = {name: {} for name in _volumes(plan)}
    text = yaml.dump(content, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=1000)
    others = f"--profile {builds[1].name}: on {builds[1].name}" if len(builds) > 1 else ""
    header = HEADER.format(
        mark=lock_mark(plan.digest),
        others=others,
        variants="|".join(variant.name for variant in plan.variants),
        tokens=TOKENS_FILE,
    )
    lines = "\n".join(line.rstrip() for line in header.splitlines())
    return (Emitted(NAME, f"{lines}\n\n{text}".encode(), notes=notes),)


def literal(text: str) -> str:
    """Return a text in which compose finds no variable."""
    return refuse_odd(text, "YAML").replace("$", "$$")


def _service(plan: Plan, build: Build, builds: tuple[Build, ...]) -> dict[str, Any]:
    default = plan.variants[0]
    variant = f"${{VARIANT:-{literal(default.name)}}}"
    tag = tag_of(build, default).removesuffix(default.name)
    image = f"{literal(plan.settings.image_name)}:{literal(tag)}{variant}"
    service: dict[str, Any] = {} if build is builds[0] else {"profiles": [literal(build.name)]}
    service |= {
        "image": image,
        "build": _build(plan, build, builds, variant),
        **_runs(plan),
        "volumes": [f"{name}:{literal(place)}" for name, place in _volumes(plan).items()],
        "env_file": [{"path": TOKENS_FILE, "required": False}],
        **_gpu(build.accelerator),
        "security_opt": ["no-new-privileges:true"],
        "restart": "unless-stopped",
        "stop_grace_period": "30s",
    }
    return service


def _build(plan: Plan, build: Build, builds: tuple[Build, ...], variant: str) -> dict[str, Any]:
    """Return how it is built: from the folder of the lock, wherever this file is."""
    folder = plan.settings.output
    arguments = {"ACCELERATOR": literal(build.name), "VARIANT": variant}
    if build.python is not None and plan.settings.base == "standalone":
        arguments["PYTHON_VERSION"] = literal(build.python.target.python)
    if (tools := tools_of(build, builds)) is not None:
        arguments["TOOLS_IMAGE"] = literal(tools)
    made: dict[str, Any] = {
        "context": "/".join(".." for _ in folder.split("/")) if folder else ".",
        "dockerfile": literal(placed(plan, DOCKERFILE)),
        "args": arguments,
        "platforms": [literal(build.platform)],
    }
    if secrets := secrets_needed(plan):
        made["secrets"] = list(secrets)
    return made


def _runs(plan: Plan) -> dict[str, Any]:
    """Return where it listens and how one knows that it is up."""
    if plan.settings.base == "runpod":
        port = WORKER_PORT
        return {
            "environment": {"SERVE_API_LOCALLY": "true"},
            "ports": [f"127.0.0.1:${{PORT:-{port}}}:{port}"],
        }
    port = plan.settings.port
    ports = [f"127.0.0.1:${{PORT:-{port}}}:{port}"]
    if plan.settings.jupyter:
        ports.append("127.0.0.1:8888:8888")
    check = {
        "test": ["CMD", "/opt/comfylock/start", "health"],
        "interval": "30s",
        "timeout": "10s",
        "start_period": "5m",
    }
    return {"ports": ports, "healthcheck": check}


def _volumes(plan: Plan) -> dict[str, str]:
    """Return what outlives a container, and where it is mounted."""
    places = plan.places(in_image=True)
    if places.volume is not None:
        return {"volume": places.volume}
    kept = ["input", "output", "user"]
    if plan.settings.models != "bake":
        kept.append("models")
    return {name: f"{places.comfyui}/{name}" for name in kept}


def _gpu(accelerator: str) -> dict[str, Any]:
    """Return what gives a container its GPU."""
    if accelerator.startswith("rocm"):
        # Source: https://rocm.docs.amd.com/projects/install-on-linux, "Running ROCm containers"
        return {"devices": ["/dev/kfd", "/dev/dri"], "group_add": ["video"]}
    if accelerator == "xpu":
        return {"devices": ["/dev/dri"]}
    if accelerator == "cpu":
        return {}
    device = {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    return {"deploy": {"resources": {"reservations": {"devices": [device]}}}}


def _dumper() -> Any:
    """Return what writes YAML without references to what stands elsewhere in it."""
    import yaml  # noqa: PLC0415

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base's signature
            return True

    return Dumper
