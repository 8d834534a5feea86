"""One project with everything that can happen to a pack and a model, and what must come of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.builders import encoded, node, stamped, ui
from tests.services.civitai import Upload
from tests.services.git_repository import Submodule
from tests.services.github_api import Attached
from tests.services.node_archive import pack_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.world import World

LFS, SMALL, XET = b"lfs " * 50, b"small pickle", b"xet " * 50
CIVITAI, ASSET, PLAIN, OTHER = b"civitai", b"asset " * 9, b"plain " * 9, b"other " * 9
WRONG = "f" * 64
GIT = "https://github.com/acme"
HUB = "https://huggingface.co/acme"


def sha256(content: bytes) -> str:
    """The digest as locks write it."""
    return hashlib.sha256(content).hexdigest()


class Scenario:
    """The services filled, the project's files, and the outcome of every subject."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.commits: dict[str, str] = {}
        self._packs()
        self._repositories()
        self._models()

    def _packs(self) -> None:
        registry = self.world.registry
        registry.publish("sc-active", "1.1.0", ("ScActive",))
        registry.publish("sc-active", "1.0.0", ("ScActive",))
        registry.publish("sc-pending", "1.0.0", ("ScPending",))
        registry.publish("sc-pending", "1.1.0", ("ScPending",), status="Pending")
        registry.publish("sc-flagged", "1.9.0", ("ScFlagged",))
        registry.publish("sc-flagged", "2.0.0", ("ScFlagged",), status="Flagged")
        registry.publish("sc-only-flagged", "1.0.0", ("ScOnlyFlagged",), status="Flagged")
        registry.publish("sc-missing", "1.2.0", ("ScMissing",))
        registry.publish("sc-deprecated", "1.0.0", ("ScDeprecated",), deprecated=True)
        registry.publish("sc-found", "3.0.0", ("ScFound",))
        registry.publish("sc-new-name", "1.0.0", ("ScRenamed",))
        registry.renamed["sc-old-name"] = "sc-new-name"
        for name, status in (("sc-banned", "Banned"), ("sc-deleted", "Deleted")):
            registry.add(name, status=status)
            registry.publish(name, "1.0.0", ("Sc" + name[3:].title(),))

    def _repositories(self) -> None:
        git, commits = self.world.git, self.commits
        tagged = git.repository("github.com/acme/with-tags")
        for version in ("v1.9.0", "v1.10.0", "v2.0.0-rc.1"):
            commits[version] = tagged.commit(pack_files(("ScTagged",), note=version))
            tagged.tag(version, commits[version])
        plain = git.repository("github.com/acme/no-tags")
        plain.commit(pack_files(("ScPlain",)))
        commits["no-tags"] = plain.commit(pack_files(("ScPlain",), note="second"))
        annotated = git.repository("github.com/acme/annotated")
        commits["annotated"] = annotated.commit(pack_files(("ScAnnotated",)))
        annotated.tag("v2.0.0", commits["annotated"], annotated=True)
        annotated.commit(pack_files(("ScAnnotated",), note="later"))
        moved = git.repository("github.com/acme/new-home")
        commits["moved"] = moved.commit(pack_files(("ScMoved",)))
        git.renamed["github.com/acme/old-home"] = "github.com/acme/new-home"
        short = git.repository("github.com/acme/short")
        commits["short"] = short.commit(pack_files(("ScShort",)))
        short.commit(pack_files(("ScShort",), note="later"))
        parent = git.repository("github.com/acme/parent")
        lines = '[submodule "lib"]\n\tpath = lib\n\turl = ../library\n'
        files: dict[str, Any] = dict(pack_files(("ScParent",)))
        commits["library"] = "5" * 40
        files |= {".gitmodules": lines, "lib": Submodule(commits["library"])}
        commits["parent"] = parent.commit(files)
        single = git.repository("github.com/acme/single")
        source = "class A:\n    pass\nNODE_CLASS_MAPPINGS = {'ScSingle': A}\n"
        commits["single"] = single.commit({"nodes/single.py": source})
        commits["single-sha256"] = sha256(source.encode())
        git.repository("github.com/acme/hidden").commit(pack_files(("ScHidden",)))
        git.hide("github.com/acme/hidden")

    def _models(self) -> None:
        hub = self.world.hub
        files = {"lfs.safetensors": LFS, "small.pkl": SMALL, "xet.safetensors": XET}
        self.commits["hub"] = hub.add("acme/model", files, xet=("xet.safetensors",), tag="v1")
        self.commits["gated"] = hub.add("acme/gated", {"gated.safetensors": LFS}, gated="manual")
        self.commits["private"] = hub.add("acme/private", {"private.pt": LFS}, private=True)
        hub.add("acme/other", {"twice.pt": OTHER, "same.pt": PLAIN})
        hub.add("acme/first", {"twice.pt": PLAIN})
        civitai = self.world.civitai
        civitai.add(101, Upload(1010, "civitai.safetensors", CIVITAI), model_id=11)
        civitai.add(102, Upload(1020, "hidden.safetensors", CIVITAI), model_id=12)
        civitai.hidden.add(102)
        github = self.world.github
        github.add("acme/files", "v1", asset__pt=Attached(ASSET))
        github.add("acme/files", "v2", unhashed__pt=Attached(ASSET, has_digest=False))
        self.world.files.add("/redirected.pt", PLAIN, elsewhere=True)
        self.world.files.add("/login.pt", PLAIN, login=True)
        self.world.files.add("/same.pt", PLAIN)

    # the project

    @property
    def settings(self) -> bytes:
        """Its comfylock.toml."""
        return (
            '[packs]\n"acme/single" = { url = '
            '"https://raw.githubusercontent.com/acme/single/main/nodes/single.py" }\n'
            '[class-types]\n"ScSingle" = "acme/single"\n'
            '[models]\n"checkpoints/local.pt" = { local = true, sha256 = "' + WRONG + '" }\n'
        ).encode()

    def addresses(self) -> dict[str, tuple[str, str | None]]:
        """Model to the address that its node is stamped with, and the digest if any."""
        files = self.world.files.url
        return {
            "lfs.safetensors": (f"{HUB}/model/resolve/main/lfs.safetensors", sha256(LFS)),
            "small.pkl": (f"{HUB}/model/resolve/v1/small.pkl", None),
            "xet.safetensors": (f"{HUB}/model/blob/main/xet.safetensors?download=true", None),
            "gated.safetensors": (f"{HUB}/gated/resolve/main/gated.safetensors", None),
            "private.pt": (f"{HUB}/private/resolve/main/private.pt", None),
            "lost.pt": (f"{HUB}/model/resolve/main/lost.pt", None),
            "revision.pt": (f"{HUB}/model/resolve/v9/lfs.safetensors", None),
            "nobody.pt": (f"{HUB}/nobody/resolve/main/nobody.pt", None),
            "wrong.safetensors": (f"{HUB}/model/resolve/main/xet.safetensors", WRONG),
            "civitai.safetensors": ("https://civitai.com/models/11?modelVersionId=101", None),
            "hidden.safetensors": ("https://civitai.com/api/download/models/102", None),
            "asset.pt": ("https://github.com/acme/files/releases/download/v1/asset.pt", None),
            "unhashed.pt": ("https://github.com/acme/files/releases/download/v2/unhashed.pt", None),
            "redirected.pt": (f"{files}/redirected.pt", None),
            "login.pt": (f"{files}/login.pt", None),
            "twice.pt": (f"{HUB}/first/resolve/main/twice.pt", None),
            "same.pt": (f"{HUB}/other/resolve/main/same.pt", None),
            "local.pt": ("", None),
            "sourceless.pt": ("", None),
        }

    def write(self, project: Path) -> None:
        """Write the workflows and the settings."""
        (project / "workflows").mkdir(parents=True)
        (project / "comfylock.toml").write_bytes(self.settings)
        packs = ui(
            stamped(1, "ScActive", cnr_id="sc-active", ver="1.0.0"),
            stamped(2, "ScPending", cnr_id="sc-pending", ver="1.1.0"),
            stamped(3, "ScFlagged", cnr_id="sc-flagged", ver="2.0.0"),
            stamped(4, "ScOnlyFlagged", cnr_id="sc-only-flagged", ver="1.0.0"),
            stamped(5, "ScMissing", cnr_id="sc-missing", ver="9.9.9"),
            stamped(6, "ScDeprecated", cnr_id="sc-deprecated"),
            stamped(7, "ScRenamed", cnr_id="sc-old-name", ver="1.0.0"),
            stamped(8, "ScBanned", cnr_id="sc-banned", ver="1.0.0"),
            stamped(9, "ScDeleted", cnr_id="sc-deleted", ver="1.0.0"),
            stamped(10, "ScTagged", aux_id="acme/with-tags"),
            stamped(11, "ScPlain", aux_id="acme/no-tags", ver="nightly"),
            stamped(12, "ScAnnotated", aux_id="acme/annotated", ver="2.0.0"),
            stamped(13, "ScMoved", aux_id="acme/old-home"),
            stamped(14, "ScShort", aux_id="acme/short", ver=self.commits["short"][:9]),
            stamped(15, "ScParent", aux_id="acme/parent"),
            stamped(16, "ScHidden", aux_id="acme/hidden"),
            node(17, "ScSingle"),
            node(18, "ScFound"),
            node(19, "ScNobody"),
            stamped(20, "ScUnpublished", cnr_id="sc-unpublished"),
        )
        (project / "workflows" / "packs.json").write_bytes(encoded(packs))
        loaders = [
            _loader(n, name, *told) for n, (name, told) in enumerate(self.addresses().items())
        ]
        (project / "workflows" / "models.json").write_bytes(encoded(ui(*loaders)))
        files = self.world.files.url
        again = ui(
            _loader(1, "twice.pt", f"{HUB}/other/resolve/main/twice.pt", None),
            _loader(2, "same.pt", f"{files}/same.pt", None),
        )
        (project / "workflows" / "again.json").write_bytes(encoded(again))

    # what must come of it

    def pinned_packs(self) -> dict[str, dict[str, Any]]:
        """Pack to what its pin must say."""
        commits = self.commits
        registry: dict[str, Any] = {"source": "comfy-registry", "verified": "downloaded"}
        git: dict[str, Any] = {"source": "git"}
        return {
            "sc-active": {**registry, "version": "1.0.0", "requested": "1.0.0", "status": None},
            "sc-pending": {**registry, "version": "1.1.0", "status": "pending"},
            "sc-flagged": {**registry, "version": "1.9.0", "requested": "2.0.0", "status": None},
            "sc-missing": {**registry, "version": "1.2.0", "requested": "9.9.9"},
            "sc-deprecated": {**registry, "version": "1.0.0", "deprecated": True},
            "sc-new-name": {**registry, "version": "1.0.0", "aliases": ("sc-old-name",)},
            "sc-found": {**registry, "version": "3.0.0", "requested": None},
            "acme/with-tags": {**git, "commit": commits["v1.10.0"], "version": "v1.10.0"},
            "acme/no-tags": {**git, "commit": commits["no-tags"], "version": None},
            "acme/annotated": {**git, "commit": commits["annotated"], "version": "v2.0.0"},
            "acme/old-home": {**git, "commit": commits["moved"], "repository": f"{GIT}/new-home"},
            "acme/short": {**git, "commit": commits["short"], "requested": commits["short"][:9]},
            "acme/parent": {
                **git,
                "commit": commits["parent"],
                "submodules": (f"lib {commits['library']} {GIT}/library",),
            },
            "acme/single": {
                "source": "file",
                "commit": commits["single"],
                "path": "nodes/single.py",
                "sha256": commits["single-sha256"],
                "provides": ("ScSingle",),
            },
        }

    def pinned_models(self) -> dict[str, dict[str, Any]]:
        """Model to what its pin must say; with every token at hand."""
        hub: dict[str, Any] = {"source": "huggingface", "commit": self.commits["hub"]}
        release: dict[str, Any] = {"source": "github-release", "sha256": sha256(ASSET)}
        return {
            "lfs.safetensors": {**hub, "sha256": sha256(LFS), "verified": "upstream"},
            "small.pkl": {**hub, "sha256": sha256(SMALL), "verified": "downloaded"},
            "xet.safetensors": {**hub, "sha256": sha256(XET), "requested": "main"},
            "gated.safetensors": {"commit": self.commits["gated"], "gated": "manual"},
            "private.pt": {"commit": self.commits["private"], "private": True},
            "civitai.safetensors": {
                "source": "civitai",
                "model_id": 11,
                "version_id": 101,
                "file_id": 1010,
                "sha256": sha256(CIVITAI),
            },
            "hidden.safetensors": {"version_id": 102, "sha256": sha256(CIVITAI)},
            "asset.pt": {**release, "tag": "v1", "verified": "upstream"},
            "unhashed.pt": {**release, "tag": "v2", "verified": "downloaded"},
            "redirected.pt": {"source": "url", "sha256": sha256(PLAIN), "size": len(PLAIN)},
            "same.pt": {"sha256": sha256(PLAIN), "mirrors": (f"{self.world.files.url}/same.pt",)},
            "local.pt": {"source": "local", "sha256": WRONG},
        }

    def gaps(self) -> dict[str, tuple[str, str]]:
        """Subject to the reason, and a part of what is to be done; with every token at hand."""
        return {
            "sc-only-flagged": ("flagged", '[packs] "sc-only-flagged" = '),
            "sc-banned": ("banned", "fork"),
            "sc-deleted": ("deleted", "fork"),
            "sc-unpublished": ("not-found", '[packs] "sc-unpublished"'),
            "acme/hidden": ("private-or-missing", "ssh://git@"),
            "ScNobody": ("unknown", '[class-types] "ScNobody"'),
            "checkpoints/lost.pt": ("no-such-file", ""),
            "checkpoints/revision.pt": ("no-such-revision", ""),
            "checkpoints/nobody.pt": ("not-found", ""),
            "checkpoints/wrong.safetensors": ("mismatch", "[models]"),
            "checkpoints/login.pt": ("not-a-file", "login"),
            "checkpoints/twice.pt": ("ambiguous", '[models] "checkpoints/twice.pt"'),
            "checkpoints/sourceless.pt": ("no-source", '[models] "checkpoints/sourceless.pt"'),
        }


def _loader(number: int, name: str, url: str, digest: str | None) -> dict[str, Any]:
    stamp: dict[str, str] = {"name": name, "url": url, "directory": "checkpoints"}
    if digest is not None:
        stamp |= {"hash": digest, "hash_type": "SHA256"}
    properties = {"models": [stamp]} if url else {}
    return node(100 + number, "CheckpointLoaderSimple", name, properties=properties)
