# --- Node packs: made ready out of ComfyUI's sight, then renamed --------------

# The files of an archive are remembered with their digests under the archive's own.
is_pack_archive() { # is_pack_archive FOLDER SHA256
  WHY="is not there"
  [[ -d $1 ]] || return 1
  WHY="was not installed from the locked archive"
  [[ -f $OWN/archives/$2 ]] || return 1
  WHY="has files that were changed or are gone"
  (cd -- "$1" && sha256sum --check --strict --status -- "$OWN/archives/$2") 2>/dev/null
}

is_installed_pack() { # is_installed_pack INDEX [FOLDER]
  local i=$1 folder=${2-$CUSTOM_NODES/${PLACE[$1]}}
  local -a modules=()
  case ${KIND[i]} in
    pack-archive) is_pack_archive "$folder" "${SHA[i]}" ;;
    pack-file) WHY="is not there" && [[ -f $folder ]] && is_bytes "$folder" "${SIZE[i]}" "${SHA[i]}" ;;
    pack-git)
      WHY="is not there"
      [[ -d $folder ]] || return 1
      [[ -z ${MODULES[i]} ]] || mapfile -t modules <<<"${MODULES[i]}"
      is_commit "$folder" "${COMMIT[i]}" "${modules[@]}"
      ;;
  esac
}

install_pack() { # install_pack INDEX
  local i=$1 ready=$OWN/new/${PLACE[$1]} kept
  local -a urls=() modules=()
  kept=$OWN/aside/${PLACE[i]}@$(pin_of "$i")
  mkdir -p -- "$OWN/new" "$OWN/aside" "$OWN/archives" || { WHY="$OWN cannot be written" && return 1; }
  if [[ -e $kept ]] && is_installed_pack "$i" "$kept"; then
    ready=$kept # it was here before
  else
    mapfile -t urls <<<"${URLS[i]}"
    case ${KIND[i]} in
      pack-archive)
        rm -rf -- "$ready"
        fetch "$ready.part" "${SIZE[i]}" "${SHA[i]}" "${urls[@]}" || return 1
        unpack "$ready.part" "$ready" "$OWN/archives/${SHA[i]}" || return 1
        if [[ $INSTALLER != direct ]]; then
          by_installer "$i" && rm -rf -- "$ready" "$ready.part"
          return
        fi
        ;;
      pack-file)
        fetch "$ready.part" "${SIZE[i]}" "${SHA[i]}" "${urls[@]}" || return 1
        mv -f -- "$ready.part" "$ready" || return 1
        ;;
      pack-git)
        rm -rf -- "$ready"
        [[ -z ${MODULES[i]} ]] || mapfile -t modules <<<"${MODULES[i]}"
        git_place "$ready" "${urls[0]}" "${COMMIT[i]}" "${TREE[i]}" "${modules[@]}" || return 1
        ;;
    esac
  fi
  set_pack_aside "${PLACE[i]}" || return 1
  WHY="cannot be given its name"
  mv -T -- "$ready" "$CUSTOM_NODES/${PLACE[i]}" || return 1
  rm -f -- "$ready.part"
}

# Another installer puts the pack in its place and runs what it wants to run;
# afterwards every file of the locked archive must be there as it is locked.
by_installer() { # by_installer INDEX
  local name=${NAME[$1]#pack } install=("$INSTALLER")
  [[ $INSTALLER != "comfy node install" ]] || install=(comfy --skip-prompt --workspace "$COMFYUI_DIR" node install)
  set_pack_aside "${PLACE[$1]}" || return 1
  if ! "${install[@]}" "${name% *}@${name##* }" </dev/null >"$TEMP/installer.$1" 2>&1; then
    tail -n 20 -- "$TEMP/installer.$1" >&2
    WHY="$INSTALLER failed" && return 1
  fi
  is_installed_pack "$1" || { WHY="$INSTALLER put something else there: $WHY" && return 1; }
}

pin_of() { # a word for the version of a pack
  local pin=${SHA[$1]:-${COMMIT[$1]}}
  printf '%s' "${pin:0:12}"
}

set_pack_aside() { # set_pack_aside PLACE: nothing is deleted, and it is found again by its pin
  local folder=$CUSTOM_NODES/$1 pin='' record
  [[ -e $folder || -L $folder ]] || return 0
  if [[ -f $folder ]]; then
    pin=$(digest "$folder")
  elif [[ -e $folder/.git ]]; then
    if git_changes "$folder"; then pin=$(git_ -C "$folder" rev-parse --verify --quiet HEAD) || pin=; fi
  else
    for record in "$OWN/archives"/*; do
      if is_pack_archive "$folder" "${record##*/}"; then pin=${record##*/}; fi
    done
  fi
  pin=$1@${pin:0:12}
  [[ $pin != *@ && ! -e $OWN/aside/$pin ]] || pin+=-$(printf '%(%Y%m%dT%H%M%S)T' -1)-$$
  WHY="what is there now cannot be moved aside"
  mkdir -p -- "$OWN/aside" && mv -T -- "$folder" "$OWN/aside/$pin" || return 1
  say "moved aside: $folder to $OWN/aside/$pin"
}

unpack() { # unpack ARCHIVE FOLDER RECORD: every file stays in FOLDER; RECORD gets their digests
  WHY=$(unpack_py | "$PYTHON" -I -B - "$1" "$2" "$3.new" 2>&1) || { WHY=$(plain "${WHY##*$'\n'}") && return 1; }
  mv -f -- "$3.new" "$3"
}
