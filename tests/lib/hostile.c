/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A p25d that is not to be trusted: answers every method that p25ctl reads with texts that move a
 * terminal's cursor, forge lines or turn text around. Changes are made, and the next question
 * for a property or for the sets has no answer, as of a p25d that ended meanwhile.
 */

#include "daemon/api/api.h"
#include "tests/lib/peer.h"

#include <stdbool.h>
#include <string.h>

/* Clears the screen; sets the title by C0 and by C1; turns text around; and a line of its own. */
#define EVIL                             \
        "x\x1b[2Jy\x1b]0;t\x07z\xc2\x9b" \
        "2J\xe2\x80\xae"                 \
        "abc\xe2\x81\xa6"                \
        "d\x7f\r\xe2\x80\xa8"            \
        "e"
#define FIELD EVIL "\nFORGED"
#define TEXT "role = { };\n" EVIL "\n\tend\n"
/* the same in JSON, by escapes and as it is */
#define JSON_EVIL "x\\u001b[2J\\u009b2J\\u202e\\nFORGED\\r\\n\xc2\x9b\xe2\x80\xae\\\\n\\\"y"

static const char report[] =
        "{\"active\":true,\"backend\":\"" JSON_EVIL "\",\"roles\":[\"" JSON_EVIL
        "\"],\"revision\":1,"
        "\"default\":{\"incoming\":\"deny\",\"outgoing\":\"allow\",\"routed\":\"allow\"},"
        "\"lockdown\":false,\"logging\":\"low\",\"pending\":null,\"warnings\":[\"" JSON_EVIL
        "\"],\"mail_ports\":[25],"
        "\"rules\":[{\"id\":1,\"position\":1,\"source\":\"p25ctl\",\"action\":\"deny\","
        "\"direction\":\"in\",\"ports\":[25],\"from\":[],\"to\":[],\"user\":[],\"comment\":"
        "\"" JSON_EVIL "\",\"packets\":0,\"bytes\":0,\"expires\":null}]}";

static int dict_append(sd_bus_message *m, const char *name)
{
        static const char *const keys[] = { "source", "summary", "reason", "process", "unit",
                "remote" };
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "name", "s", name);
        for (size_t i = 0; r >= 0 && i < sizeof(keys) / sizeof(*keys); i++)
                r = sd_bus_message_append(m, "{sv}", keys[i], "s", FIELD);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "revision", "t", UINT64_C(7));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int dicts_append(sd_bus_message *m)
{
        int r = sd_bus_message_open_container(m, 'a', "a{sv}");

        if (r >= 0)
                r = dict_append(m, FIELD);
        if (r >= 0)
                r = dict_append(m, "mx");
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static bool changed; /* since the last question that had no answer */

static int change_append(sd_bus_message *m, const char *outcome)
{
        changed = true;
        return sd_bus_message_append(m, "bta{sv}", 1, UINT64_C(8), 1, "outcome", "s", outcome);
}

static int reply_append(sd_bus_message *m, const char *method)
{
        if (strcmp(method, "AddRule") == 0)
                return change_append(m, "added");
        if (strcmp(method, "Reset") == 0 || strcmp(method, "ReplaceSet") == 0)
                return change_append(m, "changed");
        if (strcmp(method, "Describe") == 0)
                return sd_bus_message_append(m, "s", report);
        if (strncmp(method, "List", 4) == 0)
                return dicts_append(m);
        if (strcmp(method, "DiffRevisions") == 0)
                return sd_bus_message_append(m, "as", 2, "+ " FIELD, FIELD);
        if (strcmp(method, "DescribeReload") == 0)
                return sd_bus_message_append(m, "bast", 1, 2, "+ " FIELD, FIELD, UINT64_C(7));
        if (strcmp(method, "Explain") == 0)
                return sd_bus_message_append(m, "a{sv}", 6, "verdict", "s", FIELD, "effective", "s",
                        "undetermined", "code", "s", FIELD, "assumptions", "as", 1, FIELD, "path",
                        "as", 1, FIELD, "foreign", "aa{sv}", 0);
        return sd_bus_message_append(m, "s", TEXT);
}

/* "Active" is a boolean, all others are texts. */
static int property_append(sd_bus_message *reply, sd_bus_message *m)
{
        const char *interface, *name;
        int r = sd_bus_message_read(m, "ss", &interface, &name);

        if (r < 0)
                return r;
        return strcmp(name, "Active") == 0 ? sd_bus_message_append(reply, "v", "b", 1)
                                           : sd_bus_message_append(reply, "v", "s", FIELD);
}

static int on_message(sd_bus_message *m, void *data, sd_bus_error *error)
{
        sd_bus_message *reply = NULL;
        const char *method = sd_bus_message_get_member(m);
        int r;

        (void)data;
        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get") <= 0 &&
                sd_bus_message_is_method_call(m, BUS_INTERFACE, NULL) <= 0)
                return 0;
        if (strncmp(method, "Set", 3) == 0)
                return sd_bus_error_set(
                        error, "org.port25.Policy1.Error.InvalidPolicy", FIELD " (try with sudo)");
        if (changed && (strcmp(method, "Get") == 0 || strcmp(method, "ListSets") == 0)) {
                changed = false;
                return sd_bus_error_set(error, SD_BUS_ERROR_NO_REPLY,
                        "Message recipient disconnected from message bus without replying");
        }
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = strcmp(method, "Get") == 0 ? property_append(reply, m)
                                               : reply_append(reply, method);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r < 0 ? r : 1;
}

int main(void)
{
        return peer_run(BUS_NAME, BUS_PATH, on_message, NULL);
}
