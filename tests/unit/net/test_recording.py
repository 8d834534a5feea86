from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from comfylock.errors import OfflineError, UsageError
from comfylock.net.answers import InMemory
from comfylock.net.interface import Known, Question
from comfylock.net.recording import Recording, Replay, file_of
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from pathlib import Path


class Fact(Struct, frozen=True, tag="fact"):
    name: str
    refs: dict[str, str] = {}


KIND: Any = Fact | Missing
PACK = Question("comfy-registry", "pack", "KJNodes")
REFS = Question("git", "refs", "https://github.com/alice/../pens.git")
ANSWERS: dict[Question, Any] = {
    PACK: Fact("kj", {"b": "2", "a": "1"}),
    REFS: Missing("private-or-missing", "no such repository", hint="GITHUB_TOKEN=…"),
}


def ask(answers: Any, question: Question) -> Any:
    return answers.ask(question, KIND, lambda _: Known(ANSWERS[question]))


def files(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def recorded(folder: Path, questions: list[Question], **options: Any) -> Recording:
    recording = Recording(InMemory(), str(folder), **options)
    for question in questions:
        assert ask(recording, question) == ANSWERS[question]
    return recording


def test_p24_a_recording_gives_the_same_answers(tmp_path: Path) -> None:
    recording = recorded(tmp_path, [PACK, REFS, PACK])
    assert recording.counts() == {"comfy-registry": (1, 1), "git": (1, 1)}
    replay = Replay(str(tmp_path))
    for question, answer in ANSWERS.items():
        assert replay.ask(question, KIND, Recording.ask) == answer  # type: ignore[arg-type]
    assert replay.counts() == {"comfy-registry": (1, 0), "git": (1, 0)}


def test_p24_a_recording_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    recorded(tmp_path / "a", [PACK, REFS])
    recorded(tmp_path / "b", [REFS, PACK])
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_a_recording_can_be_read(tmp_path: Path) -> None:
    recorded(tmp_path, [PACK, REFS])
    names = list(files(tmp_path))
    assert names[0].startswith("comfy-registry/pack/KJNodes-")
    assert names[1].startswith("git/refs/https-github.com-alice-..-pens.git-")
    assert files(tmp_path)[names[0]].decode() == (
        '{\n  "question": {\n    "is_lasting": false,\n    "key": "KJNodes",\n'
        '    "kind": "pack",\n    "service": "comfy-registry"\n  },\n  "value": {\n'
        '    "name": "kj",\n    "refs": {\n      "a": "1",\n      "b": "2"\n    },\n'
        '    "type": "fact"\n  },\n  "version": 1\n}\n'
    )


@pytest.mark.parametrize("key", ["", "..", "../../etc/passwd", "a" * 5000, "\ud800", "CON", "é/ü"])
def test_no_name_leaves_the_folder(key: str) -> None:
    for question in (Question("git", "refs", key), Question(key, key, key)):
        path = file_of(question)
        assert len(path.split(os.sep)) == 3
        assert ".." not in path.split(os.sep)
        assert len(path) < 250
    assert file_of(Question("git", "refs", key)) != file_of(Question("git", "refs", key + "x"))


def test_tokens_are_masked(tmp_path: Path) -> None:
    question = Question("url", "file", "a")
    recording = Recording(InMemory(), str(tmp_path), secrets=["sesame-token"])
    recording.ask(question, Fact, lambda _: Known(Fact("is sesame%2dtoken", {"sesame-token": "1"})))
    assert Replay(str(tmp_path)).ask(question, KIND, None) == Fact("is ***", {"***": "1"})  # type: ignore[arg-type]


def test_what_is_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(OfflineError) as caught:
        ask(Replay(str(tmp_path)), PACK)
    assert str(caught.value) == (
        f"comfy-registry: pack of `KJNodes` is not in the recording {tmp_path}"
    )
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(OfflineError):
        ask(Replay(str(tmp_path / "file")), PACK)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"version": 1', b'"version": 2', "was recorded by a newer comfylock"),
        (b'"fact"', b'"tact"', "is no answer"),
        (b'"name": "kj"', b'"name": 5', "is no answer"),
        (b"{", b"", "is no answer"),
        (b"kj", b"\xff", "is no answer"),
    ],
)
def test_a_damaged_recording(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    recorded(tmp_path, [PACK])
    path = tmp_path / file_of(PACK)
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(UsageError, match=message) as caught:
        ask(Replay(str(tmp_path)), PACK)
    assert str(path) in str(caught.value)


def test_a_recording_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        ask(Recording(InMemory(), str(tmp_path / "file")), PACK)
    os.makedirs(tmp_path / file_of(PACK))
    with pytest.raises(UsageError, match="cannot be read"):
        ask(Replay(str(tmp_path)), PACK)
    with pytest.raises(UsageError, match="holds half of a character"):
        Recording(InMemory(), str(tmp_path)).ask(REFS, Fact, lambda _: Known(Fact("\ud800")))
