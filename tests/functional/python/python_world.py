"""An index with torch's beside it, and packs that ask for what is in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.python.requirement_lines import read_pack
from comfylock.python.settings import PythonSettings
from comfylock.python.targets import Target, target_of
from comfylock.python.wanted import Indexes
from comfylock.resolve.python_packages import PythonRequest, PythonResolution, resolve_python
from comfylock.sources.python_packages import UvPackages
from comfylock.sources.uv_command import UvLimits
from tests.services.loopback import Service, serving
from tests.services.package_index import publish, release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.python.asked import Asked, Reading

CUDA = target_of("3.12", "linux-x86_64", "cu128")
ROCM = target_of("3.12", "linux-x86_64", "rocm6.4")
RELEASES = (
    release("numpy==1.24.4"),
    release("numpy==1.26.4"),
    release("numpy==2.1.0"),
    release("scipy==1.9", "numpy<2"),
    release("scipy==1.14", "numpy>=1.23"),
    release("old-tools==1", "numpy<2"),
    release("new-tools==1", "numpy>=2"),
    release("deep==1", "deeper"),
    release("deeper==1", "numpy>=2"),
    release("late==1", python=">=3.13"),
    release("source==1", tag=""),
    release("settled==1", tag="cp311-cp311-manylinux_2_17_x86_64"),
    release("settled==1", tag=""),
    release("windows==1", tag="cp312-cp312-win_amd64"),
    release("xformers==0.0.28", "torch==2.5.1"),
    release("xformers==0.0.31", "torch>=2.7"),
    release("accelerate==1", "torch>=2", "numpy"),
    release("einops==0.8"),
    release("torchsde==0.2", "torch", "scipy"),
    release("filelock==3"),
    release("torch==2.9.0"),
    release("nvidia-cublas-cu12==12.8"),
)
CUDA_RELEASES = tuple(
    each
    for torch, vision in (("2.5.1", "0.20.1"), ("2.8.0", "0.23.0"))
    for each in (
        release(f"torch=={torch}+cu128", "filelock", "nvidia-cublas-cu12==12.8"),
        release(f"torchvision=={vision}+cu128", f"torch=={torch}", "numpy"),
        release(f"torchaudio=={torch}+cu128", f"torch=={torch}"),
    )
)
ROCM_RELEASES = (
    release("torch==2.8.0+rocm6.4", "filelock", "pytorch-triton-rocm==3.4"),
    release("torchvision==0.23.0+rocm6.4", "torch==2.8.0", "numpy"),
    release("torchaudio==2.8.0+rocm6.4", "torch==2.8.0"),
    release("pytorch-triton-rocm==3.4"),
    release("numpy==0.1"),
    release("filelock==0.1"),
)
COMFYUI = "torch\ntorchsde\ntorchvision\ntorchaudio\nnumpy>=1.25.0\neinops\nscipy\n"


class World(Struct):
    """The index, and a uv with a cache of its own."""

    service: Service
    indexes: Indexes
    rocm: Indexes
    uv: UvPackages

    def resolve(
        self,
        packs: dict[str, str],
        request: PythonRequest = PythonRequest(),  # noqa: B008 - frozen
        target: Target = CUDA,
    ) -> PythonResolution:
        """Resolve ComfyUI with packs of these requirement texts."""
        return resolve_python(readings(packs), target, self.uv, self.settled(request, target))

    def settled(self, request: PythonRequest, target: Target = CUDA) -> PythonRequest:
        """The request with this world's index."""
        indexes = self.indexes if target.accelerator == "cu128" else self.rocm
        return with_settings(request, indexes=indexes)


def with_settings(request: PythonRequest, **more: object) -> PythonRequest:
    """The request with other settings."""
    return replace(request, settings=replace(request.settings, **more))


def asking(**settings: object) -> PythonRequest:
    """A request with these settings."""
    return with_settings(PythonRequest(settings=PythonSettings()), **settings)


def readings(packs: dict[str, str]) -> list[Reading]:
    """What ComfyUI and packs of these texts ask for."""
    texts = {"comfyui": COMFYUI, **packs}
    return [
        read_pack(name, {"requirements.txt": text.encode()}.get) for name, text in texts.items()
    ]


def lines(pack: str, text: str) -> tuple[Asked, ...]:
    """The lines of one pack."""
    return read_pack(pack, {"requirements.txt": text.encode()}.get).asked


@contextmanager
def python_world(cache: str) -> Iterator[World]:
    """Yield a world whose index is on the loopback."""
    with serving() as service:
        default = publish(service, RELEASES)
        cuda = publish(service, CUDA_RELEASES, "whl/cu128")
        rocm = publish(service, ROCM_RELEASES, "whl/rocm6.4")
        uv = UvPackages(cache, limits=UvLimits(retries=0))
        indexes = Indexes(default=default, torch=cuda)
        yield World(service, indexes, Indexes(default=default, torch=rocm), uv)
