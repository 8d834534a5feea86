from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from comfylock.verifying.folders import folders_of

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.verifying.folders import Folders


def read(folder: Path, text: str, **environ: str) -> Folders:
    folder.joinpath("extra_model_paths.yaml").write_text(text)
    return folders_of(str(folder), environ=environ)


def names(folders: Folders, key: str | None, base: Path) -> list[str]:
    return [os.path.relpath(path, base).replace(os.sep, "/") for path in folders.of(key)]


def test_comfyuis_own_folders(tmp_path: Path) -> None:
    folders = folders_of(str(tmp_path))
    assert names(folders, "vae", tmp_path) == ["models/vae", "output/vae"]
    assert names(folders, "clip", tmp_path)[:2] == ["models/text_encoders", "models/clip"]
    assert names(folders, "diffusion_models", tmp_path)[0] == "models/unet"
    assert names(folders, "ipadapter", tmp_path) == ["models/ipadapter"]
    assert folders.custom_nodes == (str(tmp_path / "custom_nodes"),)


def test_more_roots_come_after(tmp_path: Path) -> None:
    folders = folders_of(str(tmp_path), roots=[str(tmp_path / "volume")])
    assert names(folders, "loras", tmp_path) == ["models/loras", "volume/loras", "output/loras"]
    assert names(folders, "ipadapter", tmp_path) == ["models/ipadapter", "volume/ipadapter"]


def test_a_section_with_a_base(tmp_path: Path) -> None:
    text = "comfyui:\n  base_path: ../volume\n  checkpoints: models/sd\n  clip: |\n    a\n    b\n"
    folders = read(tmp_path, text)
    assert names(folders, "checkpoints", tmp_path)[-1] == "../volume/models/sd"
    assert names(folders, "text_encoders", tmp_path)[-2:] == ["../volume/a", "../volume/b"]


def test_a_section_without_a_base_is_relative_to_its_file(tmp_path: Path) -> None:
    assert names(read(tmp_path, "x:\n  vae: here\n"), "vae", tmp_path)[-1] == "here"


def test_a_default_section_comes_first(tmp_path: Path) -> None:
    text = "x:\n  base_path: /v\n  is_default: true\n  vae: here\n"
    assert read(tmp_path, text).of("vae")[0] == "/v/here"


def test_names_of_the_environment(tmp_path: Path) -> None:
    text = "x:\n  base_path: $VOLUME/${SUB}/m\ny:\n  base_path: ~/n\n  loras: l\n  vae: v\n"
    folders = read(
        tmp_path, text.replace("/m\n", "/m\n  vae: v\n"), VOLUME="/v", SUB="s", HOME="/h"
    )
    assert folders.of("vae")[-2:] == ("/v/s/m/v", "/h/n/v")
    assert folders.of("loras")[-1] == "/h/n/l"


def test_folders_of_packs_and_other_things(tmp_path: Path) -> None:
    text = "x:\n  base_path: /v\n  custom_nodes: nodes\n  fonts: f\n  ultralytics: u\ny: null\n"
    folders = read(tmp_path, text)
    assert folders.custom_nodes[-1] == "/v/nodes"
    assert folders.of("ultralytics")[0] == "/v/u"
    assert "/v/f" not in {each for paths in folders.models.values() for each in paths}
    assert folders.problems == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x: [", "not YAML"),
        ("- a\n", "no table"),
        ("x: 3\n", "`x` is no table"),
        ("x:\n  vae: [a, b]\n", "`vae` is no text"),
        ("x:\n  base_path: 3\n  vae: a\n", "base_path"),
        ("a: " + "x" * (1 << 20), "larger"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_files_that_cannot_be_understood(tmp_path: Path, text: str, told: str) -> None:
    ((path, message),) = read(tmp_path, text).problems
    assert path == str(tmp_path / "extra_model_paths.yaml")
    assert told in message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    ((_, message),) = folders_of(str(tmp_path), files=[str(tmp_path / "nothing.yaml")]).problems
    assert "cannot be read" in message


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing\n").problems == ()
