# --- What is said: text for people to stderr, JSON lines on demand -----------

say() { printf '%(%H:%M:%S)T %s\n' -1 "$*" >&2; }

die() { # die SENTENCE: nothing can begin
  printf 'error: %s\n' "$*" >&2
  exit 2
}

plain() { # one line without what could steer a terminal
  tr -c '[:print:]' ' ' <<<"$1" | cut -c 1-300 | sed 's/  */ /g; s/ $//'
}

human() { # bytes for people
  local n=$1
  if ((n >= 1000000000)); then
    printf '%d.%d GB' $((n / 1000000000)) $((n / 100000000 % 10))
  elif ((n >= 1000000)); then
    printf '%d.%d MB' $((n / 1000000)) $((n / 100000 % 10))
  else
    printf '%d kB' $(((n + 999) / 1000))
  fi
}

json() { # one JSON string
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

# One file for each thing that is done, as workers finish in any order.
result() { # result INDEX OUTCOME [SENTENCE]
  printf '%s\n%s\n' "$2" "${3-}" >"$TEMP/result.$1.new"
  mv -f -- "$TEMP/result.$1.new" "$TEMP/result.$1"
}

collect() { # take what the workers left; a worker that died left nothing
  local i
  for i in "${QUEUE[@]}"; do
    OUTCOME[i]=failed SAID[i]="was not finished"
    [[ ! -e $TEMP/result.$i ]] || { read -r "OUTCOME[i]" && read -r "SAID[i]"; } <"$TEMP/result.$i"
  done
}

summarise() { # the last word, and the exit code
  local i bad=0 done=0
  local -A count=()
  for ((i = 0; i < COUNT; i++)); do
    case $MODE:${OUTCOME[i]} in
      install:todo | install:unknown | verify:todo | verify:unknown) OUTCOME[i]=failed SAID[i]="was not finished" ;;
    esac
    count[${OUTCOME[i]}]=$((${count[${OUTCOME[i]}]-0} + 1))
    case ${OUTCOME[i]} in
      failed | differs | missing) bad=$((bad + 1)) ;;
      installed | aside) done=$((done + 1)) ;;
    esac
  done
  write_summary "$bad"
  for ((i = 0; i < COUNT; i++)); do
    case ${OUTCOME[i]} in
      failed | differs | missing) printf '%s: %s: %s\n' "${OUTCOME[i]}" "${NAME[i]}" "${SAID[i]}" >&2 ;;
    esac
  done
  if ((bad)); then
    say "$bad of $COUNT are not as locked, see above"
    return 1
  fi
  case $MODE in
    verify) say "all $((COUNT - ${count[off]-0})) are as locked" ;;
    dry-run) say "nothing was done: DRY_RUN=1" ;;
    uninstall) say "$done moved aside, nothing was deleted" ;;
    *) if ((done)); then say "done: $done installed, the rest was as locked"; else say "all is as locked, nothing to do"; fi ;;
  esac
}

write_summary() { # write_summary FAULTS: JSON lines, one for each thing and one for all
  local i
  [[ -n $SUMMARY ]] || return 0
  {
    for ((i = 0; i < COUNT; i++)); do
      printf '{"kind":"%s","name":%s,"outcome":"%s","bytes":%s,"message":%s}\n' "${KIND[i]}" \
        "$(json "${NAME[i]}")" "${OUTCOME[i]}" "${SIZE[i]:-null}" "$(json "${SAID[i]}")"
    done
    printf '{"kind":"summary","lock":"%s","mode":"%s","items":%d,"faults":%d,"ok":%s}\n' \
      "$LOCK_SHA256" "$MODE" "$COUNT" "$1" "$( ((${1})) && echo false || echo true)"
  } >"$SUMMARY"
}
