# --- git: exactly one commit, without the hooks and prompts of anybody --------

git_() {
  GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0 GIT_LFS_SKIP_SMUDGE=1 GIT_NO_REPLACE_OBJECTS=1 LC_ALL=C \
    git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.autocrlf=false \
    -c safe.directory='*' -c gc.auto=0 -c maintenance.auto=0 -c submodule.recurse=false \
    -c advice.detachedHead=false -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=60 "$@"
}

# git_fetch FOLDER URL COMMIT: the commit is in FOLDER's repository, which is made if need be.
git_fetch() {
  local folder=$1 url=$2 commit=$3 tries said format=()
  said=$TEMP/git.$BASHPID
  ((${#commit} == 40)) || format=(--object-format=sha256)
  if [[ ! -e $folder/.git ]]; then
    git_ init --quiet "${format[@]}" -- "$folder" 2>"$said" || { WHY=$(plain "$(tail -n 1 "$said")") && return 1; }
    git_ -C "$folder" remote add origin "$url"
  fi
  for ((tries = 1; tries <= 3; tries++)); do
    if git_ -C "$folder" fetch --quiet --depth 1 --no-tags --no-recurse-submodules -- "$url" "$commit" 2>"$said" &&
      git_ -C "$folder" cat-file -e "$commit^{commit}" 2>"$said"; then
      return 0
    fi
    # Old servers give what branches and tags point to, and nothing by its id.
    if grep -qE 'not our ref|unadvertised object|no such remote ref' "$said" &&
      git_ -C "$folder" fetch --quiet --no-recurse-submodules -- "$url" \
        '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*' 2>>"$said" &&
      git_ -C "$folder" cat-file -e "$commit^{commit}" 2>/dev/null; then
      return 0
    fi
    WHY="$(host_of "$url"): $(plain "$(grep -E '^(fatal|error)' "$said" | head -n 1)")"
    grep -qE 'returned error: (429|5[0-9][0-9])|RPC failed|early EOF|reset by peer|unexpected disconnect|[Tt]imed out' "$said" || break
    sleep $((1 << tries))
  done
  return 1
}

# git_place FOLDER URL COMMIT TREE [PATH COMMIT URL]...: a work tree with its submodules.
git_place() {
  local folder=$1 url=$2 commit=$3 tree=$4 above
  shift 4
  git_fetch "$folder" "$url" "$commit" || return 1
  if [[ -n $tree && $(git_ -C "$folder" rev-parse --verify --quiet "$commit^{tree}") != "$tree" ]]; then
    WHY="the tree of commit $commit is not the locked one" && return 1
  fi
  git_ -C "$folder" checkout --quiet --force --detach "$commit" -- 2>"$TEMP/git.$BASHPID" ||
    { WHY="cannot be checked out: $(plain "$(tail -n 1 "$TEMP/git.$BASHPID")")" && return 1; }
  while (($#)); do
    above=$folder/$1
    above=${above%/*}
    # It is there as a submodule, so nothing on the way to it is a link.
    if [[ $(cd -P -- "$above" 2>/dev/null && pwd)/ != "$(cd -P -- "$folder" && pwd)"/* ||
      $(git_ -C "$above" ls-tree HEAD -- "${1##*/}" 2>/dev/null) != "160000 commit $2"* ]]; then
      WHY="$1 is not the locked submodule" && return 1
    fi
    git_place "$folder/$1" "$3" "$2" "" || { WHY="submodule $1: $WHY" && return 1; }
    shift 3
  done
}

# is_commit FOLDER COMMIT [PATH COMMIT URL]...: is it checked out, and nothing of it changed?
is_commit() {
  local folder=$1 head
  WHY="is not a git repository"
  [[ -e $folder/.git ]] || return 1
  head=$(git_ -C "$folder" rev-parse --verify --quiet HEAD) || head=
  WHY="is at ${head:-no commit}, locked is $2"
  [[ $head == "$2" ]] || return 1
  WHY="has files that were changed"
  git_changes "$folder" || return 1
  shift 2
  while (($#)); do
    is_commit "$folder/$1" "$2" || { WHY="submodule $1 $WHY" && return 1; }
    shift 3
  done
}

# git_changes FOLDER [PATHSPEC...]: 0 if no file that HEAD has was changed. Every file is read, by way of
# a git folder of our own: the settings, flags and filters of the one that is there have no say.
git_changes() {
  local folder=$1 own head objects said format=()
  shift
  head=$(git_ -C "$folder" rev-parse --verify --quiet HEAD) || return 1
  objects=$(git_ -C "$folder" rev-parse --git-path objects) || return 1
  [[ $objects == /* ]] || objects=$folder/$objects
  ((${#head} == 40)) || format=(--object-format=sha256)
  own=$(mktemp -d -- "$TEMP/look.XXXXXX") || return 1
  git_ init --quiet --bare --template= "${format[@]}" -- "$own" && printf '%s\n' "$head" >"$own/HEAD" || return 1
  said=$(
    export GIT_DIR=$own GIT_WORK_TREE=$folder GIT_OBJECT_DIRECTORY=$objects
    git_ -C "$folder" -c core.bare=false read-tree HEAD 2>&1 &&
      git_ -C "$folder" -c core.bare=false -c core.fileMode=false \
        status --porcelain --untracked-files=no --ignore-submodules=dirty -- "$@" 2>&1
  ) && [[ -z $said ]]
}
