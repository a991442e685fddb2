# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on a pseudo-terminal, and what its screen shows.

    screen.py LOG COMMAND...

Reads orders from standard input, a line each, and answers each with a line:

    wait TEXT       until the screen has the text: "yes", or "no" and the screen
    gone TEXT       until it has not
    keys KEYS       types them; \\e is Escape
    size L C        resizes the terminal
    line N          line N of the screen
    raw TEXT        whether the program ever wrote this, with \\e for Escape
    signal N        to the program
    leave           ends the terminal
    end             until it ends: its status, and whether the terminal's modes are what they were
"""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

# a minute, in looks at the terminal: a machine that stands still meanwhile takes nothing of it
PATIENCE_LOOKS = 600
LOOK_SECONDS = 0.1
SEQUENCE = re.compile(
    r"\x1b\[([?>]?)([0-9;]*)([@-~])|\x1b[()][A-Z0-9]|\x1b[=>78DMHc]|\x1b\][^\x07]*\x07")


class Screen:
    """As much of xterm as ncurses uses."""

    def __init__(self, lines, columns):
        self.line = self.column = 0
        self.pending = self.last = ""
        self.resize(lines, columns)

    def resize(self, lines, columns):
        self.lines, self.columns = lines, columns
        self.line, self.column = min(self.line, lines - 1), min(self.column, columns - 1)
        self.wraps = False  # the last column was written: the next character begins a line
        self.cells = [[" "] * columns for _ in range(lines)]

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def put(self, character):
        if self.wraps:
            self.column = 0
            self.line = min(self.line + 1, self.lines - 1)
        self.cells[self.line][self.column] = character
        self.wraps = self.column == self.columns - 1
        self.column += not self.wraps
        self.last = character

    def erase(self, line, begin, end):
        for i in range(max(begin, 0), min(end, self.columns)):
            self.cells[line][i] = " "

    def feed(self, text):
        text = self.pending + text
        self.pending = ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                match = SEQUENCE.match(text, at)
                if not match:
                    self.pending = text[at:]
                    return
                if match.group(3):
                    self.control(match.group(1), match.group(2), match.group(3))
                at = match.end()
                continue
            self.character(text[at])
            at += 1

    def character(self, c):
        if c >= " ":
            self.put(c)
            return
        self.wraps = False
        if c == "\r":
            self.column = 0
        elif c == "\n":
            self.line = min(self.line + 1, self.lines - 1)
        elif c == "\b":
            self.column = max(self.column - 1, 0)

    def control(self, private, numbers, final):
        values = [int(n) if n else 0 for n in numbers.split(";")]
        n = max(values[0], 1)
        if private or final in "mrhlt":
            return
        if final == "b":
            for _ in range(n):
                self.put(self.last)
            return
        self.wraps = False
        if final in "Hf":
            column = values[1] if len(values) > 1 else 1
            self.line = min(n, self.lines) - 1
            self.column = min(max(column, 1), self.columns) - 1
        elif final == "d":
            self.line = min(n, self.lines) - 1
        elif final == "G":
            self.column = min(n, self.columns) - 1
        elif final == "A":
            self.line = max(self.line - n, 0)
        elif final == "B":
            self.line = min(self.line + n, self.lines - 1)
        elif final == "C":
            self.column = min(self.column + n, self.columns - 1)
        elif final == "D":
            self.column = max(self.column - n, 0)
        elif final == "X":
            self.erase(self.line, self.column, self.column + n)
        elif final == "K":
            if values[0] == 0:
                self.erase(self.line, self.column, self.columns)
            elif values[0] == 1:
                self.erase(self.line, 0, self.column + 1)
            else:
                self.erase(self.line, 0, self.columns)
        elif final == "J":
            first = 0 if values[0] == 2 else self.line + 1
            if values[0] == 0:
                self.erase(self.line, self.column, self.columns)
            for line in range(first, self.lines):
                self.erase(line, 0, self.columns)
        elif final == "P":
            row = self.cells[self.line]
            del row[self.column:self.column + n]
            row.extend([" "] * (self.columns - len(row)))
        elif final == "@":
            row = self.cells[self.line]
            row[self.column:self.column] = [" "] * n
            del row[self.columns:]
        else:
            raise ValueError("sequence ESC [ %s %s" % (numbers, final))


class Program:
    def __init__(self, command, log):
        self.screen = Screen(24, 80)
        self.written = b""
        self.log = open(log, "wb")
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.master, self.slave = pty.openpty()
        self.size(24, 80)
        self.modes = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 256)
            os.execvp(command[0], command)

    def size(self, lines, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return
        data = os.read(self.master, 65536)
        self.written += data
        self.log.write(data)
        self.log.flush()
        self.screen.feed(self.decoder.decode(data))

    def until(self, condition):
        begin, looks = time.monotonic(), 0
        while not condition():
            if looks >= PATIENCE_LOOKS and time.monotonic() - begin > PATIENCE_LOOKS * LOOK_SECONDS:
                return False
            self.read(LOOK_SECONDS)
            looks += 1
        return True

    def ended(self):
        if self.pid > 0:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid == 0:
                return False
            self.pid, self.status = 0, os.waitstatus_to_exitcode(status)
        return True

    def order(self, word, rest):
        if word == "wait":
            return self.seen(lambda: rest in self.screen.text())
        if word == "gone":
            return self.seen(lambda: rest not in self.screen.text())
        if word == "keys":
            os.write(self.master, rest.replace("\\e", "\x1b").encode())
        elif word == "size":
            self.size(*(int(n) for n in rest.split()))
        elif word == "line":
            self.read(0.1)
            return "".join(self.screen.cells[int(rest)]).rstrip()
        elif word == "raw":
            self.read(0.1)
            return "yes" if rest.replace("\\e", "\x1b").encode() in self.written else "no"
        elif word == "signal":
            os.kill(self.pid, int(rest))
        elif word == "end":
            if not self.until(self.ended):
                return "it runs: " + self.screen.text()
            same = termios.tcgetattr(self.slave) == self.modes
            self.read(0)
            return "%d %s" % (self.status, "restored" if same else "changed")
        return "done"

    def seen(self, condition):
        if self.until(condition):
            return "yes"
        return "no: " + self.screen.text().replace("\n", "|")


def main():
    program = Program(sys.argv[2:], sys.argv[1])
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "leave":
            break
        print(program.order(word, rest), flush=True)
    if program.pid > 0:
        os.kill(program.pid, signal.SIGKILL)


main()
