# SPDX-License-Identifier: GPL-2.0
"""What the readers and those who disturb them share: a page of memory that all forks see."""
import mmap
import struct
import time

SLOTS = 64


class Board:
    """Switches, and for each reader when it began what it is at."""

    SWITCHES = ("stop", "faults", "module")     # bytes at the page's start

    def __init__(self):
        self.page = mmap.mmap(-1, mmap.PAGESIZE)

    def switch(self, name, on=True):
        self.page[self.SWITCHES.index(name)] = int(on)

    def on(self, name):
        return self.page[self.SWITCHES.index(name)] != 0

    def at(self, slot, view):
        """Reader number slot begins with view number view (or with none)."""
        struct.pack_into("=dq", self.page, 64 + 16 * slot, time.monotonic(), -1 if view is None else view)

    def since(self, slot):
        """(seconds, view number or -1)"""
        begun, view = struct.unpack_from("=dq", self.page, 64 + 16 * slot)
        return time.monotonic() - begun, view
