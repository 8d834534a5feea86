"""A studio's project with a pack and a model of every kind, and the services that hold them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.builders import Json, api, node, stamped, ui
from tests.services.civitai import Upload
from tests.services.git_repository import Content, Submodule
from tests.services.github_api import Attached
from tests.services.node_archive import pack_files
from tests.services.web import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scenarios.place import Place
    from tests.services.world import World

Named = dict[str, str]
"""What the services made up, by name: commits, addresses."""

HUB = "https://huggingface.co"
GHOST = "0123456789abcdef0123456789abcdef01234567"
"""A commit that nobody has."""


def digest(content: bytes) -> str:
    """The sha256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


# packs


def fill_registry(world: World) -> None:
    """Publish packs of every status."""
    registry = world.registry
    for pack, versions in {
        "active-pack": {"1.2.0": "Active", "1.3.0": "Active"},
        "unstamped-pack": {"1.9.0": "Active", "1.10.0": "Active", "1.11.0": "Pending"},
        "pending-pack": {"1.0.0": "Active", "2.0.0": "Pending"},
        "flagged-pack": {"1.0.5": "Active", "1.1.0": "Flagged"},
        "all-flagged-pack": {"1.0.0": "Flagged"},
        "wanted-flagged-pack": {"0.9.0": "Active", "1.0.0": "Flagged"},
        "lost-version-pack": {"2.0.0": "Active"},
        "banned-version-pack": {"1.0.0": "Banned", "1.1.0": "Active"},
        "banned-pack": {"1.0.0": "Active"},
        "deleted-pack": {"1.0.0": "Active"},
        "today-pack": {"3.0.0": "Active"},
        "quarrel-pack": {"1.0.0": "Active", "1.4.0": "Active", "2.0.0": "Active"},
        "ranged-pack": {"1.1.0": "Active", "1.9.0": "Active", "2.0.0": "Active"},
        "reverse-pack": {"1.0.0": "Active"},
    }.items():
        for version, status in versions.items():
            kind = class_of("yesterday-pack" if pack == "today-pack" else pack)
            registry.publish(pack, version, (kind,), status=status)
    registry.packs["banned-pack"].status = "Banned"
    registry.packs["deleted-pack"].status = "Deleted"
    registry.renamed["yesterday-pack"] = "today-pack"
    registry.publish("lacking-pack", "1.0.0", ("SomethingElse",))
    registry.publish("deprecated-pack", "1.0.0", (class_of("deprecated-pack"),), deprecated=True)
    registry.add("unreleased-pack", repository="https://github.com/owner/unreleased")
    registry.add("by-commit-pack", repository="https://github.com/owner/by-commit")
    registry.publish("by-commit-pack", "7.0.0", (class_of("by-commit-pack"),))


def class_of(pack: str) -> str:
    """The class type that a pack provides: `AlphaPack` for `owner/alpha-pack`."""
    return "".join(part.title() for part in pack.rpartition("/")[2].split("-")) + "Node"


def fill_git(world: World) -> Named:
    """Make repositories of every kind; return their commits."""
    named: Named = {}

    def made(name: str, *versions: str, pack: str = "") -> Any:
        repository = world.git.repository(f"github.com/owner/{name}")
        for version in versions or ("HEAD",):
            files = pack_files((class_of(pack or name),), requirements=(f"numpy  # {version}",))
            commit = repository.commit({**files, "version.txt": version})
            named[f"{name}@{version}"] = commit
            if version != "HEAD":
                repository.tag(version, commit, annotated=name == "annotated")
        return repository

    made("tagged", "v1.0.0", "v1.10.0", "v1.9.0", "v2.0.0-rc1")
    made("untagged").default("main")
    made("annotated", "v1.4.0", "v1.5.0")
    made("by-commit", "v1", "v2", pack="by-commit-pack")
    made("unreleased", pack="unreleased-pack")
    made("newplace", "v1.0.0", pack="oldplace")
    world.git.renamed["github.com/owner/oldplace"] = "github.com/owner/newplace"
    made("short", "v1.0.0", "v2.0.0")
    made("ghost", "v1.0.0")
    made("private")
    world.git.hide("github.com/owner/private")
    inner = world.git.repository("github.com/owner/inner").commit({"inner.py": "A = 1\n"})
    modules = world.git.repository("gitlab.com/owner/modules")
    told = '[submodule "inner"]\n\tpath = inner\n\turl = https://github.com/owner/inner\n'
    files: dict[str, Content] = {
        **pack_files((class_of("modules"),)),
        ".gitmodules": told,
        "inner": Submodule(inner),
    }
    named["modules"] = modules.commit(files)
    named["inner"] = inner
    source = pack_files((class_of("single"),))["__init__.py"]
    named["single"] = world.git.repository("github.com/owner/scripts").commit({"single.py": source})
    named["single:sha256"] = digest(source)
    return named


def stamped_nodes(named: Named) -> list[Json]:
    """Nodes as their authors' ComfyUI stamps them."""
    registry: dict[str, str | None] = {
        "active-pack": "1.2.0",
        "unstamped-pack": None,
        "pending-pack": "2.0.0",
        "flagged-pack": "1.1.0",
        "all-flagged-pack": "1.0.0",
        "wanted-flagged-pack": "1.0.0",
        "lost-version-pack": "9.9.9",
        "banned-version-pack": "1.0.0",
        "banned-pack": "1.0.0",
        "deleted-pack": "1.0.0",
        "yesterday-pack": "3.0.0",
        "quarrel-pack": "1.0.0",
        "ranged-pack": "2.0.0",
        "lacking-pack": "1.0.0",
        "deprecated-pack": "1.0.0",
        "unreleased-pack": "nightly",
        "by-commit-pack": named["by-commit@v1"],
        "nobody-knows-pack": "1.0.0",
    }
    git: dict[str, str | None] = {
        "owner/tagged": None,
        "owner/untagged": None,
        "owner/annotated": "1.4.0",
        "owner/oldplace": None,
        "owner/short": named["short@v1.0.0"][:8],
        "owner/ghost": GHOST,
        "owner/private": None,
        "owner/absent": None,
    }
    nodes = [
        stamped(at, class_of(pack), cnr_id=pack, **({"ver": ver} if ver else {}))
        for at, (pack, ver) in enumerate(registry.items(), 1)
    ]
    nodes += [
        stamped(at, class_of(pack), aux_id=pack, **({"ver": ver} if ver else {}))
        for at, (pack, ver) in enumerate(git.items(), 100)
    ]
    return nodes


# models


def fill_hub(world: World) -> Named:
    """Publish repositories of every kind on the Hub; return their commits."""
    hub = world.hub

    def add(name: str, files: dict[str, bytes], **settings: Any) -> str:
        return hub.add(f"owner/{name}", files, card={"license": "mit"}, **settings)

    same, other = {"twin.safetensors": b"the same"}, {"twin.safetensors": b"another"}
    named = {
        "large": add("large", {"large.safetensors": b"large " * 99, "sub/inner.pth": b"inner"}),
        "tagged-model": add("revisions", {"tagged.safetensors": b"tagged"}, tag="v1"),
        "small": add("small", {"small.pt2": b"a few bytes"}),
        "xet": add("xet", {"xet.safetensors": b"xet " * 99}, xet=("xet.safetensors",)),
        "gated": add("gated", {"gated.safetensors": b"gated"}, gated="manual"),
        "gated-small": add("gated-small", {"gated-small.pt2": b"few"}, gated="auto"),
        "private": add("private", {"private.safetensors": b"private"}, private=True),
        "moved": add("moved-to", {"moved.safetensors": b"moved"}),
        "one": add("one", {**same, "apart.safetensors": b"one"}),
        "two": add("two", {**same, "apart.safetensors": b"two"}),
        "three": add("three", other),
        "wrong": add("wrong", {"wrong.safetensors": b"not what the author had"}),
    }
    hub.renamed["owner/moved-from"] = "owner/moved-to"
    return {f"hub:{name}": commit for name, commit in named.items()}


def fill_others(world: World) -> Named:
    """Publish files of every kind elsewhere; return their addresses."""
    civitai, files = world.civitai, world.files
    civitai.add(11, Upload(111, "open.safetensors", b"open"))
    civitai.add(12, Upload(121, "login.safetensors", b"login", is_scanned=False), wants_login=True)
    civitai.add(13, Upload(131, "old.safetensors", b"old"), model_id=1300)
    civitai.add(14, Upload(141, "newest.safetensors", b"newest"), model_id=1300)
    civitai.add(15, Upload(151, "taken.safetensors", b"taken"), model_id=1500)
    civitai.modes[1500] = "TakenDown"
    civitai.add(16, Upload(161, "hidden.safetensors", b"hidden"))
    civitai.hidden.add(16)
    early = document({"error": "Early access"}, 403)
    civitai.add(17, Upload(171, "early.safetensors", b"early", is_scanned=False), refusal=early)
    unsigned = Attached(b"unsigned", has_digest=False)
    world.github.add("owner/release", "v1", asset__pth=b"asset", unsigned__pth=unsigned)
    return {
        "plain": files.add("/plain.safetensors", b"plain " * 20),
        "elsewhere": files.add("/elsewhere.safetensors", b"elsewhere", elsewhere=True),
        "page": files.add("/page.safetensors", login=True),
        "gone": files.add("/gone.safetensors", status=410, head=410),
        "pickle": files.add("/denied.safetensors", status=403, head=403),
    }


def addresses(named: Named) -> dict[str, tuple[str, ...]]:
    """File name to the addresses that its nodes are stamped with."""
    release = "https://github.com/owner/release/releases/download"
    civitai = "https://civitai.com"

    def hub(name: str, file: str, revision: str = "main") -> str:
        return f"{HUB}/owner/{name}/resolve/{revision}/{file}"

    return {
        "large.safetensors": (hub("large", "large.safetensors"),),
        "inner.pth": (hub("large", "sub/inner.pth", named["hub:large"]),),
        "tagged.safetensors": (hub("revisions", "tagged.safetensors", "v1"),),
        "small.pt2": (hub("small", "small.pt2"),),
        "xet.safetensors": (hub("xet", "xet.safetensors"),),
        "gated.safetensors": (hub("gated", "gated.safetensors"),),
        "gated-small.pt2": (hub("gated-small", "gated-small.pt2"),),
        "private.safetensors": (hub("private", "private.safetensors"),),
        "moved.safetensors": (hub("moved-from", "moved.safetensors"),),
        "no-file.safetensors": (hub("large", "larger.safetensors"),),
        "no-revision.safetensors": (hub("revisions", "tagged.safetensors", "v9"),),
        "no-repository.safetensors": (hub("nobody", "no-repository.safetensors"),),
        "twin.safetensors": (hub("one", "twin.safetensors"), hub("two", "twin.safetensors")),
        "apart.safetensors": (hub("one", "apart.safetensors"), hub("two", "apart.safetensors")),
        "second.safetensors": (hub("nobody", "a.pth"), hub("one", "twin.safetensors")),
        "open.safetensors": (f"{civitai}/api/download/models/11",),
        "login.safetensors": (f"{civitai}/api/download/models/12",),
        "newest.safetensors": (f"{civitai}/models/1300/a-model",),
        "taken.safetensors": (f"{civitai}/models/1500?modelVersionId=15",),
        "hidden.safetensors": (f"{civitai}/api/download/models/16",),
        "early.safetensors": (f"{civitai}/api/download/models/17",),
        "no-version.safetensors": (f"{civitai}/api/download/models/999",),
        "asset.pth": (f"{release}/v1/asset.pth",),
        "unsigned.pth": (f"{release}/v1/unsigned.pth",),
        "no-asset.pth": (f"{release}/v1/no-asset.pth",),
        "no-release.pth": (f"{release}/v7/asset.pth",),
        "plain.safetensors": (named["plain"],),
        "elsewhere.safetensors": (named["elsewhere"],),
        "page.safetensors": (named["page"],),
        "gone.safetensors": (named["gone"],),
        "denied.safetensors": (named["pickle"],),
        "stranger.safetensors": ("https://stranger.example.com/stranger.safetensors",),
        "sourceless.safetensors": (),
    }


def loader(at: int, name: str, urls: tuple[str, ...], sha256: str | None = None) -> Json:
    """A node that loads a model and is stamped with where it is from."""
    told = {"hash": sha256, "hash_type": "SHA256"} if sha256 else {}
    stamps = [{"name": name, "url": url, "directory": "checkpoints", **told} for url in urls]
    return node(at, "CheckpointLoaderSimple", name, properties={"models": stamps})


# the project

SETTINGS = """\
[packs]
wanted-flagged-pack = "1.0.0"
ranged-pack = ">=1,<2"
"owner/modules" = {{ git = "https://gitlab.com/owner/modules" }}
tiny = {{ url = "https://raw.githubusercontent.com/owner/scripts/main/single.py" }}

[class-types]
ModulesNode = "owner/modules"
SingleNode = "tiny"

[models]
"checkpoints/mine.safetensors" = {{ local = true, sha256 = "{sha256}" }}
"checkpoints/configured.pth" = "https://huggingface.co/owner/large/resolve/main/sub/inner.pth"
"""


def fill(world: World) -> Named:
    """Publish everything; return what was made up."""
    fill_registry(world)
    return {**fill_git(world), **fill_hub(world), **fill_others(world), "files": world.files.url}


def write(place: Place, named: Named) -> None:
    """Write the studio's project: UI workflows with stamps, one in API format, its settings."""
    found = addresses(named)
    write_all: Callable[[str, Any], None] = place.write
    write_all("workflows/packs.json", ui(*stamped_nodes(named)))
    write_all(
        "workflows/models.json",
        ui(*(loader(at, name, urls) for at, (name, urls) in enumerate(found.items(), 1))),
    )
    quarrel = stamped(1, class_of("quarrel-pack"), cnr_id="quarrel-pack", ver="1.4.0")
    write_all("workflows/quarrel.json", ui(quarrel, node(2, "SharedByTwo")))
    mine = {"ckpt_name": "mine.safetensors"}
    write_all(
        "workflows/plain_api.json",
        api(
            ("ReversePackNode", {}),
            ("NobodyHasThis", {}),
            ("ModulesNode", {}),
            ("SingleNode", {}),
            ("CheckpointLoaderSimple", mine),
            ("CheckpointLoaderSimple", {"ckpt_name": "configured.pth"}),
        ),
    )
    layer = {"SharedByTwo": ["owner/first", "owner/second"]}
    packs = {name: {"repository": f"https://github.com/{name}"} for name in layer["SharedByTwo"]}
    write_all(".comfylock/registry/class_types.json", layer)
    write_all(".comfylock/registry/packs.json", packs)
    write_all("comfylock.toml", SETTINGS.format(sha256="ab" * 32))
