"""Times the scorers of the recipe ``paired`` per picture, and the paired control per label, on one core.

    python benchmarks/scorers.py --n 96

Pictures are the studio's of labels of the built-in prior, each judged once: a second look would only find BlazePose's
answers in memory. The first scorers pay for the looks that later ones share, so that the sum is what counts. A control
is one more picture painted, and judged by the scorers that a control has numbers of; a run shares it among all
candidates of a condition. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time

import cv2
import numpy as np
import torch

from posedreamer.generation.protocol import PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.recipes.components import build_scorers
from posedreamer.recipes.conditions import RecipeConditions
from posedreamer.recipes.control import paired_scorers
from posedreamer.recipes.files import load_recipe
from posedreamer.records import Condition
from posedreamer.seeds import derive_seed

RECIPE = "paired"
WARM_UP = 8
SCORERS = build_scorers(load_recipe(RECIPE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=96, help="pictures")
    parser.add_argument("--size", type=int, default=256, help="picture side, px")
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    conditions = conditions_of(arguments.n + WARM_UP, arguments.size, arguments.seed)
    times: dict[str, list[float]] = {}
    for place, condition in enumerate(conditions):
        for name, seconds in timed(condition, arguments.seed).items():
            if place >= WARM_UP:
                times.setdefault(name, []).append(seconds)
    medians = {name: round(1e3 * float(np.median(values)), 2) for name, values in times.items()}
    judged = np.sum([values for name, values in times.items() if name != "paint"], axis=0)
    paired = [scorer.name for scorer in paired_scorers(SCORERS)]
    control = np.sum([times[name] for name in ("paint", *paired)], axis=0)
    found = {
        "n": arguments.n,
        "size": arguments.size,
        "median_ms": medians,
        "scorers_ms": [round(1e3 * float(np.quantile(judged, q)), 1) for q in (0.5, 0.95)],
        "control_ms": [round(1e3 * float(np.quantile(control, q)), 1) for q in (0.5, 0.95)],
        "hardware": platform.processor() or platform.machine(),
    }
    for name, value in medians.items():
        print(f"{name:16}{value:8.1f} ms")
    print(f"{'all scorers':16}{found['scorers_ms'][0]:8.1f} ms, 95 % of pictures below {found['scorers_ms'][1]:.1f} ms")
    print(f"{'a control':16}{found['control_ms'][0]:8.1f} ms, 95 % of labels below {found['control_ms'][1]:.1f} ms")
    print(json.dumps(found))


def conditions_of(count: int, size: int, seed: int) -> list[Condition]:
    """Conditions of the recipe, in index order."""
    source = RecipeConditions(recipe=RECIPE, settings=(f"width={size}", f"height={size}"), seed=seed)
    found: list[Condition] = []
    index = 0
    while len(found) < count:
        condition = source(index)
        index += 1
        if condition is not None:
            found.append(condition)
    return found


def timed(condition: Condition, seed: int) -> dict[str, float]:
    """Seconds of painting one picture and of every scorer on it."""
    start = time.perf_counter()
    job = PaintJob(condition=condition, candidate_index=0, seed=derive_seed(seed, condition.condition_id, "paint"))
    pictures = StudioGenerator().paint([job])
    found = {"paint": time.perf_counter() - start}
    for scorer in SCORERS:
        start = time.perf_counter()
        scorer.score(pictures, [condition.annotation])
        found[scorer.name] = time.perf_counter() - start
    return found


if __name__ == "__main__":
    main()
