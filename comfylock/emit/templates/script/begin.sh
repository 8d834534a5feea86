# --- Arguments and environment ------------------------------------------------

switch() { # switch NAME DEFAULT: is a variable that is 0 or 1 on?
  local value=${!1:-$2}
  case $value in
    1) return 0 ;;
    0) return 1 ;;
    *) die "$1 must be 0 or 1" ;;
  esac
}

is_token() { # one line that can stand in a header
  [[ $1 =~ ^[A-Za-z0-9._~+/=-]*$ ]]
}

read_arguments() {
  MODE=install WHICH=present SUMMARY='' TIER=$DEFAULT_TIER
  while (($#)); do
    case $1 in
      -h | --help) usage && exit 0 ;;
      --verify) MODE=verify ;;
      --back)
        declare -F previous_lock >/dev/null || die "this script knows no earlier lock"
        WHICH=previous
        ;;
      --uninstall-unlocked) MODE=uninstall ;;
      --summary)
        [[ -n ${2-} ]] || die "--summary needs a file"
        SUMMARY=$2 && shift
        ;;
      --tier)
        [[ ${2-} =~ ^[a-z0-9][a-z0-9_.-]*$ ]] || die "--tier needs a name"
        TIER=$2 && shift
        ;;
      *) die "unknown argument $(printf '%q' "$1"), see --help" ;;
    esac
    shift
  done
  if [[ $SUMMARY == - ]]; then
    SUMMARY=/dev/stdout
  elif [[ -n $SUMMARY ]]; then
    { : >>"$SUMMARY"; } 2>/dev/null || die "$(printf '%q' "$SUMMARY") cannot be written"
  fi
}

read_environment() {
  local models=$DEFAULT_MODELS_DIR
  # Where somebody names another place, a volume that is not there is not made.
  [[ -z ${COMFYUI_DIR-} || -z $VOLUME || -d $VOLUME ]] || models=
  COMFYUI_DIR=$(absolute "${COMFYUI_DIR:-$DEFAULT_COMFYUI_DIR}")
  MODELS_DIR=$(absolute "${MODELS_DIR:-${models:-$COMFYUI_DIR/models}}")
  CUSTOM_NODES=$COMFYUI_DIR/custom_nodes
  OWN=$CUSTOM_NODES/.comfylock.disabled # ComfyUI passes over what ends in .disabled
  PYTHON=${PYTHON:-python3}
  JOBS=${JOBS:-4}
  [[ $JOBS =~ ^[1-9][0-9]?$ ]] || die "JOBS must be a number from 1 to 99"
  HF_ENDPOINT=${HF_ENDPOINT:-https://huggingface.co}
  HF_ENDPOINT=${HF_ENDPOINT%/}
  [[ $HF_ENDPOINT =~ ^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?$ ]] ||
    die "HF_ENDPOINT must be an https address"
  [[ -z ${HF_TOKEN-} || $HF_ENDPOINT =~ ^(https|http://(localhost|127\.0\.0\.1)(:[0-9]+)?(/|$)) ]] ||
    die "HF_ENDPOINT must be an https address, or HF_TOKEN would be seen on the way"
  HF_TOKEN=${HF_TOKEN-} CIVITAI_TOKEN=${CIVITAI_TOKEN-}
  is_token "$HF_TOKEN" || die "HF_TOKEN holds characters that no token has"
  is_token "$CIVITAI_TOKEN" || die "CIVITAI_TOKEN holds characters that no token has"
  export -n HF_TOKEN CIVITAI_TOKEN # no program that is started below sees them
  # What asks nobody cannot wait for an answer, out of sight.
  [[ -n ${GIT_SSH_COMMAND-}${GIT_SSH-} ]] || git config core.sshCommand >/dev/null 2>&1 ||
    export GIT_SSH_COMMAND="ssh -o BatchMode=yes"
  DRY=0
  if switch DRY_RUN 0; then DRY=1; fi
  [[ $DRY$MODE != 1install ]] || MODE=dry-run
  GPU_MIB=$(nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits 2>/dev/null | sort -n | tail -n 1) || GPU_MIB=0
  [[ $GPU_MIB =~ ^[0-9]+$ ]] || GPU_MIB=0
}

absolute() { # a path from the root, without a / at its end
  local path=$1
  [[ $path == /* ]] || path=$PWD/$path
  [[ $path != *[$'\n\r']* ]] || die "a folder's name holds a line break"
  printf '%s' "${path%/}"
}

check_tools() {
  local tool missing=()
  for tool in curl cut cmp df git mktemp sed sha256sum stat tr; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  ((${#missing[@]} == 0)) || die "these programs are needed: ${missing[*]} (Debian: apt-get install curl git)"
  # Older ones send headers on to other hosts after a redirect.
  [[ $(curl --version) =~ ^curl\ ([0-9]+)\.([0-9]+) ]] || die "curl does not say its version"
  ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] >= 7058)) || die "curl 7.58 or later is needed"
  "$PYTHON" -I -c 'import sys; sys.exit(sys.version_info < (3, 9))' ||
    die "PYTHON must be the Python (3.9 or later) of ComfyUI's environment; it is $(printf '%q' "$PYTHON")"
}

# A second run waits for the first. Workers keep the lock: while one of them
# still writes, no other run begins, even if the first was killed.
take_lock() {
  local mine="$COMFYUI_DIR/.comfylock" other
  mkdir -p -- "$mine" && [[ -w $mine ]] || die "$mine cannot be written"
  if command -v flock >/dev/null; then
    exec 9>>"$mine/lock"
    if ! flock -n 9; then
      say "another run is under way, waiting for it"
      flock 9 || die "$mine/lock cannot be locked"
    fi
    return
  fi
  until mkdir -- "$mine/lock.d" 2>/dev/null; do
    other=$(cat -- "$mine/lock.d/who" 2>/dev/null) || other=
    if [[ $other == "$HOSTNAME "* ]] && ! kill -0 "${other##* }" 2>/dev/null; then
      rm -rf -- "$mine/lock.d" # whoever had it is gone
    else
      say "another run is under way ($other), waiting for it; if not: rm -r $mine/lock.d"
      sleep 5
    fi
  done
  LOCKED=$mine/lock.d
  printf '%s %s\n' "$HOSTNAME" "$$" >"$LOCKED/who"
}

leave() { # at every exit: end what still runs, keep what was fetched
  local pid
  for pid in "${PIDS[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || :; done
  [[ -z $TEMP ]] || rm -rf -- "$TEMP"
  [[ -z $LOCKED ]] || rm -rf -- "$LOCKED"
}
