# SPDX-License-Identifier: GPL-2.0
"""
TAP from one program. A test is a `with case(name):` block: it fails by check(), equal() or any
exception, is left out by skip(), and also fails when it checked nothing. Groups nest names.
"""
import contextlib
import errno
import sys
import time
import traceback

_state = {"number": 0, "ok": 0, "failed": 0, "skipped": 0, "checks": 0}
_groups = []
_counts = {}
SHOWN = 12


class Failure(Exception):
    """A check that did not hold."""


class Skip(Exception):
    """The machine lacks what the test needs; the reason is said."""


def _say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text):
    """A diagnostic line (or lines)."""
    for line in str(text).splitlines() or [""]:
        _say("# " + line)


def count(what, n=1):
    """Adds to a figure that the end reports as `# what: N`."""
    _counts[what] = _counts.get(what, 0) + n


def skip(reason):
    raise Skip(reason)


def check(truth, why):
    _state["checks"] += 1
    if not truth:
        raise Failure(why)


def equal(got, want, what):
    _state["checks"] += 1
    if got != want:
        raise Failure("%s: is %s, should be %s" % (what, _show(got), _show(want)))


def same_rows(got, want, what):
    """Two lists, equal item by item; says the first that differ."""
    _state["checks"] += 1
    if got == want:
        return
    bad = []
    for i in range(max(len(got), len(want))):
        g = got[i] if i < len(got) else None
        w = want[i] if i < len(want) else None
        if g != w:
            bad.append("[%d] is %s, should be %s" % (i, _show(g), _show(w)))
    raise Failure("\n".join(["%s: %d of %d differ (%d given)" % (what, len(bad), len(want), len(got))]
                            + bad[:SHOWN]))


def none_of(complaints, what):
    """Fails with the first of the complaints, if there are any."""
    _state["checks"] += 1
    if complaints:
        raise Failure("\n".join(["%s: %d complaints" % (what, len(complaints))] + complaints[:SHOWN]))


def fails(number, what, function, *args):
    """The call must fail with exactly this errno."""
    _state["checks"] += 1
    want = errno.errorcode[number]
    try:
        result = function(*args)
    except OSError as error:
        if error.errno != number:
            raise Failure("%s: %s, should be %s" % (what, errno.errorcode.get(error.errno), want))
        return
    raise Failure("%s: worked (%s), should be %s" % (what, _show(result), want))


def _show(value):
    if isinstance(value, int) and not isinstance(value, bool) and value > 4095:
        return "%d (%#x)" % (value, value)
    text = repr(value)
    return text if len(text) < 400 else text[:400] + "..."


@contextlib.contextmanager
def group(name):
    _groups.append(name)
    try:
        yield
    finally:
        _groups.pop()


@contextlib.contextmanager
def case(name):
    full = ": ".join(_groups + [name])
    _state["number"] += 1
    n, checks, start = _state["number"], _state["checks"], time.monotonic()
    try:
        yield
        if _state["checks"] == checks:
            raise Failure("the test checked nothing")
    except Skip as reason:
        _state["skipped"] += 1
        _say("ok %d - %s # SKIP %s" % (n, full, reason))
    except Failure as why:
        _fail(n, full, str(why))
    except Exception:  # a test program must go on with its next case
        _fail(n, full, traceback.format_exc())
    else:
        _state["ok"] += 1
        took = time.monotonic() - start
        _say("ok %d - %s%s" % (n, full, " # %.1f s" % took if took >= 2 else ""))


def _fail(n, full, why):
    _state["failed"] += 1
    _say("not ok %d - %s" % (n, full))
    note(why)


def done():
    """The end of a program: plan, figures, closing line; the exit status."""
    _say("1..%d" % _state["number"])
    for what in sorted(_counts):
        note("%s: %d" % (what, _counts[what]))
    _say("%d passed, %d failed, %d skipped" % (_state["ok"], _state["failed"], _state["skipped"]))
    return 1 if _state["failed"] or not _state["number"] else 0
