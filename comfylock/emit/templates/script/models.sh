# --- Models -------------------------------------------------------------------

# Which files were proven is remembered by size and times, so that a later run need
# not read hundreds of gigabytes: SHA256 SIZE TIMES PATH in each line. One of the
# times is that of the last change of anything, which nobody can set back.
load_proven() {
  local sha size time path
  [[ -r $MODELS_DIR/.comfylock/proven ]] || return 0
  while read -r sha size time path; do
    PROVEN[$path]="$sha $size $time"
  done <"$MODELS_DIR/.comfylock/proven"
}

remember_proven() { # remember_proven PLACE SHA256
  mkdir -p -- "$MODELS_DIR/.comfylock" &&
    printf '%s %s %s\n' "$2" "$(stat -L -c '%s %.9Y/%.9Z' -- "$MODELS_DIR/$1")" "$1" >>"$MODELS_DIR/.comfylock/proven"
}

# What can be said without reading the file: 0 as locked, 1 not, 2 it must be read.
look_at_model() { # look_at_model INDEX
  local file=$MODELS_DIR/${PLACE[$1]} now
  WHY="is not there"
  [[ -f $file ]] || return 1
  [[ -n ${SHA[$1]} ]] || return 0 # a local file of which nothing else is known
  now=$(stat -L -c '%s %.9Y/%.9Z' -- "$file")
  WHY="is another file than the locked one"
  case ${PROVEN[${PLACE[$1]}]-} in
    "${SHA[$1]} $now") return 0 ;;
    *" $now") return 1 ;;
  esac
  WHY="has ${now%% *} bytes, locked are ${SIZE[$1]}"
  [[ -z ${SIZE[$1]} || ${now%% *} == "${SIZE[$1]}" ]] || return 1
  return 2
}

install_model() { # install_model INDEX
  local i=$1 file=$MODELS_DIR/${PLACE[$1]} kept
  local -a urls
  TYPE=
  if [[ -f $file ]] && is_bytes "$file" "${SIZE[i]}" "${SHA[i]}"; then
    remember_proven "${PLACE[i]}" "${SHA[i]}"
    CODE=present
    return
  fi
  if [[ ${KIND[i]} == model-local ]]; then
    [[ -e $file ]] || WHY="is not there, and the lock has no address of it: copy it to $file"
    return 1
  fi
  kept=$MODELS_DIR/.comfylock/aside/${SHA[i]}/${file##*/}
  if [[ -f $kept ]] && is_bytes "$kept" "${SIZE[i]}" "${SHA[i]}"; then
    WHY="cannot be moved back from $kept"
    mkdir -p -- "${file%/*}" && set_model_aside "${PLACE[i]}" && mv -T -- "$kept" "$file" || return 1
  else
    mapfile -t urls <<<"${URLS[i]}"
    fetch "$file.part" "${SIZE[i]}" "${SHA[i]}" "${urls[@]}" || return 1
    set_model_aside "${PLACE[i]}" || return 1
    WHY="cannot be given its name"
    mv -T -- "$file.part" "$file" || return 1
  fi
  remember_proven "${PLACE[i]}" "${SHA[i]}"
}

set_model_aside() { # set_model_aside PLACE: it is found again by its digest
  local file=$MODELS_DIR/$1 folder=$MODELS_DIR/.comfylock/aside
  [[ -e $file || -L $file ]] || return 0
  WHY="what is there now cannot be moved aside"
  if [[ -f $file && $MODE == install ]]; then
    folder+=/$(digest "$file")
  else
    folder+=/$(printf '%(%Y%m%dT%H%M%S)T' -1)-$$/$1 && folder=${folder%/*}
  fi
  mkdir -p -- "$folder" && mv -T -- "$file" "$folder/${file##*/}" || return 1
  say "moved aside: $file to $folder/"
}

# An image carries ComfyUI and a volume what outlives it: inputs, outputs and users' settings.
meet_volume() {
  local name here
  [[ -n $VOLUME && -d $VOLUME && $COMFYUI_DIR/ != "$VOLUME"/* ]] || return 0
  for name in input output user; do
    here=$COMFYUI_DIR/$name
    [[ ! -L $here ]] || continue
    WHY="$here cannot be moved to $VOLUME"
    mkdir -p -- "$VOLUME/$name" || return 1
    if [[ -e $here ]]; then
      cp -R -n -- "$here/." "$VOLUME/$name/" && mkdir -p -- "$COMFYUI_DIR/.comfylock/aside" &&
        mv -T -- "$here" "$COMFYUI_DIR/.comfylock/aside/$name" || return 1
    fi
    ln -s -- "$VOLUME/$name" "$here" || return 1
    say "linked: $here to $VOLUME/$name"
  done
}

# Models that are not below ComfyUI's own folder are made known to it.
name_models_dir() {
  local file=$COMFYUI_DIR/extra_model_paths.yaml
  [[ $MODELS_DIR != "$COMFYUI_DIR/models" && ! $COMFYUI_DIR/models -ef $MODELS_DIR ]] || return 0
  if [[ -e $file ]]; then
    cmp -s -- "$file" <(model_paths) && return
    if [[ $(head -n 1 -- "$file") != "# comfylock:"* ]]; then
      grep -qF -- "$MODELS_DIR" "$file" && return # somebody took care of it
      WHY="$file is not comfylock's and does not name $MODELS_DIR"
      return 1
    fi
  fi
  model_paths >"$file.new" && mv -f -- "$file.new" "$file"
}

model_paths() {
  local folder
  printf '# comfylock: models are in %s\ncomfylock:\n' "$MODELS_DIR"
  printf "  base_path: '%s'\n" "${MODELS_DIR//\'/\'\'}"
  for folder in "${MODEL_FOLDERS[@]}"; do printf "  '%s': '%s'\n" "${folder%%=*}" "${folder#*=}"; done
}
