# --- ComfyUI ------------------------------------------------------------------

# Folders that lead to a volume are the user's; what ComfyUI has in them stays out.
linked_folders() {
  local name
  for name in custom_nodes input models output user; do
    if [[ -L $COMFYUI_DIR/$name ]]; then printf '%s\n' "$name"; fi
  done
}

comfyui_changes() { # 0 if no file of ComfyUI was changed, but for what lies behind links
  local name rest=(.)
  while read -r name; do rest+=(":(exclude)$name"); done < <(linked_folders)
  git_changes "$COMFYUI_DIR" "${rest[@]}"
}

is_installed_comfyui() { # is_installed_comfyui INDEX
  WHY="is not there"
  [[ -f $COMFYUI_DIR/main.py ]] || return 1
  [[ -n ${COMMIT[$1]} ]] || return 0 # the lock leaves it to whoever installs
  WHY="is not a git repository, so nobody knows which commit it is"
  [[ -e $COMFYUI_DIR/.git ]] || return 1
  WHY="is at another commit than ${COMMIT[$1]}"
  [[ $(git_ -C "$COMFYUI_DIR" rev-parse --verify --quiet HEAD) == "${COMMIT[$1]}" ]] || return 1
  WHY="has files that were changed"
  comfyui_changes
}

install_comfyui() { # install_comfyui INDEX
  local i=$1 new=$COMFYUI_DIR/.comfylock/new name
  if [[ -z ${COMMIT[i]} ]]; then
    WHY="is not in $COMFYUI_DIR, and the lock does not pin it"
    return 1
  fi
  mkdir -p -- "$COMFYUI_DIR/.comfylock" || { WHY="$COMFYUI_DIR cannot be written" && return 1; }
  rm -rf -- "$new"
  if [[ -e $COMFYUI_DIR/.git ]]; then
    git_fetch "$COMFYUI_DIR" "${URLS[i]}" "${COMMIT[i]}" || return 1
  elif [[ -e $COMFYUI_DIR/main.py ]]; then
    # Somebody unpacked it here: only git's own folder is added.
    git_fetch "$new" "${URLS[i]}" "${COMMIT[i]}" && git_ -C "$new" update-ref --no-deref HEAD "${COMMIT[i]}" &&
      git_ -C "$new" read-tree "${COMMIT[i]}" && mv -T -- "$new/.git" "$COMFYUI_DIR/.git" || return 1
  else
    git_place "$new" "${URLS[i]}" "${COMMIT[i]}" "${TREE[i]}" && move_comfyui "$new"
    return
  fi
  leave_linked_out
  update_comfyui "$i"
}

# What makes it start comes last: until then there is no ComfyUI.
move_comfyui() { # move_comfyui NEW
  local path name
  WHY="cannot be moved to $COMFYUI_DIR"
  for path in "$1"/* "$1"/.[!.]*; do
    name=${path##*/}
    case $name in main.py | .git | '*' | '.[!.]*') continue ;; esac
    if [[ -d $path && ! -L $path && -d $COMFYUI_DIR/$name ]]; then
      cp -R -n -- "$path/." "$COMFYUI_DIR/$name/" || return 1 # models or custom_nodes of a volume
    else
      mv -T -- "$path" "$COMFYUI_DIR/$name" || return 1
    fi
  done
  mv -T -- "$1/main.py" "$COMFYUI_DIR/main.py" && mv -T -- "$1/.git" "$COMFYUI_DIR/.git" || return 1
  rm -rf -- "$1"
}

leave_linked_out() { # git would put folders in the place of links
  local name
  [[ -n $(linked_folders) ]] || return 0
  git_ -C "$COMFYUI_DIR" config core.sparseCheckout true
  {
    printf '/*\n'
    while read -r name; do printf '!/%s/\n' "$name"; done < <(linked_folders)
  } >"$COMFYUI_DIR/.git/info/sparse-checkout"
}

update_comfyui() { # update_comfyui INDEX: changes that somebody made are kept as a patch
  local i=$1 patch
  WHY="the tree of commit ${COMMIT[i]} is not the locked one"
  [[ -z ${TREE[i]} || $(git_ -C "$COMFYUI_DIR" rev-parse "${COMMIT[i]}^{tree}") == "${TREE[i]}" ]] || return 1
  if ! comfyui_changes; then
    patch=$COMFYUI_DIR/.comfylock/changes-$(printf '%(%Y%m%dT%H%M%S)T' -1)-$$.patch
    WHY="its changes cannot be kept in $patch"
    git_ -C "$COMFYUI_DIR" diff --binary HEAD >"$patch" || return 1
    say "ComfyUI had been changed; the changes are in $patch"
  fi
  rm -f -- "$COMFYUI_DIR/.git/index.lock" # of a run that was killed; only one runs at a time
  WHY="cannot be checked out"
  git_ -C "$COMFYUI_DIR" checkout --quiet --force --detach "${COMMIT[i]}" -- 2>"$TEMP/git.$BASHPID" ||
    { WHY="cannot be checked out: $(plain "$(tail -n 1 "$TEMP/git.$BASHPID")")" && return 1; }
}
