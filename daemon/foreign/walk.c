/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/walk.h"

#include "daemon/netlink/netlink.h"
#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/ruleset/packet.h"

#include <stdio.h>

Truth walk_doubt(Walk *w, const char *why, bool limit)
{
        if (!w->why) {
                w->why = why;
                w->why_limit = limit;
        } else if (w->why_limit && !limit) {
                w->why = why;
                w->why_limit = false;
        }
        return TRUTH_MAYBE;
}

void walk_set(Walk *w, Part p, const uint8_t *value, const uint8_t *known)
{
        Facts before = w->facts;

        memcpy((uint8_t *)&w->facts.value + p.offset, value, p.n);
        memcpy((uint8_t *)&w->facts.known + p.offset, known, p.n);
        if (!w->certain)
                facts_join(&w->facts, &before);
}

void walk_know(Walk *w, Part p, const void *value)
{
        uint8_t known[sizeof(Fields)];

        memset(known, 0xff, p.n);
        walk_set(w, p, value, known);
}

void walk_forget(Walk *w, Part p)
{
        facts_forget(&w->facts, p);
}

void walk_note(Walk *w)
{
        const char *why = w->why ?: "a rule that is not understood";
        char place[64] = "";

        if (w->why_limit)
                w->doubts.limit = true;
        else
                w->doubts.other = true;
        if (strv_length(w->doubts.sentences) >= 8)
                return;
        if (w->handle != 0)
                snprintf(place, sizeof(place), ", rule %llu", (unsigned long long)w->handle);
        if (strv_printf(&w->doubts.sentences, "table %s %s, chain %s%s: depends on %s",
                    netlink_family_to_string(w->family), w->table, w->chain, place, why) < 0)
                w->failed = true;
}

int walk_add_candidate(Walk *w, int32_t code, const char *chain)
{
        int r = array_grow(&w->candidates, w->n_candidates, sizeof(*w->candidates));

        if (r < 0)
                return r;
        w->candidates[w->n_candidates++] = (Candidate){ code, chain };
        return 0;
}

bool walk_is_ipv4(const Walk *w)
{
        return w->packet->family == FAMILY_IPV4;
}

Part walk_address(const Walk *w, bool destination)
{
        return walk_is_ipv4(w) ? part_of(PART(network), destination ? 16 : 12, 4)
                               : part_of(PART(network), destination ? 24 : 8, 16);
}

/* Finds the way to the new destination, and the interface by which the packet leaves now. */
static Truth find_way(Walk *w, const uint8_t *address)
{
        Address a = { .family = w->packet->family };
        char padded[IFNAMSIZ] = { 0 };
        HostWay way = { 0 };

        walk_forget(w, PART(out));
        walk_forget(w, PART(out_index));
        if (!address || !w->host || !w->host->way)
                return TRUTH_MAYBE;
        memcpy(a.bytes, address, family_bits(a.family) / 8);
        if (!w->host->way(w->host->data, &a, &way))
                return TRUTH_MAYBE;
        if (w->certain && way.interface[0]) {
                snprintf(padded, sizeof(padded), "%s", way.interface);
                walk_know(w, PART(out), padded);
                walk_know(w, PART(out_index), &way.index);
        }
        return way.local ? TRUTH_YES : TRUTH_NO;
}

/* IPS_DST_NAT */
#define STATUS_REDIRECTED (UINT32_C(1) << 5)

static void note_redirected(Walk *w)
{
        uint32_t status, known;

        memcpy(&status, facts_value(&w->facts, PART(ct_status)), sizeof(status));
        memcpy(&known, facts_known(&w->facts, PART(ct_status)), sizeof(known));
        status |= STATUS_REDIRECTED;
        known |= STATUS_REDIRECTED;
        walk_set(w, PART(ct_status), (uint8_t *)&status, (uint8_t *)&known);
        w->redirected = true;
}

void walk_redirect(Walk *w, const uint8_t *address, bool same_address, const uint8_t *port)
{
        Truth local = same_address ? w->local : find_way(w, address);

        if (!same_address && address)
                walk_know(w, walk_address(w, true), address);
        else if (!same_address)
                walk_forget(w, walk_address(w, true));
        if (port)
                walk_know(w, PORT_TO, port);
        w->local = w->certain || local == w->local ? local : TRUTH_MAYBE;
        note_redirected(w);
}
