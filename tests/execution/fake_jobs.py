"""Cheap jobs for worker processes: small tables that are a function of the block, and ways to misbehave."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from posedreamer.errors import MissingWeightsError
from posedreamer.execution.blocks import with_counts


@dataclass(frozen=True)
class FakeJob:
    """Rows that depend on the label index; ``fault`` says what goes wrong on block ``at``, ``times`` times."""

    scratch: str
    sleep_s: float = 0.0
    fault: str = ""
    at: int = -1
    times: int = 10**9

    def open(self):
        (Path(self.scratch) / f"worker-{os.getpid()}").touch()
        if self.fault == "no_weights":
            raise MissingWeightsError("the judge's weights are missing: run doctor")
        if self.fault == "dies_at_start":
            os._exit(3)
        return FakeWorker(self)


@dataclass(frozen=True)
class FakeWorker:
    job: FakeJob

    def run(self, block):
        if block.index == self.job.at and self._is_due():
            self._misbehave()
        time.sleep(self.job.sleep_s)
        labels = list(block.label_indices)
        table = pa.table({"label": labels, "value": [float(np.sin(label)) for label in labels]})
        return with_counts(table, {"kept": sum(label % 3 > 0 for label in labels)})

    def _is_due(self):
        mark = Path(self.job.scratch) / f"fault-{time.time_ns()}"
        due = len(list(mark.parent.glob("fault-*"))) < self.job.times
        mark.touch()
        return due

    def _misbehave(self):
        match self.job.fault:
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "no_memory":
                raise MemoryError
            case "bug":
                raise ZeroDivisionError("a bug")


def pids_of(scratch):
    return [int(path.name.removeprefix("worker-")) for path in Path(scratch).glob("worker-*")]
