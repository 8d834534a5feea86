# --- What is locked, one index for each thing ---------------------------------

declare -a KIND=() NAME=() PLACE=() SHA=() SIZE=() COMMIT=() TREE=() URLS=() MODULES=() OUTCOME=() SAID=()
declare -a QUEUE=() PIDS=() LEFT=() SCRIPTS=() DEBIAN=()
declare -A PROVEN=()
COUNT=0 TRIES=6 CODE='' WHY='' TYPE='' PAUSE='' TEMP='' LOCKED='' CHOSEN='' TIERS='' TOTAL=0 PYTHON_BYTES=0

add() { # add KIND GROUPS NAME PLACE SHA256 SIZE COMMIT TREE URLS
  local group state=off
  [[ $2 != - ]] || state=todo
  for group in ${2//,/ }; do
    [[ $group == - ]] || ! switch "ENABLE_$group" "${DEFAULTS[$group]}" || state=todo
  done
  case /$4/ in */../* | */./* | *//?*) die "$3 would leave its folder" ;; esac
  KIND[COUNT]=$1 NAME[COUNT]=$3 PLACE[COUNT]=$4 SHA[COUNT]=$5 SIZE[COUNT]=$6 COMMIT[COUNT]=$7
  TREE[COUNT]=$8 URLS[COUNT]=$9 MODULES[COUNT]='' OUTCOME[COUNT]=$state SAID[COUNT]=''
  COUNT=$((COUNT + 1))
}

lines() { local IFS=$'\n' && printf '%s' "$*"; }

comfyui() { # comfyui VERSION REPOSITORY COMMIT TREE
  add comfyui - "ComfyUI $1" '' '' '' "$3" "$4" "$2"
}

pack_archive() { # pack_archive GROUPS FOLDER 'NAME VERSION' SHA256 SIZE URL
  add pack-archive "$1" "pack $3" "$2" "$4" "$5" '' '' "$6"
}

pack_file() { # pack_file GROUPS FILE NAME SHA256 SIZE URL
  add pack-file "$1" "pack $3" "$2" "$4" "$5" '' '' "$6"
}

pack_git() { # pack_git GROUPS FOLDER 'NAME VERSION' COMMIT TREE URL [PATH COMMIT URL]...
  add pack-git "$1" "pack $3" "$2" '' '' "$4" "$5" "$6"
  shift 6
  MODULES[COUNT - 1]=$(lines "$@")
}

model() { # model GROUPS PATH SHA256 SIZE URL [MIRROR]...
  add model "$1" "model $2" "$2" "$3" "$4" '' '' "$(lines "${@:5}")"
}

model_local() { # model_local GROUPS PATH SHA256 SIZE: whoever installs brings it
  add model-local "$1" "model $2" "$2" "$3" "$4" '' '' ''
}

choose() { # choose PATH (TIER MIB)...: of several models, the first that fits this GPU, or the last
  CHOSEN=''
  TIERS+=" ${*:2} "
  local path=$1 tiers=" ${*:2} " last
  shift
  while (($#)); do
    if [[ -z $TIER || $tiers != *" $TIER "* ]]; then
      [[ -n $CHOSEN ]] || ((GPU_MIB < $2)) || CHOSEN=$1
    elif [[ $1 == "$TIER" ]]; then
      CHOSEN=$1
    fi
    last=$1
    shift 2
  done
  CHOSEN=${CHOSEN:-$last}
  say "$path: $CHOSEN${TIER:+ (asked for: $TIER)}, the GPU has $GPU_MIB MiB"
}

if_chosen() { # if_chosen TIER model ARGUMENT...
  [[ $1 != "$CHOSEN" ]] || "${@:2}"
}

install_script() { # the last pack's install.py may run
  SCRIPTS+=("$((COUNT - 1))")
}

python_packages() { # python_packages NUMBER BYTES
  add python - "$1 Python packages" '' '' '' '' '' ''
  PYTHON_BYTES=$2
}

python_requirements() { # python_requirements NUMBER: NOT locked, as comfylock.toml allows it
  add python - "$1 requirements, unlocked" '' '' '' '' '' ''
}

debian_packages() { # debian_packages NAME...: what packs ask the system for
  DEBIAN=("$@")
}

left() { # left PLACE...: packs of the other lock, in the way of this one
  LEFT+=("$@")
}
