# SPDX-License-Identifier: GPL-2.0
"""Every view that the module lists, as a file to open and read: tests that go over these cover later ones, too."""
import errno
import os

from . import view

TOPS = {"proc": view.PROC, "debug": view.DEBUG, "target": view.DEBUG + "/%d"}


class View:
    """A file of the module. `request` is what to write before reading, or None; `silent`: it only takes requests."""

    def __init__(self, row, pid, address):
        self.name, self.place, self.format = (row[k].decode() for k in ("view", "place", "format"))
        top = TOPS[self.place]
        self.path = os.path.join(top % pid if "%" in top else top, self.name)
        self.request, self.silent = None, False
        if self.format == "request":
            self._try(pid, address)

    def __str__(self):
        return self.name

    def _try(self, pid, address):
        """Which of the things that requests are about it takes, and whether it answers."""
        for request in (b"%d 0x%x" % (pid, address), b"%d" % pid):
            fd = os.open(self.path, os.O_RDWR)
            try:
                os.write(fd, request)
                self.request = request
                os.read(fd, 4096)
                return
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self.silent = self.request is not None
            finally:
                os.close(fd)
                view.attach(pid)    # whatever the request was

    def open(self):
        """Opened and, where it wants to be asked, asked."""
        fd = os.open(self.path, os.O_RDONLY if self.request is None else os.O_RDWR)
        try:
            if self.request is not None:
                os.write(fd, self.request)
        except OSError:
            os.close(fd)
            raise
        return fd


def views(pid, address=0, readable=True):
    """The views of an attached process and of the machine; without those that give nothing to read."""
    view.attach(pid)
    found = [View(row, pid, address) for row in view.read_text(view.DEBUG + "/view").dicts()]
    return [v for v in found if not (readable and v.silent)]
