"""Files that are whole or absent: written under a temporary name, synced, renamed; leavings of dead writers removed."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from posedreamer.errors import InputError, PoseDreamerError, RunError

__all__ = [
    "atomic_file",
    "is_same_process_alive",
    "make_folder",
    "process_start",
    "remove_stale_temporaries",
    "sync_folder",
    "translated",
    "write_bytes",
]

_SUFFIX = ".tmp"
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_NOT_ALLOWED = {errno.EROFS, errno.EACCES, errno.EPERM}
_NO_FOLDER = {errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ENOENT}


def translated(error: OSError, path: Path) -> PoseDreamerError | OSError:
    """The user's error behind an OSError met while writing ``path``, or the OSError itself when it is another."""
    if error.errno in _NO_SPACE:
        return RunError(
            f"no space left on the disk of {path.parent}; everything written so far is whole: "
            "free some space and run the same command again to continue"
        )
    if error.errno in _NOT_ALLOWED:
        return InputError(f"cannot write to {path.parent}: {error.strerror}; choose a folder you may write to")
    if error.errno in _NO_FOLDER:
        return InputError(f"cannot use {path}: {error.strerror}; choose another output folder")
    return error


def make_folder(path: Path) -> None:
    """The folder exists and files can be made in it. Raises InputError otherwise, RunError when the disk is full."""
    probe = path / f".probe-{os.getpid()}{_SUFFIX}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise translated(error, probe if path.is_dir() else path) from error


@contextmanager
def atomic_file(path: Path) -> Generator[Path, None, None]:
    """Yields a temporary path beside ``path``; on leaving, what was written there is ``path``, synced to disk.

    When the body raises, ``path`` stays as it was and the temporary file is gone. Raises RunError for a full disk and
    InputError for a folder that cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{process_start(os.getpid())}{_SUFFIX}")
    try:
        try:
            yield temporary
            _sync_file(temporary)
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise translated(error, path) from error


def write_bytes(path: Path, data: bytes) -> None:
    """``path`` holds ``data``, whole or not at all. Raises as ``atomic_file`` does."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


def remove_stale_temporaries(folder: Path) -> int:
    """Temporary files of writers that no longer live are gone; the number removed."""
    removed = 0
    for path in folder.glob(f".*{_SUFFIX}"):
        mark = path.name.removesuffix(_SUFFIX).rpartition(".")[2]
        pid, _, start = mark.partition("-")
        if pid.isdigit() and start.isdigit() and not is_same_process_alive(int(pid), int(start)):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def process_start(pid: int) -> int:
    """When a process was started, in clock ticks since boot: with the pid its identity. 0 where unknown or dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] in "ZX" else int(fields[19])


def is_same_process_alive(pid: int, start: int) -> bool:
    """Whether the process that had this pid and start time still runs on this machine."""
    if start:
        return process_start(pid) == start
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sync_folder(folder: Path) -> None:
    """Renames in the folder have reached the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
