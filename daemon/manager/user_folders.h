/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The folders in which systemd notes users that are in no file of /etc: those of units with
 * DynamicUser=, of machines, and records that programs drop. Watches them, and does not read them.
 */

#include <systemd/sd-event.h>

typedef struct UserFolders UserFolders;

/* changed is called from the loop when a user may have come or gone. NULL where a folder cannot be
 * watched. */
UserFolders *user_folders_new(sd_event *event, void (*changed)(void *data), void *data);
UserFolders *user_folders_free(UserFolders *f);
