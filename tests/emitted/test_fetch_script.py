"""What fetches in an image's stages, and when its container starts, against loopback services."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.emitted.test_start_script import embedded
from tests.services.hub import TOKEN
from tests.services.image_world import ImageWorld, image_world, sha256
from tests.services.loopback import Answer, page, redirect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = bytes(range(256)) * 4096
SHA = sha256(DATA)


class Fetch:
    """The script in a folder, and the services."""

    def __init__(self, world: ImageWorld, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.script = folder / "fetch"
        self.script.write_text(embedded("/usr/local/bin/fetch"))
        self.file = folder / "models" / "vae" / "a b.pt"

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "FETCH_PARTS": str(self.folder / "parts"),
            "HF_ENDPOINT": self.world.hub.url,
            "FILE_MIRROR": f"{self.world.files.url}/",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.world.git.url}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://",
            **more,
        }
        return subprocess.run(
            ["bash", self.script, *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def model(self, *urls: str, sha: str = SHA, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("model", str(self.file), sha, str(len(DATA)), *urls, **more)

    def serve(self, path: str, answer: Answer | None = None) -> str:
        """Put an answer on the mirror; return the address that leads to it."""
        self.world.files.answers[f"/x.org/{path}"] = answer or Answer(DATA, ranges=True)
        return f"https://x.org/{path}"


@pytest.fixture
def fetch(tmp_path: Path) -> Iterator[Fetch]:
    with image_world(str(tmp_path / "world")) as world:
        world.write()
        yield Fetch(world, tmp_path)


def test_a_model_whole_and_proven(fetch: Fetch) -> None:
    done = fetch.model(fetch.serve("a"))
    assert done.returncode == 0, done.stderr
    assert fetch.file.read_bytes() == DATA
    assert fetch.file.stat().st_mode & 0o777 == 0o664
    assert fetch.file.parent.stat().st_mode & 0o777 == 0o775
    assert os.listdir(fetch.folder / "parts") == []


def test_what_was_begun_is_continued(fetch: Fetch) -> None:
    url = fetch.serve("a")
    part = fetch.folder / "parts" / f"{SHA}.part"
    part.parent.mkdir()
    part.write_bytes(DATA[:1000])
    assert fetch.model(url).returncode == 0
    assert fetch.file.read_bytes() == DATA
    (request,) = fetch.world.files.asked
    assert request.headers["Range"] == "bytes=1000-"


def test_a_broken_connection_is_tried_again(fetch: Fetch) -> None:
    url = fetch.serve("a")
    fetch.world.files.queued["/x.org/a"] = [Answer(DATA[:5000], missing=len(DATA) - 5000)]
    assert fetch.model(url).returncode == 0
    assert fetch.file.read_bytes() == DATA
    assert fetch.world.files.asked[-1].headers["Range"] == "bytes=5000-"


@pytest.mark.parametrize("answer", [Answer(b"x" * len(DATA)), page(), Answer(status=404)])
def test_other_bytes_get_no_name(fetch: Fetch, answer: Answer) -> None:
    done = fetch.model(fetch.serve("a", answer))
    assert done.returncode == 1
    assert f"no address gives a b.pt with sha256 {SHA}" in done.stderr
    assert not fetch.file.exists()
    assert not list((fetch.folder / "parts").iterdir())


def test_a_mirror_helps_out_and_gets_no_token(fetch: Fetch) -> None:
    commit = fetch.world.hub.add("a/b", {"m.pt": b"not these"})
    (fetch.folder / "token").write_text(f"{TOKEN}\n")
    done = fetch.model(
        f"https://huggingface.co/a/b/resolve/{commit}/m.pt",
        fetch.serve("other"),
        TOKEN_FILE=str(fetch.folder / "token"),
    )
    assert done.returncode == 0, done.stderr
    assert fetch.file.read_bytes() == DATA
    assert fetch.world.hub.tokens_by_host()[fetch.world.hub.host] == {TOKEN}
    assert all("Authorization" not in each.headers for each in fetch.world.files.asked)


def test_a_token_stays_with_its_host(fetch: Fetch) -> None:
    commit = fetch.world.hub.add("a/closed", {"m.pt": DATA}, private=True)
    url = f"https://huggingface.co/a/closed/resolve/{commit}/m.pt"
    refused = fetch.model(url)
    assert refused.returncode == 1
    assert "what is gated wants a token" in refused.stderr
    (fetch.folder / "token").write_text(TOKEN)
    assert fetch.model(url, TOKEN_FILE=str(fetch.folder / "token")).returncode == 0
    hosts = fetch.world.hub.tokens_by_host()
    assert hosts[fetch.world.hub.content_host] == {None}


def test_a_token_is_in_no_argument_list(fetch: Fetch) -> None:
    spy = fetch.folder / "bin" / "curl"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/bash\necho "$@" >> {fetch.folder}/seen\nexit 22\n')
    spy.chmod(0o755)
    (fetch.folder / "token").write_text(TOKEN)
    fetch.model(
        "https://huggingface.co/a/b/resolve/main/m.pt",
        TOKEN_FILE=str(fetch.folder / "token"),
        PATH=f"{spy.parent}:{os.environ['PATH']}",
    )
    seen = (fetch.folder / "seen").read_text()
    assert "--config -" in seen
    assert TOKEN not in seen


def test_no_way_from_https_to_http(fetch: Fetch) -> None:
    fetch.world.files.answers["/elsewhere"] = Answer(DATA)
    url = fetch.serve("a", redirect(f"{fetch.world.files.url}/elsewhere"))
    assert fetch.model(url).returncode == 0, "the mirror itself is http here"
    assert '--proto-redir "=https,${url%%:*}"' in fetch.script.read_text()
    fetch.file.unlink()
    assert fetch.model(fetch.serve("b", redirect("file:///etc/passwd"))).returncode == 1


def test_a_list_of_models(fetch: Fetch) -> None:
    rows = [
        ["vae/one.pt", "0", "vae/one.pt", SHA, str(len(DATA)), "-", fetch.serve("one")],
        ["vae/two.pt", "0", "vae/two.pt", SHA, str(len(DATA)), "-", "https://x.org/gone"],
        ["vae/big.pt", "20000", "vae/big.pt", SHA, str(len(DATA)), "-", fetch.serve("big")],
        ["vae/big.pt", "0", "vae/big.pt", SHA, "0", "-", fetch.serve("small")],
    ]
    listed = fetch.folder / "list"
    listed.write_text("".join("\t".join(row) + "\n" for row in rows))
    models = fetch.folder / "models"
    done = fetch.run("models", str(listed), str(models))
    assert done.returncode == 1, "one is gone"
    assert "two.pt" in done.stderr
    assert sorted(path.name for path in models.rglob("*.pt")) == ["big.pt", "one.pt"]
    paths = fetch.world.files.paths()
    assert "/x.org/small" in paths
    assert "/x.org/big" not in paths, "no GPU has so much memory"
    fetch.world.files.asked.clear()
    listed.write_text("".join("\t".join(row) + "\n" for row in rows if row[0] != "vae/two.pt"))
    assert fetch.run("models", str(listed), str(models)).returncode == 0
    assert fetch.world.files.asked == [], "what is there is not asked for"


def test_of_alternatives_the_first_that_fits_the_gpu(fetch: Fetch) -> None:
    smi = fetch.folder / "bin" / "nvidia-smi"
    smi.parent.mkdir()
    smi.write_text("#!/bin/bash\necho 24564\n")
    smi.chmod(0o755)
    listed = fetch.folder / "list"
    rows = [
        ["vae/a.pt", vram, "vae/a.pt", SHA, str(len(DATA)), "-", fetch.serve(f"at{vram}")]
        for vram in ("40000", "20000", "0")
    ]
    listed.write_text("".join("\t".join(row) + "\n" for row in rows))
    path = f"{smi.parent}:{os.environ['PATH']}"
    assert fetch.run("models", str(listed), str(fetch.folder / "m"), PATH=path).returncode == 0
    assert fetch.world.files.paths() == ["/x.org/at20000"]


def test_two_at_once_on_one_volume(fetch: Fetch) -> None:
    listed = fetch.folder / "list"
    row = ["vae/a.pt", "0", "vae/a.pt", SHA, str(len(DATA)), "-", fetch.serve("a")]
    listed.write_text("\t".join(row) + "\n")
    words = ["bash", str(fetch.script), "models", str(listed), str(fetch.folder / "m")]
    environment = {**os.environ, "FILE_MIRROR": f"{fetch.world.files.url}/"}
    runs = [subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL) for _ in range(4)]
    assert [run.wait(60) for run in runs] == [0, 0, 0, 0]
    assert (fetch.folder / "m/vae/a.pt").read_bytes() == DATA
    assert len(fetch.world.files.asked) == 1


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_an_archive_stays_in_its_folder(fetch: Fetch) -> None:
    archive = fetch.folder / "pack.zip"
    names = {"__init__.py": b"x", "../../up.py": b"evil", "/abs.py": b"evil", "a/b c.py": b"y"}
    archive.write_bytes(zipped(**names))
    root = fetch.folder / "root"
    done = fetch.run("unpack", str(root), "/opt/nodes/alpha", str(archive))
    assert done.returncode == 0, done.stderr
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    inside = {f"opt/nodes/alpha/{name}" for name in ("__init__.py", "a/b c.py", ".tracking")}
    assert found == inside | {
        "opt/nodes/alpha/up.py",
        "opt/nodes/alpha/abs.py",
        "opt/comfylock/sums/alpha",
    }
    sums = (root / "opt/comfylock/sums/alpha").read_text()
    assert f"{hashlib.sha256(b'y').hexdigest()}  ./a/b c.py\n" in sums
    tracked = (root / "opt/nodes/alpha/.tracking").read_text().splitlines()
    assert tracked == sorted(tracked) == ["__init__.py", "a/b c.py", "abs.py", "up.py"]
    assert (root / "opt/nodes/alpha/__init__.py").stat().st_mode & 0o777 == 0o664


def test_a_commit_with_its_submodule(fetch: Fetch) -> None:
    lock = fetch.world.write()
    (pin,) = (pack for pack in lock.packs if pack.source == "git")
    inner = pin.submodules[0].rsplit(" ", 2)
    words = ["git", str(fetch.folder / "gamma"), pin.repository or "", pin.commit or ""]
    done = fetch.run(*words, pin.tree or "", *inner)
    assert done.returncode == 0, done.stderr
    assert (fetch.folder / "gamma/deps/sub module/lib.py").read_text() == "VALUE = 1\n"
    assert os.access(fetch.folder / "gamma/run.sh", os.X_OK)
    for changed, told in (
        ([pin.tree or "", inner[0], "ab" * 20, inner[2]], "is no submodule at"),
        (["cd" * 20], "locked is cdcd"),
    ):
        words[1] = str(fetch.folder / f"other{len(changed)}")
        done = fetch.run(*words, *changed)
        assert done.returncode == 1
        assert told in done.stderr
