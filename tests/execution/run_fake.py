"""A process that runs blocks without end, to be killed: FOLDER SCRATCH WORKERS SLEEP_S|slow_to_import."""

import signal
import sys
from contextlib import closing
from pathlib import Path

from execution.fake_jobs import FakeJob
from posedreamer.execution.blocks import BlockFolder, blocks_of
from posedreamer.execution.local import run_blocks


def main():
    tmp_path, scratch, workers, sleep_s = sys.argv[1:]
    folder = BlockFolder(Path(tmp_path) / "blocks", "digest")
    if sleep_s == "slow_to_import":
        from execution.slow_to_import import SlowJob

        job = SlowJob(scratch)
    else:
        job = FakeJob(scratch, sleep_s=float(sleep_s))
    with closing(run_blocks(job, blocks_of(4), folder, workers=int(workers))) as summaries:
        for summary in summaries:
            print(summary.block.block_id)


if __name__ == "__main__":
    # a shell that starts tests in the background makes its children ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
