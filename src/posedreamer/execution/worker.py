"""The worker: builds its job once, then turns blocks into files until told to stop."""

from __future__ import annotations

import os
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Protocol, runtime_checkable

import pyarrow as pa

from posedreamer.execution.blocks import Block, BlockFolder, BlockSummary

__all__ = ["BlockJob", "BlockWorker", "Broken", "Ready", "run_block", "serve"]

OUT_OF_MEMORY_EXIT = 77


@runtime_checkable
class BlockWorker(Protocol):
    """Computes blocks in one process."""

    def run(self, block: Block) -> pa.Table:
        """The rows of a block: a function of the block alone, in any process and order."""
        ...


@runtime_checkable
class BlockJob(Protocol):
    """Plain picklable config from which each worker process builds its own worker."""

    def open(self) -> BlockWorker:
        """Builds the worker: loads models, opens sources."""
        ...


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker is built and waits for blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The worker met an exception that is not one item's fault."""

    kind: str
    message: str
    trace: str


def run_block(worker: BlockWorker, folder: BlockFolder, block: Block) -> BlockSummary:
    """Computes a block and writes its file."""
    start = time.perf_counter()
    table = worker.run(block)
    return folder.write(block, table, time.perf_counter() - start)


def serve(connection: Connection, job: BlockJob, folder: BlockFolder) -> None:
    """Sends one ``BlockSummary`` per ``Block`` received, until None comes."""
    try:
        worker = job.open()
        connection.send(Ready())
        while (block := connection.recv()) is not None:
            connection.send(run_block(worker, folder, block))
    except MemoryError:
        os._exit(OUT_OF_MEMORY_EXIT)
    except (EOFError, BrokenPipeError):
        os._exit(1)
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        connection.send(Broken(kind=type(error).__name__, message=str(error), trace=trace))
