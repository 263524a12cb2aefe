"""A small real run: fake records through real workers and the reduction; as a script, a process to kill."""

import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dataset.dataset_records import SCORES, decide, make_judged, make_label
from posedreamer.dataset.decisions import Gate
from posedreamer.dataset.manifest import hold_dataset
from posedreamer.dataset.reduce import DEFAULT_SPLITS, Reduction, reduce_dataset
from posedreamer.dataset.rows import RowFormat, block_row, block_table
from posedreamer.execution.blocks import blocks_of
from posedreamer.execution.local import run_blocks
from posedreamer.records import Dropped, Failed

BLOCK_SIZE = 8
RECIPE = {"seed": 1, "gate": {"oks": 0.4}, "labels": [{"name": "prior", "weight": 1.0}]}
REDUCTION = Reduction(
    recipe=RECIPE,
    score_names=SCORES,
    gate=Gate(decide=decide),
    splits=DEFAULT_SPLITS,
    block_size=BLOCK_SIZE,
    versions={"fake": "1"},
    licences={"labels": "CC0-1.0"},
)


@dataclass(frozen=True)
class RecordsJob:
    sleep_s: float = 0.0

    def open(self):
        return self

    def run(self, block):
        row_format = RowFormat(score_names=SCORES, body_versions={"fake": "v1"})
        time.sleep(self.sleep_s)
        rows = []
        for index in block.label_indices:
            label = make_label(index)
            match index % 5:
                case 3:
                    outcome = Dropped(item_id=label.label_id, stage="scene", reason="too_near")
                    rows.append(block_row(label, outcome, row_format))
                case 4:
                    outcome = Failed(item_id=label.label_id, stage="paint", error="ValueError: no colour")
                    rows.append(block_row(label, outcome, row_format))
                case _:
                    rows += [block_row(make_judged(index, k), None, row_format) for k in range(2)]
        return block_table(rows, SCORES, decide)


def generate(path, num, workers=0, sleep_s=0.0):
    with hold_dataset(path, RECIPE) as folder:
        kept = 0
        with closing(run_blocks(RecordsJob(sleep_s), blocks_of(BLOCK_SIZE), folder, workers=workers)) as summaries:
            for summary in summaries:
                kept += summary.counts["kept"]
                if kept >= num:
                    break
        return reduce_dataset(path, REDUCTION, num)


if __name__ == "__main__":
    path, num, workers, sleep_s = sys.argv[1:]
    generate(Path(path), int(num), int(workers), float(sleep_s))
