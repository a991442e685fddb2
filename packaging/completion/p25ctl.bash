# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of p25ctl for bash. The block of words is made by `make golden`, from p25ctl's tables.

# made from the tables of p25ctl:
_p25ctl_commands='status show explain events audit enable disable lockdown reload reset default logging allow deny reject limit route rule insert prepend delete role set fragment check compile test plan edit confirm history diff rollback stats top doctor version help'
_p25ctl_options='--dry-run --json --color --quiet --force --host --root --policies --detailed-exitcode --strict --expect --confirm --reason --format --ipv4 --ipv6 --number --at --probe --openmetrics --follow --since --help --version'
_p25ctl_valued=' --color --host -H --root --policies --expect --confirm --reason --format --number -n --at --since '
_p25ctl_words() # COMMAND
{
        case $1 in
        'status') echo 'verbose numbered' ;;
        'show added') echo '' ;;
        'show raw') echo '' ;;
        'show listening') echo '' ;;
        'explain') echo 'in out routed from A to port P user U group G unit on IFACE TIME' ;;
        'events') echo 'N DURATION' ;;
        'audit promote') echo '' ;;
        'audit') echo '' ;;
        'enable') echo '' ;;
        'disable') echo '' ;;
        'lockdown') echo 'on off' ;;
        'reload') echo '' ;;
        'reset') echo '' ;;
        'default') echo 'allow deny reject incoming outgoing routed' ;;
        'logging') echo 'on off low medium high' ;;
        'allow') echo 'in out both on IFACE log log-all PORT SERVICE proto tcp from A to port P user U group G unit rate N burst max for DURATION comment TEXT' ;;
        'deny') echo 'in out both on IFACE log log-all PORT SERVICE proto tcp from A to port P user U group G unit rate N burst max for DURATION comment TEXT' ;;
        'reject') echo 'in out both on IFACE log log-all PORT SERVICE proto tcp from A to port P user U group G unit rate N burst max for DURATION comment TEXT' ;;
        'limit') echo 'in out both on IFACE log log-all PORT SERVICE proto tcp from A to port P user U group G unit rate N burst max for DURATION comment TEXT' ;;
        'route') echo 'delete insert N prepend RULE' ;;
        'rule') echo 'delete insert N prepend RULE' ;;
        'insert') echo 'N RULE' ;;
        'prepend') echo 'RULE' ;;
        'delete') echo 'N RULE' ;;
        'role list') echo '' ;;
        'role show') echo 'NAME' ;;
        'role set') echo 'NAME' ;;
        'role add') echo 'NAME' ;;
        'role remove') echo 'NAME' ;;
        'role suggest') echo '' ;;
        'set list') echo '' ;;
        'set show') echo 'NAME' ;;
        'set load') echo 'NAME FILE' ;;
        'set add') echo 'NAME A for DURATION' ;;
        'set remove') echo 'NAME A' ;;
        'set drop') echo 'NAME' ;;
        'set feed') echo 'NAME' ;;
        'fragment list') echo '' ;;
        'fragment show') echo 'NAME' ;;
        'fragment put') echo 'NAME FILE' ;;
        'fragment drop') echo 'NAME' ;;
        'check') echo 'FILE FOLDER' ;;
        'compile') echo 'FILE ir nft iptables json' ;;
        'test') echo 'FILE' ;;
        'plan') echo 'FILE' ;;
        'edit') echo 'NAME' ;;
        'confirm') echo '' ;;
        'history') echo 'N sets' ;;
        'diff') echo 'A B' ;;
        'rollback') echo 'N' ;;
        'stats') echo '' ;;
        'top') echo '' ;;
        'doctor') echo 'TARGET' ;;
        'version') echo '' ;;
        'help') echo 'COMMAND' ;;
        'show') echo 'added raw listening' ;;
        'audit') echo 'promote' ;;
        'role') echo 'list show set add remove suggest' ;;
        'set') echo 'list show load add remove drop feed' ;;
        'fragment') echo 'list show put drop' ;;
        *) return 1 ;;
        esac
}
# that was made from the tables

# The values of a keyword of a rule: nothing else is offered behind it.
_p25ctl_value() # KEYWORD
{
        case $1 in
        on) ls /sys/class/net 2>/dev/null ;;
        user | group) compgen -A "$1" ;;
        unit) # with the pattern of all instances of a template
                systemctl list-units --all --plain --no-legend --type=service,slice 2>/dev/null |
                        awk '{ print $1; if (sub(/@.*[.]/, "@*.", $1) && !seen[$1]++) print $1 }'
                ;;
        from | to) p25ctl set list 2>/dev/null | awk '{ print "@" $1 }' ;;
        esac
}

# The values of a word in capitals; $1 is the command.
_p25ctl_stands_for() # COMMAND WORD
{
        case $2 in
        NAME)
                case $1 in
                'role remove') p25ctl role list 2>/dev/null | awk '$1 == "*" { print $2 }' ;;
                role*) p25ctl role list 2>/dev/null | awk '{ sub(/^[* ]*/, ""); print $1 }' ;;
                set*) p25ctl set list 2>/dev/null | awk '{ print $1 }' ;;
                fragment* | edit*) p25ctl fragment list 2>/dev/null | awk '{ print $1 }' ;;
                esac
                ;;
        A | B | N)
                case $1 in
                delete | insert) seq "$(p25ctl show added 2>/dev/null | grep -c ^p25ctl)" ;;
                diff | rollback) p25ctl history 2>/dev/null | awk '$1 ~ /^[0-9]+$/ { print $1 }' ;;
                esac
                ;;
        SERVICE) echo smtp submission submissions smtp-alt ;;
        RULE)
                echo allow deny reject limit
                _p25ctl_words allow | tr ' ' '\n' | grep -v '[A-Z]'
                _p25ctl_stands_for allow SERVICE
                ;;
        COMMAND) echo "$_p25ctl_commands" ;;
        esac
}

# bash splits words at '@' and ':' too (COMP_WORDBREAKS). Fills `typed` with whole words, up to the
# one that is completed.
_p25ctl_typed()
{
        local i word line=$COMP_LINE
        typed=()
        for ((i = 0; i <= COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                if ((i > 0)) && [[ -n $line && $line != [[:blank:]]* ]]; then
                        typed[-1]+=$word
                else
                        typed+=("$word")
                fi
                line=${line#"${line%%[![:blank:]]*}"}
                line=${line#"$word"}
        done
}

# The part of the word that stays as it is, because bash replaces only what is behind its
# last '@' (which it replaces too), ':' or '='.
_p25ctl_kept()
{
        local kept=${current%[@:=]*}
        case ${current:${#kept}:1} in
        '') ;;
        '@') echo "$kept" ;;
        *) echo "${current::${#kept}+1}" ;;
        esac
}

# Offers words that others may have named. compgen -W would expand them, and the name of an interface
# may hold a command.
_p25ctl_offer() # WORDS
{
        local word words quoted kept special
        mapfile -t words < <(tr -s ' \t' '\n' <<<"$1")
        case $current in
        [\'\"]*) # within quotes: what has no meaning there
                special=[\'\"\`\$\\\\]
                for word in "${words[@]}"; do
                        if [[ -n $word && $word == "${current:1}"* && ! $word =~ $special ]]; then
                                COMPREPLY+=("$word")
                        fi
                done
                return
                ;;
        esac
        kept=$(_p25ctl_kept)
        for word in "${words[@]}"; do
                printf -v quoted %q "$word"
                if [[ -n $word && ($word == "$current"* || $quoted == "$current"*) ]]; then
                        COMPREPLY+=("${quoted#"$kept"}")
                fi
        done
}

# Offers files, whose names anybody may have made: as such, readline quotes what has to be.
_p25ctl_offer_files()
{
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        COMPREPLY=("${COMPREPLY[@]#"$(_p25ctl_kept)"}")
}

_p25ctl()
{
        local current previous typed words=() word command all found=

        COMPREPLY=()
        _p25ctl_typed
        current=${typed[-1]} previous=${typed[-2]}
        case $previous in
        --root | --policies | check | compile | test | plan)
                _p25ctl_offer_files
                return
                ;;
        --color)
                mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
                return
                ;;
        --format)
                mapfile -t COMPREPLY < <(compgen -W 'ir nft iptables json' -- "$current")
                return
                ;;
        esac
        if [[ $current == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$_p25ctl_options" -- "$current")
                return
        fi
        for word in "${typed[@]:1:${#typed[@]}-2}"; do
                if [[ -n $found ]]; then
                        found=
                elif [[ " $_p25ctl_valued " == *" $word "* ]]; then
                        found=1
                elif [[ $word != -* ]]; then
                        words+=("$word")
                fi
        done
        [[ -z $found ]] || return
        if [[ ${#words[@]} == 0 ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$_p25ctl_commands" -- "$current")
                return
        fi
        command=${words[0]}
        if [[ ${#words[@]} -gt 1 ]] && _p25ctl_words "$command ${words[1]}" >/dev/null; then
                command="$command ${words[1]}"
        fi
        if [[ " allow deny reject limit route rule insert prepend delete explain " == *" $command "* &&
                " on user group unit from to " == *" $previous "* ]]; then
                _p25ctl_offer "$(_p25ctl_value "$previous")"
                return
        fi
        all=
        for word in $(_p25ctl_words "$command"); do
                if [[ $word == FILE || $word == FOLDER ]]; then
                        _p25ctl_offer_files
                elif [[ $word == *[[:upper:]]* ]]; then
                        all+=" $(_p25ctl_stands_for "$command" "$word")"
                else
                        all+=" $word"
                fi
        done
        _p25ctl_offer "$all"
}
complete -F _p25ctl p25ctl
