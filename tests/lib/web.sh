# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A web server: nginx with TLS on port 443 of $WEB in the namespace $web_namespace, with the certificate
# $web_certificate and its key $web_key. Its log is $WORK/nginx.log, what it was asked $WORK/access.log.

# A file that has the whole server, in place of what is here; "": none.
web_server=

# nginx on 443; more locations on standard input. Sets $nginx to its pid.
web_start() # FOLDER
{
        { cat <<-CONF
		daemon off;
		error_log $WORK/nginx.log notice;
		pid $WORK/nginx.pid;
		worker_processes 1;
		events { }
		http {
		  access_log $WORK/access.log;
		  client_body_temp_path $WORK/nginx-body;
		  proxy_temp_path $WORK/nginx-proxy;
		  fastcgi_temp_path $WORK/nginx-fastcgi;
		  uwsgi_temp_path $WORK/nginx-uwsgi;
		  scgi_temp_path $WORK/nginx-scgi;
	CONF
          if [ -n "$web_server" ]; then
                  cat "$web_server"
          else
                  cat <<-CONF
		  server {
		    listen $WEB:443 ssl;
		    ssl_certificate $web_certificate;
		    ssl_certificate_key $web_key;
		    root $1;
	CONF
                  cat
                  echo '}'
          fi
          echo '}'
        } >"$WORK/nginx.conf"
        # not net_in: the pid would be that of a shell
        nsenter --net="/run/netns/$web_namespace" -- nginx -c "$WORK/nginx.conf" </dev/null >>"$WORK/nginx.log" 2>&1 &
        nginx=$!
        eventually 20 web_answers
}

web_answers()
{
        [ "$(connect "$web_namespace" "$WEB" 443)" = open ]
}

web_stop()
{
        process_end "$nginx" TERM
}
