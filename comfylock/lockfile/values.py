"""What a single value of a lock may be; each rule returns what is wrong, or None.

A lock is a stranger's word: whatever passes here may end up in a script, a path or a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.links import folder_key
from comfylock.names import leaves_its_folder
from comfylock.patterns import Pattern
from comfylock.redaction import FIELDS
from comfylock.versions import is_version

if TYPE_CHECKING:
    from collections.abc import Callable

    Rule = Callable[[str], str | None]

HEX = "0123456789abcdef"
MAX_SIZE = 1 << 62

_CONTROL = Pattern("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PACK = Pattern(r"(?:https://)?[a-z0-9](?:[a-z0-9._:~-]*(?:/[a-z0-9._~-]+)*)\Z")
_ADDRESS = Pattern(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[^\s\"'<>\\^`{|}]*)?\Z")
_PLACE = Pattern(r"(?:https?://|ssh://git@)[a-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~+-]+)+\Z")
_HUB = Pattern(r"(?:(?:datasets|spaces)/)?[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?\Z")
_SECRET = Pattern(rf"(?i)[?&;](?:{FIELDS})=")
"""Query fields that let somebody in."""

_TAG = Pattern(r"[^\s~^:?*\[\\-][^\s~^:?*\[\\]*\Z")
_WORD = Pattern(r"[a-z0-9][a-z0-9_.-]*\Z")
_PLATFORM = Pattern(r"[a-z0-9]{1,32}/[a-z0-9_]{1,32}(?:/[a-z0-9.]{1,32})?\Z")
_IMAGE = Pattern(
    r"(?:[a-z0-9.-]+(?::\d{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[A-Za-z0-9_][\w.-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?\Z"
)
_PYLOCK = Pattern(r"pylock\.[A-Za-z0-9_-]+\.toml\Z")
_DEBIAN = Pattern(r"[a-z0-9][a-z0-9.+-]+\Z")
_DATE = Pattern(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\dZ\Z")


def text_fault(text: str) -> str | None:
    """Refuse characters that steer terminals, end lines or turn text around."""
    if text.isprintable() or _CONTROL.search(text) is None:
        return None
    return "holds control characters"


def _hexadecimal(*lengths: int) -> Rule:
    told = " or ".join(map(str, lengths))

    def rule(text: str) -> str | None:
        if len(text) in lengths and not text.strip(HEX):
            return None
        return f"must be {told} lower-case hex digits"

    return rule


commit_fault = _hexadecimal(40, 64)
digest_fault = _hexadecimal(64)


def pack_fault(text: str) -> str | None:
    """Take a registry id, `owner/repo` or a repository elsewhere, in lower case (P1)."""
    if _PACK.match(text) and not _climbs(text.removeprefix("https://")):
        return None
    return "must be a registry id or `owner/repo` in lower case"


def path_fault(text: str) -> str | None:
    """Take a relative path with `/` between its parts that stays where it is."""
    if "\\" in text:
        return "must have `/` between its parts"
    if leaves_its_folder(text):
        return "must be relative and stay in its folder"
    return "must be a path without empty parts" if _climbs(text) else None


def model_fault(text: str) -> str | None:
    """Take a model's path as workflows are read: without blanks around it."""
    return path_fault(text) if text == text.strip() else "must be without blanks around it"


def input_fault(text: str) -> str | None:
    """Take a file, folder or pattern below the lock; `.` is all of it."""
    return None if text == "." else path_fault(text.removesuffix("/"))


def folder_fault(text: str) -> str | None:
    """Take ComfyUI's own word for a model folder."""
    known = folder_key(text)
    if known == text:
        return None
    return "must be a model folder's name" + (f", `{known}`" if known else "")


def version_fault(text: str) -> str | None:
    """Take an exact version and no moving word such as `latest` (P2)."""
    if is_version(text) and text == text.strip():
        return None
    return "must be an exact version"


def tag_fault(text: str) -> str | None:
    """Take what git takes for a tag, unless a command would take it for an option."""
    return None if _TAG.match(text) and ".." not in text else "must be the name of a tag"


def request_fault(text: str) -> str | None:
    """Take anything that may be asked for, unless a command would take it for an option."""
    if not text or text != text.strip() or text[0] == "-":
        return "must be a version, range, branch, tag, commit or URL"
    return address_fault(text) if "://" in text else None


def address_fault(text: str) -> str | None:
    """Take an http or https URL without a user, a secret or a fragment (P22)."""
    if "@" in text.partition("://")[2].partition("/")[0]:
        return "must be a URL without a user or password"
    if _ADDRESS.match(text) is None or "#" in text:
        return "must be an https URL"
    if "/../" in f"{text}/" or "/./" in f"{text}/":
        return "must be a URL without `.` and `..`"
    return "must be a URL without secrets" if "=" in text and _SECRET.search(text) else None


def repository_fault(text: str) -> str | None:
    """Take `https://host/owner/repo` in its one spelling, or `ssh://git@host/owner/repo`."""
    fault = address_fault(text.replace("ssh://git@", "https://", 1))
    if fault is not None:
        return fault
    is_spelled_twice = text.endswith(".git") and text.startswith("https://github.com/")
    if _PLACE.match(text) and not is_spelled_twice:
        return None
    return "must be `https://host/owner/repo`"


def hub_fault(text: str) -> str | None:
    """Take a Hugging Face repository: `org/name`, `datasets/org/name`, `spaces/org/name`."""
    return None if _HUB.match(text) and ".." not in text else "must be `org/name`"


def asset_fault(text: str) -> str | None:
    """Take the name of a file without a folder."""
    return "must be a file's name" if "/" in text else path_fault(text)


def submodule_fault(text: str) -> str | None:
    """Take `path commit url`."""
    parts = text.rsplit(" ", 2)
    if len(parts) != 3:
        return "must be `path commit url`"
    path, commit, url = parts
    if path[:1] == "-":
        return "must be a path that is no option"
    return path_fault(path) or commit_fault(commit) or address_fault(url)


def word_fault(text: str) -> str | None:
    """Take a plain lower-case word: a target, a group, a reason."""
    return None if _WORD.match(text) else "must be a lower-case word"


def platform_fault(text: str) -> str | None:
    """Take what an image runs on."""
    return None if _PLATFORM.match(text) else "must be a platform such as `linux/amd64`"


def image_fault(text: str) -> str | None:
    """Take the name of a container image, with a tag or digest or without."""
    return None if _IMAGE.match(text) else "must be an image such as `docker.io/library/debian:12`"


def image_digest_fault(text: str) -> str | None:
    """Take a digest as images are pinned by."""
    if text.startswith("sha256:") and digest_fault(text[7:]) is None:
        return None
    return "must be `sha256:` and 64 lower-case hex digits"


def pylock_fault(text: str) -> str | None:
    """Take a file's name beside the lock that PEP 751 allows."""
    return None if _PYLOCK.match(text) else "must be a name such as `pylock.comfy.toml`"


def debian_fault(text: str) -> str | None:
    """Take the name of a Debian package."""
    return None if _DEBIAN.match(text) else "must be the name of a Debian package"


def date_fault(text: str) -> str | None:
    """Take a moment in UTC."""
    return None if _DATE.match(text) else "must be a time in UTC such as `2025-03-01T12:00:00Z`"


def one_of(*words: str) -> Rule:
    """Return a rule that takes these words only."""
    told = "`, `".join(words[:-1]) + f"` or `{words[-1]}"

    def rule(text: str) -> str | None:
        return None if text in words else f"must be `{told}`"

    return rule


def number_fault(number: int) -> str | None:
    """Take a size or an id."""
    return None if 0 <= number < MAX_SIZE else "must not be negative or beyond all measure"


def _climbs(path: str) -> bool:
    return any(part in {"", ".", ".."} for part in path.split("/"))
