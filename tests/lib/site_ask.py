#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks p25d-site as p25d does (daemon/site/question.h): PID UID, or FILE ID of a container.

Prints error, site, script and request, or error, name and image, a line each."""

import os
import socket
import struct
import sys

first, second = sys.argv[1:]
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.settimeout(5)
client.connect("/run/p25d-site.socket")
if first.isdigit():
    client.send(struct.pack("=III68s", 1, int(first), int(second), b""))
    sizes = (128, 512, 512)
else:
    question = struct.pack("=III68s", 2, 0, 0, second.encode())
    socket.send_fds(client, [question], [os.open(first, os.O_RDONLY)])
    sizes = (128, 256)
try:
    answer = client.recv(65536)
except ConnectionError:
    answer = None
if not answer:
    print("closed")
    sys.exit(0)
error = struct.unpack_from("=i", answer)[0]
print(os.strerror(-error) if error else "known")
at = 4
for size in sizes:
    print(answer[at:at + size].split(b"\0")[0].decode())
    at += size
