# --- The run --------------------------------------------------------------------

# look INDEX: 0 as locked, 1 not, 2 its bytes must be read to know.
look() {
  case ${KIND[$1]} in
    comfyui) is_installed_comfyui "$1" ;;
    pack-*) is_installed_pack "$1" ;;
    python) is_installed_python ;;
    model*) look_at_model "$1" ;;
  esac
}

look_at_all() { # sets OUTCOME to present, todo or unknown
  local i code
  for ((i = 0; i < COUNT; i++)); do
    [[ ${OUTCOME[i]} == todo ]] || continue
    code=0
    look "$i" || code=$?
    case $code in
      0) OUTCOME[i]=present ;;
      2) OUTCOME[i]=unknown ;;
      *) SAID[i]=$WHY ;;
    esac
  done
}

work() { # work INDEX: one thing, in a worker of its own
  local i=$1 code=0
  CODE=''
  if [[ $MODE == verify ]]; then
    if is_bytes "$MODELS_DIR/${PLACE[i]}" "${SIZE[i]}" "${SHA[i]}"; then result "$i" present; else result "$i" differs "$WHY"; fi
    return
  fi
  say "begin: ${NAME[i]}${SIZE[i]:+, $(human "${SIZE[i]}")}"
  case ${KIND[i]} in
    comfyui) install_comfyui "$i" ;;
    pack-*) install_pack "$i" ;;
    python) install_python ;;
    model*) install_model "$i" ;;
  esac || code=$?
  if ((code)); then
    say "FAILED: ${NAME[i]}: $WHY"
    result "$i" failed "$WHY"
  elif [[ $CODE == present ]]; then
    result "$i" present
  else
    say "ready: ${NAME[i]}"
    result "$i" installed
  fi
}

goes_on() { # is the script itself still there? a dead one that nobody took note of is not
  local state
  read -r _ _ state _ 2>/dev/null <"/proc/$$/stat" && [[ $state != Z ]]
}

worker() { # take what nobody took, until nothing is left or the run was ended
  local i
  for i in "${QUEUE[@]}"; do
    goes_on || return 0
    if mkdir -- "$TEMP/taken.$i" 2>/dev/null; then work "$i"; fi
  done
}

run_queue() { # QUEUE by JOBS workers, each a process group that can be ended as a whole
  local n pid
  ((${#QUEUE[@]})) || return 0
  set -m
  progress 9>&- </dev/null &
  PIDS=("$!")
  for ((n = 0; n < JOBS && n < ${#QUEUE[@]}; n++)); do
    worker </dev/null &
    PIDS+=("$!")
  done
  set +m
  for pid in "${PIDS[@]:1}"; do wait "$pid" || :; done
  kill -TERM -- "-${PIDS[0]}" 2>/dev/null || :
  wait "${PIDS[0]}" 2>/dev/null || :
  PIDS=()
  collect
}

progress() { # now and then, how far the downloads are
  local i n have said=
  while sleep 20 && goes_on; do
    have=0
    for i in "${QUEUE[@]}"; do
      [[ ${KIND[i]} == model ]] || continue
      n=$(size_of "$MODELS_DIR/${PLACE[i]}.part")
      have=$((have + ${n:-$(size_of "$MODELS_DIR/${PLACE[i]}")} + 0))
    done
    ((TOTAL == 0)) || [[ $have == "$said" ]] || say "models: $(human "$have") of $(human "$TOTAL")"
    said=$have
  done
}

# Is there room on every file system, before the first byte comes?
check_space() {
  local i target need have device free short=0
  local -A wanted=() place=()
  TOTAL=0
  for ((i = 0; i < COUNT; i++)); do
    [[ ${OUTCOME[i]} == todo && ${KIND[i]} != model-local ]] || continue
    need=${SIZE[i]:-0}
    case ${KIND[i]} in
      model)
        target=$MODELS_DIR/${PLACE[i]}
        have=$(size_of "$target.part")
        TOTAL=$((TOTAL + need))
        need=$((need > ${have:-0} ? need - ${have:-0} : 0))
        ;;
      python) target=$("$PYTHON" -I -c 'import sys; print(sys.prefix)') need=$PYTHON_BYTES ;;
      comfyui) target=$COMFYUI_DIR need=200000000 ;;
      *) target=$CUSTOM_NODES need=$((need * 5 + 20000000)) ;;
    esac
    while [[ ! -e $target ]]; do target=${target%/*} && target=${target:-/}; done
    device=$(stat -L -c %d -- "$target")
    wanted[$device]=$((${wanted[$device]-0} + need)) place[$device]=$target
  done
  for device in "${!wanted[@]}"; do
    free=$(df --output=avail -k -- "${place[$device]}" | tail -n 1)
    ((${wanted[$device]} / 1024 + 65536 > free)) || continue
    printf 'error: too little space at %s: %s needed, %s free\n' "${place[$device]}" \
      "$(human "${wanted[$device]}")" "$(human $((free * 1024)))" >&2
    short=1
  done
  return "$short"
}

fail_all() { # fail_all SENTENCE: nothing of what was to do is done
  local i
  for ((i = 0; i < COUNT; i++)); do
    case ${OUTCOME[i]} in todo | unknown) OUTCOME[i]=failed SAID[i]=$1 ;; esac
  done
}

verify() { # read every byte, change nothing
  local i
  for ((i = 0; i < COUNT; i++)); do
    case ${OUTCOME[i]}:${KIND[i]} in
      todo:model*)
        OUTCOME[i]=missing SAID[i]="is not there"
        if [[ -f $MODELS_DIR/${PLACE[i]} ]]; then OUTCOME[i]=unknown; fi
        if [[ -z ${SHA[i]} && ${OUTCOME[i]} == unknown ]]; then OUTCOME[i]=present; fi
        ;;
      todo:*) if look "$i"; then OUTCOME[i]=present; else OUTCOME[i]=differs SAID[i]=$WHY; fi ;;
    esac
  done
  queue unknown
  run_queue
}

queue() { # queue OUTCOME...: what is to be done next
  local i outcome
  QUEUE=()
  for ((i = 0; i < COUNT; i++)); do
    for outcome; do [[ ${OUTCOME[i]} != "$outcome" ]] || QUEUE+=("$i"); done
  done
}

plan() { # DRY_RUN=1: say what would be done
  local i
  for ((i = 0; i < COUNT; i++)); do
    case ${OUTCOME[i]} in
      todo) say "would install: ${NAME[i]}${SIZE[i]:+, $(human "${SIZE[i]}")}: ${SAID[i]}" ;;
      unknown) say "would read: ${NAME[i]}, to see if it is as locked" ;;
    esac
  done
  for i in "${LEFT[@]}"; do
    [[ ! -e $CUSTOM_NODES/$i ]] || say "would move aside: $CUSTOM_NODES/$i"
  done
  check_space || fail_all "too little space"
}

install() {
  local i first=()
  check_space || { fail_all "too little space" && return; }
  for ((i = 0; i < COUNT; i++)); do
    if [[ ${KIND[i]} == comfyui && ${OUTCOME[i]} == todo ]]; then first=("$i"); fi
  done
  if ((${#first[@]})); then
    QUEUE=("${first[@]}")
    run_queue
    [[ ${OUTCOME[${first[0]}]} != failed ]] || { fail_all "not begun, as ComfyUI is not there" && return; }
  fi
  for i in "${LEFT[@]}"; do set_pack_aside "$i" || die "$i: $WHY"; done
  queue todo unknown
  run_queue
  run_scripts
  if ! { meet_volume && name_models_dir; }; then
    add volume - "the volume" '' '' '' '' '' ''
    OUTCOME[COUNT - 1]=failed SAID[COUNT - 1]=$WHY
  fi
}

tell_debian() { # this script installs no Debian packages, but says which are lacking
  local name state missing=()
  command -v dpkg-query >/dev/null || return 0
  for name in "${DEBIAN[@]}"; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' -- "$name" 2>/dev/null) || state=
    [[ $state == installed ]] || missing+=("$name")
  done
  ((${#missing[@]} == 0)) || say "Debian packages are lacking that packs need: apt-get install ${missing[*]}"
}

main() {
  read_arguments "$@"
  read_environment
  check_tools
  unset GIT_DIR GIT_COMMON_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
  "${WHICH}_lock"
  [[ -z $TIER || $TIERS == *" $TIER "* ]] || die "no model has a tier $TIER"
  trap leave EXIT
  trap 'exit 129' HUP
  trap 'say "interrupted; what came so far is continued next time" && exit 130' INT
  trap 'say "ended; what came so far is continued next time" && exit 143' TERM
  TEMP=$(mktemp -d)
  if [[ $DRY == 0 && $MODE != verify ]]; then take_lock; fi
  [[ $MODE == uninstall ]] || tell_debian
  case $MODE in
    verify) verify ;;
    uninstall) uninstall ;;
    dry-run | install)
      load_proven
      look_at_all
      if [[ $MODE == install ]]; then install; else plan; fi
      ;;
  esac
  summarise
}
