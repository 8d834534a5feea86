# comfy.lock sha256: abababababababababababababababababababababababababababababababab
# Written by comfylock emit dockerfile: do not edit it, emit it again.
#
#   docker build -f Dockerfile -t comfyui .        in the folder of comfy.lock
#
# --build-arg ACCELERATOR=…    of cu128, cpu
#             VARIANT=…        of standard
#             BASE_IMAGE=…     another base; TOOLS_IMAGE=…: another image to fetch with
#             GIT_MIRROR=…     what stands in for `https://` of git; FILE_MIRROR=…: of files
#             HF_ENDPOINT=…    another Hugging Face
#             PIP_INDEX_URL=…  where uv itself comes from; UV_DEFAULT_INDEX=…: what no lock holds
#             CHECK_NODES=1    start ComfyUI on the CPU and ask which nodes it has
# --build-context ca=DIR       with --build-arg CA_BUNDLE=/run/ca/FILE: other authorities to trust
# --build-context uv=DIR       a folder with uv in it; so for every other stage below
# --secret id=netrc,src=FILE   logins for git and package indexes

ARG ACCELERATOR=cu128
ARG VARIANT=standard
ARG BASE_IMAGE=base-${ACCELERATOR}
ARG TOOLS_IMAGE=base-cu128

# ---- What it is built on, for each accelerator, and the Python packages for it

FROM docker.io/nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04@sha256:abababababababababababababababababababababababababababababababab AS base-cu128
LABEL org.opencontainers.image.base.name=docker.io/nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 \
      org.opencontainers.image.base.digest=sha256:abababababababababababababababababababababababababababababababab

FROM scratch AS pylock-cu128
COPY pylock.comfy.toml /out/pylock.comfy.toml
COPY <<'EOF' /out/pylock.comfy.toml.sha256
abababababababababababababababababababababababababababababababab  /run/pylock/pylock.comfy.toml
EOF

FROM docker.io/nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04@sha256:abababababababababababababababababababababababababababababababab AS base-cpu
LABEL org.opencontainers.image.base.name=docker.io/nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 \
      org.opencontainers.image.base.digest=sha256:abababababababababababababababababababababababababababababababab

FROM scratch AS pylock-cpu
COPY pylock.comfy-cpu.toml /out/pylock.comfy.toml
COPY <<'EOF' /out/pylock.comfy.toml.sha256
abababababababababababababababababababababababababababababababab  /run/pylock/pylock.comfy.toml
EOF

# hadolint ignore=DL3006
FROM pylock-${ACCELERATOR} AS pylock

# ---- Fetching: in stages of its own; nothing but the files gets into the image

FROM scratch AS ca

# hadolint ignore=DL3006
FROM ${TOOLS_IMAGE} AS tools
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The base decides the release of these; its archive keeps no old versions.
# hadolint ignore=DL3008
RUN packages=(ca-certificates curl git python3 python3-venv) \
    && if [[ $(dpkg-query --show --showformat='${db:Status-Status},' "${packages[@]}" 2> /dev/null) \
    != "$(printf 'installed,%.0s' "${packages[@]}")" ]]; then apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${packages[@]}" \
    && rm -rf /var/lib/apt/lists/*; fi
ARG CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
ARG SSL_CERT_FILE=$CA_BUNDLE GIT_SSL_CAINFO=$CA_BUNDLE CURL_CA_BUNDLE=$CA_BUNDLE PIP_CERT=$CA_BUNDLE
ARG GIT_MIRROR=https://
ARG GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=url.$GIT_MIRROR.insteadOf GIT_CONFIG_VALUE_0=https://
ARG FILE_MIRROR=https://
ARG HF_ENDPOINT=https://huggingface.co
COPY --chmod=0755 <<'EOF' /usr/local/bin/fetch
#!/bin/bash
# Fetches what the image is built from, and proves it. It is in the stages that fetch, not in the image.
#   fetch git FOLDER URL COMMIT TREE [PATH COMMIT URL]...   TREE may be `-`; then submodules
#   fetch unpack ROOT FOLDER ARCHIVE                        an archive that ADD --checksum has proven
#   fetch models LIST FOLDER                                what of a list is not there, JOBS at a time
#   fetch model FILE SHA256 SIZE URL [MIRROR]...            SIZE may be 0: unknown. Resumes what it began
# HF_ENDPOINT stands in for https://huggingface.co, FILE_MIRROR for the `https://` of other hosts.
# TOKEN_FILE names a file with the token for the first URL's host; it is sent nowhere else. For a list
# HF_TOKEN and CIVITAI_TOKEN are these tokens.
set -euo pipefail
umask 002 # the group, which whoever runs ComfyUI is in, may write
parts=${FETCH_PARTS:-/var/cache/comfylock}
HF_ENDPOINT=${HF_ENDPOINT:-https://huggingface.co}

fail() {
  echo "fetch: $*" >&2
  exit 1
}

fetch_git() {
  local folder=$1 url=$2 commit=$3 tree=$4 found try
  shift 4
  local git=(git -C "$folder" -c core.hooksPath=/dev/null -c advice.detachedHead=false)
  mkdir -p "$folder"
  "${git[@]}" init --quiet
  "${git[@]}" config remote.origin.url "$url"
  for try in 1 2 3 4; do
    "${git[@]}" fetch --quiet --no-tags --depth=1 origin "$commit" && break
    # Some hosts give a commit only together with the branch that it is on.
    "${git[@]}" fetch --quiet --no-tags origin '+refs/*:refs/remotes/origin/*' &&
      "${git[@]}" cat-file -e "$commit" && break
    [[ $try -lt 4 ]] || fail "$url does not give commit $commit"
    sleep $((try * try))
  done
  "${git[@]}" checkout --quiet --force --detach "$commit"
  found=$("${git[@]}" rev-parse "HEAD^{tree}")
  [[ $tree == - || $tree == "$found" ]] || fail "$url: the tree of $commit is $found, locked is $tree"
  while [[ $# -ge 3 ]]; do
    found=$("${git[@]}" ls-tree HEAD -- "$1")
    [[ $found == "160000 commit $2"* ]] || fail "$url: $1 is no submodule at $2"
    fetch_git "$folder/$1" "$3" "$2" -
    shift 3
  done
}

unpack() {
  local root=$1 folder=$2 archive=$3 sums=$1/opt/comfylock/sums files
  (umask 022 && mkdir -p "$sums")
  mkdir -p "$root$folder"
  python3 -m zipfile -e "$archive" "$root$folder"
  chmod -R u=rwX,g=rwX,o=rX "$root$folder"
  cd "$root$folder"
  # ComfyUI-Manager tells packs of the registry by this list.
  files=$(find . -type f ! -name .tracking -printf '%P\n' | LC_ALL=C sort)
  printf '%s' "$files" > .tracking
  find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > "$sums/${folder##*/}"
}

fetch_model() {
  local file=$1 sha256=$2 size=$3 part="$parts/$2.part" token=${TOKEN:-} url
  shift 3
  [[ ! -s ${TOKEN_FILE:-} ]] || token=$(tr -cd '[:graph:]' < "$TOKEN_FILE")
  mkdir -p "$parts" "${file%/*}"
  for url in "$@"; do
    case $url in
      https://huggingface.co/*) url=${HF_ENDPOINT%/}${url#https://huggingface.co} ;;
      https://*) [[ ${FILE_MIRROR:-https://} == https:// ]] || token='' url=$FILE_MIRROR${url#https://} ;;
    esac
    if download "$url" "$part" "$size" "$token" && sha256sum --check --quiet <<< "$sha256  $part"; then
      chmod 0664 "$part"
      mv "$part" "$file.part" && mv "$file.part" "$file" # the second does not cross file systems
      return
    fi
    rm -f "$part"
    token=''
  done
  fail "no address gives ${file##*/} with sha256 $sha256 (what is gated wants a token, as a build secret)"
}

download() {
  local url=$1 part=$2 size=$3 token=$4 try code
  [[ $size -gt 0 ]] || rm -f "$part"
  for try in 1 2 3 4 5; do
    [[ $size -eq 0 || $(stat -c %s "$part" 2> /dev/null || echo 0) -ne $size ]] || return 0
    # curl sends the header to the first host alone, and reads it from here: no argument list shows it.
    if [[ -n $token ]]; then
      printf 'header = "Authorization: Bearer %s"\n' "${token//[\\\"]/}"
    fi | curl --config - --fail --location --proto =http,https --proto-redir "=https,${url%%:*}" \
      --silent --show-error --retry 3 --connect-timeout 30 --speed-limit 1024 --speed-time 60 \
      --continue-at - --output "$part" -- "$url" && return
    code=$?
    # Not resolved, not reached, broken off: what may be otherwise in a while. When the host
    # itself says no (22), curl has asked again where that helps.
    case $code in 5 | 6 | 7 | 18 | 28 | 35 | 52 | 55 | 56 | 92) ;; *) return "$code" ;; esac
    [[ $try -lt 5 ]] || return "$code"
    sleep $((try * try))
  done
}

# What has the right size was proven when it came: it got its name after that.
is_there() { [[ -f $1 && ($2 -eq 0 || $(stat -c %s "$1") -eq $2) ]]; }

# A line has: name, MiB of GPU memory (of models with one name the first that fits is taken), path,
# sha256, size, environment variable with the token or -, URL and mirrors; tabs between them.
fetch_models() {
  local list=$1 folder=$2 memory name vram path sha256 size token urls running=0 failed=0
  local -A taken=()
  memory=$(nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits 2> /dev/null | sort -n | head -n 1) || :
  parts=$folder/.parts
  while IFS=$'\t' read -r name vram path sha256 size token urls; do
    [[ -z ${taken[$name]-} && $vram -le ${memory:-0} ]] || continue
    taken[$name]=1
    ! is_there "$folder/$path" "$size" || continue
    while [[ $running -ge ${JOBS:-4} ]]; do
      wait -n || failed=1
      running=$((running - 1))
    done
    echo "fetch: $path" >&2
    (
      # Another container may be at it on the same volume.
      mkdir -p "$parts"
      exec 9> "$parts/$sha256.lock"
      flock 9 2> /dev/null || :
      ! is_there "$folder/$path" "$size" || exit 0
      [[ $token == - ]] || TOKEN=${!token:-}
      IFS=$'\t' read -ra urls <<< "$urls"
      fetch_model "$folder/$path" "$sha256" "$size" "${urls[@]}"
    ) &
    running=$((running + 1))
  done < "$list"
  while [[ $running -gt 0 ]]; do
    wait -n || failed=1
    running=$((running - 1))
  done
  return "$failed"
}

case ${1:-} in
  git) fetch_git "${@:2}" ;;
  unpack) unpack "${@:2}" ;;
  models) fetch_models "${@:2}" ;;
  model) fetch_model "${@:2}" ;;
  *) fail "no such thing: ${1:-}" ;;
esac
EOF

# Above the folders that packs and models go into, only root may write.
WORKDIR /out/comfyui

FROM tools AS uv
ARG PIP_INDEX_URL
COPY <<'EOF' /tmp/uv.txt
uv==0.13.9 \
    --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 \
    --hash=sha256:ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375
EOF

RUN --mount=type=bind,from=ca,target=/run/ca --mount=type=secret,id=netrc,target=/root/.netrc \
    python3 -m venv /tmp/venv \
    && /tmp/venv/bin/pip install --quiet --no-cache-dir --require-hashes -r /tmp/uv.txt \
    && cp /tmp/venv/bin/uv /uv

# Four of these at a time: there are four caches, and one step at a time has each.

# alpha 1.2.0
# the Comfy Registry says it is pending
# the Comfy Registry says it is deprecated
# it was found not to provide AlphaNode
# it asks for `--extra-index-url https://example.org/whl`, which is not given to pip
# not run: install.py
FROM tools AS pack-alpha
# hadolint ignore=DL3020
ADD --checksum=sha256:abababababababababababababababababababababababababababababababab ${FILE_MIRROR}cdn.comfy.org/ann/alpha/1.2.0/node.zip /tmp/pack.zip
RUN --mount=type=cache,id=comfylock-1,target=/var/cache/comfylock,sharing=locked \
    fetch unpack /out /comfyui/custom_nodes/alpha /tmp/pack.zip

# carl/gamma v1.0
FROM tools AS pack-gamma
RUN --mount=type=bind,from=ca,target=/run/ca --mount=type=secret,id=netrc,target=/root/.netrc \
    --mount=type=cache,id=comfylock-4,target=/var/cache/comfylock,sharing=locked \
    fetch git /out/comfyui/custom_nodes/gamma https://github.com/carl/gamma 0123456789abcdef0123456789abcdef01234567 89abcdef0123456789abcdef0123456789abcdef 'deps/sub module' 0123456789abcdef0123456789abcdef01234567 https://github.com/carl/deps

# dora/single
FROM tools AS pack-single.py
# hadolint ignore=DL3020
ADD --checksum=sha256:abababababababababababababababababababababababababababababababab --chmod=0664 ${FILE_MIRROR}raw.githubusercontent.com/dora/single/0123456789abcdef0123456789abcdef01234567/nodes/single.py /tmp/pack.py
RUN --mount=type=cache,id=comfylock-3,target=/var/cache/comfylock,sharing=locked \
    umask 002 && mkdir -p /out/comfyui/custom_nodes && mv /tmp/pack.py /out/comfyui/custom_nodes/single.py

# ---- The worker with the locked ComfyUI and Python packages; its start script and handler stay

FROM ${BASE_IMAGE} AS runtime
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends curl ffmpeg libgl1 \
    && rm -rf /var/lib/apt/lists/*
ENV PYTHON=/opt/venv/bin/python \
    COMFYUI_DIR=/comfyui
ARG CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
ARG SSL_CERT_FILE=$CA_BUNDLE GIT_SSL_CAINFO=$CA_BUNDLE CURL_CA_BUNDLE=$CA_BUNDLE PIP_CERT=$CA_BUNDLE
ARG GIT_MIRROR=https://
ARG GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=url.$GIT_MIRROR.insteadOf GIT_CONFIG_VALUE_0=https://
ARG UV_DEFAULT_INDEX
RUN --mount=type=bind,from=ca,target=/run/ca --mount=type=secret,id=netrc,target=/root/.netrc \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,from=pylock,source=/out,target=/run/pylock \
    --mount=type=cache,target=/root/.cache/uv \
    sha256sum --check --quiet /run/pylock/pylock.comfy.toml.sha256 \
    && UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never \
    uv pip install --python /opt/venv/bin/python --requirement /run/pylock/pylock.comfy.toml
RUN --mount=type=bind,from=ca,target=/run/ca --mount=type=secret,id=netrc,target=/root/.netrc \
    --mount=type=bind,from=tools,source=/usr/local/bin/fetch,target=/usr/local/bin/fetch \
    fetch git /comfyui https://github.com/comfyanonymous/ComfyUI 0123456789abcdef0123456789abcdef01234567 89abcdef0123456789abcdef0123456789abcdef

# ---- What each variant has; a layer for each model

FROM scratch AS packs-standard
COPY --link --from=pack-gamma /out/ /out/
COPY --link --from=pack-single.py /out/ /out/

FROM runtime AS variant-standard
COPY --link --from=packs-standard /out/ /
COPY --link <<'EOF' /opt/comfylock/models
checkpoints/base.safetensors	0	checkpoints/base.safetensors	abababababababababababababababababababababababababababababababab	5	CIVITAI_TOKEN	https://civitai.com/api/download/models/22?fileId=33	https://example.org/base.safetensors
upscale_models/x4.pth	0	upscale_models/x4.pth	abababababababababababababababababababababababababababababababab	335304388	HF_TOKEN	https://huggingface.co/datasets/org/repo/resolve/0123456789abcdef0123456789abcdef01234567/x4.pth
vae/ae.safetensors	0	vae/ae.safetensors	abababababababababababababababababababababababababababababababab	335304388	HF_TOKEN	https://huggingface.co/org/repo/resolve/0123456789abcdef0123456789abcdef01234567/ae.safetensors
vae_approx/tae.pth	0	vae_approx/tae.pth	abababababababababababababababababababababababababababababababab	7	-	https://github.com/ann/models/raw/0123456789abcdef0123456789abcdef01234567/vae/tae.pth
EOF

COPY --link <<'EOF' /opt/comfylock/contents
lock	abababababababababababababababababababababababababababababababab
comfyui	0123456789abcdef0123456789abcdef01234567
python	among
pack	carl/gamma	gamma	alone
pack	dora/single	single.py	alone
EOF

# ---- What starts ComfyUI, and what proves the image

# hadolint ignore=DL3006
FROM variant-${VARIANT} AS image
COPY --link <<'EOF' /opt/comfylock/verify
"""Is this image what comfy.lock says? verify [--start]; run by the Python that runs ComfyUI.

With --start ComfyUI is started on the CPU and asked which nodes it has.
"""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from urllib.request import urlopen

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    from pip._vendor import tomli as tomllib

HERE = os.environ.get("COMFYLOCK_DIR", "/opt/comfylock")
COMFYUI = os.environ["COMFYUI_DIR"]
SEEDS = {"pip", "setuptools", "wheel"}


def main():
    named = {}
    with open(f"{HERE}/contents", encoding="utf-8") as file:
        for line in file:
            kind, *row = line.rstrip("\n").split("\t")
            named.setdefault(kind, []).append(row)
    with open(f"{HERE}/comfy.lock", "rb") as file:
        data = file.read()
    ((told,),) = named["lock"]
    if hashlib.sha256(data).hexdigest() != told:
        return report(["comfy.lock is not the one that this Dockerfile was emitted from"], [])
    lock = tomllib.loads(data.decode("utf-8-sig"))
    packs = {pack["name"]: pack for pack in lock.get("pack", ())}
    faults, done = [], []
    if "comfyui" in named:
        faults += git_faults(COMFYUI, "ComfyUI", lock["comfyui"], is_alone=False)
        done.append(f"ComfyUI {lock['comfyui'].get('version', '')}".strip())
    installed = [(packs[name], folder, how == "alone") for name, folder, how in named.get("pack", ())]
    faults += [fault for row in installed for fault in pack_faults(*row)]
    done.append(f"{len(installed)} packs")
    models = named.get("model", ())
    with ThreadPoolExecutor() as pool:
        faults += filter(None, pool.map(lambda row: file_fault(*row), models))
    done.append(f"{len(models)} models")
    for (mode,) in named.get("python", ()):
        count, found = python_faults(lock, f"{HERE}/pylock.comfy.toml", is_all=mode == "only")
        faults += found
        done.append(f"{count} Python packages")
    if "--start" in sys.argv[1:] and not faults:
        count, found = node_faults([pack for pack, *_ in installed])
        faults += found
        done.append(f"{count} class types that ComfyUI has")
    return report(faults, done)


def report(faults, done):
    for fault in faults:
        print(f"differs: {fault}", file=sys.stderr)
    if not faults:
        print(f"as locked: {', '.join(done)}")
    return 1 if faults else 0


def digest(path):
    state = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def file_fault(sha256, size, path):
    """Return what is wrong with one file; size 0: any."""
    whole = os.path.join(COMFYUI, path)
    if not os.path.isfile(whole):
        return f"{path} is missing"
    if int(size) and os.path.getsize(whole) != int(size):
        return f"{path} has {os.path.getsize(whole)} bytes, locked are {size}"
    found = digest(whole)
    return None if found == sha256 else f"{path} has sha256 {found}, locked is {sha256}"


def pack_faults(pack, folder, is_alone):
    """Return what is wrong with a pack; is_alone: there is nothing but its own files."""
    path = f"custom_nodes/{folder}"
    whole = os.path.join(COMFYUI, path)
    if pack["source"] == "file":
        return filter(None, [file_fault(pack["sha256"], pack["size"], path)])
    if not os.path.isdir(whole):
        return [f"{path} is missing"]
    if pack["source"] == "git":
        return git_faults(whole, path, pack, is_alone)
    with open(f"{HERE}/sums/{folder}", encoding="utf-8", errors="surrogateescape") as file:
        # sha256sum begins a line with a backslash where it escapes what is in a name.
        sums = dict(line.rstrip("\n").split("  ./", 1)[::-1] for line in file if line[0] != "\\")
    if not is_alone:
        sums.pop(".tracking", None)  # whoever installed it has written its own
    there = {os.path.relpath(f"{at}/{name}", whole) for at, _, names in os.walk(whole) for name in names}
    extra = {name for name in there - sums.keys() if is_alone and "/__pycache__/" not in f"/{name}"}
    changed = {name for name in sums.keys() & there if digest(f"{whole}/{name}") != sums[name]}
    return [
        *(f"{path}/{name} is missing" for name in sorted(sums.keys() - there)),
        *(f"{path}/{name} is not of the pack" for name in sorted(extra)),
        *(f"{path}/{name} was changed" for name in sorted(changed)),
    ]


def git_faults(folder, told, pin, is_alone):
    """Compare a checkout with a commit; every file is read, whatever the index says."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = {**os.environ, "GIT_INDEX_FILE": f"{scratch}/index", "GIT_OPTIONAL_LOCKS": "0"}

        def git(*arguments):
            options = ["-c", "safe.directory=*", "-c", "core.fsmonitor=false", "--no-replace-objects"]
            command = ["git", "-C", folder, "--git-dir=.git", "--work-tree=.", *options, *arguments]
            run = subprocess.run(command, env=settings, capture_output=True, text=True, errors="replace")
            return run.stdout.rstrip() if run.returncode == 0 else f"nothing ({run.stderr.strip()})"

        commit, tree = git("rev-parse", "HEAD"), git("rev-parse", "HEAD^{tree}")
        if commit != pin["commit"] or tree != pin.get("tree", tree):
            return [f"{told} is at {commit}, locked is {pin['commit']}"]
        git("read-tree", "HEAD")
        shown = ["--untracked-files=all", "--ignored=matching"] if is_alone else ["--untracked-files=no"]
        changes = git("status", "--porcelain", "--ignore-submodules=none", *shown)
    return [f"{told}: {line}" for line in changes.splitlines() if "__pycache__/" not in line]


def python_faults(lock, file, is_all):
    """Compare the installed packages with the pylock; is_all: there are no others."""
    if digest(file) not in {pin["sha256"] for pin in lock.get("python", ())}:
        return 0, ["pylock.comfy.toml is none that comfy.lock names"]
    versions, needed = {}, set()
    with open(file, "rb") as opened:
        packages = tomllib.load(opened)["packages"]
    for package in packages:
        name = plain(package["name"])
        versions.setdefault(name, set()).add(package.get("version"))
        if "marker" not in package:
            needed.add(name)
    there = {plain(found.metadata["Name"]): found.version for found in metadata.distributions()}
    faults = [f"{name} is not installed" for name in sorted(needed - there.keys())]
    for name in sorted(versions.keys() & there.keys()):
        if versions[name] != {None} and there[name] not in versions[name]:
            faults.append(f"{name} is {there[name]}, locked is {' or '.join(sorted(filter(None, versions[name])))}")
    if is_all:
        faults += [f"{name} {there[name]} is not locked" for name in sorted(there.keys() - versions.keys() - SEEDS)]
    return len(versions.keys() & there.keys()), faults


def plain(name):
    return re.sub("[-_.]+", "-", name).lower()


def node_faults(packs):
    """Start ComfyUI and look for the class types that the workflows need."""
    with tempfile.TemporaryDirectory() as scratch, open(f"{scratch}/log", "w+b") as log:
        places = [f"--{kind}-directory={scratch}" for kind in ("output", "temp", "user")]
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = ["--cpu", "--disable-auto-launch", "--listen=127.0.0.1", f"--port={port}", *places]
        command = [sys.executable, "main.py", *options]
        with subprocess.Popen(command, cwd=COMFYUI, stdout=log, stderr=log) as server:
            try:
                known = object_info(server, port)
            finally:
                server.kill()
        if known is None:
            log.seek(0)
            sys.stderr.write(log.read()[-4000:].decode(errors="replace"))
            return 0, ["ComfyUI does not start; above is the end of what it said"]
    faults, count = [], 0
    for pack in packs:
        wanted = set(pack.get("provides", ())) - set(pack.get("missing", ()))
        lacking = sorted(wanted - known)
        count += len(wanted) - len(lacking)
        for reason in pack.get("needs-gpu", ()) if lacking else ():
            print(f"not looked at: {', '.join(lacking)} of {pack['name']}: a GPU is needed by {reason}")
        if not pack.get("needs-gpu"):
            faults += [f"ComfyUI has no {name}, which {pack['name']} should provide" for name in lacking]
    return count, faults


def object_info(server, port):
    deadline = time.monotonic() + 600
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"http://127.0.0.1:{port}/object_info", timeout=60) as answer:
                return set(json.load(answer))
        except OSError:
            time.sleep(0.5)
    return None


if __name__ == "__main__":
    sys.exit(main())
EOF

COPY --link comfy.lock /opt/comfylock/
COPY --link --from=pylock /out/ /opt/comfylock/
LABEL comfy.lock.sha256=abababababababababababababababababababababababababababababababab \
      org.opencontainers.image.title=comfyui
COPY --link --from=tools /usr/local/bin/fetch /opt/comfylock/fetch
COPY --link <<'EOF' /comfyui/extra_model_paths.yaml
# comfy.lock sha256: abababababababababababababababababababababababababababababababab
# Written by comfylock emit model-paths. Read by ComfyUI from its own folder at each start, or with
# --extra-model-paths-config FILE: it then finds the models below /workspace/models.
comfy_lock:
  base_path: /workspace/
  audio_encoders: models/audio_encoders/
  checkpoints: models/checkpoints/
  clip: models/text_encoders/
  clip_vision: models/clip_vision/
  configs: models/configs/
  controlnet: models/controlnet/
  diffusers: models/diffusers/
  diffusion_models: models/diffusion_models/
  embeddings: models/embeddings/
  gligen: models/gligen/
  hypernetworks: models/hypernetworks/
  latent_upscale_models: models/latent_upscale_models/
  loras: models/loras/
  model_patches: models/model_patches/
  photomaker: models/photomaker/
  style_models: models/style_models/
  text_encoders: models/text_encoders/
  upscale_models: models/upscale_models/
  vae: models/vae/
  vae_approx: models/vae_approx/
EOF

COPY --link --chmod=0755 <<'EOF' /opt/comfylock/start
#!/bin/bash
# Fetches the models that the volume lacks, then starts the worker as its base does.
if [[ ${FETCH_MODELS:-wait} != 0 ]]; then
  /opt/comfylock/fetch models /opt/comfylock/models "${MODELS_DIR:-/workspace/models}" || exit 1
fi
exec /start.sh
EOF

CMD ["/opt/comfylock/start"]


FROM image AS verified
ARG CHECK_NODES=0
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN [[ $CHECK_NODES == 1 ]] && options=(--start) || options=(); \
    "$PYTHON" /opt/comfylock/verify "${options[@]}" | tee /tmp/verified

FROM image
COPY --link --from=verified /tmp/verified /opt/comfylock/verified
