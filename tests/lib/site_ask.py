#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks p25d's helpers as p25d does (daemon/site/question.h, daemon/reader/question.h).

request PID UID     p25d-site: error, site, script and request, a line each
container FILE ID   p25d-site: error, name and image
origin PID UID      p25d-reader: error, job, site, script, request and the container's ID"""

import os
import socket
import struct
import sys

SITES = (128, 512, 512)


def ask(path, question, files=()):
    """The bytes of the answer; none: the connection was closed."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(5)
    client.connect(path)
    try:
        socket.send_fds(client, [question], files)
        return client.recv(65536)
    except ConnectionError:
        return b""


def show(answer, at, sizes):
    """The error and the texts that begin at an offset."""
    if not answer:
        print("closed")
        return
    error = struct.unpack_from("=i", answer)[0]
    print(os.strerror(-error) if error else "known")
    for size in sizes:
        print(answer[at:at + size].split(b"\0")[0].decode())
        at += size


kind, first, second = sys.argv[1:]
if kind == "request":
    show(ask("/run/p25d-site.socket", struct.pack("=III68s", 1, int(first), int(second), b"")),
         4, SITES)
elif kind == "container":
    show(ask("/run/p25d-site.socket", struct.pack("=III68s", 2, 0, 0, second.encode()),
             [os.open(first, os.O_RDONLY)]), 4, (128, 256))
else:
    show(ask("/run/p25d-reader.socket", struct.pack("=III4092x", 9, int(first), int(second))),
         8, (512,) + SITES + (65,))
