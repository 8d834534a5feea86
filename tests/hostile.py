"""Locks in which one value is hostile: for each kind of output, to be refused or to be inert."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from comfylock.errors import ComfylockError
from comfylock.lockfile.canonical import value_faults
from comfylock.lockfile.schema import ComfyuiPin, Gap, Lock, ModelPin, Options
from tests.locks import (
    COMMIT,
    SHA,
    TREE,
    from_file,
    from_git,
    hub_model,
    image,
    python_pin,
    release,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Made = TypeVar("Made")

CANARY = "comfylock-canary"
"""A file that comes to be if anything here is run."""

TEXTS = (
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    f"a; touch {CANARY}",
    f"a && touch {CANARY}",
    f"a | touch {CANARY}",
    f"a\ntouch {CANARY}",
    f"a\r\nRUN touch {CANARY}",
    f"'; touch {CANARY}; '",
    f'"; touch {CANARY}; "',
    f"'$(touch {CANARY})'",
    f"\\'; touch {CANARY} #",
    f"a > {CANARY}",
    f"<(touch {CANARY})",
    f"}}; touch {CANARY}; {{",
    f"a) touch {CANARY} ;;",
    "${HOME}",
    "$HOME",
    "$$",
    "%{ if true }x%{ endif }",
    "${{ secrets.HF_TOKEN }}",
    "{{ config }}",
    "{% raw %}",
    "<# comment #>",
    "-rf",
    "--upload-pack=touch",
    "-oProxyCommand=touch",
    "../../etc/passwd",
    "/etc/passwd",
    "a/../../b",
    "..",
    ".",
    "~root/.ssh/id_rsa",
    "C:\\Windows",
    "a\\",
    "a\\\nb",
    "<<EOF",
    "EOF",
    "a\nEOF\nRUN x",
    "# syntax=evil/frontend",
    "#",
    " ",
    "",
    "a b",
    "it's",
    'say "so"',
    "*",
    "[a-z]",
    "?",
    "!",
    "&anchor",
    "*alias",
    "!!python/object/apply:os.system [id]",
    "- item",
    "key: value",
    "null",
    "no",
    "1e3",
    "0x1f",
    "a: &x [*x]",
    "]]>",
    "<script>",
    "a\0b",
    "a\x1b[2Jb",
    "a\x7f",
    "a\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "a\N{LINE SEPARATOR}b",
    "a\N{ZERO WIDTH SPACE}b",
    "a\N{NO-BREAK SPACE}b",
    "ünïcödé/模型",
    "\N{GRINNING FACE}",
    "a\ud800b",
    "a" * 3000,
    "${IFS}touch${IFS}x",
    "a\tb",
    "http://169.254.169.254/",
    "file:///etc/passwd",
    "https://me:secret@example.org/x",
    "ext::sh -c touch",
    "FROM scratch",
    "RUN touch x",
    "custom_nodes",
    "base_path",
    "__pycache__",
    ".git",
    ".git/hooks/post-checkout",
    "con",
    "NUL.txt",
    "a\rb",
    "a\x85b",
    "a\x0cb",
    "a\N{ZERO WIDTH NO-BREAK SPACE}b",
    "a\N{SOFT HYPHEN}b",
    "a\N{LEFT-TO-RIGHT ISOLATE}b",
    "e\N{COMBINING ACUTE ACCENT}",
    "a\n---\nb",
    "\ta",
    "EOF ",
    "<<-'EOF'",
    "#!/bin/sh",
    "# escape=`",
    "ARG X=y",
    "--from=evil",
    "--mount=type=bind,from=evil,target=/evil",
    "a,target=/etc,rw",
    "a=b",
    "a:b",
    "a@b",
    "model@fp8",
    "@file",
    '${file("/etc/passwd")}',
    "%{~ for x in y ~}x%{~ endfor ~}",
    "$${x}",
    "$'\\n'",
    "{a,b}",
    "*.py",
    "!!binary x",
    "!<tag:x> y",
    "? key",
    "| block",
    "---",
    "...",
    "%YAML 1.1",
    "~",
    "~/x",
    "-",
    "--",
    "-o",
    "-r evil.txt",
    "--index-url=https://evil.example",
    "x @ https://evil.example/x.whl",
    "x; python_version > '3'",
    " a",
    "a ",
    "a.",
    "a/",
    "//a",
    "a?b#c",
    "%2e%2e/x",
    "a%0ab",
    "[section]",
    'key = "v"',
    "'''",
    '"""',
    "\\",
    "n" * 256,
    "https://user@example.org/x",
)

HARMLESS = set("\N{ZERO WIDTH SPACE}\N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}\N{SOFT HYPHEN}")
"""Not seen by a reader, but no rule forbids them and they steer nothing."""

TOUCHED: dict[str, Callable[[str], Lock]] = {
    "pack name": lambda text: Lock(packs=(release(text),)),
    "pack version": lambda text: Lock(packs=(release(version=text),)),
    "pack address": lambda text: Lock(packs=(release(url=text),)),
    "pack address's end": lambda text: Lock(packs=(release(url=f"https://example.org/{text}"),)),
    "git name": lambda text: Lock(packs=(from_git(f"a/{text}"),)),
    "git repository": lambda text: Lock(packs=(from_git(repository=text),)),
    "git repository's end": lambda text: Lock(
        packs=(from_git(repository=f"https://example.org/a/{text}"),)
    ),
    "git tag": lambda text: Lock(packs=(from_git(version=text),)),
    "submodule": lambda text: Lock(
        packs=(from_git(submodules=(f"{text} {COMMIT} https://github.com/a/b",)),)
    ),
    "file path": lambda text: Lock(packs=(from_file(path=text),)),
    "dependency": lambda text: Lock(packs=(release(dependencies=(text,)),)),
    "class type": lambda text: Lock(packs=(release(provides=(text,)),)),
    "missing class type": lambda text: Lock(packs=(release(provides=(text,), missing=(text,)),)),
    "install script": lambda text: Lock(packs=(release(runs_code=(text,)),)),
    "Debian package": lambda text: Lock(packs=(release(system_packages=(text,)),)),
    "gpu": lambda text: Lock(packs=(release(needs_gpu=(text,)),)),
    "group": lambda text: Lock(packs=(release(groups=(text,)),)),
    "model name": lambda text: Lock(models=(hub_model(text),)),
    "model folder": lambda text: Lock(models=(hub_model(folder=text),)),
    "model path": lambda text: Lock(models=(hub_model(path=text),)),
    "hub repository": lambda text: Lock(models=(hub_model(repository=text),)),
    "tier": lambda text: Lock(models=(hub_model(tier=text, vram=8),)),
    "licence": lambda text: Lock(models=(hub_model(licence=text),)),
    "mirror": lambda text: Lock(models=(hub_model(mirrors=(text,)),)),
    "model address": lambda text: Lock(models=(_loose(text),)),
    "model address's end": lambda text: Lock(models=(_loose(f"https://example.org/{text}"),)),
    "release tag": lambda text: Lock(models=(_asset(tag=text),)),
    "release asset": lambda text: Lock(models=(_asset(path=text),)),
    "image": lambda text: Lock(images=(image(reference=text),)),
    "image name": lambda text: Lock(images=(image(text),)),
    "image platform": lambda text: Lock(images=(image(platform=text),)),
    "pylock": lambda text: Lock(python=(python_pin(file=text),)),
    "torch": lambda text: Lock(python=(python_pin(torch=text),)),
    "ComfyUI's repository": lambda text: Lock(comfyui=_comfyui(repository=text)),
    "ComfyUI's version": lambda text: Lock(comfyui=_comfyui(version=text)),
    "ComfyUI's requirement": lambda text: Lock(comfyui=_comfyui(dependencies=(text,))),
    "gap": lambda text: Lock(unresolved=(Gap("pack", text, "not-found", text),)),
    "input": lambda text: Lock(options=Options(inputs=(text,))),
}
"""Where a text stands, and a lock that has it there."""


def locks(touched: str | None = None) -> Iterator[tuple[str, str, Lock]]:
    """Yield places, texts and locks; those of one place if it is named."""
    for place, lock_of in TOUCHED.items():
        if touched in {None, place}:
            for text in TEXTS:
                yield place, text, lock_of(text)


@cache
def lawful(place: str) -> tuple[Lock, ...]:
    """The locks of a place that break no rule: those that do are refused when they are read."""
    return tuple(lock for _, _, lock in locks(place) if not any(value_faults(lock)))


def taken(make: Callable[[Lock], Made], touched: str | None = None) -> Iterator[tuple[str, Made]]:
    """Yield places, and what is made of their locks: of as many texts at once as it takes.

    What it refuses must be told in printable words.
    """
    for place in TOUCHED:
        if touched in {None, place}:
            for made in _made(make, lawful(place), place):
                yield place, made


def _made(make: Callable[[Lock], Made], some: Sequence[Lock], place: str) -> Iterator[Made]:
    if not some:
        return
    whole = some[0] if len(some) == 1 else joined(some, place)
    try:
        made = None if whole is None else make(whole)
    except ComfylockError as error:
        made, refused = None, str(error)
        assert refused.replace("\n", "").isprintable(), repr(refused)
    if made is not None:
        yield made
    elif len(some) > 1:
        half = len(some) // 2
        yield from _made(make, some[:half], place)
        yield from _made(make, some[half:], place)


def joined(some: Sequence[Lock], place: str) -> Lock | None:
    """Return one lock with what all of them have; None where a lock has one such thing only."""
    comfyui = some[0].comfyui
    if comfyui is not None and place != "ComfyUI's requirement":
        return None
    asked = tuple(text for lock in some if lock.comfyui for text in lock.comfyui.dependencies)
    numbered = list(enumerate(some))
    packs = [(number, pack) for number, lock in numbered for pack in lock.packs]
    models = [(number, model) for number, lock in numbered for model in lock.models]
    if place not in {"pack name", "git name"}:
        packs = [(number, replace(pack, name=f"{pack.name}{number}")) for number, pack in packs]
    if place not in {"model name", "model folder"}:
        models = [(number, replace(each, name=f"{number}{each.name}")) for number, each in models]
    return Lock(
        comfyui=comfyui and replace(comfyui, dependencies=asked),
        packs=tuple(pack for _, pack in packs),
        models=tuple(model for _, model in models),
        images=tuple(each for lock in some for each in lock.images),
        python=tuple(each for lock in some for each in lock.python),
        unresolved=tuple(gap for lock in some for gap in lock.unresolved),
        options=Options(inputs=tuple(text for lock in some for text in lock.options.inputs)),
    )


def _loose(url: str) -> ModelPin:
    return ModelPin("a.bin", "vae", "url", url=url, sha256=SHA, size=1)


def _asset(**fields: str) -> ModelPin:
    values: dict[str, Any] = {"tag": "v1", "path": "a.bin", "sha256": SHA, "size": 1, **fields}
    repository = "https://github.com/a/b"
    return ModelPin("a.bin", "vae", "github-release", repository=repository, **values)


def _comfyui(
    repository: str = "https://github.com/comfyanonymous/ComfyUI",
    version: str = "0.3.64",
    dependencies: tuple[str, ...] = (),
) -> ComfyuiPin:
    return ComfyuiPin(">=0.3", version, repository, COMMIT, TREE, dependencies)
