"""Compare the packages of this interpreter with the lock's, or choose files for pip."""

import importlib.metadata
import platform
import re
import sys


def normal(name):
    """Return a package's name in its one spelling."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check(target, file):
    """End with a sentence if this is another Python, or packages are not as locked."""
    wanted = re.search(r"-py(\d+)\.(\d+)", target)
    if wanted and tuple(map(int, wanted.groups())) != sys.version_info[:2]:
        here = platform.python_version()
        sys.exit(f"PYTHON is {here}, locked is {wanted[1]}.{wanted[2]} ({target})")
    there = {}
    for each in importlib.metadata.distributions():
        if each.metadata["Name"]:
            there.setdefault(normal(each.metadata["Name"]), each.version)
    with open(file) as lines:
        locked = [line.strip().split("==") for line in lines if line.strip()]
    wrong = [f"{name} {there.get(name, 'missing')}, locked is {v}" for name, v in locked if there.get(name) != v]
    if wrong:
        sys.exit(f"{len(wrong)} of {len(locked)} packages differ: {'; '.join(wrong[:5])}")


def choose(file):
    """Print what pip installs: of each package the file that fits best, with its digest."""
    from pip._vendor.packaging.tags import sys_tags
    from pip._vendor.packaging.utils import parse_wheel_filename

    try:
        from tomllib import load
    except ImportError:
        from pip._vendor.tomli import load
    with open(file, "rb") as opened:
        packages = load(opened)["packages"]
    rank = {tag: place for place, tag in enumerate(sys_tags())}
    for package in packages:
        fitting = []
        for wheel in package.get("wheels", []):
            tags = parse_wheel_filename(wheel["url"].rpartition("/")[2].replace("%2B", "+"))[3]
            places = [rank[tag] for tag in tags if tag in rank]
            if places:
                fitting.append((min(places), wheel))
        best = min(fitting, key=lambda pair: pair[0])[1] if fitting else None
        best = best or package.get("sdist") or package.get("archive")
        if best is None:
            sys.exit(f"pip cannot install {package['name']} from the lock: install uv")
        print(f"{package['name']} @ {best['url']} --hash=sha256:{best['hashes']['sha256']}")


{"check": check, "choose": choose}[sys.argv[1]](*sys.argv[2:])
