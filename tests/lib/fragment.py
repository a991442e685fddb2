#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dials a port with a SYN in two IP fragments, of which the first ends before the flags.

    fragment.py FROM TO PORT     prints "open" (SYN and ACK came), "closed" (a reset) or "filtered"
"""
import ipaddress
import random
import socket
import struct
import sys
import time

SYN, RST, ACK = 2, 4, 16


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def syn(source, to, port, sport):
    header = struct.pack("!HHIIBBHHH", sport, port, 1, 0, 5 << 4, SYN, 1024, 0, 0)
    pseudo = source.packed + to.packed + struct.pack("!II", len(header), socket.IPPROTO_TCP)
    return header[:16] + struct.pack("!H", checksum(pseudo + header)) + header[18:]


def fragments4(source, to, tcp):
    for offset, part in ((0, tcp[:8]), (8, tcp[8:])):
        yield struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(part), 77, (offset == 0) << 13 | offset // 8,
                          64, socket.IPPROTO_TCP, 0, source.packed, to.packed) + part


def fragments6(source, to, tcp):
    for offset, part in ((0, tcp[:8]), (8, tcp[8:])):
        yield (struct.pack("!IHBB", 6 << 28, 8 + len(part), socket.IPPROTO_FRAGMENT, 64)
               + source.packed + to.packed
               + struct.pack("!BBHI", socket.IPPROTO_TCP, 0, offset | (offset == 0), 77) + part)


def answer(s, skip, port, sport):
    deadline = time.monotonic() + 3
    while (left := deadline - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            data = s.recv(4096)
        except TimeoutError:
            break
        data = data[(data[0] & 15) * 4:] if skip else data
        if struct.unpack("!HH", data[:4]) == (port, sport):
            return "closed" if data[13] & RST else "open" if data[13] & (SYN | ACK) == SYN | ACK else "?"
    return "filtered"


def main():
    source, to, port = ipaddress.ip_address(sys.argv[1]), ipaddress.ip_address(sys.argv[2]), int(sys.argv[3])
    sport = random.randint(20000, 30000)
    family, fragments = (socket.AF_INET, fragments4) if to.version == 4 else (socket.AF_INET6, fragments6)
    hears = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
    sends = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for packet in fragments(source, to, syn(source, to, port, sport)):
        sends.sendto(packet, (str(to), 0))
    print(answer(hears, to.version == 4, port, sport))


main()
