# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell on a pseudo-terminal, in which lines are typed that Tab completes.

    completes.py LOG ARGUMENTS SHELL...

Reads lines from standard input, in which \\t is Tab; types each, waits until the shell has answered
each Tab, and presses Enter. Prints, a line for each, the words of the file ARGUMENTS, which the
command that was run has written: one a line, printed with | between them; "-": it was not run. The
shell must print "ready>" when it waits for a line.
"""

import os
import pty
import select
import signal
import sys
import time

PATIENCE = 30.0
QUIET = 0.5


class Shell:
    def __init__(self, log, command):
        self.log = open(log, "ab")
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)

    def read(self, seconds):
        """What the shell writes until it is quiet for so long."""
        text = b""
        while select.select([self.master], [], [], seconds)[0]:
            try:
                part = os.read(self.master, 65536)
            except OSError:
                break
            self.answer(part)
            self.log.write(part)
            self.log.flush()
            text += part
        return text

    def answer(self, part):
        """Shells ask the terminal where the cursor is, and what it is."""
        if b"\x1b[6n" in part:
            os.write(self.master, b"\x1b[1;1R")
        if b"\x1b[c" in part or b"\x1b[0c" in part:
            os.write(self.master, b"\x1b[?1;2c")

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE
        text = b""
        while not condition(text):
            if time.monotonic() > deadline:
                return False
            text += self.read(0.05)
        return True

    def type(self, line):
        parts = line.split("\\t")
        for i, part in enumerate(parts):
            os.write(self.master, part.encode() + (b"\t" if i + 1 < len(parts) else b""))
            self.read(QUIET)

    def run(self, line, arguments):
        if os.path.exists(arguments):
            os.unlink(arguments)
        self.type(line)
        os.write(self.master, b"\r")
        if not self.until(lambda text: os.path.exists(arguments)):
            return "-"
        self.read(0.2)
        with open(arguments, encoding="utf-8") as f:
            return "|".join(f.read().splitlines())


def main():
    shell = Shell(sys.argv[1], sys.argv[3:])
    shell.until(lambda text: b"ready>" in text)
    shell.read(QUIET)
    for line in sys.stdin:
        print(shell.run(line.rstrip("\n"), sys.argv[2]), flush=True)
    os.kill(shell.pid, signal.SIGKILL)


main()
