"""One image from a lock of hostile names and addresses: what is in it, and what is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unicodedata import normalize
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from comfylock.emit.kinds import generator
from comfylock.errors import ComfylockError
from comfylock.lockfile.canonical import value_faults
from comfylock.lockfile.schema import Lock, ModelPin
from tests.emitted.engine import built, docker, emitted, inside, require_engine
from tests.hostile import CANARY, TEXTS
from tests.image_plans import plan
from tests.locks import release
from tests.services.image_world import ImageWorld, image_world, sha256
from tests.services.loopback import Answer
from tests.services.node_archive import node_zip, pack_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comfylock.emit.plan import Plan

pytestmark = pytest.mark.system

TAG = "comfylock-test-hostile"


class Decoded(dict[str, Answer]):
    """Answers by path, however the client escapes it."""

    def get(self, path: str, default: Answer | None = None) -> Answer | None:  # type: ignore[override]
        """Return the answer of a path."""
        return super().get(unquote(path), default)


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageWorld]:
    require_engine()
    with image_world(str(tmp_path_factory.mktemp("world"))) as found:
        yield found
    docker("image", "rm", "--force", TAG)


def unchecked(text: str) -> Plan:
    """A plan with a text wherever bake and compose files have one; no rule was held against it."""
    made = plan(variants=("full",))
    settings = replace(made.settings, image_name=text, output=text)
    return replace(made, variants=(replace(made.variants[0], name=text),), settings=settings)


@pytest.mark.parametrize(
    ("kind", "words", "after"),
    [
        ("bake", ("buildx", "bake", "--print", "-f"), ("all",)),
        ("compose", ("compose", "-f"), ("--profile", "*", "config", "--format", "json")),
    ],
)
def test_bake_and_compose_read_them_as_data(
    tmp_path: Path, kind: str, words: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """The tools themselves read every file, and find the text that the plan has, or none."""
    if docker(words[0], "version").returncode:
        pytest.skip(f"there is no docker {words[0]}")
    read = 0
    for number, text in enumerate(TEXTS):
        try:
            (file,) = generator(kind)(unchecked(text))
        except ComfylockError:
            continue
        path = tmp_path / str(number)
        path.write_bytes(file.data)
        run = docker(*words, str(path), *after)
        if run.returncode:
            continue  # it is no name of an image, or of a folder
        # What compose prints could be read by it again, so `$` stands twice.
        found = json.loads(run.stdout if kind == "bake" else run.stdout.replace("$$", "$"))
        named = found["target"] if kind == "bake" else found["services"]
        builds = [each if kind == "bake" else each["build"] for each in named.values()]
        assert len(builds) == 2, text
        if "}" not in text or kind == "bake":
            told = {each["args"]["VARIANT"] for each in builds}
            assert told in ({text}, {normalize("NFC", text)}), "as HCL has strings"
        read += 1
    assert read > 40
    assert [path for path in tmp_path.iterdir() if CANARY in path.name] == []


def is_taken(lock: Lock) -> bool:
    return not list(value_faults(lock))


def test_nothing_of_it_is_run(world: ImageWorld) -> None:
    world.files.answers = Decoded()
    models = []
    for number, text in enumerate(TEXTS):
        data = f"model {number}".encode()
        pin = ModelPin(
            f"{number}/{text}",
            "loras",
            "url",
            url=f"https://example.org/{number}.pt",
            sha256=sha256(data),
            size=len(data),
            licence=text if text.isprintable() else None,
        )
        if is_taken(Lock(models=(pin,))) and len(text) < 200:
            models.append(pin)
            world.files.answers[f"/example.org/{number}.pt"] = Answer(data, ranges=True)
    packs = []
    for number, text in enumerate(TEXTS):
        data = node_zip(pack_files((f"Node{number}",)))
        url = f"https://example.org/{number}/{text}"
        pack = release(
            f"pack{number}",
            url=url,
            sha256=sha256(data),
            size=len(data),
            provides=(f"Node{number}",),
            runs_code=(f"{text}.py",),
            dependencies=(text,),
        )
        if (
            is_taken(Lock(packs=(pack,)))
            and len(text) < 200
            and not set(text) & set("?%")
            and not text.endswith(".git")
        ):
            packs.append(pack)
            world.files.answers[url.replace("https://", "/")] = Answer(data)
    assert len(models) > 30
    assert len(packs) > 10
    world.write(models=tuple(models), packs=tuple(packs), workflows=())
    text = emitted(world, models="bake", allow_unpinned=True)
    run = built(world, text, "--build-arg=CHECK_NODES=1", tag=TAG)
    count = f"as locked: ComfyUI 0.3.64, {len(packs)} packs, {len(models)} models"
    assert count in run.stderr
    listed = inside(TAG, "find", "/opt/ComfyUI/models/loras", "-type", "f", "-printf", "%P\\0")
    assert set(listed.split("\0")[:-1]) == {pin.name for pin in models}
    found = inside(TAG, "bash", "-c", f"find / -xdev -name {CANARY} 2> /dev/null || :")
    assert found == ""
