"""One writer per data set: a lock that the kernel takes back when its holder dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from posedreamer.errors import InputError, RunError
from posedreamer.execution.files import process_start, translated

__all__ = ["hold_lock"]

_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}


@contextmanager
def hold_lock(path: Path) -> Generator[None, None, None]:
    """While the block runs, the lock file is this process's alone; a lock left by a dead process is taken over.

    Raises RunError naming the living holder, InputError where the file system has no locks or cannot be written.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise translated(error, path) from error
    try:
        _take(handle, path)
        yield
    finally:
        os.close(handle)


def _take(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            raise RunError(
                f"{path.parent} is being written by {_holder(path)}; wait until it ends, or stop it, then run again"
            ) from error
        raise InputError(
            f"cannot lock {path} ({error.strerror}): its file system has no locks; choose a folder on another disk"
        ) from error
    mark = {
        "pid": os.getpid(),
        "start": process_start(os.getpid()),
        "host": socket.gethostname(),
        "command": " ".join(sys.argv)[:200],
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(mark).encode(), 0)


def _holder(path: Path) -> str:
    try:
        mark = json.loads(path.read_text())
    except (OSError, ValueError):
        return "another process"
    return f"process {mark['pid']} on {mark['host']} since {mark['since']} ({mark['command']})"
