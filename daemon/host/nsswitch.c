/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/host/nsswitch.h"

#include "daemon/host/names_file.h"
#include "rules/base/util.h"

static NssReach module_reach(const char *name, size_t n)
{
        static const struct {
                const char *name;
                NssReach reach;
        } modules[] = {
                { "files", NSS_FILES },
                { "compat", NSS_FILES },
                { "systemd", NSS_WATCHED },
                { "mymachines", NSS_WATCHED },
        };

        if (name[0] == '[') /* what is done with an answer */
                return NSS_FILES;
        for (size_t i = 0; i < ELEMENTS(modules); i++)
                if (strlen(modules[i].name) == n && memcmp(modules[i].name, name, n) == 0)
                        return modules[i].reach;
        return NSS_ANYWHERE;
}

NssReach nss_reach(NamesFile *nsswitch, const char *database)
{
        size_t length = strlen(database);
        NssReach reach = NSS_FILES;

        for (const char *line = names_file_text(nsswitch); line && *line;
                line = names_line_next(line)) {
                const char *p = line + strspn(line, " \t");

                if (strncmp(p, database, length) != 0 || p[length] != ':')
                        continue;
                for (p += length + 1; *p && *p != '\n' && *p != '#';) {
                        size_t word = strcspn(p, " \t\n#");
                        NssReach r = word > 0 ? module_reach(p, word) : NSS_FILES;

                        reach = r > reach ? r : reach;
                        p += word ? word : 1;
                }
                return reach;
        }
        return NSS_FILES;
}

bool userdb_has_others(void)
{
        static const char *const known[] = { "io.systemd.DropIn", "io.systemd.DynamicUser",
                "io.systemd.Machine", "io.systemd.Multiplexer", "io.systemd.NameServiceSwitch" };
        _cleanup_(closedir_p) DIR *dir = opendir("/run/systemd/userdb");
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                bool found = entry->d_name[0] == '.';

                for (size_t i = 0; i < ELEMENTS(known); i++)
                        found = found || streq(known[i], entry->d_name);
                if (!found)
                        return true;
        }
        return false;
}
