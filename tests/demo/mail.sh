# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Mail servers for the demo, one a namespace, with files only below $WORK: Postfix, or, where there
# is one uid only, postfix's smtp-sink. What arrived is in $WORK/mail-NAMESPACE.

mail_server() # NAMESPACE DOMAIN [POSTFIX-SETTING...]
{
        mkdir -p "$WORK/mail-$1"
        if [ -n "$many_uids" ] && postfix_start "$@"; then
                mail_program=Postfix
        else
                mail_program="smtp-sink"
                # which refuses to be root: it becomes another uid in a user namespace below
                net_in "$1" sysctl -qw net.ipv4.ip_unprivileged_port_start=0 net.ipv6.bindv6only=1
                sink_start "$1" 0.0.0.0:25 4
                sink_start "$1" '[::]:25' 6
                eventually 5 server_answers "$1"
        fi
}

postfix_start() # NAMESPACE DOMAIN [SETTING...]
{
        local name=$1 domain=$2 base=$WORK/postfix-$1
        shift 2
        mkdir -p "$base/conf" "$base/queue" "$base/data"
        chown postfix "$base/data"
        chown nobody "$WORK/mail-$name"
        {
                cat <<-CONF
			compatibility_level = 3.6
			queue_directory = $base/queue
			data_directory = $base/data
			command_directory = /usr/sbin
			daemon_directory = /usr/lib/postfix/sbin
			meta_directory = /etc/postfix
			maillog_file = $base/log
			maillog_file_prefixes = $base
			mail_owner = postfix
			setgid_group = postdrop
			myhostname = mail.$domain
			mydestination =
			local_recipient_maps =
			mynetworks = 127.0.0.0/8 [::1]/128 10.0.0.0/8 [fd00::]/16
			inet_protocols = all
			smtp_dns_support_level = disabled
			smtpd_peername_lookup = no
			minimal_backoff_time = 2s
			queue_run_delay = 2s
			virtual_mailbox_domains = $domain
			virtual_mailbox_base = $WORK/mail-$name
			virtual_mailbox_maps = static:inbox/
			virtual_uid_maps = static:65534
			virtual_gid_maps = static:65534
		CONF
                printf '%s\n' "$@"
        } >"$base/conf/main.cf"
        cat >"$base/conf/master.cf" <<-'CONF'
		smtp      inet  n - n - - smtpd
		pickup    unix  n - n 60 1 pickup
		cleanup   unix  n - n - 0 cleanup
		qmgr      unix  n - n 2 1 qmgr
		rewrite   unix  - - n - - trivial-rewrite
		bounce    unix  - - n - 0 bounce
		defer     unix  - - n - 0 bounce
		smtp      unix  - - n - - smtp
		error     unix  - - n - - error
		virtual   unix  - n n - - virtual
		proxymap  unix  - - n - - proxymap
		anvil     unix  - - n - 1 anvil
		postlog   unix-dgram n - n - 1 postlogd
	CONF
        net_in "$name" postfix -c "$base/conf" start >"$base/start.log" 2>&1 &&
                eventually 10 server_answers "$name"
}

sink_start() # NAMESPACE WHERE SUFFIX-OF-FILES
{
        (cd "$WORK/mail-$1" && net_in "$1" unshare --user --map-user=1000 --map-group=1000 \
                smtp-sink -d "%M-$3." "$2" 100 >"$WORK/sink-$1.log" 2>&1 &)
}

server_answers() # NAMESPACE
{
        [ "$(connect "$1" 127.0.0.1 25 ::1 25)" = "open open" ]
}
