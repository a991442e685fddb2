/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reading files, users and cgroups: what lies in the place of a file, and what is found where. */

#include "daemon/host/host.h"
#include "daemon/host/unit_names.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/config/parse.h"
#include "rules/policy/fragment.h"
#include "rules/policy/names.h"
#include "rules/policy/subordinate.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static const char *path_of(const char *name)
{
        static char path[4][512];
        static unsigned turn;
        char *p = path[turn++ % ELEMENTS(path)];

        (void)snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
        return p;
}

static void write_text(const char *name, const char *text)
{
        FILE *f = fopen(path_of(name), "we");

        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
        assert_int_equal(fclose(f), 0);
}

static void make_folder(const char *name)
{
        assert_int_equal(mkdir(path_of(name), 0755), 0);
}

static int setup(void **state)
{
        (void)state;
        (void)snprintf(folder, sizeof(folder), "/tmp/p25-host-XXXXXX");
        return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
        char command[128];

        (void)state;
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        return system(command);
}

static void expect_refused(const char *name, size_t max, int error, const char *text)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *content = NULL;
        size_t length = 99;

        alarm(5); /* a FIFO must not block */
        assert_int_equal(host_read_file(path_of(name), max, &d, &content, &length), error);
        alarm(0);
        assert_null(content);
        assert_int_equal(length, 99);
        assert_int_equal(d.n_errors, 1);
        assert_string_equal(d.items[0].file, path_of(name));
        if (!strstr(d.items[0].text, text))
                fail_msg("'%s' lacks '%s'", d.items[0].text, text);
}

static void test_read_file(void **state)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL, *empty = NULL;
        size_t length;

        (void)state;
        write_text("plain", "one\ntwo\n");
        assert_int_equal(symlink("plain", path_of("link")), 0);
        assert_int_equal(host_read_file(path_of("link"), 8, &d, &text, &length), 0);
        assert_int_equal(length, 8);
        assert_string_equal(text, "one\ntwo\n");
        write_text("empty", "");
        assert_int_equal(host_read_file(path_of("empty"), 8, &d, &empty, &length), 0);
        assert_int_equal(length, 0);
        assert_string_equal(empty, "");
        assert_int_equal(d.n, 0);
}

/* Files of proc report a size of 0 and still have content. */
static void test_read_sizeless(void **state)
{
        _cleanup_free_ char *text = NULL;
        size_t length = 0;

        (void)state;
        assert_int_equal(host_read_file("/proc/self/mountinfo", 1 << 20, NULL, &text, &length), 0);
        assert_true(length > 10);
        assert_int_equal(host_read_file("/proc/self/mountinfo", 10, NULL, &text, &length), -EFBIG);
}

static void test_read_refused(void **state)
{
        (void)state;
        expect_refused("missing", 100, -ENOENT, "does not exist");
        make_folder("folder");
        expect_refused("folder", 100, -EISDIR, "is a folder");
        assert_int_equal(mkfifo(path_of("fifo"), 0644), 0);
        expect_refused("fifo", 100, -EINVAL, "not a regular file");
        assert_int_equal(symlink("/dev/zero", path_of("device")), 0);
        expect_refused("device", 100, -EINVAL, "not a regular file");
        assert_int_equal(symlink("loop-b", path_of("loop-a")), 0);
        assert_int_equal(symlink("loop-a", path_of("loop-b")), 0);
        expect_refused("loop-a", 100, -ELOOP, "loop");
        write_text("large", "123456789");
        expect_refused("large", 8, -EFBIG, "is larger than");
        write_text("file", "");
        expect_refused("file/below", 100, -ENOTDIR, "not a folder");
}

/* 100 MB are refused by their size, not read first. */
static void test_read_huge(void **state)
{
        int fd = open(path_of("huge"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, 100 << 20), 0);
        close(fd);
        expect_refused("huge", 16 << 20, -EFBIG, "is larger than 16 MiB");
}

static void test_list_conf(void **state)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_strv_ char **names = NULL, **none = NULL;

        (void)state;
        make_folder("d");
        write_text("d/b.conf", "");
        write_text("d/a.conf", "");
        write_text("d/.hidden.conf", "");
        write_text("d/a.conf~", "");
        write_text("d/.conf", "");
        write_text("d/conf", "");
        assert_int_equal(host_list_conf(path_of("d"), &d, &names), 0);
        assert_int_equal(strv_length(names), 2);
        assert_string_equal(names[0], "a.conf");
        assert_string_equal(names[1], "b.conf");
        assert_int_equal(host_list_conf(path_of("not-there"), &d, &none), 0);
        assert_null(none);
        assert_int_equal(d.n, 0);
        assert_int_equal(host_list_conf(path_of("d/a.conf"), &d, &none), -ENOTDIR);
        assert_int_equal(d.n_errors, 1);
}

static void test_names(void **state)
{
        _cleanup_(host_names_free_p) HostNames *n = NULL;
        _cleanup_free_ char *name = NULL, *unknown = NULL;
        uint32_t id = 0;
        Names names;

        (void)state;
        make_folder("etc");
        write_text("etc/passwd",
                "root:x:0:0:root:/root:/bin/sh\npost:x:11:12::/:/bin/sh\n+nis:x:7:7::/:\n"
                "broken:x:abc:1::/:\nhuge:x:4294967295:1::/:\npostfix:x:101:105::/:/bin/false");
        write_text("etc/group", "root:x:0:\nmail:x:8:postfix\n");
        assert_int_equal(host_names_new_at(path_of("etc"), NULL, &n), 0);
        names = host_names(n);

        assert_int_equal(names.user(names.data, "postfix", &id), 0);
        assert_int_equal(id, 101);
        assert_int_equal(names.user(names.data, "post", &id), 0);
        assert_int_equal(id, 11);
        assert_int_equal(names.group(names.data, "mail", &id), 0);
        assert_int_equal(id, 8);
        static const char *const wrong[] = { "pos", "postfi", "postfixx", "", "+nis", "nis",
                "broken", "huge", "mail", "root:x", "nobody\n" };
        for (size_t i = 0; i < ELEMENTS(wrong); i++)
                assert_int_equal(names.user(names.data, wrong[i], &id), -ENOENT);
        assert_int_equal(names.unit(names.data, "postfix.service", &(Cgroup){ 0 }), -EOPNOTSUPP);

        assert_int_equal(host_user_name(n, 101, &name), 0);
        assert_string_equal(name, "postfix");
        assert_int_equal(host_user_name(n, 7, &unknown), 0);
        assert_null(unknown);
        assert_int_equal(host_user_group(n, "postfix", &id), 0);
        assert_int_equal(id, 105);
        assert_int_equal(host_user_group(n, "11", &id), 0);
        assert_int_equal(id, 12);
        assert_int_equal(host_user_group(n, "12", &id), -ENOENT);
        assert_int_equal(host_user_group(n, "nobody", &id), -ENOENT);

        /* useradd replaces the file */
        write_text("etc/passwd.new", "late:x:500:500::/:\n");
        assert_int_equal(rename(path_of("etc/passwd.new"), path_of("etc/passwd")), 0);
        assert_int_equal(names.user(names.data, "late", &id), 0);
        assert_int_equal(id, 500);
        assert_int_equal(names.user(names.data, "postfix", &id), -ENOENT);
        assert_int_equal(unlink(path_of("etc/passwd")), 0);
        assert_int_equal(names.user(names.data, "late", &id), -ENOENT);
}

/* While a policy is compiled, the files are those of the moment when it began. */
static void test_files_held(void **state)
{
        _cleanup_(host_names_free_p) HostNames *n = NULL;
        uint32_t id = 0;
        Names names;

        (void)state;
        make_folder("held");
        write_text("held/passwd", "post:x:11:12::/:\n");
        assert_int_equal(host_names_new_at(path_of("held"), NULL, &n), 0);
        names = host_names(n);
        host_names_hold(n, true);
        assert_int_equal(names.group(names.data, "mail", &id), -ENOENT);
        assert_int_equal(names.user(names.data, "post", &id), 0);
        write_text("held/group", "mail:x:8:\n");
        write_text("held/passwd", "postfix:x:101:105::/:\n");
        assert_int_equal(names.group(names.data, "mail", &id), -ENOENT);
        assert_int_equal(names.user(names.data, "postfix", &id), -ENOENT);
        assert_int_equal(names.user(names.data, "post", &id), 0);
        assert_int_equal(id, 11);
        host_names_hold(n, false);
        assert_int_equal(names.group(names.data, "mail", &id), 0);
        assert_int_equal(names.user(names.data, "post", &id), -ENOENT);
        assert_int_equal(names.user(names.data, "postfix", &id), 0);
        /* and again the next time */
        host_names_hold(n, true);
        assert_int_equal(names.user(names.data, "postfix", &id), 0);
        assert_int_equal(unlink(path_of("held/passwd")), 0);
        assert_int_equal(names.user(names.data, "postfix", &id), 0);
        host_names_hold(n, false);
        assert_int_equal(names.user(names.data, "postfix", &id), -ENOENT);
}

static void expect_owner(HostNames *n, uint32_t uid, uint32_t wanted)
{
        uint32_t owner = 0;

        assert_int_equal(host_user_owner(n, uid, &owner), wanted == 0 ? -ENOENT : 0);
        assert_int_equal(owner, wanted);
}

static void test_subordinates(void **state)
{
        _cleanup_(host_names_free_p) HostNames *n = NULL;
        Subordinates all = { 0 };
        Names names;

        (void)state;
        make_folder("lent");
        write_text("lent/passwd",
                "root:x:0:0::/root:/bin/sh\nann:x:1000:100::/:\nben:x:1001:101::/:\n"
                "cy:x:3000:3000::/:\n");
        write_text("lent/group", "users:x:100:\nben:x:101:\ncy:x:3000:\n");
        assert_int_equal(host_names_new_at(path_of("lent"), NULL, &n), 0);
        expect_owner(n, 2000, 0);

        /* names and numbers, broken lines, overlaps, ids that are somebody's own, root's */
        write_text("lent/subuid",
                "ann:2000:2000\n1001:3500:1000\n\n#\nann\nann:x:1\nann:1:\nann:9000:0\n"
                "none:8000:10\n7777:9000:1\nroot:5000:1000\nben:1000:1\nann:4294967290:100\n"
                "ben:2500:1");
        write_text("lent/subgid", "ann:2000:1001\nroot:1:10\n");
        expect_owner(n, 1999, 0);
        expect_owner(n, 2000, 1000);
        expect_owner(n, 2500, 1000);
        expect_owner(n, 2999, 1000);
        expect_owner(n, 3000, 0);
        expect_owner(n, 3001, 1000);
        expect_owner(n, 3999, 1000);
        expect_owner(n, 4000, 1001);
        expect_owner(n, 4499, 1001);
        expect_owner(n, 4500, 0);
        expect_owner(n, 5000, 0);
        expect_owner(n, 8000, 0);
        expect_owner(n, 9000, 7777);
        expect_owner(n, 1000, 0);
        expect_owner(n, 4294967294, 1000);

        names = host_names(n);
        assert_int_equal(names.subordinates(names.data, &all), 0);
        assert_int_equal(all.users.n, 5);
        assert_int_equal(all.groups.n, 1); /* not cy's own group */
        assert_int_equal(all.groups.items[0].first, 2000);
        assert_int_equal(all.groups.items[0].last, 2999);
        assert_int_equal(all.groups.items[0].owner, 100);
        subordinates_deinit(&all);

        write_text("lent/subuid", "ben:2000:1\n");
        expect_owner(n, 2000, 1001);
        assert_int_equal(unlink(path_of("lent/subuid")), 0);
        expect_owner(n, 2000, 0);
}

/* ---- set files ---- */

/* The first diagnostic of reading a set from the file, or "". */
static char *set_error(const char *file, bool hides_content)
{
        Diagnostics d = { .hides_content = hides_content };
        _cleanup_(fragment_unref_p) Fragment *f = NULL;
        _cleanup_buffer_ Buffer text = { 0 };
        char *error = NULL;

        buffer_printf(&text, "sets = { s = { file = \"/%s\"; }; };", file);
        buffer_add_string(&text, "");
        assert_int_equal(parse_fragment(text.data, strlen(text.data), "f", "f", &d, &f), 0);
        if (host_load_set_files(f, folder, NULL, &d) >= 0)
                error = strdup("");
        else
                assert_int_equal(diagnostic_format(&d.items[0], &error), 0);
        diagnostics_deinit(&d);
        return error;
}

static void expect_set(const char *file, const char *error)
{
        _cleanup_free_ char *text = set_error(file, false);

        if (error[0] ? !strstr(text, error) : text[0] != '\0')
                fail_msg("%s: '%s'", file, text);
}

/* A file that somebody else chose is not read for them. */
static void test_set_files(void **state)
{
        _cleanup_free_ char *quoted = NULL, *hidden = NULL;

        (void)state;
        make_folder("lists");
        make_folder("lists/below");
        write_text("lists/good", "192.0.2.1\n");
        write_text("lists/below/good", "192.0.2.1\n");
        write_text("secret", "root:secret\n");
        assert_int_equal(symlink("good", path_of("lists/link")), 0);
        assert_int_equal(symlink("below/good", path_of("lists/deep")), 0);
        assert_int_equal(symlink("../secret", path_of("lists/up")), 0);
        assert_int_equal(symlink(path_of("secret"), path_of("lists/away")), 0);
        assert_int_equal(symlink("/etc/shadow", path_of("lists/shadow")), 0);
        assert_int_equal(symlink("/proc/self/environ", path_of("lists/magic")), 0);
        expect_set("lists/good", "");
        expect_set("lists/link", "");
        expect_set("lists/deep", "");
        expect_set("lists/up", "is a link out of its folder");
        expect_set("lists/away", "is a link out of its folder");
        expect_set("lists/shadow", "is a link out of its folder");
        expect_set("lists/magic", "is a link out of its folder");
        if (chown(path_of("lists/good"), 1000, 1000) == 0) {
                expect_set("lists/good", "belongs neither to root nor to the owner of its folder");
                assert_int_equal(chown(path_of("lists"), 1000, 1000), 0);
                expect_set("lists/good", "");
                /* another's file under a second name */
                assert_int_equal(link(path_of("secret"), path_of("lists/second")), 0);
                expect_set("lists/second", "belongs neither to root");
                write_text("lists/roots", "192.0.2.1\n");
                expect_set("lists/roots", "");
        }
        quoted = set_error("secret", false);
        hidden = set_error("secret", true);
        assert_non_null(strstr(quoted, "root:secret"));
        assert_null(strstr(hidden, "root"));
        assert_non_null(strstr(hidden, "secret:1: is not an address or prefix"));
}

/* ---- units ---- */

static uint64_t inode_of(const char *name)
{
        struct stat st;

        assert_int_equal(stat(path_of(name), &st), 0);
        return st.st_ino;
}

static void expect_unit(const char *unit, const char *where, uint32_t level)
{
        Cgroup c = { 0 };

        assert_int_equal(host_unit_find(folder, unit, &c), where ? 0 : -ENOENT);
        if (where) {
                assert_int_equal(c.id, inode_of(where));
                assert_int_equal(c.level, level);
        }
}

static void expect_hint(const char *unit, const char *hint)
{
        Cgroup c = { 0 };

        assert_int_equal(host_unit_find(folder, unit, &c), -ENOENT);
        assert_string_equal(c.hint, hint);
}

static void expect_nearest(const char *unit, const char *expected)
{
        char meant[64] = "";

        assert_int_equal(host_unit_nearest(folder, unit, meant, sizeof(meant)), expected != NULL);
        assert_string_equal(meant, expected ? expected : "");
}

static void expect_real(const char *unit, const char *real)
{
        _cleanup_free_ char *name = NULL;

        assert_int_equal(host_unit_real_name(folder, unit, &name), 0);
        assert_string_equal(name, real);
}

/* A link to another unit's file is an alias; one to a file of the same name, or to /dev/null, is
 * not. */
static void check_aliases(void)
{
        assert_int_equal(symlink("/lib/systemd/system/exim4.service",
                                 path_of("etc/systemd/system/mail-transport-agent.service")),
                0);
        assert_int_equal(
                symlink("mail-transport-agent.service", path_of("lib/systemd/system/mta.service")),
                0);
        assert_int_equal(symlink("/lib/systemd/system/postfix@.service",
                                 path_of("etc/systemd/system/smtp@.service")),
                0);
        assert_int_equal(
                symlink("/opt/exim4.service", path_of("etc/systemd/system/exim4.service")), 0);
        assert_int_equal(symlink("loop.service", path_of("etc/systemd/system/circle.service")), 0);
        assert_int_equal(symlink("circle.service", path_of("etc/systemd/system/loop.service")), 0);
        expect_real("exim4", "exim4.service");
        expect_real("mail-transport-agent", "exim4.service");
        expect_real("mta.service", "exim4.service");
        expect_real("smtp@-", "postfix@-.service");
        expect_real("smtp@*.service", "postfix@*.service");
        expect_real("masked", "masked.service");
        expect_real("not-there@1", "not-there@1.service");
        expect_real("a.slice", "a.slice");
        expect_real("circle", "circle.service");
}

/* Files of units below a root; only where systemd is the service manager do they say anything. */
static void test_unit_files(void **state)
{
        (void)state;
        make_folder("etc");
        make_folder("etc/systemd");
        make_folder("etc/systemd/system");
        make_folder("lib");
        make_folder("lib/systemd");
        make_folder("lib/systemd/system");
        write_text("lib/systemd/system/postfix@.service", "");
        write_text("lib/systemd/system/exim4.service", "");
        assert_int_equal(symlink("/dev/null", path_of("etc/systemd/system/masked.service")), 0);
        assert_false(host_unit_is_unknown(folder, "exim5"));
        make_folder("run");
        make_folder("run/systemd");
        make_folder("run/systemd/system");
        assert_false(host_unit_is_unknown(folder, "exim4"));
        assert_false(host_unit_is_unknown(folder, "exim4.service"));
        assert_false(host_unit_is_unknown(folder, "masked"));
        assert_false(host_unit_is_unknown(folder, "postfix@-"));
        assert_false(host_unit_is_unknown(folder, "postfix@a-b.service"));
        assert_false(host_unit_is_unknown(folder, "postfix@*.service"));
        assert_true(host_unit_is_unknown(folder, "exim5"));
        assert_true(host_unit_is_unknown(folder, "postfix"));
        assert_true(host_unit_is_unknown(folder, "exim4@1"));
        assert_true(host_unit_is_unknown(folder, "exim4.slice"));
        expect_nearest("exim5", "exim4");
        expect_nearest("exim3.service", "exim4");
        expect_nearest("postfix", "postfix@*");
        expect_nearest("nothing-like-it", NULL);
        check_aliases();
}

static void test_units(void **state)
{
        static const char *const delegated[] = { "user.slice/user-1000.slice",
                "user.slice/user-1000.slice/user@1000.service",
                "user.slice/user-1000.slice/user@1000.service/app.slice",
                "user.slice/user-1000.slice/user@1000.service/app.slice/backup.service",
                "user.slice/user-1000.slice/user@1000.service/backup.slice", "machine.slice",
                "machine.slice/libpod-1.scope", "machine.slice/libpod-1.scope/system.slice",
                "machine.slice/libpod-1.scope/system.slice/backup.service", "docker",
                "docker/backup.service" };
        _cleanup_strv_ char **parents = NULL;

        (void)state;
        make_folder("system.slice");
        make_folder("system.slice/postfix.service");
        make_folder("system.slice/_cpu.service");
        make_folder("system.slice/system-web\\x2dapp.slice");
        make_folder("system.slice/system-web\\x2dapp.slice/web-app@1.service");
        make_folder("a.slice");
        make_folder("a.slice/a-b.slice");
        make_folder("a.slice/a-b.slice/deep.service");
        make_folder("user.slice");
        make_folder("user.slice/deep.service");
        write_text("system.slice/file.service", "");

        expect_unit("postfix.service", "system.slice/postfix.service", 2);
        expect_unit("postfix", "system.slice/postfix.service", 2);
        expect_unit("cpu.service", "system.slice/_cpu.service", 2);
        expect_unit(
                "web-app@1.service", "system.slice/system-web\\x2dapp.slice/web-app@1.service", 3);
        expect_unit("web-app@*.service", "system.slice/system-web\\x2dapp.slice", 2);
        expect_unit("web-app@*", "system.slice/system-web\\x2dapp.slice", 2);
        expect_unit("web@*.service", NULL, 0);
        expect_hint("web-app",
                "its instance web-app@1.service is: write that, or web-app@*.service for all "
                "instances");
        expect_hint("web", "");
        expect_unit("a-b.slice", "a.slice/a-b.slice", 2);
        expect_unit("a.slice", "a.slice", 1);
        expect_unit("deep.service", "user.slice/deep.service", 2);
        expect_unit("file.service", NULL, 0);
        /* what users, containers and others with a part of the tree of their own make */
        for (size_t i = 0; i < ELEMENTS(delegated); i++)
                make_folder(delegated[i]);
        expect_unit("backup.service", NULL, 0);
        expect_unit("backup.slice", NULL, 0);
        make_folder("mail.slice");
        make_folder("mail.slice/mail-jobs.slice");
        make_folder("mail.slice/mail-jobs.slice/backup.service");
        expect_unit("backup", "mail.slice/mail-jobs.slice/backup.service", 3);
        expect_unit("b.slice", NULL, 0);
        expect_unit("missing.service", NULL, 0);
        expect_unit("..", NULL, 0);
        expect_unit("../etc", NULL, 0);
        expect_unit("", NULL, 0);

        assert_int_equal(host_unit_parents(folder, "a-b-c.slice", &parents), 0);
        assert_true(strv_contains(parents, folder));
        assert_true(strv_contains(parents, path_of("a.slice")));
        assert_true(strv_contains(parents, path_of("a.slice/a-b.slice")));
        strv_free(TAKE_PTR(parents));
        assert_int_equal(host_unit_parents(folder, "x.service", &parents), 0);
        assert_true(strv_contains(parents, path_of("system.slice")));
        assert_true(strv_contains(parents, path_of("a.slice")));
        assert_true(strv_contains(parents, path_of("mail.slice/mail-jobs.slice")));
        assert_false(strv_contains(parents, path_of("user.slice/user-1000.slice")));
}

/* A tree deeper and wider than the search goes still ends it. */
static void test_units_bounded(void **state)
{
        char path[512] = "";

        (void)state;
        for (int i = 0; i < 12; i++) {
                (void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "%sd%d.slice",
                        i ? "/" : "", i);
                make_folder(path);
        }
        for (int i = 0; i < 1500; i++) {
                char name[32];

                (void)snprintf(name, sizeof(name), "w%d.slice", i);
                make_folder(name);
        }
        expect_unit("missing.service", NULL, 0);
}

static void expect_unit_name(const char *path, const char *unit, const char *container)
{
        _cleanup_free_ char *name = NULL;
        char buffer[CONTAINER_NAME_MAX];
        const char *found;

        assert_int_equal(unit_name_of_path(path, &name), 0);
        assert_true(streq_null(name, unit));
        found = name ? unit_container(name, buffer) : NULL;
        assert_true(streq_null(found, container));
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_unit_names(void **state)
{
        (void)state;
        expect_unit_name("system.slice/cron.service", "cron.service", NULL);
        expect_unit_name("system.slice/_cpu.service/below/x.service", "cpu.service", NULL);
        expect_unit_name("user.slice/user-7.slice", "user-7.slice", NULL);
        expect_unit_name("user.slice/user-7.slice/user@7.service/app.slice/a.service",
                "user@7.service", NULL);
        expect_unit_name("init.scope", "init.scope", NULL);
        expect_unit_name("lxc/box/system.slice/cron.service", NULL, NULL);
        expect_unit_name("", NULL, NULL);
        expect_unit_name(".service", NULL, NULL);
        expect_unit_name("system.slice/a\n\033[2J.service", "a??[2J.service", NULL);
        expect_unit_name("system.slice/docker-" ID ".scope", "docker-" ID ".scope", "0123456789ab");
        expect_unit_name("machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope",
                "0123456789ab");
        expect_unit_name("machine.slice/machine-web.scope", "machine-web.scope", "web");
        expect_unit_name("system.slice/docker-0123.scope", "docker-0123.scope", NULL);
        expect_unit_name("system.slice/docker-" ID ".service", "docker-" ID ".service", NULL);
}

/* In the place of the C library's. */
static bool without_inotify;

int inotify_init1(int flags)
{
        errno = EMFILE;
        return without_inotify ? -1 : (int)syscall(SYS_inotify_init1, flags);
}

/* What is there is found, at the next look; of what is gone nothing is known. */
static void test_unit_names_without_inotify(void **state)
{
        UnitNames *names;
        uint64_t later;

        (void)state;
        make_folder("a.slice");
        make_folder("a.slice/b.service");
        without_inotify = true;
        assert_int_equal(unit_names_new(folder, &names), 0);
        without_inotify = false;
        assert_true(unit_names_fd(names) < 0);
        assert_string_equal(unit_names_find(names, inode_of("a.slice/b.service")), "b.service");
        make_folder("a.slice/c.service");
        later = inode_of("a.slice/c.service");
        unit_names_follow(names);
        unit_names_expire(names);
        assert_string_equal(unit_names_find(names, later), "c.service");
        make_folder("a.slice/d.service");
        later = inode_of("a.slice/d.service");
        assert_int_equal(rmdir(path_of("a.slice/d.service")), 0);
        unit_names_expire(names);
        assert_null(unit_names_find(names, later));
        assert_null(unit_names_path(names, later));
        unit_names_free(names);
}

/* Also of a cgroup that was made later, and of one that is gone. */
static void test_unit_names_seen(void **state)
{
        UnitNames *names;
        uint64_t later;

        (void)state;
        make_folder("a.slice");
        make_folder("a.slice/b.service");
        assert_int_equal(unit_names_new(folder, &names), 0);
        if (unit_names_fd(names) < 0) {
                unit_names_free(names);
                print_message("# other programs have all instances of inotify\n");
                skip();
        }
        assert_string_equal(unit_names_find(names, inode_of("a.slice/b.service")), "b.service");
        assert_null(unit_names_find(names, 0));
        make_folder("a.slice/c.service");
        make_folder("a.slice/c.service/d");
        later = inode_of("a.slice/c.service/d");
        unit_names_follow(names);
        assert_int_equal(rmdir(path_of("a.slice/c.service/d")), 0);
        assert_int_equal(rmdir(path_of("a.slice/c.service")), 0);
        assert_string_equal(unit_names_find(names, later), "c.service");
        assert_string_equal(unit_names_path(names, later), "a.slice/c.service/d");
        unit_names_free(names);
        assert_int_equal(unit_names_new(NULL, &names), 0);
        assert_null(unit_names_find(names, later));
        unit_names_free(names);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_read_file),
                TEST(test_read_sizeless),
                TEST(test_read_refused),
                TEST(test_read_huge),
                TEST(test_list_conf),
                TEST(test_names),
                TEST(test_files_held),
                TEST(test_subordinates),
                TEST(test_set_files),
                TEST(test_units),
                TEST(test_unit_files),
                TEST(test_units_bounded),
                TEST(test_unit_names),
                TEST(test_unit_names_seen),
                TEST(test_unit_names_without_inotify),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
