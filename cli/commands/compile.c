/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `compile` and `show raw`: a file, or the policy in force, as a ruleset in one of its forms.
 */

#include "rules/compile/compile.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/offline/offline.h"
#include "daemon/api/api.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/diagnostic.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/iptables/script.h"
#include "rules/nftables/script.h"
#include "rules/policy/direction.h"
#include "rules/policy/effective.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/report/report.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/print.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

static Json *ports_to_json(const Ports *ports)
{
        Json *array = json_new_array();

        for (size_t i = 0; i < ports->n; i++)
                json_append(array, json_new_integer(ports->items[i]));
        return array;
}

static Json *direction_to_json(const RulesetDirection *d)
{
        Json *object = json_new_object(), *rules = json_new_array();

        for (size_t i = 0; i < d->n; i++) {
                ReportRule rule = { .rule = d->rules[i].rule };

                json_append(rules, rule_to_json(&rule));
        }
        json_set(object, "default", json_new_string(action_to_string(d->default_action)));
        json_set(object, "managed", ports_to_json(&d->managed));
        json_set(object, "audited", ports_to_json(&d->audited));
        json_set(object, "rules", rules);
        return object;
}

static Json *ruleset_to_json(const Ruleset *r)
{
        Json *object = json_new_object(), *sets = json_new_array();

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                json_set(object, direction_to_adjective(d), direction_to_json(&r->directions[d]));
        for (size_t i = 0; i < r->n_sets; i++) {
                Json *set = json_new_object();

                json_set(set, "name", json_new_string(r->sets[i].name));
                json_set(set, "ranges",
                        json_new_integer((int64_t)range_set_size(r->sets[i].ranges)));
                json_append(sets, set);
        }
        json_set(object, "sets", sets);
        return object;
}

/* With --json too the texts are texts, inside a document. */
static int ruleset_text(Cli *c, const Ruleset *ruleset, const char *format,
        int (*print)(const Ruleset *r, char **ret))
{
        _cleanup_free_ char *text = NULL;
        Json *document;

        if (print(ruleset, &text) < 0)
                return cli_fail_errno(c, -ENOMEM, format);
        document = json_new_object();
        json_set(document, "format", json_new_string(format));
        json_set(document, "text", json_new_string(text));
        return cli_text(c, text, document);
}

typedef enum Format {
        FORMAT_IR,
        FORMAT_NFT,
        FORMAT_JSON,
        FORMAT_IPTABLES,
        _FORMAT_MAX,
} Format;

static const char *const format_names[_FORMAT_MAX] = {
        [FORMAT_IR] = "ir",
        [FORMAT_NFT] = "nft",
        [FORMAT_JSON] = "json",
        [FORMAT_IPTABLES] = "iptables",
};

static int format_find(Cli *c, Format *ret)
{
        *ret = c->json ? FORMAT_JSON : FORMAT_IR;
        for (Format f = 0; c->format && f <= _FORMAT_MAX; f++) {
                *ret = f;
                if (f < _FORMAT_MAX && streq(c->format, format_names[f]))
                        break;
        }
        if (*ret == _FORMAT_MAX)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "'%s' is not a valid format: ir, nft, iptables or json", c->format);
        if ((c->ipv4 || c->ipv6) && *ret != FORMAT_IPTABLES)
                return cli_fail(c, EXIT_BAD_INPUT, "-4 and -6 go with --format iptables");
        return 0;
}

static int ruleset_iptables(Cli *c, const Ruleset *ruleset)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL;
        int r = ipt_script_print(ruleset, c->ipv4 || !c->ipv6, c->ipv6 || !c->ipv4, &d, &text);
        Json *document;

        if (r == -EOPNOTSUPP) {
                cli_tell_diagnostics(c, &d);
                return EXIT_BAD_INPUT;
        }
        if (r < 0)
                return cli_fail_errno(c, r, "iptables");
        document = json_new_object();
        json_set(document, "format", json_new_string("iptables"));
        json_set(document, "text", json_new_string(text));
        return cli_text(c, text, document);
}

static int ruleset_tell(Cli *c, const Ruleset *ruleset, Format format)
{
        switch (format) {
        case FORMAT_IR:
                return ruleset_text(c, ruleset, "ir", ruleset_print);
        case FORMAT_NFT:
                return ruleset_text(c, ruleset, "nft", nft_script_print);
        case FORMAT_JSON:
                c->json = true;
                return cli_document(c, ruleset_to_json(ruleset));
        case FORMAT_IPTABLES:
                return ruleset_iptables(c, ruleset);
        case _FORMAT_MAX:
                break;
        }
        return EXIT_BAD_INPUT;
}

/* The file among the shipped and own roles; of a role, a host with only this role. */
static int file_compile(const Offline *o, const char *path, Diagnostics *d, Ruleset **ret)
{
        _cleanup_document_ Document document = { 0 };
        _cleanup_(policy_free_p) Policy *p = NULL;
        int r;

        r = document_load(o, path, d, &document);
        if (r >= 0)
                r = offline_roles(o, d, &p);
        if (r >= 0)
                r = document_put(&document, p);
        if (r >= 0 && document.role) {
                p->host = host_conf_new();
                r = p->host ? strv_append(&p->host->roles, document.role->name) : -ENOMEM;
        }
        return r < 0 ? r : compile_policy(p, &o->names, d, ret);
}

int command_compile(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        Format format = FORMAT_IR;
        int status, r;

        (void)v, (void)n;
        status = format_find(c, &format);
        if (status == 0)
                status = offline_open(c, &o);
        if (status != 0)
                return status;
        r = file_compile(&o, args[0], &d, &ruleset);
        status = cli_tell_diagnostics(c, &d);
        if (r < 0 && status == 0)
                status = cli_fail(c, EXIT_BAD_INPUT, "%s: %s", args[0], strerror(-r));
        return status != 0 ? status : ruleset_tell(c, ruleset, format);
}

static int raw_tell(Cli *c, const char *format, const char *text)
{
        Json *document = json_new_object();

        json_set(document, "format", json_new_string(format));
        json_set(document, "text", json_new_string(text));
        if (!*text)
                cli_say(c, "Status: inactive");
        return cli_text(c, text, document);
}

/* The stored policy in nft's words, which no backend holds. */
static int raw_of_files(Cli *c)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_(policy_free_p) Policy *p = NULL;
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        int status;

        status = offline_open(c, &o);
        if (status == 0)
                status = offline_load(c, &o, &p, &ruleset);
        if (status != 0)
                return status;
        if (!policy_enabled(p))
                return raw_tell(c, "nft", "");
        return ruleset_text(c, ruleset, "nft", nft_script_print);
}

int command_show_raw(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_free_ char *backend = NULL, *text = NULL;
        const char *format = "nft";
        int status;

        (void)v, (void)args, (void)n;
        if (c->root)
                return raw_of_files(c);
        status = client_get_string(c, "Backend", &backend);
        if (status != 0)
                return status;
        if (streq(backend, "iptables"))
                format = "iptables";
        status = client_ask_text(c, "GetRuleset", format, &text);
        return status != 0 ? status : raw_tell(c, format, text);
}
