"""Unpack an archive into a new folder: plain files only, and none of them elsewhere."""

import hashlib
import os
import stat
import sys
import tarfile
import zipfile

MAX_FILES, MAX_BYTES = 50_000, 16 << 30


def entries(path):
    """Yield (name, kind, mode, open) for what an archive holds; kind is `f`, `d` or `?`."""
    if zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        for each in archive.infolist():
            mode = each.external_attr >> 16
            kind = "f" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "?"
            kind = "d" if each.is_dir() and stat.S_IFMT(mode) in (0, stat.S_IFDIR) else kind
            yield each.orig_filename, kind, mode, lambda each=each: archive.open(each)
    else:
        archive = tarfile.open(path)
        for each in archive:
            kind = "f" if each.isreg() else "d" if each.isdir() else "?"
            yield each.name, kind, each.mode, lambda each=each: archive.extractfile(each)


def checked(name, kind):
    """Return a name below the folder; end if it leads anywhere else."""
    plain = name[2:] if name.startswith("./") else name
    parts = plain.rstrip("/").split("/") if kind == "d" else plain.split("/")
    is_odd = any(ord(letter) < 32 or ord(letter) == 127 for letter in name) or "\\" in name
    if kind == "?" or is_odd or any(part in ("", ".", "..") for part in parts) or ":" in parts[0]:
        sys.exit(f"the archive holds what no pack needs: {ascii(name)[:80]}")
    return "/".join(parts)


def unpack(path, folder, record):
    """Unpack, and write the digest of every file as sha256sum does."""
    digests, left = {}, MAX_BYTES
    os.makedirs(folder)
    for name, kind, mode, opened in entries(path):
        if kind == "d" and name.rstrip("/") in ("", "."):
            continue
        name = checked(name, kind)
        target = os.path.join(folder, name)
        if kind == "d":
            os.makedirs(target, exist_ok=True)
            continue
        if len(digests) >= MAX_FILES or name in digests:
            sys.exit(f"the archive holds too many files, or one twice: {ascii(name)[:80]}")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        digest = hashlib.sha256()
        with opened() as source, open(target, "xb") as made:
            while block := source.read(1 << 20):
                left -= len(block)
                if left < 0:
                    sys.exit("the archive unpacks to more than 16 GiB")
                digest.update(block)
                made.write(block)
        os.chmod(target, 0o755 if mode & 0o111 else 0o644)
        digests[name] = digest.hexdigest()
    if not digests:
        sys.exit("the archive is empty")
    with open(os.path.join(folder, ".tracking"), "w") as listed:  # what ComfyUI-Manager looks for
        listed.write("\n".join(sorted(digests)))
    digests.pop(".tracking", None)
    with open(record, "w") as listed:
        listed.writelines(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


try:
    unpack(*sys.argv[1:])
except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError) as error:
    sys.exit(f"cannot be unpacked: {error}")
except (zipfile.BadZipFile, tarfile.TarError) as error:
    sys.exit(f"is no archive that can be unpacked: {error}")
