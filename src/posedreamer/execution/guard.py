"""The first thing a worker process does: bind its life to its parent's, before anything heavy is imported."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

__all__ = ["die_with", "guarded"]

_PR_SET_PDEATHSIG = 1
_PARENT_CHECK_S = 0.5


def guarded(connection: Connection, parent_pid: int, payload: bytes) -> None:
    """Main function of a worker process. ``payload`` pickles a function and its arguments after ``connection``.

    It is unpickled here, after the process is guarded, because unpickling imports what the job needs, and that takes
    seconds in which a killed parent would leave an orphan. Ctrl-C is the parent's to handle.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent_pid)
    function, arguments = pickle.loads(payload)
    function(connection, *arguments)


def die_with(parent_pid: int) -> None:
    """The kernel kills this process with its parent; a thread watches too, for systems where it does not."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)
    threading.Thread(target=_watch, args=(parent_pid,), daemon=True).start()


def _watch(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(_PARENT_CHECK_S)
    os._exit(1)
