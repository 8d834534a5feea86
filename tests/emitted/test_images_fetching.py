"""What images fetch: few things at once, and nothing but what is locked."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING

import pytest

from comfylock.lockfile.schema import ModelPin
from tests.emitted.engine import build, built, docker, emitted, require_engine
from tests.services.image_world import ImageWorld, image_world, sha256
from tests.services.loopback import Answer
from tests.services.package_index import Release, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.system

TAG = "comfylock-test"


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageWorld]:
    require_engine()
    with image_world(str(tmp_path_factory.mktemp("world"))) as found:
        found.write()
        yield found
    docker("image", "rm", "--force", TAG)


class Counting(dict[str, Answer]):
    """Answers that take a while, and how many were under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.now = self.most = 0

    def get(self, path: str, default: Answer | None = None) -> Answer | None:  # type: ignore[override]
        """Return the answer of a path, after a while."""
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.5)
        with self.lock:
            self.now -= 1
        return super().get(path, default)


def test_few_are_fetched_at_once(world: ImageWorld) -> None:
    """Every model has a stage that waits for no other; BuildKit would begin all of them."""
    world.write(packs=(), models=(), workflows=())
    built(world, emitted(world, models="bake"))  # what else it fetches is remembered
    answers = Counting()
    models = []
    for number in range(24):
        data = f"{world.files.url} {number}".encode()
        url = f"https://example.org/{number}.pt"
        pin = ModelPin(f"{number}.pt", "loras", "url", url=url, sha256=sha256(data), size=len(data))
        models.append(pin)
        answers[f"/example.org/{number}.pt"] = Answer(data, ranges=True)
    world.write(models=tuple(models), packs=(), workflows=())
    world.files.answers = answers
    run = built(world, emitted(world, models="bake"))
    assert "as locked: ComfyUI 0.3.64, 0 packs, 24 models" in run.stderr
    assert 1 < answers.most <= 4


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/cdn.comfy.org/ann/alpha/1.7.0/node.zip", "digest mismatch"),
        ("/files.example.org/numpy-2.1.0-py3-none-any.whl", "Hash mismatch"),
        ("/civitai.com/api/download/models/22", "no address gives v"),
    ],
)
def test_other_bytes_than_locked_fail_the_build(world: ImageWorld, path: str, told: str) -> None:
    world.version = 7  # BuildKit remembers what it fetched by digest
    world.write()
    assert path in world.files.answers
    other = wheel(Release("numpy", "2.1.0", ("evil",)))
    world.files.answers[path] = Answer(other, content_type="application/octet-stream")
    run = build(world, emitted(world, models="bake"))
    assert run.returncode != 0
    assert told in run.stderr


def test_a_tree_and_a_commit_that_are_not_there_fail_the_build(world: ImageWorld) -> None:
    text = emitted(world)
    tree = re.search(r"fetch git \. \S+ ([0-9a-f]{40}) ([0-9a-f]{40})", text)
    assert tree is not None
    for old, told in ((tree[2], "the tree of"), (tree[1], "does not give commit")):
        run = build(world, text.replace(old, "ab" * 20))
        assert run.returncode != 0
        assert told in run.stderr
