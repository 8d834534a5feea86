# --- Python packages: with digests, into the environment of PYTHON ------------

is_installed_python() {
  if [[ -z $PYTHON_SHA256 ]]; then
    WHY="were not installed by this script"
    [[ -e $(asked_for) ]]
    return
  fi
  WHY=$(python_py | "$PYTHON" -I -B - check "$PYTHON_TARGET" <("${WHICH}_versions") 2>&1) ||
    { WHY=$(plain "${WHY##*$'\n'}") && return 1; }
}

asked_for() { # what remembers that unlocked requirements were installed
  local line
  line=$("${WHICH}_document" | sha256sum)
  printf '%s' "$COMFYUI_DIR/.comfylock/requirements-${line:0:12}"
}

install_python() {
  local file=$TEMP/pylock.comfy.toml uv=()
  "${WHICH}_document" >"$file"
  if command -v uv >/dev/null; then
    uv=(uv)
  elif "$PYTHON" -I -m uv --version >/dev/null 2>&1; then
    uv=("$PYTHON" -I -m uv)
  fi
  if [[ -z $PYTHON_SHA256 ]]; then
    install_requirements "$file" && mkdir -p -- "$COMFYUI_DIR/.comfylock" && : >"$(asked_for)"
    return
  fi
  WHY="what stands in this script is not the locked pylock"
  [[ $(digest "$file") == "$PYTHON_SHA256" ]] || return 1
  if ((${#uv[@]})); then
    told_by_python "${uv[@]}" pip install --python "$PYTHON" --no-config --requirement "$file"
  else
    # pip is given the files that fit this machine, each with its digest.
    WHY=$(python_py | "$PYTHON" -I -B - choose "$file" 2>&1 >"$TEMP/requirements.txt") ||
      { WHY=$(plain "${WHY##*$'\n'}") && return 1; }
    told_by_python "$PYTHON" -I -m pip install --disable-pip-version-check --no-input \
      --no-deps --require-hashes --requirement "$TEMP/requirements.txt"
  fi && is_installed_python
}

install_requirements() { # unlocked, as comfylock.toml allows it
  mv -- "$1" "$TEMP/requirements.txt"
  if ((${#uv[@]})); then
    told_by_python "${uv[@]}" pip install --python "$PYTHON" --no-config --requirement "$TEMP/requirements.txt"
  else
    told_by_python "$PYTHON" -I -m pip install --disable-pip-version-check --no-input --requirement "$TEMP/requirements.txt"
  fi
}

told_by_python() { # run a command; what it says is shown only if it fails
  if "$@" >"$TEMP/python" 2>&1; then return 0; fi
  tail -n 20 -- "$TEMP/python" >&2
  WHY=$(plain "$(grep -iE 'error|cause|mismatch|×|╰' "$TEMP/python" | head -n 4)")
  return 1
}
