# --- What packs bring along, and what is not in the lock ------------------------

# A pack's install.py runs once for each version, after the Python packages.
run_scripts() {
  local i ran
  for i in "${SCRIPTS[@]}"; do
    ran=$OWN/ran/${PLACE[i]}@$(pin_of "$i")
    case ${OUTCOME[i]} in installed | present) ;; *) continue ;; esac
    [[ ! -e $ran ]] || continue
    say "begin: install.py of ${NAME[i]}"
    if (cd -- "$CUSTOM_NODES/${PLACE[i]}" && "$PYTHON" install.py) 9>&- </dev/null >"$TEMP/script" 2>&1; then
      mkdir -p -- "$OWN/ran" && : >"$ran"
      OUTCOME[i]=installed
    else
      tail -n 20 "$TEMP/script" >&2
      OUTCOME[i]=failed SAID[i]="its install.py failed"
    fi
  done
}

# --uninstall-unlocked: what the lock does not hold is moved aside, never deleted.
uninstall() {
  local i path name
  local -A locked=()
  for ((i = 0; i < COUNT; i++)); do
    locked[${KIND[i]%%-*}/${PLACE[i]}]=1
    OUTCOME[i]=kept
  done
  shopt -s nullglob globstar
  for path in "$CUSTOM_NODES"/*; do
    name=${path##*/}
    case $name in __pycache__ | *.disabled | *.example | websocket_image_save.py) continue ;; esac
    [[ -d $path || $name == *.py ]] || continue
    [[ -n ${locked[pack/$name]-} ]] || move_unlocked pack "$name" "$path"
  done
  for path in "$MODELS_DIR"/*/**; do
    name=${path#"$MODELS_DIR"/}
    case ${name,,} in
      *.ckpt | *.pt | *.pt2 | *.bin | *.pth | *.safetensors | *.pkl | *.sft | *.gguf | *.onnx) ;;
      *) continue ;;
    esac
    [[ -d $path || -n ${locked[model/$name]-} ]] || move_unlocked model "$name" "$path"
  done
}

move_unlocked() { # move_unlocked KIND PLACE PATH
  local i=$COUNT
  add "unlocked-$1" - "$1 $2" "$2" '' '' '' '' ''
  OUTCOME[i]=aside SAID[i]="is not in the lock"
  if ((DRY)); then
    say "would move aside: $3"
  elif ! "set_$1_aside" "$2"; then
    OUTCOME[i]=failed SAID[i]=$WHY
  fi
}
