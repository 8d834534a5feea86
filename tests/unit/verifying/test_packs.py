from __future__ import annotations

import io
import os
import subprocess
import time
from typing import TYPE_CHECKING, cast

import pytest

from comfylock.net.answers import Offline
from comfylock.net.cache import Cache
from comfylock.net.interface import Known, Question
from comfylock.sources.archive import file_digests
from comfylock.sources.comfy_registry_archive import known_files
from comfylock.sources.interface import ArchiveFacts, Missing
from comfylock.verifying.companions import companions_checked
from comfylock.verifying.pack_folders import three_parts
from comfylock.verifying.plain_tree import plain_tree_id
from tests.installation import ALPHA, alpha_pin, digest
from tests.locks import release
from tests.services.git_repository import Link, Program, Repository, Submodule
from tests.services.node_archive import node_tar, node_zip

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.git_repository import Content


@pytest.mark.parametrize("make", [node_zip, node_tar])
def test_the_digests_of_an_archives_files(make: object) -> None:
    data = (node_zip if make is node_zip else node_tar)(ALPHA)
    found = file_digests(io.BytesIO(data))
    assert found == {name: digest(ALPHA[name]) for name in sorted(ALPHA)}
    assert list(found) == sorted(found)


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", node_zip(ALPHA)[:-30], node_tar(ALPHA)[:50]])
def test_a_damaged_archive_has_none(data: bytes) -> None:
    assert file_digests(io.BytesIO(data)) == {}


def test_only_an_archive_of_the_locked_digest_is_believed(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path), time.time)
    pin = alpha_pin(node_zip(ALPHA))
    question = Question("comfy-registry", "archive", f"alpha@1.2.0 {pin.url}", is_lasting=True)
    kind = cast("type[ArchiveFacts | Missing]", ArchiveFacts | Missing)
    files = {"__init__.py": "ab" * 32}
    assert known_files(Offline(cache), pin) is None
    cache.keep(question, kind, Known(ArchiveFacts("cd" * 32, 3, files=files)))
    assert known_files(Offline(cache), pin) is None
    cache.keep(question, kind, Known(ArchiveFacts(pin.sha256 or "", 3, files=files)))
    assert known_files(Offline(cache), pin) == files
    cache.keep(question, kind, Known(Missing("gone", "it is gone")))
    assert known_files(Offline(cache), pin) is None


def test_the_id_in_an_address_is_asked_for_too(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path), time.time)
    pin = release("other-name", url="https://cdn.comfy.org/ann/alpha/1.2.0/node.zip")
    question = Question("comfy-registry", "archive", f"alpha@1.2.0 {pin.url}", is_lasting=True)
    kind = cast("type[ArchiveFacts | Missing]", ArchiveFacts | Missing)
    cache.keep(question, kind, Known(ArchiveFacts(pin.sha256 or "", 3, files={"a": "b"})))
    assert known_files(Offline(cache), pin) == {"a": "b"}


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2.5", "2.5.0"),
        ("v1.2.3", "1.2.3"),
        ("1", "1.0.0"),
        ("01.02.03", "1.2.3"),
        ("2.0.0-alpha.7", "2.0.0-alpha.7"),
        ("1.2+build", "1.2.0+build"),
        ("1.2.3.4", "1.2.3.4"),
        ("nightly", "nightly"),
        ("", ""),
    ],
)
def test_versions_as_the_registry_normalises_them(text: str, normal: str) -> None:
    assert three_parts(text) == normal


FILES: dict[str, Content] = {
    "__init__.py": "A = 1\n",
    "run.sh": Program("#!/bin/sh\n"),
    "a/b/c.txt": "c",
    "a-b": "sorts between a and a/",
    "a.txt": "x",
    "link": Link("a/b/c.txt"),
    "deps/inner": Submodule("0123456789abcdef0123456789abcdef01234567"),
}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_the_tree_of_a_folder_is_gits(tmp_path: Path, algorithm: str) -> None:
    repository = Repository(str(tmp_path / "remote.git"), algorithm=algorithm)
    length = 64 if algorithm == "sha256" else 40
    inner = ("0123456789abcdef" * 4)[:length]
    commit = repository.commit({**FILES, "deps/inner": Submodule(inner)})
    tree = repository.tree({**FILES, "deps/inner": Submodule(inner)})
    folder = tmp_path / "folder"
    folder.mkdir()
    command = f"git --git-dir={repository.path} archive {commit} | tar -x -C {folder}"
    subprocess.run(["bash", "-c", command], check=True)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/x.pyc").write_bytes(b"x")
    (folder / "empty").mkdir()
    assert plain_tree_id(str(folder), {"deps/inner": inner}, algorithm) == tree
    (folder / "a/b/c.txt").write_text("d")
    assert plain_tree_id(str(folder), {"deps/inner": inner}, algorithm) != tree


def test_a_pipe_in_a_folder_has_no_tree(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe"):
        plain_tree_id(str(tmp_path), {})


LOCK = b"version = 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "# comfy.lock sha256: {}\n",
        'LABEL dev.comfylock.lock="comfy.lock sha256: {}"\n',
        '{{"comfy.lock sha256": "{}"}}',
        '{{"name": "comfy.lock sha256", "value": "{}"}}',
    ],
)
@pytest.mark.parametrize("name", ["install.sh", "docker/Dockerfile", ".github/workflows/ci.yml"])
def test_companions_are_found(tmp_path: Path, text: str, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.format(digest(LOCK)))
    assert companions_checked(str(tmp_path), LOCK).findings == ()
    assert [item.name for item in companions_checked(str(tmp_path), LOCK).items] == [name]
    ((found),) = companions_checked(str(tmp_path), LOCK + b"#").findings
    assert (found.kind, found.subject) == ("companion-stale", name)
    assert found.mend == "make it again from this lock"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("script", "# Written by `comfylock emit script`; do not edit\n# comfy.lock sha256: {}\n"),
        ("model-paths", "# comfy.lock sha256: {}\n# Written by comfylock emit model-paths. Read\n"),
        ("sbom", '{{"name": "comfy.lock sha256", "value": "{}", "bomFormat": "CycloneDX"}}'),
        ("snapshot", '{{"comfy.lock sha256": "{}", "git_custom_nodes": {{}}}}'),
    ],
)
def test_what_makes_a_companion_again_is_told(tmp_path: Path, kind: str, text: str) -> None:
    (tmp_path / "it's made").write_text(text.format(digest(LOCK)))
    ((found),) = companions_checked(str(tmp_path), LOCK + b"#").findings
    assert found.mend == f"""comfylock emit {kind} -o 'it'"'"'s made'"""


@pytest.mark.parametrize(
    "text", ["sha256:{}", "comfy.lock is a file, sha256 of another: {}", "# comfy.lock sha256:abc"]
)
def test_other_files_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "notes.md").write_text(text.format(digest(LOCK)))
    assert companions_checked(str(tmp_path), LOCK).items == ()
