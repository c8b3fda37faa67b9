"""Waiting for child processes: subprocess.Popen and os.waitpid."""

import os
import subprocess

from gevent._descriptor import READ, wait
from gevent._fiber import Deadline, in_fiber
from gevent._patch import replace

_waitpid = os.waitpid
_wait = subprocess.Popen._wait
_communicate = subprocess.Popen.communicate

#: Longer than any process is waited for.
_FOR_EVER = 365 * 24 * 3600


def _wait_for_end(pid, timeout):
    """Waits until a child has ended. Returns whether it was in time; None where one cannot wait so."""
    try:
        child = os.pidfd_open(pid)
    except OSError:
        return None  # An old kernel, a filter of system calls, or no such child.
    try:
        return wait(child, READ, Deadline(timeout))
    finally:
        os.close(child)


def waitpid(pid, options, /):
    if in_fiber() and pid > 0 and not options & os.WNOHANG:
        _wait_for_end(pid, None)
    return _waitpid(pid, options)


def _popen_wait(self, timeout):
    if not in_fiber() or self.returncode is not None:
        return _wait(self, timeout)
    ended = _wait_for_end(self.pid, timeout)
    if ended is None:
        # With a time it looks again and again, and sleeps in between.
        return _wait(self, _FOR_EVER if timeout is None else timeout)
    if not ended:
        raise subprocess.TimeoutExpired(self.args, timeout)
    return _wait(self, None)


def communicate(self, input=None, timeout=None):
    """Sends the input and reads the output. With a time it waits for the pipes, without it just reads."""
    if timeout is None and in_fiber():
        timeout = _FOR_EVER
    return _communicate(self, input, timeout)


def apply():
    replace(os, "waitpid", waitpid)
    replace(subprocess.Popen, "_wait", _popen_wait)
    replace(subprocess.Popen, "communicate", communicate)
