"""A job whose module takes long to import, as those of real models do."""

import os
import time
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path


@dataclass(frozen=True)
class SlowJob:
    scratch: str

    def open(self):
        raise NotImplementedError


if parent_process() is not None:
    Path(os.environ["SLOW_SCRATCH"], f"worker-{os.getpid()}").touch()
    time.sleep(30)
