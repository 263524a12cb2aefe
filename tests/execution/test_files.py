import errno
import io
import os
import subprocess
import sys
import time

import pyarrow as pa
import pytest

from posedreamer.errors import DatasetError, InputError, RunError
from posedreamer.execution.blocks import Block, block_at, blocks_of
from posedreamer.execution.files import (
    atomic_file,
    is_same_process_alive,
    make_folder,
    process_start,
    remove_stale_temporaries,
    write_bytes,
)
from posedreamer.execution.lock import hold_lock
from posedreamer.execution.parquet import read_table, write_table
from posedreamer.execution.progress import Meter, progress


def _half_written(path):
    path.write_bytes(b"ne")
    raise ZeroDivisionError


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    with pytest.raises(ZeroDivisionError), atomic_file(path) as temporary:
        _half_written(temporary)
    assert path.read_bytes() == b"old"
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]


def _raise(number):
    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (errno.ENOSPC, RunError, "no space left.*same command again"),
        (errno.EDQUOT, RunError, "no space left"),
        (errno.EROFS, InputError, "cannot write to"),
        (errno.EACCES, InputError, "may write to"),
    ],
)
def test_a_full_disk_or_a_read_only_folder_is_one_clear_error(tmp_path, monkeypatch, number, kind, message):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    monkeypatch.setattr(os, "fsync", _raise(number))
    with pytest.raises(kind, match=message):
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]


def test_a_table_on_a_really_full_disk_is_one_clear_error(tmp_path):
    """The temporary file leads to the device that is always full."""
    temporary = tmp_path / f".t.parquet.{os.getpid()}-{process_start(os.getpid())}.tmp"
    temporary.symlink_to("/dev/full")
    with pytest.raises(RunError, match="no space left"):
        write_table(tmp_path / "t.parquet", pa.table({"a": list(range(100_000))}), {})
    assert not list(tmp_path.iterdir())


def test_a_folder_below_a_file_is_one_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Not a directory"):
        make_folder(tmp_path / "file" / "out")
    with pytest.raises(InputError, match="choose another"):
        make_folder(tmp_path / "file")


def test_leavings_of_the_dead_go_and_those_of_the_living_stay(tmp_path):
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead = tmp_path / f".a.parquet.{int(child.stdout)}-12345.tmp"
    reused_pid = tmp_path / f".b.parquet.{os.getpid()}-1.tmp"
    living = tmp_path / f".c.parquet.{os.getpid()}-{process_start(os.getpid())}.tmp"
    other = tmp_path / ".notes.tmp"
    for path in (dead, reused_pid, living, other):
        path.touch()
    assert remove_stale_temporaries(tmp_path) == 2
    assert {path.name for path in tmp_path.iterdir()} == {living.name, other.name}


def test_a_process_is_known_by_pid_and_start():
    start = process_start(os.getpid())
    assert start > 0
    assert is_same_process_alive(os.getpid(), start)
    assert not is_same_process_alive(os.getpid(), start + 1)
    assert is_same_process_alive(os.getpid(), 0)


def test_damage_anywhere_in_a_table_is_noticed_when_it_is_read(tmp_path):
    path = tmp_path / "t.parquet"
    write_table(path, pa.table({"a": [os.urandom(500) for _ in range(20)]}), {})
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=r"t\.parquet is missing or damaged"):
        read_table(path)
    with pytest.raises(DatasetError, match="missing"):
        read_table(tmp_path / "no.parquet")


def test_blocks_tile_the_labels():
    blocks = [block for block, _ in zip(blocks_of(5, start=2), range(3), strict=False)]
    assert blocks[0] == Block(index=2, block_id="block-000002", first=10, last=14)
    labels = [label for block in blocks for label in block.label_indices]
    assert labels == list(range(10, 25))
    assert block_at(3, 5) == blocks[1]


HOLDER = """
import sys, time
from pathlib import Path
from posedreamer.execution.lock import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_writer_at_a_time_and_a_killed_one_does_not_block(tmp_path):
    path = tmp_path / ".lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RunError, match=rf"being written by process {holder.pid} "), hold_lock(path):
        pass
    holder.kill()
    holder.communicate()
    for _ in range(2):
        with hold_lock(path):
            assert str(os.getpid()) in path.read_text()


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), _Terminal()])
def test_progress_shows_steps_that_last_and_only_those(monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    with progress("painting", 4, "pictures", quiet_s=30):
        pass
    assert stream.getvalue() == ""
    with progress("painting", 4, "pictures", quiet_s=0.05) as meter:
        time.sleep(0.3)
        meter.advance(3, note="2 kept")
        meter.advance()
    shown = stream.getvalue()
    assert "painting" in shown
    assert "4/4" in shown
    assert "2 kept" in shown


def test_a_line_tells_the_time_left():
    meter = Meter("painting", 10, "pictures")
    assert "left" not in meter.line()
    meter.advance(5)
    assert "5/10 pictures" in meter.line()
    assert "left" in meter.line()
    assert Meter("reading", None, "files").line().startswith("reading: 0 files")
