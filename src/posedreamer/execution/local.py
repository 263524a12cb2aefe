"""The local executor: blocks on 0 to n worker processes of this machine, summaries in block order.

    folder = BlockFolder(out / "blocks", recipe_digest)
    with hold_lock(out / ".lock"):
        folder.prepare()
        with closing(run_blocks(job, blocks_of(size=16), folder, workers=4)) as summaries:
            for summary in summaries:          # in block order; finished blocks come back without work
                kept += summary.counts["kept"]
                if kept >= wanted:
                    break                      # blocks in hand are given up, whole ones stay for later

``job`` is a ``BlockJob``: plain config that pickles, whose ``open()`` builds the worker in the process that uses it. A
script that calls this needs ``if __name__ == "__main__":``, as every worker imports the script anew.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import posedreamer.errors
from posedreamer.errors import PoseDreamerError, RunError
from posedreamer.execution.blocks import Block, BlockFolder, BlockSummary
from posedreamer.execution.guard import guarded
from posedreamer.execution.worker import OUT_OF_MEMORY_EXIT, BlockJob, Broken, Ready, run_block, serve

__all__ = ["run_blocks"]

_RETRIES = 2
_STOP_S = 5.0
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def run_blocks(
    job: BlockJob,
    blocks: Iterable[Block],
    folder: BlockFolder,
    *,
    workers: int,
    look_ahead: int | None = None,
    threads: int = 1,
) -> Generator[BlockSummary, None, None]:
    """Computes the blocks that have no whole file yet; yields every block's summary in the order of ``blocks``.

    Args:
        job: built once in each worker process.
        blocks: may be endless.
        folder: where block files are and go.
        workers: processes; 0 works in this process.
        look_ahead: how many blocks at most are taken beyond the one yielded last; 2 per worker unless given.
        threads: numeric threads of each worker process. It stays the same whatever ``workers`` is, because sums in
            another number of threads differ in their last bits.

    Raises RunError when a block's worker died ``1 + 2`` times, naming the block, or when workers die while starting;
    errors of this package raised in a worker are raised here. Files of finished blocks stay in every case. Closing
    the generator, or Ctrl-C, stops the workers at once.
    """
    if workers == 0:
        yield from _run_here(job, blocks, folder)
        return
    pool = _Pool(job, folder, workers, threads)
    try:
        yield from _run_pool(pool, iter(blocks), look_ahead or 2 * workers)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("stopped; finished blocks are kept: run the same command again to continue") from None
    finally:
        pool.stop()


def _run_here(job: BlockJob, blocks: Iterable[Block], folder: BlockFolder) -> Iterator[BlockSummary]:
    worker = None
    for block in blocks:
        summary = folder.find(block)
        if summary is None:
            worker = worker or job.open()
            summary = run_block(worker, folder, block)
        yield summary


def _run_pool(pool: _Pool, blocks: Iterator[Block], look_ahead: int) -> Iterator[BlockSummary]:
    order: deque[Block] = deque()
    finished: dict[str, BlockSummary] = {}
    while True:
        while len(order) < look_ahead and (block := next(blocks, None)) is not None:
            order.append(block)
            summary = pool.folder.find(block)
            if summary is None:
                pool.queue.append(block)
            else:
                finished[block.block_id] = summary
        if not order:
            return
        if order[0].block_id in finished:
            yield finished.pop(order.popleft().block_id)
            continue
        for summary in pool.step():
            finished[summary.block.block_id] = summary


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    block: Block | None = None
    is_ready: bool = False


class _Pool:
    """Worker processes and the blocks that wait for one."""

    def __init__(self, job: BlockJob, folder: BlockFolder, size: int, threads: int) -> None:
        self.folder = folder
        self.queue: deque[Block] = deque()
        self._payload = pickle.dumps((serve, (job, folder)))
        self._size = size
        self._threads = threads
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._deaths: Counter[str] = Counter()
        self._starting_deaths = 0

    def step(self) -> list[BlockSummary]:
        """Hands out blocks, waits until something happens, returns the blocks that finished."""
        self._hand_out()
        wait([each.connection for each in self._workers] + [each.process.sentinel for each in self._workers])
        summaries = [summary for worker in list(self._workers) for summary in self._listen(worker)]
        for worker in [each for each in self._workers if not each.process.is_alive()]:
            summaries += self._listen(worker)
            summaries += self._bury(worker)
        return summaries

    def stop(self) -> None:
        """No worker lives, no half-written file is left."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_STOP_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()
            worker.process.close()
        if self._workers:
            self.folder.remove_leavings()
        self._workers = []

    def _hand_out(self) -> None:
        idle = [worker for worker in self._workers if worker.is_ready and worker.block is None]
        for worker in idle:
            if self.queue:
                worker.block = self.queue.popleft()
                try:
                    worker.connection.send(worker.block)
                except BrokenPipeError:
                    continue
        starting = sum(not worker.is_ready for worker in self._workers)
        while len(self._workers) < self._size and starting < len(self.queue):
            self._workers.append(self._start())
            starting += 1

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=guarded, args=(theirs, os.getpid(), self._payload), daemon=True)
        with _thread_environment(self._threads), _without_interrupts():
            process.start()
        theirs.close()
        return _Worker(process=process, connection=ours)

    def _listen(self, worker: _Worker) -> Iterator[BlockSummary]:
        try:
            while worker.connection.poll():
                message: Ready | Broken | BlockSummary = worker.connection.recv()
                match message:
                    case Ready():
                        worker.is_ready = True
                        self._starting_deaths = 0
                    case Broken():
                        raise _error_of(message, worker.block)
                    case BlockSummary():
                        worker.block = None
                        yield message
        except (EOFError, ConnectionResetError):
            worker.process.join(_STOP_S)

    def _bury(self, worker: _Worker) -> Iterator[BlockSummary]:
        self._workers.remove(worker)
        worker.process.join()
        cause = _cause_of(worker.process.exitcode)
        worker.connection.close()
        worker.process.close()
        block = worker.block
        if block is None:
            self._count_starting_death(worker, cause)
            return
        summary = self.folder.find(block)
        if summary is not None:
            yield summary
            return
        self._deaths[block.block_id] += 1
        if self._deaths[block.block_id] > _RETRIES:
            raise RunError(
                f"the worker of {block.block_id} (labels {block.first} to {block.last}) died {_RETRIES + 1} times, "
                f"last {cause}; nothing written is lost: use fewer workers or smaller blocks, or look at these labels"
            )
        self.queue.appendleft(block)

    def _count_starting_death(self, worker: _Worker, cause: str) -> None:
        if worker.is_ready:
            return
        self._starting_deaths += 1
        if self._starting_deaths > _RETRIES:
            raise RunError(
                f"{self._starting_deaths} workers died while starting, last {cause}; a script that starts workers "
                'needs `if __name__ == "__main__":` around its calls; use fewer workers if memory is short'
            )


def _cause_of(exit_code: int | None) -> str:
    if exit_code == OUT_OF_MEMORY_EXIT:
        return "for lack of memory"
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"killed by {name}" + (" (often the system's answer to lack of memory)" if name == "SIGKILL" else "")
    return f"with exit code {exit_code}"


def _error_of(broken: Broken, block: Block | None) -> PoseDreamerError:
    kind = getattr(posedreamer.errors, broken.kind, None)
    if isinstance(kind, type) and issubclass(kind, PoseDreamerError):
        return kind(broken.message)
    where = f"on {block.block_id}" if block else "while it was built"
    return RunError(
        f"a worker failed {where} with {broken.kind}: {broken.message}; nothing written is lost.\n{broken.trace}"
    )


@contextmanager
def _thread_environment(threads: int) -> Generator[None, None, None]:
    """A process started now uses this many numeric threads: libraries read it once, when they are imported."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_interrupts() -> Generator[None, None, None]:
    """A process started now does not see Ctrl-C: its parent stops it."""
    resource_tracker.ensure_running()  # starting it later would unblock the signal again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
