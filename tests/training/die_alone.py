"""Makes examples for ever, and says the process ids of its workers: to be killed by a test."""

from __future__ import annotations

import sys

from posedreamer.training.compact.examples import ExampleMaker, ExampleWorkers
from training.still_life import StillLife

if __name__ == "__main__":
    workers = ExampleWorkers(ExampleMaker(sources=(StillLife(),), shares=(1.0,), seed=0), 2, 0)
    first = workers.start(100_000)
    first[0].result()
    sys.stdout.write(" ".join(str(pid) for pid in workers.process_ids()) + "\n")
    sys.stdout.flush()
    list(workers.finish(first))
