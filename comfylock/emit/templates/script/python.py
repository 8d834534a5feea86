"""Compare the packages of this interpreter with the lock's, or choose files for pip."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from typing import Any


def normal(name: str) -> str:
    """Return a package's name in its one spelling."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check(target: str, file: str) -> None:
    """End with a sentence if this is another Python, or packages are not as locked."""
    wanted = re.search(r"-py(\d+)\.(\d+)", target)
    if wanted and tuple(map(int, wanted.groups())) != sys.version_info[:2]:
        here = platform.python_version()
        sys.exit(f"PYTHON is {here}, locked is {wanted[1]}.{wanted[2]} ({target})")
    there: dict[str, str] = {}
    for each in importlib.metadata.distributions():
        if each.metadata["Name"]:
            there.setdefault(normal(each.metadata["Name"]), each.version)
    with open(file) as lines:
        locked = [line.strip().split("==") for line in lines if line.strip()]
    wrong = [
        f"{name} {there.get(name, 'missing')}, locked is {version}"
        for name, version in locked
        if there.get(name) != version
    ]
    if wrong:
        sys.exit(f"{len(wrong)} of {len(locked)} packages differ: {'; '.join(wrong[:5])}")


def choose(file: str) -> None:
    """Print what pip installs: of each package the file that fits best, with its digest."""
    packaging = "pip._vendor.packaging"  # an environment of its own may lack the package itself
    tags: Any = importlib.import_module(f"{packaging}.tags")
    utils: Any = importlib.import_module(f"{packaging}.utils")
    try:
        toml: Any = importlib.import_module("tomllib")
    except ImportError:
        toml = importlib.import_module("pip._vendor.tomli")
    with open(file, "rb") as opened:
        packages = toml.load(opened)["packages"]
    rank = {tag: place for place, tag in enumerate(tags.sys_tags())}
    for package in packages:
        fitting = []
        for wheel in package.get("wheels", []):
            name = wheel["url"].rpartition("/")[2].replace("%2B", "+")
            places = [rank[tag] for tag in utils.parse_wheel_filename(name)[3] if tag in rank]
            if places:
                fitting.append((min(places), wheel))
        best = min(fitting, key=lambda pair: pair[0])[1] if fitting else None
        best = best or package.get("sdist") or package.get("archive")
        if best is None:
            sys.exit(f"pip cannot install {package['name']} from the lock: install uv")
        sys.stdout.write(
            f"{package['name']} @ {best['url']} --hash=sha256:{best['hashes']['sha256']}\n"
        )


commands: dict[str, Any] = {"check": check, "choose": choose}
commands[sys.argv[1]](*sys.argv[2:])
