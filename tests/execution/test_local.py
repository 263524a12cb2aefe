import itertools
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from execution.fake_jobs import FakeJob, pids_of
from posedreamer.errors import MissingWeightsError, RunError
from posedreamer.execution.blocks import BlockFolder, block_at, blocks_of
from posedreamer.execution.files import process_start
from posedreamer.execution.local import run_blocks
from posedreamer.execution.parquet import read_table

TESTS = Path(__file__).parents[1]


@pytest.fixture
def scratch(tmp_path):
    path = tmp_path / "scratch"
    path.mkdir()
    return path


@pytest.fixture
def folder(tmp_path):
    folder = BlockFolder(tmp_path / "blocks", "digest")
    folder.prepare()
    return folder


def run(job, folder, n, workers, **options):
    with closing(run_blocks(job, itertools.islice(blocks_of(4), n), folder, workers=workers, **options)) as found:
        return list(found)


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def living(scratch):
    return [pid for pid in pids_of(scratch) if process_start(pid) and pid != os.getpid()]


def test_any_number_of_workers_gives_the_same_files_in_order(tmp_path, scratch):
    written = []
    for workers in (0, 1, 3):
        folder = BlockFolder(tmp_path / f"blocks{workers}", "digest")
        folder.prepare()
        summaries = run(FakeJob(str(scratch)), folder, 7, workers)
        assert [summary.block.index for summary in summaries] == list(range(7))
        assert all(summary.rows == 4 and not summary.is_reused for summary in summaries)
        written.append([folder.path_of(block_at(index, 4)).read_bytes() for index in range(7)])
    assert written[0] == written[1] == written[2]
    assert not living(scratch)


def test_whole_blocks_are_not_computed_again_and_damaged_ones_are(folder, scratch):
    first = run(FakeJob(str(scratch)), folder, 4, 0)
    path = folder.path_of(block_at(2, 4))
    path.write_bytes(path.read_bytes()[:-10])
    again = run(FakeJob(str(scratch)), folder, 5, 0)
    assert [summary.is_reused for summary in again] == [True, True, False, True, False]
    assert [summary.counts for summary in again[:4]] == [summary.counts for summary in first]
    assert read_table(path).column("label").to_pylist() == [8, 9, 10, 11]


def test_finished_blocks_need_no_worker(folder, scratch):
    run(FakeJob(str(scratch)), folder, 3, 0)
    before = len(pids_of(scratch))
    assert all(summary.is_reused for summary in run(FakeJob(str(scratch), fault="dies_at_start"), folder, 3, 2))
    assert len(pids_of(scratch)) == before


def test_another_recipe_or_range_does_not_count_as_done(tmp_path, folder, scratch):
    run(FakeJob(str(scratch)), folder, 1, 0)
    assert folder.find(block_at(0, 4)) is not None
    assert folder.find(block_at(0, 5)) is None
    assert BlockFolder(tmp_path / "blocks", "other").find(block_at(0, 4)) is None


def test_the_caller_may_stop_an_endless_stream_early(folder, scratch, tmp_path):
    kept = 0
    with closing(run_blocks(FakeJob(str(scratch)), blocks_of(4), folder, workers=2, look_ahead=3)) as summaries:
        for summary in summaries:
            kept += summary.counts["kept"]
            if kept >= 10:
                break
    assert summary.block.index == 3
    assert len(list((tmp_path / "blocks").glob("*.parquet"))) <= 4 + 3
    assert not living(scratch)
    assert not list((tmp_path / "blocks").glob(".*.tmp"))


@pytest.mark.parametrize("fault", ["killed", "no_memory"])
def test_a_block_survives_two_deaths_of_its_worker(folder, scratch, fault):
    summaries = run(FakeJob(str(scratch), fault=fault, at=1, times=2), folder, 3, 1)
    assert [summary.block.index for summary in summaries] == [0, 1, 2]
    assert len(pids_of(scratch)) == 3


@pytest.mark.parametrize(("fault", "cause"), [("killed", "SIGKILL"), ("no_memory", "lack of memory")])
def test_the_third_death_names_the_block_and_loses_nothing(folder, scratch, tmp_path, fault, cause):
    with pytest.raises(RunError, match=rf"block-000002 \(labels 8 to 11\) died 3 times.*{cause}"):
        run(FakeJob(str(scratch), fault=fault, at=2), folder, 4, 1)
    assert {path.name for path in (tmp_path / "blocks").iterdir()} >= {"block-000000.parquet", "block-000001.parquet"}
    assert not living(scratch)


def test_errors_of_the_package_come_through_and_bugs_bring_their_trace(folder, scratch):
    with pytest.raises(MissingWeightsError, match="run doctor"):
        run(FakeJob(str(scratch), fault="no_weights"), folder, 2, 1)
    with pytest.raises(RunError, match=r"(?s)block-000001.*ZeroDivisionError: a bug.*_misbehave"):
        run(FakeJob(str(scratch), fault="bug", at=1), folder, 2, 1)


def test_workers_that_die_at_the_start_are_given_up(folder, scratch):
    with pytest.raises(RunError, match=r"3 workers died while starting, last with exit code 3.*__main__"):
        run(FakeJob(str(scratch), fault="dies_at_start"), folder, 2, 1)


def _start_run(tmp_path, scratch, workers, sleep_s=0.3):
    command = [
        sys.executable,
        "-u",
        "-m",
        "execution.run_fake",
        str(tmp_path),
        str(scratch),
        str(workers),
        str(sleep_s),
    ]
    return subprocess.Popen(
        command, cwd=TESTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def _all_in_session(session):
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(path.name)) == session and process_start(int(path.name)):
                found.append(int(path.name))
        except ProcessLookupError:
            continue
    return found


@pytest.mark.slow
def test_no_worker_outlives_a_killed_parent_and_its_blocks_do(tmp_path, folder, scratch):
    parent = _start_run(tmp_path, scratch, workers=3)
    wait_until(lambda: (tmp_path / "blocks" / "block-000002.parquet").exists(), 60)
    assert len(living(scratch)) == 3
    before = {path.name: path.read_bytes() for path in (tmp_path / "blocks").glob("*.parquet")}
    parent.kill()
    parent.communicate()
    wait_until(lambda: not living(scratch) and not _all_in_session(parent.pid), 5)
    for name, data in before.items():
        assert (tmp_path / "blocks" / name).read_bytes() == data


@pytest.mark.slow
def test_a_worker_that_still_imports_dies_with_its_parent(tmp_path, folder, scratch):
    command = [sys.executable, "-m", "execution.run_fake", str(tmp_path), str(scratch), "2", "slow_to_import"]
    environment = os.environ | {"SLOW_SCRATCH": str(scratch)}
    parent = subprocess.Popen(command, cwd=TESTS, stderr=subprocess.PIPE, env=environment, start_new_session=True)
    wait_until(lambda: len(living(scratch)) == 2, 60)
    parent.kill()
    parent.communicate()
    wait_until(lambda: not living(scratch) and not _all_in_session(parent.pid), 5)


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(tmp_path, folder, scratch):
    parent = _start_run(tmp_path, scratch, workers=2)
    wait_until(lambda: (tmp_path / "blocks" / "block-000000.parquet").exists(), 60)
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=20)
    assert "run the same command again to continue" in errors
    assert errors.count("Traceback") == 1
    wait_until(lambda: not _all_in_session(parent.pid), 5)
    assert not list((tmp_path / "blocks").glob(".*.tmp"))
