/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Answers of others about a process: status of a pool, its configuration, files of container
 * engines. */

#include "daemon/host/origin.h"
#include "daemon/pool/config.h"
#include "daemon/pool/container.h"
#include "daemon/pool/fastcgi.h"
#include "daemon/pool/look.h"
#include "daemon/pool/status.h"
#include "rules/base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffff0123456789abcdef0123456789abcdef0123456789abcdef"

static char folder[64];

static int setup(void **state)
{
        (void)state;
        (void)snprintf(folder, sizeof(folder), "/tmp/p25-site-XXXXXX");
        return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
        char command[128];

        (void)state;
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        return system(command);
}

static const char *put(const char *name, const char *text)
{
        static char path[256];
        char command[sizeof(path) + 32];
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        (void)snprintf(command, sizeof(command), "mkdir -p $(dirname '%s')", path);
        assert_int_equal(system(command), 0);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
        return path;
}

/* ---- FastCGI ---- */

static void add_record(Buffer *b, int type, const char *content, size_t n, size_t padding)
{
        const char header[8] = { 1, (char)type, 0, 1, (char)(n >> 8), (char)n, (char)padding, 0 };

        buffer_add(b, header, sizeof(header));
        buffer_add(b, content, n);
        while (padding-- > 0)
                buffer_add_char(b, '\0');
}

/* In parts of so many bytes. */
static int feed(const Buffer *b, size_t part, FastcgiAnswer *a)
{
        int r = 0;

        for (size_t at = 0; at < b->length && r == 0; at += part)
                r = fastcgi_feed(a, (const uint8_t *)b->data + at,
                        b->length - at < part ? b->length - at : part);
        return r;
}

static void an_answer_comes_in_any_parts(void **state)
{
        _cleanup_buffer_ Buffer b = { 0 };

        (void)state;
        add_record(&b, 7, "a warning", 9, 7);
        add_record(&b, 6, "Status: ", 8, 0);
        add_record(&b, 6, "200", 3, 5);
        add_record(&b, 6, "", 0, 0);
        add_record(&b, 3, "\0\0\0\0\0\0\0\0", 8, 0);
        for (size_t part = 1; part <= b.length; part++) {
                _cleanup_(fastcgi_answer_deinit) FastcgiAnswer a = { 0 };

                assert_int_equal(feed(&b, part, &a), 1);
                assert_string_equal(a.output.data, "Status: 200");
        }
}

static void what_is_no_answer_is_refused(void **state)
{
        static const uint8_t texts[][8] = {
                { 'H', 'T', 'T', 'P', '/', '1', '.', '1' }, /* another protocol */
                { 1, 6, 0, 2, 0, 1, 0, 0 },                 /* of another request */
                { 1, 1, 0, 1, 0, 8, 0, 0 },                 /* a request */
                { 1, 99, 0, 1, 0, 0, 0, 0 },                /* no such type */
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                FastcgiAnswer a = { 0 };

                assert_int_equal(fastcgi_feed(&a, texts[i], sizeof(texts[i])), -EBADMSG);
                fastcgi_answer_deinit(&a);
        }
}

static void a_long_answer_is_refused(void **state)
{
        _cleanup_(fastcgi_answer_deinit) FastcgiAnswer a = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };
        static char content[65535];
        size_t n = 0;
        int r = 0;

        (void)state;
        add_record(&b, 6, content, sizeof(content), 0);
        for (; r == 0 && n < 10u << 20; n += sizeof(content))
                r = feed(&b, b.length, &a);
        assert_int_equal(r, -EFBIG);
        assert_true(n <= FASTCGI_OUTPUT_MAX + sizeof(content));
}

static void a_request_names_the_path(void **state)
{
        _cleanup_buffer_ Buffer b = { 0 };
        char path[130];

        (void)state;
        assert_int_equal(fastcgi_request("/status", &b), 0);
        assert_memory_equal(b.data, "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\4\0\1", 20);
        assert_non_null(memmem(b.data, b.length, "\13\7SCRIPT_NAME/status", 20));
        assert_non_null(memmem(b.data, b.length, "\14\11QUERY_STRINGfull&json", 23));
        memset(path, 'a', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        assert_int_equal(fastcgi_request(path, &b), -ENAMETOOLONG);
}

/* ---- a status ---- */

#define HEAD "Content-Type: application/json\r\n\r\n"
#define POOL HEAD "{\"pool\":\"example.org\",\"processes\":["
#define RUNNING "\"state\":\"Running\",\"request method\":\"POST\","

static int find(const char *output, SiteRequest *ret)
{
        return pool_status_find(output, strlen(output), 7, ret);
}

static void a_worker_is_found(void **state)
{
        SiteRequest q;

        (void)state;
        assert_int_equal(
                find(POOL
                        "{\"pid\":6," RUNNING "\"request uri\":\"/other\",\"script\":\"/x\"},"
                        "{\"pid\":7," RUNNING
                        "\"request uri\":\"\\/mail.php?to=a\",\"script\":\"\\/srv\\/mail.php\"}]}",
                        &q),
                0);
        assert_string_equal(q.site, "example.org");
        assert_string_equal(q.script, "/srv/mail.php");
        assert_string_equal(q.request, "POST /mail.php?to=a");
}

static void what_an_idle_worker_did_is_not_given(void **state)
{
        SiteRequest q;

        (void)state;
        assert_int_equal(find(POOL "{\"pid\":7,\"state\":\"Idle\",\"request method\":\"GET\","
                                   "\"request uri\":\"/a\",\"script\":\"/a\"}]}",
                                 &q),
                0);
        assert_string_equal(q.site, "example.org");
        assert_string_equal(q.script, "");
        assert_string_equal(q.request, "");
        assert_int_equal(
                find(POOL "{\"pid\":7," RUNNING "\"request uri\":\"-\",\"script\":\"-\"}]}", &q),
                0);
        assert_string_equal(q.script, "");
        assert_string_equal(q.request, "POST");
}

static void lies_are_refused(void **state)
{
        static const struct {
                const char *output;
                int r;
        } cases[] = {
                { POOL "{\"pid\":8," RUNNING "\"script\":\"/x\"}]}", -ENOENT }, /* other pids */
                { POOL "]}", -ENOENT },
                { HEAD "{\"pool\":\"a\"}", -ENOENT },
                { POOL "{\"pid\":\"7\"}]}", -ENOENT },
                { POOL "7,null,[7],{\"pid\":7.0}]}", -ENOENT },
                { HEAD "{\"processes\":{\"pid\":7}}", -ENOENT },
                { HEAD "", -EBADMSG },
                { HEAD "{", -EBADMSG },
                { HEAD "[]", -ENOENT },
                { POOL "{\"pid\":7," RUNNING "\"script\":\"/x\"}]", -EBADMSG }, /* cut */
                { POOL "{\"pid\":7,\"script\":\"\\ud800\"}]}", -EBADMSG },
                { "File not found.\n", -EBADMSG },
                { "", -EBADMSG },
        };
        SiteRequest q;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                assert_int_equal(find(cases[i].output, &q), cases[i].r);
                assert_string_equal(q.script, "");
        }
        assert_int_equal(pool_status_find(POOL "\0", sizeof(POOL), 7, &q), -EBADMSG);
}

/* as PHP 8.2.32 writes the name of a file */
static void bytes_that_json_refuses_are_replaced(void **state)
{
        SiteRequest q;

        (void)state;
        assert_int_equal(find(POOL "\r\n\t{\"pid\":7," RUNNING "\"request uri\":\"/\",\n"
                                   "\"script\":\"/srv/\033[2J\n\177\xff\xc3.php\"}]}\n",
                                 &q),
                0);
        assert_string_equal(q.site, "example.org");
        assert_string_equal(q.script, "/srv/ [2J  ??.php");
}

static void a_text_is_printable_and_short(void **state)
{
        _cleanup_buffer_ Buffer b = { 0 };
        SiteRequest q;

        (void)state;
        buffer_add_string(&b, POOL "{\"pid\":7," RUNNING "\"request uri\":\"/\\u001b[2J\\n\","
                                   "\"script\":\"/\xc3\xbc\\u0007\\u009b\\u2028");
        for (size_t i = 0; i < 1u << 20; i++)
                buffer_add_char(&b, 'a');
        buffer_add_string(&b, "\"}]}");
        assert_int_equal(find(b.data, &q), 0);
        assert_string_equal(q.request, "POST /?[2J?");
        assert_int_equal(strlen(q.script), sizeof(q.script) - 1);
        assert_true(text_is_printable(q.script));
        assert_int_equal(strncmp(q.script, "/\xc3\xbc?", 4), 0);
}

/* ---- a pool's configuration ---- */

static void a_pool_has_its_status_socket(void **state)
{
        char text[512];
        PoolStatus s;

        (void)state;
        put("pool.d/a.conf", "[a]\npm.status_path = /status-a\npm.status_listen = /run/a.sock\n");
        put("pool.d/b.conf", "; [c]\n [b] \n  pm.status_path=\"/b\" ; ours\n"
                             "pm.status_listen = /run/$pool-x.sock ; path\n"
                             ";pm.status_path = /no\n");
        put("pool.d/tcp.conf", "[t]\npm.status_path = /t\npm.status_listen = 127.0.0.1:9001\n");
        put("pool.d/none.conf", "[n]\npm.status_path = /n\nlisten = /run/n.sock\n");
        (void)snprintf(text, sizeof(text), "[global]\ninclude=%s/pool.d/*.conf\n", folder);
        put("fpm.conf", text);
        (void)snprintf(text, sizeof(text), "%s/fpm.conf", folder);
        assert_int_equal(pool_config_find(text, "a", &s), 0);
        assert_string_equal(s.socket, "/run/a.sock");
        assert_string_equal(s.path, "/status-a");
        assert_int_equal(pool_config_find(text, "b", &s), 0);
        assert_string_equal(s.socket, "/run/b-x.sock");
        assert_string_equal(s.path, "/b");
        assert_int_equal(pool_config_find(text, "c", &s), -ENOENT);
        assert_int_equal(pool_config_find(text, "t", &s), -ENOENT);
        assert_int_equal(pool_config_find(text, "n", &s), -ENOENT);
        assert_int_equal(pool_config_find("/proc/none", "n", &s), -ENOENT);
}

static void a_hundred_pools_are_read_and_a_circle_ends(void **state)
{
        char text[512], name[64];
        PoolStatus s;

        (void)state;
        for (int i = 0; i < 100; i++) {
                (void)snprintf(name, sizeof(name), "many/%d.conf", i);
                (void)snprintf(text, sizeof(text),
                        "[p%d]\npm.status_path=/s\npm.status_listen=/run/%d.sock\n", i, i);
                put(name, text);
        }
        (void)snprintf(text, sizeof(text), "%s/many/fifo.conf", folder);
        assert_int_equal(mkfifo(text, 0666), 0);
        (void)snprintf(text, sizeof(text), "include=%s/many/*.conf\n", folder);
        put("many.conf", text);
        (void)snprintf(text, sizeof(text), "%s/many.conf", folder);
        assert_int_equal(pool_config_find(text, "p99", &s), 0);
        assert_string_equal(s.socket, "/run/99.sock");

        (void)snprintf(
                text, sizeof(text), "include=%s/round*\ninclude=%s/round*\n", folder, folder);
        put("round1", text);
        put("round2", text);
        (void)snprintf(text, sizeof(text), "%s/round1", folder);
        assert_int_equal(pool_config_find(text, "a", &s), -ENOENT);
}

static void a_value_that_does_not_fit_is_none(void **state)
{
        _cleanup_buffer_ Buffer b = { 0 };
        PoolStatus s;

        (void)state;
        buffer_add_string(&b, "[a]\npm.status_path=/s\npm.status_listen=/");
        for (int i = 0; i < 107; i++)
                buffer_add_char(&b, 'a');
        assert_int_equal(pool_config_find(put("long", b.data), "a", &s), -ENOENT);
        buffer_clear(&b);
        buffer_add_string(&b, "[a]\npm.status_path=/s\npm.status_listen=/");
        for (int i = 0; i < 106; i++)
                buffer_add_char(&b, 'a');
        assert_int_equal(pool_config_find(put("fits", b.data), "a", &s), 0);
        assert_int_equal(strlen(s.socket), 107);
        for (int i = 0; i < 300000; i++)
                buffer_add_char(&b, '\n');
        assert_int_equal(pool_config_find(put("big", b.data), "a", &s), -ENOENT);
}

/* ---- processes ---- */

static void put_process(int pid, int parent, unsigned uid, const char *title)
{
        char name[64], text[256];

        (void)snprintf(name, sizeof(name), "proc/%d/status", pid);
        (void)snprintf(text, sizeof(text),
                "Name:\tphp-fpm8.2\nPid:\t%d\nPPid:\t%d\nUid:\t%u\t%u\t%u\t%u\n", pid, parent, uid,
                uid, uid, uid);
        put(name, text);
        (void)snprintf(name, sizeof(name), "proc/%d/cmdline", pid);
        put(name, title);
}

static void only_a_worker_of_root_is_asked_about(void **state)
{
        char proc[128], title[256];
        SiteRequest q;

        (void)state;
        (void)snprintf(proc, sizeof(proc), "%s/proc", folder);
        (void)snprintf(title, sizeof(title), "php-fpm: master process (%s/one.conf)", folder);
        (void)put("one.conf", "[a]\npm.status_path=/s\npm.status_listen=/nonexistent/a.sock\n");
        put_process(10, 1, 0, title);
        put_process(11, 10, 33, "php-fpm: pool a");
        put_process(12, 11, 33, "sendmail");
        put_process(13, 10, 33, "php-fpm: pool other");
        put_process(20, 1, 1000, title);
        put_process(21, 20, 1000, "php-fpm: pool a");
        put_process(30, 1, 0, "php-fpm: master process (one.conf)");
        put_process(31, 30, 33, "php-fpm: pool a");
        put_process(40, 41, 33, "a");
        put_process(41, 40, 33, "b");
        /* the socket of its pool is looked for */
        assert_int_equal(pool_look(proc, 11, 33, 50, &q), -ENOENT);
        (void)put("one.conf", "[a]\npm.status_path=/s\npm.status_listen=/etc/passwd\n");
        assert_int_equal(pool_look(proc, 11, 33, 50, &q), -EACCES);
        assert_int_equal(pool_look(proc, 12, 33, 50, &q), -EACCES);
        /* another user's, another pool, a master that is not root's, a relative path, a circle */
        assert_int_equal(pool_look(proc, 11, 1000, 50, &q), -ENOENT);
        assert_int_equal(pool_look(proc, 13, 33, 50, &q), -ENOENT);
        assert_int_equal(pool_look(proc, 21, 1000, 50, &q), -ENOENT);
        assert_int_equal(pool_look(proc, 31, 33, 50, &q), -ENOENT);
        assert_int_equal(pool_look(proc, 40, 33, 50, &q), -ENOENT);
        assert_int_equal(pool_look(proc, 99, 33, 50, &q), -ENOENT);
}

/* ---- containers ---- */

static void engines_name_their_containers(void **state)
{
        static const struct {
                const char *text;
                int r;
                const char *name, *image;
        } cases[] = {
                { "{\"ID\":\"" ID "\",\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx:1.25\","
                  "\"Env\":[\"SECRET=1\"]}}",
                        0, "web", "nginx:1.25" },
                { "{\"ID\":\"" ID "\",\"Name\":7,\"Config\":[]}", 0, "", "" },
                { "{\"ID\":\"" OTHER "\",\"Name\":\"/web\"}", -ENOENT, "", "" },
                { "[{\"id\":\"" OTHER "\",\"names\":[\"a\"]},{\"id\":\"" ID
                  "\",\"names\":[\"shop\"],\"metadata\":\"{\\\"image-name\\\":\\\"alpine:3\\\"}\"}"
                  "]",
                        0, "shop", "alpine:3" },
                { "[{\"id\":\"" ID "\",\"names\":[\"\\u001b[31m\\n\"],\"metadata\":\"root:x:0\"}]",
                        0, "?[31m?", "" },
                { "[7,null,{\"id\":7}]", -ENOENT, "", "" },
                { "root:$6$salt$hash:19000:0:99999:7:::\n", -EBADMSG, "", "" },
                { "", -EBADMSG, "", "" },
        };
        SiteContainer c;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                assert_int_equal(container_find(cases[i].text, ID, &c), cases[i].r);
                assert_string_equal(c.name, cases[i].name);
                assert_string_equal(c.image, cases[i].image);
        }
}

static void a_file_is_regular_and_bounded(void **state)
{
        FILE *f = fopen(put("config.v2.json", "{\"ID\":\"" ID "\",\"Name\":\"/db\"}"), "r+e");
        FILE *d = fopen("/dev/zero", "re");
        SiteContainer c;

        (void)state;
        assert_non_null(f);
        assert_non_null(d);
        assert_int_equal(container_read(fileno(f), ID, &c), 0);
        assert_string_equal(c.name, "db");
        assert_int_equal(ftruncate(fileno(f), 10 << 20), 0);
        assert_int_equal(container_read(fileno(f), ID, &c), -EFBIG);
        assert_int_equal(container_read(fileno(d), ID, &c), -EINVAL);
        fclose(f);
        fclose(d);
}

static void a_path_of_cgroups_has_a_container(void **state)
{
        static const struct {
                const char *path;
                bool found;
                uint32_t owner;
        } cases[] = {
                { "system.slice/docker-" ID ".scope", true, 0 },
                { "/system.slice/docker-" ID ".scope/init.scope", true, 0 },
                { "machine.slice/libpod-" ID ".scope/container", true, 0 },
                { "docker/" ID, true, 0 },
                { "libpod_parent/libpod-" ID "/x", true, 0 },
                { "kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", true, 0 },
                { "user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
                        true, 1000 },
                /* names that a service's user gave */
                { "system.slice/evil.service/docker-" ID ".scope", false, 0 },
                { "system.slice/evil.service/docker/" ID, false, 0 },
                { "user.slice/user-1000.slice/session-1.scope/docker-" ID ".scope", true, 1000 },
                /* no containers */
                { "system.slice/docker-" ID "0.scope", false, 0 },
                { "system.slice/docker-0123456789ab.scope", false, 0 },
                { "system.slice/xdocker-" ID ".scope", false, 0 },
                { "system.slice/docker.service", false, 0 },
                { "user.slice/user-1000.slice", false, 0 },
                { "", false, 0 },
                { "///", false, 0 },
        };
        ContainerId c;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                assert_int_equal(container_of_path(cases[i].path, &c), cases[i].found);
                assert_int_equal(c.owner, cases[i].owner);
                if (cases[i].found)
                        assert_string_equal(c.id, ID);
        }
}

/* ---- origins ---- */

static void put_named(int pid, int parent, unsigned uid, const char *name)
{
        char path[64], text[256];

        put_process(pid, parent, uid, "");
        (void)snprintf(path, sizeof(path), "proc/%d/comm", pid);
        (void)snprintf(text, sizeof(text), "%s\n", name);
        put(path, text);
}

static void put_words(int pid, const char *file, const char *words, size_t n)
{
        char path[256];
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/proc/%d/%s", folder, pid, file);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(words, 1, n, f), n);
        assert_int_equal(fclose(f), 0);
}
#define WORDS(pid, file, words) put_words(pid, file, words, sizeof(words))

static void a_job_is_found_by_its_parents(void **state)
{
        char proc[128], path[256];
        ProcessOrigin o;

        (void)state;
        (void)snprintf(proc, sizeof(proc), "%s/proc", folder);
        put_named(100, 1, 0, "cron");
        put_named(101, 100, 0, "cron");
        put_named(102, 101, 33, "sh");
        WORDS(102, "cmdline", "/bin/sh\0-c\0php news.php; true # \x1b[2J\n");
        put_named(103, 102, 33, "php");
        origin_look(proc, 103, 33, &o);
        assert_string_equal(o.job, "php news.php; true # ?[2J?");
        origin_look(proc, 102, 33, &o);
        assert_string_equal(o.job, "php news.php; true # ?[2J?");
        /* the shell has become the command */
        put_named(104, 101, 33, "php");
        WORDS(104, "cmdline", "php\0news.php");
        origin_look(proc, 104, 33, &o);
        assert_string_equal(o.job, "php news.php");
        /* cron itself, and a program of a user's with its name */
        origin_look(proc, 101, 0, &o);
        assert_string_equal(o.job, "");
        put_named(105, 1, 33, "cron");
        put_named(106, 105, 33, "sh");
        WORDS(106, "cmdline", "/bin/sh\0-c\0forged");
        origin_look(proc, 106, 33, &o);
        assert_string_equal(o.job, "");

        put_named(110, 1, 1, "atd");
        put_named(111, 110, 33, "sh");
        (void)snprintf(path, sizeof(path), "%s/proc/111/fd", folder);
        assert_int_equal(mkdir(path, 0755), 0);
        (void)snprintf(path, sizeof(path), "%s/proc/111/fd/0", folder);
        assert_int_equal(symlink("/var/spool/cron/atjobs/a0001f01c8befa (deleted)", path), 0);
        put_named(112, 111, 33, "sendmail");
        origin_look(proc, 112, 33, &o);
        assert_string_equal(o.job, "at job 31");
}

static void a_request_of_cgi_is_in_the_environment(void **state)
{
        _cleanup_buffer_ Buffer b = { 0 };
        char proc[128];
        ProcessOrigin o;

        (void)state;
        (void)snprintf(proc, sizeof(proc), "%s/proc", folder);
        put_named(120, 1, 0, "apache2");
        put_named(121, 120, 33, "form.cgi");
        WORDS(121, "environ",
                "PATH=/bin\0GATEWAY_INTERFACE=CGI/1.1\0SCRIPT_FILENAME=/srv/form.cgi\0"
                "REQUEST_METHOD=POST\0REQUEST_URI=/form.cgi?a\x1b\n\0SERVER_NAME=example.org");
        put_named(122, 121, 33, "sendmail");
        WORDS(122, "environ", "PATH=/bin");
        origin_look(proc, 122, 33, &o);
        assert_string_equal(o.request.script, "/srv/form.cgi");
        assert_string_equal(o.request.request, "POST /form.cgi?a??");
        assert_string_equal(o.request.site, "example.org");
        /* another user's environment does not count */
        put_named(123, 121, 34, "sudo");
        origin_look(proc, 123, 34, &o);
        assert_string_equal(o.request.script, "");
        /* a long one is cut */
        buffer_add(&b, "GATEWAY_INTERFACE=1\0SCRIPT_FILENAME=/\xff", 38);
        for (size_t i = 0; i < 1u << 20; i++)
                buffer_add_char(&b, 'a');
        put_named(124, 1, 33, "x");
        put_words(124, "environ", b.data, b.length);
        origin_look(proc, 124, 33, &o);
        assert_int_equal(strlen(o.request.script), sizeof(o.request.script) - 1);
        assert_true(text_is_printable(o.request.script));
}

static void a_process_lies_in_a_container(void **state)
{
        char proc[128];
        ProcessOrigin o;

        (void)state;
        (void)snprintf(proc, sizeof(proc), "%s/proc", folder);
        put_named(130, 1, 1000, "msmtp");
        WORDS(130, "cgroup",
                "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
                ".scope/container\n");
        origin_look(proc, 130, 1000, &o);
        assert_string_equal(o.container.id, ID);
        assert_int_equal(o.container.owner, 1000);
        origin_look(proc, 99999, 0, &o);
        assert_string_equal(o.container.id, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_answer_comes_in_any_parts),
                cmocka_unit_test(what_is_no_answer_is_refused),
                cmocka_unit_test(a_long_answer_is_refused),
                cmocka_unit_test(a_request_names_the_path),
                cmocka_unit_test(a_worker_is_found),
                cmocka_unit_test(what_an_idle_worker_did_is_not_given),
                cmocka_unit_test(lies_are_refused),
                cmocka_unit_test(bytes_that_json_refuses_are_replaced),
                cmocka_unit_test(a_text_is_printable_and_short),
                cmocka_unit_test(a_pool_has_its_status_socket),
                cmocka_unit_test(a_hundred_pools_are_read_and_a_circle_ends),
                cmocka_unit_test(a_value_that_does_not_fit_is_none),
                cmocka_unit_test(only_a_worker_of_root_is_asked_about),
                cmocka_unit_test(engines_name_their_containers),
                cmocka_unit_test(a_file_is_regular_and_bounded),
                cmocka_unit_test(a_path_of_cgroups_has_a_container),
                cmocka_unit_test(a_job_is_found_by_its_parents),
                cmocka_unit_test(a_request_of_cgi_is_in_the_environment),
                cmocka_unit_test(a_process_lies_in_a_container),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
