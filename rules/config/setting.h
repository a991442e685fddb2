/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One row of the vocabulary: which setting stands in which group of which kind of document, what
 * type it has, which function reads it and where in the model it goes. Does not depend on the table
 * (vocabulary.h) or on how values are read (reader.h).
 */

#include "rules/config/document.h"
#include "rules/config/node.h"

typedef struct Buffer Buffer;

typedef enum SettingGroup {
        GROUP_HOST,        /* p25.conf only; HostConf */
        GROUP_COMMON,      /* p25.conf and fragments; Fragment */
        GROUP_ROLE_FILE,   /* around a role; Role */
        GROUP_ROLE,        /* Role */
        GROUP_STATE_FILE,  /* around the state; StateDocument */
        GROUP_STATE,       /* State */
        GROUP_STATE_FILES, /* of the state, what names files; StateDocument */
        GROUP_RULE,        /* Rule */
        GROUP_SET,         /* SetDecl */
        GROUP_VAR,         /* VarDecl */
        GROUP_ASSERT,      /* Assertion */
        GROUP_DEFAULT,     /* Defaults */
        GROUP_MANAGES,     /* Role */
        GROUP_ALERTS,      /* Alerts */
        GROUP_FILE,        /* StateFile */
        _GROUP_MAX,
} SettingGroup;

/* The form of a setting's value; reported if the value has another one. */
typedef enum SettingType {
        SETTING_BOOL,
        SETTING_INTEGER,
        SETTING_TEXT,
        SETTING_TEXTS,  /* a list of texts and numbers, or one */
        SETTING_GROUP,  /* { … } */
        SETTING_GROUPS, /* ( { … }, … ) */
        SETTING_TEXTS_OR_GROUP,
        _SETTING_TYPE_MAX,
} SettingType;

typedef struct Reader Reader;
typedef struct Setting Setting;
/* place is where the setting goes: the group's struct plus the setting's offset. */
typedef int SettingFunction(Reader *r, const Node *n, const Setting *s, void *place);

/* The few words that a string may be. */
typedef struct Words {
        int n;
        const char *(*name)(int i);
        const char *const *mistaken; /* by number: words that are written for it; NULL: none */
        const char *const *also;     /* by number: another word that is valid; NULL: none */
} Words;

struct Setting {
        SettingGroup group;
        const char *name;
        unsigned documents; /* a bit for each DocumentKind that has the setting */
        bool required;
        SettingType type;
        SettingFunction *read;
        size_t offset;        /* of the place in the group's struct */
        int64_t min, max;     /* of SETTING_INTEGER */
        const Words *words;   /* of a string that is one of few */
        const char *mistaken; /* names that are written for it, apart by blanks; NULL: none */
};

/* NULL: that group has no such setting in that kind of document. */
const Setting *setting_find(
        const Setting *vocabulary, DocumentKind kind, SettingGroup group, const char *name);
/* "incoming, outgoing, routed" */
void words_print(const Words *words, Buffer *b);
/* Is a text, n bytes, one of the words, which are apart by blanks? Case does not matter. */
bool is_one_of(const char *text, size_t n, const char *words);
/* The setting that was meant by another name, or NULL. groups: a bit for each
 * SettingGroup. */
const Setting *setting_nearest(
        const Setting *vocabulary, DocumentKind kind, unsigned groups, const char *name);

/* "true or false", "a list of texts or one text", … */
const char *setting_type_to_string(SettingType type);
/* Does a node of this kind fit the type? */
bool setting_type_takes(SettingType type, NodeKind kind);
