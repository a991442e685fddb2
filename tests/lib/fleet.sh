# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A fleet's web server: nginx with TLS and a CA of its own in the namespace "inet", what `p25-fleet
# publish` made as its documents, and p25-fleet on the host of tests/lib/p25.sh. Files are below
# $FLEET, logs are $WORK/fleet.log and $WORK/nginx.log.

P25_FLEET=$PWD/${BUILD:-build}/p25-fleet
FLEET=$WORK/fleet
fleet_user=
# shellcheck source=tests/lib/web.sh
. tests/lib/web.sh
WEB=198.51.100.2 web_namespace=inet web_certificate=$FLEET/tls/web.pem web_key=$FLEET/tls/web.key

# $fleet_missing says why it cannot run here.
fleet_is_possible()
{
        local program
        fleet_missing=
        for program in nginx openssl minisign; do
                PATH=$PATH:/usr/sbin command -v $program >/dev/null ||
                        fleet_missing="$program is not installed"
        done
        [ -z "$fleet_missing" ]
}

# A CA, and certificates that it has signed: NAME.pem, NAME.key in $FLEET/tls.
fleet_certificates() # NAME...
{
        local name
        mkdir -p "$FLEET/tls" && cd "$FLEET/tls" || return
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
                -subj /CN=ca -keyout ca.key -out ca.pem 2>"$WORK/openssl.log"
        for name; do
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" \
                        -keyout "$name.key" -out "$name.csr" 2>>"$WORK/openssl.log"
                openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                        -extfile <(echo "subjectAltName=DNS:$name,IP:$WEB") -out "$name.pem" \
                        2>>"$WORK/openssl.log"
        done
        chmod 644 ./*.key
        cd - >/dev/null || return
}

# A key without a password: $FLEET/NAME.key, $FLEET/NAME.pub; prints its public line.
fleet_key() # NAME
{
        minisign -G -W -f -p "$FLEET/$1.pub" -s "$FLEET/$1.key" >/dev/null && tail -n 1 "$FLEET/$1.pub"
}

publish() # [OPTION...]: $FLEET/site, by $FLEET/a.key
{
        run "$P25_FLEET" publish --key "$FLEET/a.key" "$@" "$FLEET/site"
}

# From now on its wall clock is off by the seconds that FILE says, which may change at any time.
fleet_by_clock=()
fleet_clock() # FILE
{
        fleet_by_clock=(env "LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/wrong_clock.so" "CLOCK_FILE=$1")
}

# Its pid in $fleet.
fleet_start()
{
        # shellcheck disable=SC2086 # words or none
        nsenter --net=/run/netns/host -- ${fleet_user:+setpriv --reuid "$fleet_user" --regid "$(id -g "$fleet_user")" --clear-groups} \
                "${fleet_by_clock[@]}" "$P25_FLEET" --root "$ROOT" run 2>>"$WORK/fleet.log" &
        fleet=$!
}

fleet_stop() # [SIGNAL]
{
        process_end "$fleet" "${1:-TERM}"
}

fleet_status() # JQ
{
        "$P25_FLEET" --root "$ROOT" status --json 2>"$WORK/null" | jq -r "$1"
}

serial_is() # N
{
        [ "$(fleet_status .documents.serial)" = "$1" ]
}

problem_is() # REGEX
{
        [[ $(fleet_status '.documents.problem // ""') =~ $1 ]]
}
