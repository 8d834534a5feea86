# --- Downloads: resumed, bounded, proven before they get their name -----------

# download PART SIZE URL: add to PART what is missing of URL; 0 if the host gave all it has.
# Sets WHY, and CODE: refused (nobody needs to ask again), full (the disk), again.
download() {
  local part=$1 size=$2 url=$3 scheme=https have code=0 head answer
  head=$TEMP/answer.$BASHPID
  [[ $url != http://* ]] || scheme=http,https
  have=$(size_of "$part")
  answer=$(
    exec 2>/dev/null
    # The host may not send much more than the lock says (blocks of 1024 bytes).
    ulimit -c 0
    [[ -z $size ]] || ulimit -f $((size / 1024 + 1024))
    authorization "$url" | LC_ALL=C curl --config - --silent --show-error --fail --globoff \
      --location --max-redirs 8 --proto "=$scheme" --proto-redir "=$scheme" \
      --connect-timeout 20 --speed-limit 1000 --speed-time 60 \
      --dump-header "$head" --write-out '%{http_code} %{content_type}' \
      ${have:+--continue-at "$have"} --output "$part" --url "$url" 2>"$head.said"
  ) || code=$?
  WHY=$(plain "$(sed '$!d; s/^curl: ([0-9]*) //' "$head.said" 2>/dev/null)")
  PAUSE=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,6\}\)[^0-9]*$/\1/p' "$head" 2>/dev/null | sed -n '$p')
  TYPE=$(plain "${answer#* }")
  rm -f -- "$head" "$head.said"
  CODE=again
  case $code:${answer%% *} in
    0:*) return 0 ;;
    22:416 | 33:* | 36:*) rm -f -- "$part" ;; # it cannot be continued: from the start
    22:401 | 22:403) CODE=refused WHY="$WHY$(token_hint "$url")" ;;
    22:408 | 22:425 | 22:429) ;;
    22:4*) CODE=refused ;;
    23:* | 153:*)
      CODE=full WHY="cannot be written: is the disk full?"
      have=$(size_of "$part")
      if [[ -n $size ]] && ((${have:-0} > size)); then
        CODE=refused WHY="the host sends more than the $size bytes that are locked"
        rm -f -- "$part"
      fi
      ;;
    1:* | 3:*) CODE=refused ;;
  esac
  return 1
}

# Tokens go through a pipe, as arguments can be seen by everybody on the machine,
# and to their own host: curl leaves them out when it is redirected to another.
authorization() {
  case $1 in
    "$HF_ENDPOINT"/*) [[ -z $HF_TOKEN ]] || printf 'header = "Authorization: Bearer %s"\n' "$HF_TOKEN" ;;
    https://civitai.com/*) [[ -z $CIVITAI_TOKEN ]] || printf 'header = "Authorization: Bearer %s"\n' "$CIVITAI_TOKEN" ;;
  esac
}

token_hint() {
  case $1 in
    "$HF_ENDPOINT"/*) printf ' (is HF_TOKEN set, and were the terms of %s accepted?)' "${1%%/resolve/*}" ;;
    https://civitai.com/*) printf ' (is CIVITAI_TOKEN set?)' ;;
  esac
}

# persist PART SIZE URL: download, with new tries for as long as they bring something.
persist() {
  local tries=0 rounds before pause
  for ((rounds = 0; rounds < 1000; rounds++)); do
    before=$(size_of "$1")
    if download "$@"; then return 0; fi
    [[ $CODE == again ]] || return 1
    if (($(size_of "$1") + 0 > before + 0)); then tries=0; fi
    ((++tries < TRIES)) || return 1
    pause=$((1 << (tries - 1)))
    ((${PAUSE:-0} <= pause)) || pause=$((PAUSE < 300 ? PAUSE : 300))
    sleep "$pause"
  done
}

# fetch PART SIZE SHA256 URL...: the first address that gives the locked bytes.
fetch() {
  local part=$1 size=$2 sha=$3 url tries resumed faults=
  shift 3
  mkdir -p -- "${part%/*}" || { WHY="its folder cannot be made" && return 1; }
  for url; do
    [[ $url != https://huggingface.co/* ]] || url=$HF_ENDPOINT/${url#https://huggingface.co/}
    for tries in 1 2; do
      resumed=$(size_of "$part")
      if [[ -n $size ]] && ((${resumed:-0} > size)); then rm -f -- "$part" && resumed=; fi
      if is_bytes "$part" "$size" "$sha" || { persist "$part" "$size" "$url" && is_bytes "$part" "$size" "$sha"; }; then
        return 0
      fi
      [[ $CODE == came ]] || break
      rm -f -- "$part" # wrong bytes: if they were continued, once more from the start
      [[ -n $resumed ]] || break
    done
    faults+="${faults:+; }$(host_of "$url"): $WHY"
    [[ $CODE != full ]] || break
  done
  WHY=$faults
  return 1
}

host_of() {
  local host=${1#*://}
  printf '%s' "${host%%/*}"
}

size_of() { # bytes of a file, nothing if there is none
  stat -L -c %s -- "$1" 2>/dev/null || :
}

is_bytes() { # is_bytes FILE SIZE SHA256: is it there, and is it what is locked?
  local size
  size=$(size_of "$1")
  CODE=came
  if [[ -z $size ]]; then
    WHY="nothing came" && return 1
  elif [[ -n $2 && $size != "$2" ]]; then
    WHY="has $size bytes${TYPE:+ ($TYPE)}, locked are $2" && return 1
  elif [[ $(digest "$1") != "$3" ]]; then
    WHY="its sha256 is not the locked one" && return 1
  fi
}

digest() {
  local line
  line=$(sha256sum <"$1") || return 1
  printf '%s' "${line%% *}"
}
