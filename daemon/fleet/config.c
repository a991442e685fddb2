/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the table of settings of fleet.conf. Each setting has one reader; unknown settings, values
 * of another type and values beyond a limit are errors with their line.
 */

#include "daemon/fleet/config.h"

#include "daemon/io/file.h"
#include "rules/address/address.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/config/node.h"

#include <errno.h>
#include <unistd.h>

#define CONF_BYTES_MAX (1u << 20)
#define INTERVAL_DEFAULT_SEC 5
#define INTERVAL_MAX_SEC 86400

typedef struct ConfigReader {
        const char *file;
        Diagnostics *d;
} ConfigReader;

typedef struct Setting {
        const char *name;
        int (*read)(const ConfigReader *r, const Node *n, void *field);
        size_t offset;
} Setting;

#define DOCUMENTS(field) offsetof(FleetConfig, documents.field)
#define LIVE(field) offsetof(FleetConfig, live.field)

/* ---- names ---- */

bool fleet_name_is_valid(const char *name)
{
        size_t n =
                strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

        return n > 0 && n <= FLEET_NAME_MAX && name[n] == '\0' && !streq(name, ".") &&
               !streq(name, "..");
}

static bool host_is_valid(const char *name)
{
        size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");

        return n > 0 && n <= FLEET_HOST_MAX && name[n] == '\0' && name[0] != '.' && name[0] != '-';
}

/* ---- values ---- */

#define fail(r, n, ...) \
        diagnostics_error((r)->d, ((Place){ (r)->file, node_line(n) }), node_name(n), __VA_ARGS__)

static int string_of(const ConfigReader *r, const Node *n, const char *what, const char **ret)
{
        char shown[TEXT_SHOWN_MAX];

        if (node_kind(n) != NODE_STRING)
                return fail(r, n, "%s must be a text in quotes", what);
        if (!text_is_printable(node_string(n)))
                return fail(r, n, "%s: \"%s\" has control characters", what,
                        text_show(node_string(n), shown));
        *ret = node_string(n);
        return 0;
}

static int take_string(const char *text, void *field)
{
        char **to = field, *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        free(*to);
        *to = copy;
        return 0;
}

static int read_host(const ConfigReader *r, const Node *n, void *field)
{
        char shown[TEXT_SHOWN_MAX];
        const char *text;
        int q = string_of(r, n, "host", &text);

        if (q < 0)
                return q;
        if (!host_is_valid(text))
                return fail(r, n, "\"%s\" is not a valid host name", text_show(text, shown));
        return take_string(text, field);
}

static int read_path(const ConfigReader *r, const Node *n, void *field)
{
        const char *text;
        int q = string_of(r, n, node_name(n), &text);

        if (q < 0)
                return q;
        if (text[0] != '/')
                return fail(r, n, "%s must be an absolute path", node_name(n));
        return take_string(text, field);
}

static int read_url(const ConfigReader *r, const Node *n, void *field)
{
        char shown[TEXT_SHOWN_MAX];
        const char *text;
        size_t length;
        int q = string_of(r, n, "url", &text);

        if (q < 0)
                return q;
        length = strlen(text);
        if (strncmp(text, "https://", 8) != 0 || strpbrk(text, "@?# ") || strstr(text, "/../") ||
                length > 1000 || text[8] == '/' || text[8] == '\0')
                return fail(r, n,
                        "\"%s\" is not a valid url: write \"https://HOST/FOLDER/\", without user, "
                        "query and fragment",
                        text_show(text, shown));
        if (text[length - 1] != '/')
                return fail(r, n, "url names a folder and must end with a slash");
        return take_string(text, field);
}

static int read_bool(const ConfigReader *r, const Node *n, void *field)
{
        if (node_kind(n) != NODE_BOOL)
                return fail(r, n, "%s must be true or false", node_name(n));
        *(bool *)field = node_bool(n);
        return 0;
}

static int read_interval(const ConfigReader *r, const Node *n, void *field)
{
        if (node_kind(n) != NODE_INTEGER || node_integer(n) < 1 ||
                node_integer(n) > INTERVAL_MAX_SEC)
                return fail(r, n, "interval must be 1 to %d seconds", INTERVAL_MAX_SEC);
        *(unsigned *)field = (unsigned)node_integer(n);
        return 0;
}

static int check_list(const ConfigReader *r, const Node *n, size_t max)
{
        if (node_kind(n) != NODE_LIST)
                return fail(r, n, "%s must be a list, [ \"…\", \"…\" ]", node_name(n));
        if (node_length(n) > max)
                return fail(r, n, "%s has at most %zu members", node_name(n), max);
        return 0;
}

typedef bool (*TextTest)(const char *text);

static int read_texts(
        const ConfigReader *r, const Node *n, TextTest is_valid, const char *what, char ***ret)
{
        _cleanup_strv_ char **list = NULL;
        int q = check_list(r, n, FLEET_NAMES_MAX);

        for (size_t i = 0; q >= 0 && i < node_length(n); i++) {
                const Node *item = node_child(n, i);
                char shown[TEXT_SHOWN_MAX];
                const char *text;

                q = string_of(r, item, what, &text);
                if (q >= 0 && !is_valid(text))
                        q = fail(r, item, "%s: \"%s\" is not a valid %s", node_name(n),
                                text_show(text, shown), what);
                if (q >= 0 && strv_contains(list, text))
                        q = fail(r, item, "%s: \"%s\" is there twice", node_name(n),
                                text_show(text, shown));
                if (q >= 0)
                        q = strv_append(&list, text);
        }
        if (q < 0)
                return q;
        strv_free(*ret);
        *ret = TAKE_PTR(list);
        return 0;
}

static int read_names(const ConfigReader *r, const Node *n, void *field)
{
        return read_texts(r, n, fleet_name_is_valid, "name", field);
}

/* minisign(1): 42 bytes in base64. signature.c checks what they say. */
static bool looks_like_key(const char *text)
{
        return strlen(text) == 56 && strncmp(text, "RW", 2) == 0;
}

static int read_keys(const ConfigReader *r, const Node *n, void *field)
{
        return read_texts(r, n, looks_like_key, "public key of minisign", field);
}

bool fleet_broker_is_valid(const char *text)
{
        char host[FLEET_HOST_MAX + 1];
        const char *colon, *from = text + 8;
        size_t n;
        char *end;
        long port;

        if (strncmp(text, "mqtts://", 8) != 0)
                return false;
        colon = strchr(from, ':');
        n = colon ? (size_t)(colon - from) : strlen(from);
        if (n > FLEET_HOST_MAX)
                return false;
        memcpy(host, from, n);
        host[n] = '\0';
        if (!host_is_valid(host))
                return false;
        if (!colon)
                return true;
        port = strtol(colon + 1, &end, 10);
        return colon[1] >= '1' && colon[1] <= '9' && *end == '\0' && port > 0 && port < 65536;
}

static int read_brokers(const ConfigReader *r, const Node *n, void *field)
{
        return read_texts(r, n, fleet_broker_is_valid, "broker (mqtts://HOST[:PORT])", field);
}

static int read_set(const ConfigReader *r, const Node *n, void *field)
{
        char shown[TEXT_SHOWN_MAX];
        const char *text;
        int q = string_of(r, n, node_name(n), &text);

        if (q < 0)
                return q;
        if (!fleet_name_is_valid(text))
                return fail(r, n, "\"%s\" is not a valid set name", text_show(text, shown));
        return take_string(text, field);
}

/* "NAME", or a list of names. */
static int read_own(const ConfigReader *r, const Node *n, void *field)
{
        _cleanup_free_ char *one = NULL;
        char ***list = field;
        int q;

        if (node_kind(n) == NODE_LIST && node_length(n) == 0)
                return fail(r, n, "own is empty: set publish = false to publish no bans");
        if (node_kind(n) == NODE_LIST)
                return read_names(r, n, field);
        q = read_set(r, n, &one);
        if (q < 0)
                return q;
        *list = strv_free(*list);
        return strv_append(list, one);
}

static int read_never(const ConfigReader *r, const Node *n, void *field)
{
        FleetConfig *c = (FleetConfig *)(void *)((char *)field - LIVE(never));
        int q = check_list(r, n, FLEET_NEVER_MAX);

        if (q < 0)
                return q;
        c->live.never = calloc(node_length(n) + 1, sizeof(*c->live.never));
        if (!c->live.never)
                return -ENOMEM;
        for (size_t i = 0; i < node_length(n); i++) {
                const Node *item = node_child(n, i);
                char shown[TEXT_SHOWN_MAX];
                const char *text, *reason;
                bool host_bits;

                q = string_of(r, item, "never", &text);
                if (q < 0)
                        return q;
                if (prefix_parse(text, strlen(text), &c->live.never[i], &host_bits, &reason) < 0)
                        return fail(r, item, "never: %s: %s", text_show(text, shown), reason);
                c->live.n_never = i + 1;
        }
        return 0;
}

/* ---- the table ---- */

static const Setting document_settings[] = {
        { "url", read_url, DOCUMENTS(url) },
        { "ca", read_path, DOCUMENTS(ca) },
        { "certificate", read_path, DOCUMENTS(certificate) },
        { "key", read_path, DOCUMENTS(key) },
        { "keys", read_keys, DOCUMENTS(keys) },
        { "groups", read_names, DOCUMENTS(groups) },
        { "sets", read_names, DOCUMENTS(sets) },
        { "fragments", read_names, DOCUMENTS(fragments) },
        { "interval", read_interval, DOCUMENTS(interval_sec) },
        { NULL, NULL, 0 },
};

static const Setting live_settings[] = {
        { "brokers", read_brokers, LIVE(brokers) },
        { "ca", read_path, LIVE(ca) },
        { "certificate", read_path, LIVE(certificate) },
        { "key", read_path, LIVE(key) },
        { "set", read_set, LIVE(set) },
        { "own", read_own, LIVE(own) },
        { "never", read_never, LIVE(never) },
        { "publish", read_bool, LIVE(publish) },
        { "lockdown", read_bool, LIVE(lockdown) },
        { "view", read_bool, LIVE(view) },
        { NULL, NULL, 0 },
};

static int read_documents(const ConfigReader *r, const Node *n, void *field);
static int read_live(const ConfigReader *r, const Node *n, void *field);

static const Setting settings[] = {
        { "host", read_host, offsetof(FleetConfig, host) },
        { "documents", read_documents, 0 },
        { "live", read_live, 0 },
        { NULL, NULL, 0 },
};

static int fail_unknown(const ConfigReader *r, const Node *n, const Setting *table)
{
        _cleanup_buffer_ Buffer b = { 0 };
        char shown[TEXT_SHOWN_MAX];

        for (const Setting *s = table; s->name; s++)
                buffer_printf(&b, "%s%s", s == table ? "" : ", ", s->name);
        if (b.failed)
                return -ENOMEM;
        return fail(r, n, "there is no setting \"%s\" here; the settings are %s",
                text_show(node_name(n), shown), b.data);
}

/* All errors of a group, not only its first. */
static int read_group(
        const ConfigReader *r, const Node *group, const Setting *table, FleetConfig *c)
{
        int result = 0;

        if (node_kind(group) != NODE_GROUP)
                return fail(r, group, "%s must be a group, { NAME = VALUE; }", node_name(group));
        for (size_t i = 0; i < node_length(group); i++) {
                const Node *n = node_child(group, i);
                const Setting *s = table;
                int q;

                while (s->name && !streq(s->name, node_name(n)))
                        s++;
                q = s->name ? s->read(r, n, (char *)c + s->offset) : fail_unknown(r, n, table);
                if (q == -ENOMEM)
                        return q;
                if (q < 0)
                        result = q;
        }
        return result;
}

static int read_documents(const ConfigReader *r, const Node *n, void *field)
{
        FleetConfig *c = field;
        int q = read_group(r, n, document_settings, c);

        if (q < 0)
                return q;
        if (!c->documents.url)
                return fail(r, n, "documents requires url, the folder of a web server");
        if (!c->documents.keys)
                return fail(r, n,
                        "documents requires keys: the public keys that 'p25-fleet publish' signs "
                        "with");
        if (!c->documents.certificate != !c->documents.key)
                return fail(r, n, "certificate and key can only be used together");
        if (!c->documents.sets && !c->documents.fragments)
                return fail(r, n,
                        "documents requires sets or fragments: the names that may be replaced");
        return 0;
}

static int read_live(const ConfigReader *r, const Node *n, void *field)
{
        FleetConfig *c = field;
        int q = read_group(r, n, live_settings, c);

        if (q < 0)
                return q;
        if (!c->live.brokers)
                return fail(r, n, "live requires brokers");
        if (!c->live.ca || !c->live.certificate || !c->live.key)
                return fail(r, n,
                        "live requires ca, certificate and key: brokers know hosts by certificate");
        return 0;
}

/* ---- the whole ---- */

static int take_defaults(FleetConfig *c)
{
        char name[FLEET_HOST_MAX + 1] = "";

        c->documents.interval_sec = INTERVAL_DEFAULT_SEC;
        c->live.publish = true;
        if (gethostname(name, sizeof(name) - 1) < 0)
                return -errno;
        if (take_string(name, &c->host) < 0 || take_string("fleet", &c->live.set) < 0 ||
                strv_append(&c->live.own, "bans") < 0)
                return -ENOMEM;
        return 0;
}

static int check_whole(const ConfigReader *r, const FleetConfig *c)
{
        Place whole = { r->file, 0 };

        if (!host_is_valid(c->host))
                return diagnostics_error(r->d, whole, NULL,
                        "the name of this machine is not a valid host name: set host");
        if (!c->documents.url && !c->live.brokers)
                return diagnostics_error(r->d, whole, NULL,
                        "nothing to do: set documents or live ('p25-fleet init' writes an "
                        "example)");
        if (c->live.brokers && strv_contains(c->live.own, c->live.set))
                return diagnostics_error(r->d, whole, NULL,
                        "live: set %s cannot hold both the fleet's bans and this host's own: they "
                        "would be published again",
                        c->live.set);
        if (c->live.brokers && strv_contains(c->documents.sets, c->live.set))
                return diagnostics_error(r->d, whole, NULL,
                        "set %s holds the bans of live; documents cannot replace it too",
                        c->live.set);
        return 0;
}

int fleet_config_parse(
        const char *text, size_t n, const char *file, Diagnostics *d, FleetConfig **ret)
{
        _cleanup_(fleet_config_free_p) FleetConfig *c = calloc(1, sizeof(*c));
        _cleanup_(tree_free_p) Tree *tree = NULL;
        ConfigReader r = { file, d };
        int q;

        if (!c)
                return -ENOMEM;
        q = take_defaults(c);
        if (q >= 0)
                q = tree_read(text, n, file, d, &tree);
        if (q >= 0)
                q = read_group(&r, tree_root(tree), settings, c);
        if (q >= 0)
                q = check_whole(&r, c);
        if (q >= 0)
                *ret = TAKE_PTR(c);
        return q;
}

int fleet_config_read(const char *path, Diagnostics *d, FleetConfig **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r = file_read(path, 0, CONF_BYTES_MAX, &text, &n);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                diagnostics_error(d, ((Place){ path, 0 }), NULL, "%s", strerror(-r));
                return r;
        }
        return fleet_config_parse(text, n, path, d, ret);
}

FleetConfig *fleet_config_free(FleetConfig *c)
{
        if (!c)
                return NULL;
        free(c->host);
        free(c->documents.url);
        free(c->documents.ca);
        free(c->documents.certificate);
        free(c->documents.key);
        strv_free(c->documents.keys);
        strv_free(c->documents.groups);
        strv_free(c->documents.sets);
        strv_free(c->documents.fragments);
        strv_free(c->live.brokers);
        free(c->live.ca);
        free(c->live.certificate);
        free(c->live.key);
        free(c->live.set);
        strv_free(c->live.own);
        free(c->live.never);
        free(c);
        return NULL;
}
