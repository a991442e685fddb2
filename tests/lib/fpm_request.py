#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A request to a pool of PHP-FPM, by FastCGI; ends with the answer.

SOCKET SCRIPT URI QUERY
"""
import os
import socket
import struct
import sys


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def parameter(name, value):
    name, value = name.encode(), os.fsencode(value)
    return struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


path, script, uri, query = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.connect(path)
s.sendall(record(1, b"\0\1\0\0\0\0\0\0") + record(4, b"".join([
    parameter("REQUEST_METHOD", "GET"), parameter("SCRIPT_FILENAME", script),
    parameter("SCRIPT_NAME", uri), parameter("REQUEST_URI", uri + "?" + query),
    parameter("QUERY_STRING", query)])) + record(4, b"") + record(5, b""))
while s.recv(4096):
    pass
