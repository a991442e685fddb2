# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of p25ctl for fish. The block of lines is made by `make golden`, from p25ctl's tables.

# The words that are neither options nor what belongs to them.
function __p25ctl_typed
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word $__p25ctl_valued
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# True where exactly these words are typed.
function __p25ctl_at
    test "$(__p25ctl_typed)" = "$argv"
end

# True where these words are typed, and perhaps more.
function __p25ctl_behind
    set -l typed (__p25ctl_typed)
    test (count $typed) -ge (count $argv); and test "$typed[1..$(count $argv)]" = "$argv"
end

# KEYWORD: what it takes in a rule; nothing else is offered behind it.
function __p25ctl_value
    switch $argv[1]
        case on
            __fish_print_interfaces
        case user
            __fish_complete_users
        case group
            __fish_complete_groups
        case unit
            # with the pattern of all instances of a template
            set -l units (systemctl list-units --all --plain --no-legend --type=service,slice 2>/dev/null | string split -f 1 ' ')
            printf '%s\n' $units
            string replace -fr '@.*[.]' '@*.' -- $units | sort -u
        case from to
            p25ctl set list 2>/dev/null | string split -f 1 ' ' | string replace -r '^' @
        case '*'
            return 1
    end
end

# COMMAND... : WORD...: the words, and for those in capitals what they stand for.
function __p25ctl_words
    set -l colon (contains -i : $argv)
    set -l command $argv[1..(math $colon - 1)]
    if contains -- "$command" allow deny reject limit route rule insert prepend delete explain
        __p25ctl_value (commandline -opc)[-1]; and return
    end
    for word in $argv[(math $colon + 1)..-1]
        switch $word
            case FILE FOLDER
                __fish_complete_path (commandline -ct)
            case SERVICE
                printf '%s\n' smtp submission submissions smtp-alt
            case RULE
                printf '%s\n' allow deny reject limit smtp submission submissions smtp-alt in out both on from to port user group unit rate burst max for comment
            case COMMAND
                p25ctl help --json 2>/dev/null | string match -ra '"name":"([^" ]*)' | string match -rv name
            case A B N
                switch "$command"
                    case delete insert
                        seq (p25ctl show added 2>/dev/null | grep -c '^p25ctl')
                    case diff rollback
                        p25ctl history 2>/dev/null | string match -rg '^ *([0-9]+) '
                end
            case NAME
                switch "$command"
                    case 'role remove'
                        p25ctl role list 2>/dev/null | string match -rg '^\* *([^ ]+)'
                    case edit
                        p25ctl fragment list 2>/dev/null | string split -f 1 ' '
                    case '*'
                        p25ctl $command[1] list 2>/dev/null | string replace -r '^[* ]*' '' | string split -f 1 ' '
                end
            case '*'
                string match -qr '^[a-z]' $word; and echo $word
        end
    end
end

complete -c p25ctl -f
# made from the tables of p25ctl:
set -g __p25ctl_valued --color --host -H --root --policies --expect --confirm --reason --format --number -n --at --since
complete -c p25ctl -n '__p25ctl_at' -a status -d 'show the policy in force'
complete -c p25ctl -n '__p25ctl_at' -a show
complete -c p25ctl -n '__p25ctl_at show' -a added -d 'p25ctl'\''s rules as commands'
complete -c p25ctl -n '__p25ctl_at show' -a raw -d 'the policy in force, in the words of nft or iptables'
complete -c p25ctl -n '__p25ctl_at show' -a listening -d 'processes that listen on mail ports, and the rules for them'
complete -c p25ctl -n '__p25ctl_at' -a explain -d 'the verdict about a connection, and the reason'
complete -c p25ctl -n '__p25ctl_at' -a events -d 'connections that were refused or logged'
complete -c p25ctl -n '__p25ctl_at' -a audit
complete -c p25ctl -n '__p25ctl_at audit' -a promote -d 'enforce the directions and roles that are in audit'
complete -c p25ctl -n '__p25ctl_at' -a enable -d 'put the policy in force, now and at every start'
complete -c p25ctl -n '__p25ctl_at' -a disable -d 'take the policy out of the kernel; it stays stored'
complete -c p25ctl -n '__p25ctl_at' -a lockdown -d 'close every mail port now and cut open connections'
complete -c p25ctl -n '__p25ctl_at' -a reload -d 'read the files below /etc/p25 again'
complete -c p25ctl -n '__p25ctl_at' -a reset -d 'drop everything that p25ctl and D-Bus stored'
complete -c p25ctl -n '__p25ctl_at' -a default -d 'the action when no rule matches'
complete -c p25ctl -n '__p25ctl_at' -a logging -d 'the connections that are logged'
complete -c p25ctl -n '__p25ctl_at' -a allow -d 'let connections pass'
complete -c p25ctl -n '__p25ctl_at' -a deny -d 'drop connections silently'
complete -c p25ctl -n '__p25ctl_at' -a reject -d 'refuse connections with a TCP reset'
complete -c p25ctl -n '__p25ctl_at' -a limit -d 'let so many connections pass for each source'
complete -c p25ctl -n '__p25ctl_at' -a route -d 'a rule for connections that pass through this host'
complete -c p25ctl -n '__p25ctl_at' -a rule -d 'the same as the rule itself'
complete -c p25ctl -n '__p25ctl_at' -a insert -d 'a rule in the place of rule N'
complete -c p25ctl -n '__p25ctl_at' -a prepend -d 'a rule before all others'
complete -c p25ctl -n '__p25ctl_at' -a delete -d 'remove a rule'
complete -c p25ctl -n '__p25ctl_at' -a role
complete -c p25ctl -n '__p25ctl_at role' -a list -d 'all roles; * marks those of this host'
complete -c p25ctl -n '__p25ctl_at role' -a show -d 'the text of a role'
complete -c p25ctl -n '__p25ctl_at role' -a set -d 'set the roles of this host'
complete -c p25ctl -n '__p25ctl_at role' -a add -d 'add a role'
complete -c p25ctl -n '__p25ctl_at role' -a remove -d 'remove a role'
complete -c p25ctl -n '__p25ctl_at role' -a suggest -d 'roles that fit the services of this host'
complete -c p25ctl -n '__p25ctl_at' -a set
complete -c p25ctl -n '__p25ctl_at set' -a list -d 'sets, their size and source'
complete -c p25ctl -n '__p25ctl_at set' -a show -d 'the entries of a set'
complete -c p25ctl -n '__p25ctl_at set' -a load -d 'replace a set ('\''-'\'': standard input)'
complete -c p25ctl -n '__p25ctl_at set' -a add -d 'add entries ('\''-'\'': standard input)'
complete -c p25ctl -n '__p25ctl_at set' -a remove -d 'remove entries ('\''-'\'': standard input)'
complete -c p25ctl -n '__p25ctl_at set' -a drop -d 'remove a set that no rule uses'
complete -c p25ctl -n '__p25ctl_at set' -a feed -d 'add and remove entries, a line each'
complete -c p25ctl -n '__p25ctl_at' -a fragment
complete -c p25ctl -n '__p25ctl_at fragment' -a list -d 'fragments and their source'
complete -c p25ctl -n '__p25ctl_at fragment' -a show -d 'the text of a fragment'
complete -c p25ctl -n '__p25ctl_at fragment' -a put -d 'add or replace a fragment ('\''-'\'': standard input)'
complete -c p25ctl -n '__p25ctl_at fragment' -a drop -d 'remove a fragment'
complete -c p25ctl -n '__p25ctl_at' -a check -d 'check files before p25d reads them'
complete -c p25ctl -n '__p25ctl_at' -a compile -d 'print the rules of a file'
complete -c p25ctl -n '__p25ctl_at' -a test -d 'check the assertions in a file'
complete -c p25ctl -n '__p25ctl_at' -a plan -d 'the changes that a reload would make'
complete -c p25ctl -n '__p25ctl_at' -a edit -d 'edit p25.conf or a fragment, with checks and a plan'
complete -c p25ctl -n '__p25ctl_at' -a confirm -d 'keep a change made with --confirm'
complete -c p25ctl -n '__p25ctl_at' -a history -d 'stored revisions, or changes of sets'
complete -c p25ctl -n '__p25ctl_at' -a diff -d 'the differences between revisions'
complete -c p25ctl -n '__p25ctl_at' -a rollback -d 'go back to a revision'
complete -c p25ctl -n '__p25ctl_at' -a stats -d 'connections by user, unit, container and rule'
complete -c p25ctl -n '__p25ctl_at' -a top -d 'senders of this moment, on a live screen'
complete -c p25ctl -n '__p25ctl_at' -a doctor -d 'problems with mail on this host, and on the way to others'
complete -c p25ctl -n '__p25ctl_at' -a version -d 'the version of p25ctl'
complete -c p25ctl -n '__p25ctl_at' -a help -d 'this text, or more about a command'
complete -c p25ctl -n '__p25ctl_behind status' -a '(__p25ctl_words status : verbose numbered)'
complete -c p25ctl -n '__p25ctl_behind explain' -a '(__p25ctl_words explain : in out routed from A to port P user U group G unit on IFACE TIME)'
complete -c p25ctl -n '__p25ctl_behind events' -a '(__p25ctl_words events : N DURATION)'
complete -c p25ctl -n '__p25ctl_behind lockdown' -a '(__p25ctl_words lockdown : on off)'
complete -c p25ctl -n '__p25ctl_behind default' -a '(__p25ctl_words default : allow deny reject incoming outgoing routed)'
complete -c p25ctl -n '__p25ctl_behind logging' -a '(__p25ctl_words logging : on off low medium high)'
complete -c p25ctl -n '__p25ctl_behind allow' -a '(__p25ctl_words allow : in out both on IFACE log log-all PORT SERVICE proto tcp from A to port P user U group G unit rate N burst max for DURATION comment TEXT)'
complete -c p25ctl -n '__p25ctl_behind deny' -a '(__p25ctl_words deny : in out both on IFACE log log-all PORT SERVICE proto tcp from A to port P user U group G unit rate N burst max for DURATION comment TEXT)'
complete -c p25ctl -n '__p25ctl_behind reject' -a '(__p25ctl_words reject : in out both on IFACE log log-all PORT SERVICE proto tcp from A to port P user U group G unit rate N burst max for DURATION comment TEXT)'
complete -c p25ctl -n '__p25ctl_behind limit' -a '(__p25ctl_words limit : in out both on IFACE log log-all PORT SERVICE proto tcp from A to port P user U group G unit rate N burst max for DURATION comment TEXT)'
complete -c p25ctl -n '__p25ctl_behind route' -a '(__p25ctl_words route : delete insert N prepend RULE)'
complete -c p25ctl -n '__p25ctl_behind rule' -a '(__p25ctl_words rule : delete insert N prepend RULE)'
complete -c p25ctl -n '__p25ctl_behind insert' -a '(__p25ctl_words insert : N RULE)'
complete -c p25ctl -n '__p25ctl_behind prepend' -a '(__p25ctl_words prepend : RULE)'
complete -c p25ctl -n '__p25ctl_behind delete' -a '(__p25ctl_words delete : N RULE)'
complete -c p25ctl -n '__p25ctl_behind role show' -a '(__p25ctl_words role show : NAME)'
complete -c p25ctl -n '__p25ctl_behind role set' -a '(__p25ctl_words role set : NAME)'
complete -c p25ctl -n '__p25ctl_behind role add' -a '(__p25ctl_words role add : NAME)'
complete -c p25ctl -n '__p25ctl_behind role remove' -a '(__p25ctl_words role remove : NAME)'
complete -c p25ctl -n '__p25ctl_behind set show' -a '(__p25ctl_words set show : NAME)'
complete -c p25ctl -n '__p25ctl_behind set load' -a '(__p25ctl_words set load : NAME FILE)'
complete -c p25ctl -n '__p25ctl_behind set add' -a '(__p25ctl_words set add : NAME A for DURATION)'
complete -c p25ctl -n '__p25ctl_behind set remove' -a '(__p25ctl_words set remove : NAME A)'
complete -c p25ctl -n '__p25ctl_behind set drop' -a '(__p25ctl_words set drop : NAME)'
complete -c p25ctl -n '__p25ctl_behind set feed' -a '(__p25ctl_words set feed : NAME)'
complete -c p25ctl -n '__p25ctl_behind fragment show' -a '(__p25ctl_words fragment show : NAME)'
complete -c p25ctl -n '__p25ctl_behind fragment put' -a '(__p25ctl_words fragment put : NAME FILE)'
complete -c p25ctl -n '__p25ctl_behind fragment drop' -a '(__p25ctl_words fragment drop : NAME)'
complete -c p25ctl -n '__p25ctl_behind check' -a '(__p25ctl_words check : FILE FOLDER)'
complete -c p25ctl -n '__p25ctl_behind compile' -a '(__p25ctl_words compile : FILE ir nft iptables json)'
complete -c p25ctl -n '__p25ctl_behind test' -a '(__p25ctl_words test : FILE)'
complete -c p25ctl -n '__p25ctl_behind plan' -a '(__p25ctl_words plan : FILE)'
complete -c p25ctl -n '__p25ctl_behind edit' -a '(__p25ctl_words edit : NAME)'
complete -c p25ctl -n '__p25ctl_behind history' -a '(__p25ctl_words history : N sets)'
complete -c p25ctl -n '__p25ctl_behind diff' -a '(__p25ctl_words diff : A B)'
complete -c p25ctl -n '__p25ctl_behind rollback' -a '(__p25ctl_words rollback : N)'
complete -c p25ctl -n '__p25ctl_behind stats' -a '(__p25ctl_words stats : )'
complete -c p25ctl -n '__p25ctl_behind doctor' -a '(__p25ctl_words doctor : TARGET)'
complete -c p25ctl -n '__p25ctl_behind help' -a '(__p25ctl_words help : COMMAND)'
complete -c p25ctl -l dry-run -d 'print what would change, change nothing'
complete -c p25ctl -l json -d 'print one JSON document'
complete -c p25ctl -l color -r -d 'color status and top (auto: on a terminal)'
complete -c p25ctl -l quiet -s q -d 'print only errors, warnings and whole texts'
complete -c p25ctl -l force -s f -d 'assume yes'
complete -c p25ctl -l host -s H -r -d 'use the p25d of another host, or of several, over ssh'
complete -c p25ctl -l root -r -d 'read files below DIR'
complete -c p25ctl -l policies -r -d 'read shipped roles from DIR'
complete -c p25ctl -l detailed-exitcode -d 'exit with 2 if something changed'
complete -c p25ctl -l strict -d 'treat warnings as errors'
complete -c p25ctl -l expect -r -d 'fail with 7 unless the policy is at this revision'
complete -c p25ctl -l confirm -r -d 'take the change back unless confirmed in time'
complete -c p25ctl -l reason -r -d 'a reason, for the history'
complete -c p25ctl -l format -r -d 'ir, nft, iptables or json'
complete -c p25ctl -l ipv4 -s 4 -d 'of --format iptables: IPv4 only'
complete -c p25ctl -l ipv6 -s 6 -d 'of --format iptables: IPv6 only'
complete -c p25ctl -l number -s n -r -d 'of history and events: the newest N only'
complete -c p25ctl -l at -r -d 'of explain: by the policy of that time (RFC 3339, 2h, yesterday)'
complete -c p25ctl -l probe -d 'of explain out: also try it with a real packet (root)'
complete -c p25ctl -l openmetrics -d 'of stats: in the format of OpenMetrics'
complete -c p25ctl -l follow -d 'of events: keep printing new ones'
complete -c p25ctl -l since -r -d 'of events: only those of the last DURATION'
complete -c p25ctl -l help -s h -d 'print help about the command'
complete -c p25ctl -l version -d 'print the version'
# that was made from the tables
