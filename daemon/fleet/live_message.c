/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/live_message.h"

#include "rules/address/family.h"
#include "rules/base/json.h"
#include "rules/base/text.h"

#include <errno.h>

/* ---- topics ---- */

/* 1 to 19 digits, without a leading zero. */
static int id_parse(const char *text, uint64_t *ret)
{
        size_t n = strspn(text, "0123456789");

        if (n == 0 || n > 19 || text[n] || text[0] == '0')
                return -EINVAL;
        *ret = strtoull(text, NULL, 10);
        return 0;
}

int live_topic_parse(const char *topic, LiveTopic *ret)
{
        static const char hosts[] = LIVE_PREFIX "hosts/", ban[] = "/ban/";
        LiveTopic t = { .kind = LIVE_TOPIC_BAN };
        size_t n;

        if (streq(topic, LIVE_PREFIX "all/serial") || streq(topic, LIVE_PREFIX "all/lockdown")) {
                t.kind = streq(topic, LIVE_PREFIX "all/serial") ? LIVE_TOPIC_SERIAL
                                                                : LIVE_TOPIC_LOCKDOWN;
                *ret = t;
                return 0;
        }
        if (strncmp(topic, hosts, strlen(hosts)) != 0)
                return -EINVAL;
        topic += strlen(hosts);
        n = strspn(topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");
        if (n == 0 || n >= sizeof(t.host) || strncmp(topic + n, ban, strlen(ban)) != 0 ||
                id_parse(topic + n + strlen(ban), &t.id) < 0)
                return -EINVAL;
        memcpy(t.host, topic, n);
        *ret = t;
        return 0;
}

/* ---- payloads ---- */

/* One JSON object. */
static int payload_parse(const void *payload, size_t n, Json **ret)
{
        _cleanup_free_ char *text = NULL;

        if (n == 0 || n > LIVE_PAYLOAD_MAX || memchr(payload, 0, n))
                return -EINVAL;
        text = strndup(payload, n);
        if (!text)
                return -ENOMEM;
        return json_parse(text, ret);
}

/* At most LIVE_TEXT_MAX bytes of a text, whole characters, none of them a control character. */
static int text_take(const Json *object, const char *key, char **ret)
{
        const char *text = json_get_string(object, key) ?: "";
        size_t n = 0, size;
        uint32_t code;

        while (text[n] && (size = utf8_character(text + n, &code)) > 0 && n + size <= LIVE_TEXT_MAX)
                n += size;
        *ret = strndup(text, n);
        if (!*ret)
                return -ENOMEM;
        text_make_printable(*ret);
        return 0;
}

/* "192.0.2.1", or ["192.0.2.1", seconds]. > 0: a ban; 0: none. */
static int entry_parse(const Json *item, LiveEntry *ret)
{
        const char *text = json_text(item) ?: json_text(json_array_item(item, 0)), *reason;
        int64_t early = 0;
        bool host_bits;

        if (!text || (!json_text(item) && (json_array_length(item) != 2 ||
                                                  !json_number(json_array_item(item, 1), &early))))
                return 0;
        if (early < 0 || early > LIVE_SECONDS_MAX ||
                prefix_parse(text, strlen(text), &ret->address, &host_bits, &reason) < 0 ||
                host_bits)
                return 0;
        ret->early_sec = (uint32_t)early;
        return ret->address.bits >= (ret->address.address.family == FAMILY_IPV4
                                                    ? LIVE_IPV4_BITS_MIN
                                                    : LIVE_IPV6_BITS_MIN);
}

static void entries_parse(const Json *list, bool gone, LivePage *p)
{
        for (size_t i = 0; i < json_array_length(list); i++) {
                LiveEntry e = { .gone = gone };

                if (entry_parse(json_array_item(list, i), &e) > 0)
                        p->entries[p->n++] = e;
                else
                        p->n_refused++;
        }
}

static int page_read(const Json *j, LivePage *p, const char **ret_reason)
{
        const Json *bans = json_get(j, "bans"), *gone = json_get(j, "gone");
        size_t n = json_array_length(bans) + json_array_length(gone);
        int64_t version = json_get_integer(j, "version");

        *ret_reason = "it has no version";
        if (version <= 0)
                return -EINVAL;
        *ret_reason = "it has too many bans";
        if (n > LIVE_PAGE_MAX)
                return -EINVAL;
        p->version = (uint64_t)version;
        p->entries = calloc(n + 1, sizeof(*p->entries));
        if (!p->entries || text_take(j, "who", &p->who) < 0 || text_take(j, "why", &p->why) < 0)
                return -ENOMEM;
        entries_parse(bans, false, p);
        entries_parse(gone, true, p);
        return 0;
}

int live_page_parse(const void *payload, size_t n, LivePage *ret, const char **ret_reason)
{
        _cleanup_live_page_ LivePage p = { 0 };
        _cleanup_(json_free_p) Json *j = NULL;
        int r = payload_parse(payload, n, &j);

        *ret_reason = "it is not a JSON object of at most 128 KiB";
        if (r >= 0)
                r = page_read(j, &p, ret_reason);
        if (r < 0)
                return r;
        *ret = p;
        p = (LivePage){ 0 };
        return 0;
}

static Json *entries_json(const LivePage *p, bool gone)
{
        Json *list = json_new_array();

        for (size_t i = 0; i < p->n; i++) {
                const LiveEntry *e = &p->entries[i];
                char text[ADDRESS_TEXT_MAX];
                Json *pair;

                if (e->gone != gone)
                        continue;
                if (e->early_sec == 0) {
                        json_append(list, json_new_string(prefix_format(&e->address, text)));
                        continue;
                }
                pair = json_new_array();
                json_append(pair, json_new_string(prefix_format(&e->address, text)));
                json_append(pair, json_new_integer(e->early_sec));
                json_append(list, pair);
        }
        return list;
}

static int print(Json *j, char **ret)
{
        int r = json_print(j, ret);

        json_free(j);
        return r;
}

int live_page_print(const LivePage *p, char **ret)
{
        Json *j = json_new_object();

        json_set(j, "version", json_new_integer((int64_t)p->version));
        json_set(j, "who", json_new_string(p->who ?: ""));
        json_set(j, "why", json_new_string(p->why ?: ""));
        json_set(j, "bans", entries_json(p, false));
        json_set(j, "gone", entries_json(p, true));
        return print(j, ret);
}

void live_page_deinit(LivePage *p)
{
        free(p->who);
        free(p->why);
        free(p->entries);
        *p = (LivePage){ 0 };
}

int live_serial_parse(const void *payload, size_t n, uint64_t *ret)
{
        _cleanup_(json_free_p) Json *j = NULL;
        int r = payload_parse(payload, n, &j);
        int64_t serial = r < 0 ? 0 : json_get_integer(j, "serial");

        if (r < 0)
                return r;
        if (serial <= 0)
                return -EINVAL;
        *ret = (uint64_t)serial;
        return 0;
}

int live_serial_print(uint64_t serial, char **ret)
{
        Json *j = json_new_object();

        json_set(j, "serial", json_new_integer((int64_t)serial));
        return print(j, ret);
}

/* Any other value is refused: it neither closes nor opens. */
static int read_bool(const Json *j, bool *ret)
{
        _cleanup_free_ char *text = NULL;

        *ret = false;
        if (json_is_null_or_missing(j) || json_print(j, &text) < 0)
                return -EINVAL;
        *ret = streq(text, "true");
        return *ret || streq(text, "false") ? 0 : -EINVAL;
}

int live_lockdown_parse(const void *payload, size_t n, LiveLockdown *ret)
{
        _cleanup_(json_free_p) Json *j = NULL;
        LiveLockdown l = { 0 };
        int64_t version;
        int r = payload_parse(payload, n, &j);

        if (r < 0)
                return r;
        version = json_get_integer(j, "version");
        if (version <= 0 || read_bool(json_get(j, "on"), &l.on) < 0)
                return -EINVAL;
        l.version = (uint64_t)version;
        r = text_take(j, "why", &l.why);
        if (r >= 0)
                *ret = l;
        return r;
}

int live_lockdown_print(const LiveLockdown *l, char **ret)
{
        Json *j = json_new_object();

        json_set(j, "version", json_new_integer((int64_t)l->version));
        json_set(j, "on", json_new_bool(l->on));
        json_set(j, "why", json_new_string(l->why ?: ""));
        return print(j, ret);
}
