"""The bill of materials, held against CycloneDX's own schema and the reader of package URLs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w
from packageurl import PackageURL

from comfylock.config.emit import EmitSettings
from comfylock.emit.planning import plan_of
from comfylock.emit.sbom import generate
from comfylock.errors import EmitError
from comfylock.lockfile.mark import marked_digest
from comfylock.lockfile.schema import ComfyuiPin, Lock, ModelPin
from tests.bills import schema_fault
from tests.locks import (
    COMMIT,
    OTHER_SHA,
    SHA,
    TREE,
    from_file,
    from_git,
    full,
    hub_model,
    image,
    python_pin,
    release,
    small,
)

if TYPE_CHECKING:
    from comfylock.emit.interface import Emitted

AT = "download_url"
CDN = "https://cdn.comfy.org/ann"
RAW = f"https://raw.githubusercontent.com/dora/single/{COMMIT}"
OWN = "git.example.org/a/b"
COMFYUI = ComfyuiPin(
    "0.3.64",
    "0.3.64",
    "https://github.com/comfyanonymous/ComfyUI",
    COMMIT,
    TREE,
    ("torch # requirements.txt:1", "NumPy>=1.25 # requirements.txt:2"),
)


def package(name: str, version: str, digest: str = SHA) -> dict[str, Any]:
    url = f"https://example.org/{name}-{version.replace('+', '%2B')}.whl"
    return {
        "name": name,
        "version": version,
        "wheels": [{"url": url, "hashes": {"sha256": digest}}],
    }


def pylock(*packages: dict[str, Any]) -> bytes:
    return tomli_w.dumps({"lock-version": "1.0", "packages": list(packages)}).encode()


CPU = pylock(package("torch", "2.8.0+cpu"), package("numpy", "2.1.0"), package("six", "1"))
CUDA = pylock(package("torch", "2.8.0+cu128"), package("numpy", "2.1.0", OTHER_SHA))
FILES = {"pylock.comfy.toml": CUDA, "pylock.comfy-cpu.toml": CPU}


def emitted(lock: Lock, **settings: Any) -> Emitted:
    (file,) = generate(plan_of(lock, SHA, EmitSettings(**settings), companions=FILES))
    return file


def bill(lock: Lock, **settings: Any) -> dict[str, Any]:
    """The bill of a lock, which CycloneDX's schema takes."""
    file = emitted(lock, **settings)
    fault = schema_fault(file.data.decode())
    assert fault is None, fault
    assert marked_digest(file.data) == SHA
    found: dict[str, Any] = json.loads(file.data)
    for component in found["components"]:
        purl = PackageURL.from_string(component["purl"])
        assert PackageURL.from_string(purl.to_string()) == purl
    return found


def components(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    named = {component["bom-ref"]: component for component in found["components"]}
    assert len(named) == len(found["components"])
    return named


def needs(found: dict[str, Any]) -> dict[str, list[str]]:
    return {each["ref"]: each["dependsOn"] for each in found["dependencies"]}


def test_a_lock_with_everything_in_it() -> None:
    found = bill(full(), allow_unpinned=True)
    named = components(found)
    kinds = {component["type"] for component in named.values()}
    assert kinds == {"application", "library", "machine-learning-model", "container"}
    assert needs(found).keys() == {"environment", *named}
    assert any("not-pinned" in each["name"] for each in found["metadata"]["properties"])


def test_an_empty_lock() -> None:
    found = bill(Lock())
    assert found["components"] == []
    assert needs(found) == {"environment": []}


@pytest.mark.parametrize(
    ("pin", "purl"),
    [
        (
            release(),
            f"pkg:generic/alpha@1.2.0?checksum=sha256:{SHA}&{AT}={CDN}/alpha/1.2.0/node.zip",
        ),
        (
            from_git("carl/gamma", repository="https://github.com/Carl/Gamma"),
            f"pkg:github/carl/gamma@{COMMIT}",
        ),
        (
            from_git(OWN, repository=f"https://{OWN}"),
            f"pkg:generic/{OWN}@{COMMIT}?vcs_url=git%2Bhttps://{OWN}%40{COMMIT}",
        ),
        (
            from_file(),
            f"pkg:generic/dora/single?checksum=sha256:{SHA}&{AT}={RAW}/nodes/single.py",
        ),
    ],
)
def test_packs(pin: Any, purl: str) -> None:
    found = bill(small(packs=(pin,), workflows=()))
    assert components(found)[f"pack:{pin.name}"]["purl"] == purl


def test_models_with_licences_and_digests() -> None:
    models = (
        hub_model(path="a b/x+y.pt", licence="apache-2.0", gated="auto"),
        hub_model("d.pt", repository="datasets/org/repo", licence="flux-1-dev \N{SNOWMAN}"),
        ModelPin(
            "c.pt",
            "loras",
            "civitai",
            version_id=2,
            file_id=3,
            sha256=SHA,
            mirrors=("https://mirror.example.org/c[1].pt",),
        ),
        ModelPin("local.pt", "loras", "local"),
    )
    named = components(bill(small(models=models, workflows=())))
    hub = named["model:vae/ae.safetensors"]
    assert hub["purl"] == f"pkg:huggingface/org/repo@{COMMIT}#a%20b/x%2By.pt"
    assert hub["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert hub["hashes"] == [{"alg": "SHA-256", "content": SHA}]
    data = named["model:vae/d.pt"]
    assert data["purl"].startswith("pkg:generic/vae/d.pt?checksum=sha256:")
    assert data["licenses"] == [{"license": {"name": "flux-1-dev \N{SNOWMAN}"}}]
    urls = [each["url"] for each in named["model:loras/c.pt"]["externalReferences"]]
    assert urls[1] == "https://mirror.example.org/c%5B1%5D.pt"
    assert named["model:loras/local.pt"]["purl"] == "pkg:generic/loras/local.pt"


def test_packages_of_several_targets() -> None:
    pins = (python_pin(), python_pin("linux-x86_64-py3.12-cpu", file="pylock.comfy-cpu.toml"))
    packs = (release(dependencies=("numpy<3", "unlocked")),)
    found = bill(small(python=pins, packs=packs, comfyui=COMFYUI, workflows=()))
    named = components(found)
    assert named["python:torch@2.8.0+cu128"]["purl"] == "pkg:pypi/torch@2.8.0%2Bcu128"
    numpy = named["python:numpy@2.1.0"]
    assert "hashes" not in numpy  # two files; each has its own
    assert [each["hashes"][0]["content"] for each in numpy["externalReferences"]] == [
        SHA,
        OTHER_SHA,
    ]
    assert [each["value"] for each in numpy["properties"]] == [
        "linux-x86_64-py3.12-cpu",
        "linux-x86_64-py3.12-cu128",
    ]
    edges = needs(found)
    torches = ["python:torch@2.8.0+cpu", "python:torch@2.8.0+cu128"]
    assert edges["comfyui"] == ["python:numpy@2.1.0", *torches]
    assert edges["pack:alpha"] == ["comfyui", "python:numpy@2.1.0"]
    assert edges["environment"] == [
        "comfyui",
        "model:vae/ae.safetensors",
        "pack:alpha",
        "python:six@1",
    ]
    assert found["compositions"][0]["aggregate"] == "incomplete"
    assert named["comfyui"]["purl"] == f"pkg:github/comfyanonymous/comfyui@{COMMIT}"


def test_packages_from_git_and_from_addresses() -> None:
    git = {"type": "git", "url": "https://github.com/a/b", "commit-id": COMMIT}
    archive = {"url": "https://example.org/d.zip", "hashes": {"sha256": SHA}}
    data = pylock({"name": "g", "vcs": git}, {"name": "d", "archive": archive})
    lock = small(python=(python_pin(),))
    (file,) = generate(plan_of(lock, SHA, companions={"pylock.comfy.toml": data}))
    named = components(json.loads(file.data))
    assert named[f"python:g@{COMMIT}"]["purl"] == (
        f"pkg:pypi/g?vcs_url=git%2Bhttps://github.com/a/b%40{COMMIT}"
    )
    assert named[f"python:d@{SHA}"]["purl"] == ("pkg:pypi/d?download_url=https://example.org/d.zip")


def test_images() -> None:
    named = components(bill(small(images=(image(), image("bare", reference="ghcr.io:443/a/b")))))
    assert named["image:cu128:linux/amd64"]["purl"] == (
        f"pkg:oci/cuda@sha256:{SHA}?arch=amd64&repository_url=docker.io/nvidia/cuda"
        "&tag=12.8.1-cudnn-runtime-ubuntu24.04"
    )
    assert "tag=" not in named["image:bare:linux/amd64"]["purl"]


def test_the_serial_number_follows_from_the_lock_and_its_targets() -> None:
    pins = (python_pin(), python_pin("linux-x86_64-py3.12-cpu", file="pylock.comfy-cpu.toml"))
    lock = small(python=pins)
    assert emitted(lock) == emitted(lock)
    numbers = {bill(lock, **settings)["serialNumber"] for settings in ({}, {"targets": ("cpu",)})}
    other = json.loads(generate(plan_of(lock, OTHER_SHA, companions=FILES))[0].data)
    assert len({*numbers, other["serialNumber"]}) == 3
    assert "timestamp" not in bill(lock)["metadata"]


def test_a_pylock_must_be_there() -> None:
    with pytest.raises(EmitError, match="is not beside"):
        generate(plan_of(small(python=(python_pin(),)), SHA))


def test_what_is_not_in_it_is_said() -> None:
    file = emitted(small(packs=(release(system_packages=("ffmpeg",)),), workflows=()))
    assert file.notes == ("Debian packages have no locked version and are left out: ffmpeg",)
