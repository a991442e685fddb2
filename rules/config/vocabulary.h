/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The vocabulary of the files: one table that says which setting stands in which group of which
 * kind of document, what type it has, who reads it and where in the model it goes. What is not in
 * the table is an unknown setting.
 */

#include "rules/config/parse.h"
#include "rules/config/reader.h"

#include <stdint.h>

typedef enum SettingGroup {
        GROUP_HOST,        /* p25.conf alone; HostConf */
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
        GROUP_FILE,        /* StateFile */
        _GROUP_MAX,
} SettingGroup;

/* What a setting's value may look like; told to the user when it is something else. */
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

struct Setting {
        SettingGroup group;
        const char *name;
        unsigned documents; /* a bit a DocumentKind: where the setting is known */
        bool required;
        SettingType type;
        SettingFunction *read;
        size_t offset;      /* of the place in the group's struct */
        int64_t min, max;   /* of SETTING_INTEGER */
        const Words *words; /* of a text that is one of few */
};

extern const Setting vocabulary[];
extern const size_t vocabulary_length;

/* NULL: that group has no such setting in that kind of document. */
const Setting *vocabulary_find(DocumentKind kind, SettingGroup group, const char *name);
/* The setting nearest to a misspelt name, or NULL if none is near. groups: a bit a SettingGroup. */
const Setting *vocabulary_nearest(DocumentKind kind, unsigned groups, const char *name);

/* "p25.conf", "a fragment", "a role", "the state" */
const char *document_to_string(DocumentKind kind);
/* "true or false", "a list of texts or one text", … */
const char *setting_type_to_string(SettingType type);
/* Is a node of this kind what the type wants? */
bool setting_type_takes(SettingType type, NodeKind kind);
