#!/usr/bin/env bash
# curl: Bayeux by hand, as in a shell. Its bodies are chunked and wait for `100 Continue`, its messages
# have no id and no advice, and it keeps no cookie.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
read -ra channels <<< "$WATCH_CHANNELS"

# Posts messages to the path with this suffix and prints the replies, one in a line.
post() {
  curl --silent --show-error --fail-with-body --expect100-timeout 10 \
    --header "Authorization: $WATCH_AUTHORIZATION" \
    --header 'Content-Type: application/json;charset=UTF-8' \
    --header 'Expect: 100-continue' --header 'Transfer-Encoding: chunked' \
    --data "$2" "$WATCH_URL$1" 2> "$folder/complaint" | jq --compact-output '.[]'
}

shake_hands() {
  local handshake='{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}'
  post /handshake "$handshake" > "$folder/handshake" || return
  jq --raw-output '.clientId' "$folder/handshake" > "$folder/client"
  cat "$folder/handshake"
  local channel
  for channel in "${channels[@]}"; do
    post /subscribe "$(message /meta/subscribe subscription "$channel")" || return
  done
}

# A message of this session with one member of its own.
message() {
  printf '[{"channel":"%s","%s":"%s","clientId":"%s"}]' "$@" "$(cat "$folder/client")"
}

watch() {
  until shake_hands; do sleep 0.2; done
  while true; do
    if post /connect "$(message /meta/connect connectionType long-polling)" > "$folder/replies"; then
      cat "$folder/replies"
      if tail -n 1 "$folder/replies" | grep -q '"reconnect":"none"'; then
        break
      elif tail -n 1 "$folder/replies" | grep -q '"reconnect":"handshake"'; then
        # Who has said goodbye is not known any more either.
        [[ -e $folder/goodbye ]] && break
        until shake_hands; do sleep 0.2; done
      fi
    else
      # A server that is not there is asked again.
      sleep 0.2
    fi
  done
}

watch &
cat > /dev/null
# The poll that is held ends with the session.
touch "$folder/goodbye"
post /disconnect "$(message /meta/disconnect connectionType long-polling)"
wait
