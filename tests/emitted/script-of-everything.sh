#!/usr/bin/env bash
# Installs what comfy.lock holds: ComfyUI 0.3.64, 3 node packs, 7 models.
# Written by `comfylock emit script`; do not edit: change comfy.lock and emit it again.
# comfy.lock sha256: abababababababababababababababababababababababababababababababab
# Not pinned and not installed: class-type `Shared`: `Shared` may be from any of beta, alpha
# Not pinned and not installed: comfyui `comfyui`: nobody could be asked
# Not pinned and not installed: model `loras/unknown.pt`: nobody says where it is from
# Not pinned and not installed: pack `unfound`: nobody knows a pack called `unfound`
# Not pinned and not installed: model `loose.bin`: it has no folder below `models`; name it `folder/name` in comfylock.toml
# With --back it leads back to the lock cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd.

set -euo pipefail

usage() {
  cat <<'EOF'
Installs what comfy.lock holds. Run it again at any time: it does what is missing, or nothing.

  bash install.sh                        install; what is as locked already is left alone
  bash install.sh --verify               read every byte, change nothing; 1 if anything differs
  bash install.sh --uninstall-unlocked   move packs and models aside that are not in the lock
  bash install.sh --summary FILE         also write JSON lines, one for each thing (-: stdout)
  bash install.sh --back                 go back to the lock that was installed before
  bash install.sh --tier NAME            which of several models to take, not by GPU memory

Environment:
  COMFYUI_DIR       ComfyUI's folder (/workspace/ComfyUI)
  MODELS_DIR        where models go (/workspace/models)
  PYTHON            the interpreter of ComfyUI's environment (python3)
  JOBS              downloads at the same time (4)
  DRY_RUN=1         only say what would be done
  ENABLE_VIDEO=0|1  with the group, or without it (0)
  HF_TOKEN, CIVITAI_TOKEN   for gated models; sent to their own service alone
  HF_ENDPOINT       a mirror of Hugging Face

Exit code: 0 all is as locked, 1 something failed or differs (each is named), 2 cannot begin.
EOF
}

DEFAULT_COMFYUI_DIR=/workspace/ComfyUI
DEFAULT_MODELS_DIR=/workspace/models
VOLUME=/workspace
INSTALLER=direct
DEFAULT_TIER=''
MODEL_FOLDERS=(audio_encoders=audio_encoders checkpoints=checkpoints clip=text_encoders clip_vision=clip_vision configs=configs controlnet=controlnet diffusers=diffusers diffusion_models=diffusion_models embeddings=embeddings gligen=gligen hypernetworks=hypernetworks latent_upscale_models=latent_upscale_models loras=loras model_patches=model_patches photomaker=photomaker style_models=style_models text_encoders=text_encoders upscale_models=upscale_models vae=vae vae_approx=vae_approx)
declare -A DEFAULTS=(
  [VIDEO]=0
)

# Everything that is locked. The first word after a command is the group that it is in; -: always.
present_lock() {
  LOCK_SHA256=abababababababababababababababababababababababababababababababab
  PYTHON_TARGET=linux-x86_64-py3.12-cu128
  PYTHON_SHA256=abababababababababababababababababababababababababababababababab
  comfyui 0.3.64 https://github.com/comfyanonymous/ComfyUI \
    0123456789abcdef0123456789abcdef01234567 89abcdef0123456789abcdef0123456789abcdef
  debian_packages ffmpeg libgl1
  # the Comfy Registry says it is pending
  # the Comfy Registry says it is deprecated
  # it was found not to provide AlphaNode
  # it asks for `--extra-index-url https://example.org/whl`, which is not given to pip
  pack_archive VIDEO alpha 'alpha 1.2.0' \
    abababababababababababababababababababababababababababababababab 1234 \
    https://cdn.comfy.org/ann/alpha/1.2.0/node.zip
  install_script
  pack_git - gamma 'carl/gamma v1.0' \
    0123456789abcdef0123456789abcdef01234567 89abcdef0123456789abcdef0123456789abcdef \
    https://github.com/carl/gamma \
    'deps/sub module' 0123456789abcdef0123456789abcdef01234567 https://github.com/carl/deps
  pack_file - single.py dora/single \
    abababababababababababababababababababababababababababababababab 99 \
    https://raw.githubusercontent.com/dora/single/0123456789abcdef0123456789abcdef01234567/nodes/single.py
  # a token is needed for it
  model - checkpoints/base.safetensors \
    abababababababababababababababababababababababababababababababab 5 \
    'https://civitai.com/api/download/models/22?fileId=33' \
    https://example.org/base.safetensors
  model VIDEO loras/sub/detail.safetensors \
    abababababababababababababababababababababababababababababababab '' \
    https://github.com/ann/models/releases/download/v2.0/detail.safetensors
  model - upscale_models/x4.pth \
    abababababababababababababababababababababababababababababababab 335304388 \
    https://huggingface.co/datasets/org/repo/resolve/0123456789abcdef0123456789abcdef01234567/x4.pth
  model_local - vae/mine.safetensors \
    '' ''
  model - vae_approx/tae.pth \
    abababababababababababababababababababababababababababababababab 7 \
    https://github.com/ann/models/raw/0123456789abcdef0123456789abcdef01234567/vae/tae.pth
  choose vae/ae.safetensors fp16 24000 fp8 0
  # a token is needed for it
  if_chosen fp16 model - vae/ae.safetensors \
    abababababababababababababababababababababababababababababababab 335304388 \
    https://huggingface.co/org/repo/resolve/0123456789abcdef0123456789abcdef01234567/ae.safetensors
  # a token is needed for it
  if_chosen fp8 model - vae/ae.safetensors \
    abababababababababababababababababababababababababababababababab 335304388 \
    https://huggingface.co/org/repo/resolve/0123456789abcdef0123456789abcdef01234567/ae.safetensors
  python_packages 1 0
}

previous_lock() {
  LOCK_SHA256=cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
  PYTHON_TARGET=''
  PYTHON_SHA256=''
  comfyui 'of this machine' '' '' ''
  pack_archive - alpha 'alpha 1.2.0' \
    abababababababababababababababababababababababababababababababab 1234 \
    https://cdn.comfy.org/ann/alpha/1.2.0/node.zip
  model - vae/ae.safetensors \
    abababababababababababababababababababababababababababababababab 335304388 \
    https://huggingface.co/org/repo/resolve/0123456789abcdef0123456789abcdef01234567/ae.safetensors
  # only the other lock has these packs
  left gamma single.py
}

[…]
present_versions() {
  cat <<'END_56515f5b3cecdebeac9c'
numpy==2.1.0
END_56515f5b3cecdebeac9c
}

present_document() {
  cat <<'END_ba167af3f555828587f7'
lock-version = "1.0"
created-by = "comfylock"

[[packages]]
name = "numpy"
version = "2.1.0"
wheels = [
    { url = "https://example.org/numpy.whl", hashes = { sha256 = "abababababababababababababababababababababababababababababababab" } },
]
END_ba167af3f555828587f7
}

previous_versions() {
  cat <<'END_e3b0c44298fc1c149afb'
END_e3b0c44298fc1c149afb
}

previous_document() {
  cat <<'END_e3b0c44298fc1c149afb'
END_e3b0c44298fc1c149afb
}

main "$@"
