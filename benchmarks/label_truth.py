"""Plants known errors in exactly labelled studio pictures and measures which scores and which policies find them.

    python benchmarks/label_truth.py --n 600 --workers 2 --out out/label_truth
    python benchmarks/label_truth.py --rows out/label_truth/rows.npz        only the measures, from rows made before

A label of the built-in prior is painted as it is ("clean", which a gate should keep) and with errors of fixed size
(``truth_errors.py``), in the styles photo, snapshot and drawn by turns. Every picture is judged against the true label
by the recipe's scorers; the paired control is another studio photo of the true label. "person_missing" is judged on
labels of two people of whom one is painted, against clean pictures of both (pose class "pair").

Detection is told at the bound that drops 5 % of clean pictures of the same pose class; each half of the labels is
measured at the other half's bound, so false rejects are measured, too, not set. A policy's bounds are moved together,
each by its own score's spread over clean pictures, conditions on ``control_`` scores stay; bounds on numbers of the
label alone (visible joints) are left out. A picture in which nobody is found counts as rejected where somebody is found
in the control or there is none. Wild: upright people whose pose is rarer than 75 % of the prior's. Shares come with
Wilson 95 % intervals as [share, low, high, trials]. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from truth_errors import ERRORS, GROSS, SWAPS
from truth_measures import (
    CLEAN,
    LABEL_ONLY,
    Share,
    at_false_rejects,
    goodness,
    hard_survival,
    margins,
    own_point,
    roc,
)
from truth_plots import write_roc, write_sheet
from truth_rows import RECIPE, choose, judged_label

from posedreamer.recipes.components import build_policy
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.job import score_names
from posedreamer.recipes.policies import built_in_policies, load_policy
from posedreamer.scoring.gate import POSE_CLASSES

BARS = {**dict.fromkeys(GROSS, 0.95), **dict.fromkeys(SWAPS, 0.8), "limb_off_0.2": 0.7}
USUAL = ("upright", "wild")
HARDNESS_BAR = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=600, help="labels")
    parser.add_argument("--size", type=int, default=256, help="picture side, px")
    parser.add_argument("--seed", type=int, default=71)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, help="rows, ROC plots and a sheet of planted errors")
    parser.add_argument("--rows", type=Path, help="measure these rows instead of making new ones")
    arguments = parser.parse_args()
    start = time.perf_counter()
    if arguments.rows:
        with np.load(arguments.rows) as stored:
            columns = dict(stored)
    else:
        columns = make_rows(arguments)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(arguments.out / "rows.npz", **columns)
        draw(columns, arguments.out)
    found = measured(columns, arguments.seed)
    found |= {"seconds": round(time.perf_counter() - start, 1), "hardware": cpu_name(), "seed": arguments.seed}
    print_tables(found)
    print(json.dumps(found))


def make_rows(arguments: argparse.Namespace) -> dict[str, np.ndarray]:
    """One row per judged picture; columns of numbers are NaN where a score does not apply."""
    context = (arguments.seed, arguments.size)
    with get_context("spawn").Pool(max(1, arguments.workers)) as pool:
        chosen = choose(pool, arguments.n, context)
        tasks = [(*context, index, pose, place, arguments.out) for place, (index, pose) in enumerate(chosen)]
        rows = [row for few in pool.imap(judged_label, tasks) for row in few]
    if arguments.out:
        write_sheet(arguments.out)
    numbers = ("rarity", *score_names(load_recipe(RECIPE)))
    columns = {name: np.array([row.get(name, np.nan) for row in rows], dtype=np.float64) for name in numbers}
    return columns | {
        name: np.array([row[name] for row in rows]) for name in ("label", "pose", "class", "style", "error")
    }


def measured(columns: dict[str, np.ndarray], seed: int) -> dict[str, Any]:
    """Everything the last line tells."""
    goods = all_goods(columns)
    balanced = goods["policy balanced"]
    errors = [each for each in (*ERRORS, "person_missing") if (columns["error"] == each).any()]
    poses = (*POSE_CLASSES, "pair")
    clean = {pose: int(((columns["pose"] == pose) & (columns["error"] == CLEAN)).sum()) for pose in poses}
    detected = {error: _point(columns, balanced, _poses_of(error), error) for error in errors}
    survival = hard_survival(columns, goods["policy paper"], balanced, GROSS, seed)
    alone = columns["pose"] != "pair"
    of_one = {name: values[alone] for name, values in columns.items()}
    survival_of_one = hard_survival(of_one, goods["policy paper"][alone], balanced[alone], GROSS, seed)
    return {
        "n": len(np.unique(columns["label"])),
        "detected": {error: share.as_list()[0] for error, share in detected.items()},
        "false_rejects": _false(columns, balanced, USUAL).as_list()[0],
        "hard_survival_ratio": round(survival["ratio"], 4),
        "bars": {error: bar for error, bar in BARS.items() if error in errors},
        "hard_survival": {name: round(float(value), 4) for name, value in survival.items()},
        "hard_survival_of_one_person": {name: round(float(value), 4) for name, value in survival_of_one.items()},
        "hard_survival_bar": HARDNESS_BAR,
        "detected_with_interval": {error: share.as_list() for error, share in detected.items()},
        "clean_pictures": clean,
        "by_judge": {
            name: {
                pose: {
                    error: _point(columns, good, (pose,), error).as_list()
                    for error in errors
                    if _has(columns, pose, error)
                }
                for pose in poses
            }
            for name, good in goods.items()
        },
        "false_rejects_by_pose": {
            name: {pose: _false(columns, good, (pose,)).as_list() for pose in poses if clean[pose]}
            for name, good in goods.items()
        },
        "policies_as_shipped": {
            name: {
                pose: {error: own_point(columns, good, (pose,), error).as_list() for error in (CLEAN, *errors)}
                for pose in poses
                if clean[pose]
            }
            for name, good in goods.items()
            if name.startswith("policy")
        },
    }


def all_goods(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every policy and every score as a number per row, high for good."""
    goods = {f"policy {name}": margins(columns, build_policy(load_policy(name))) for name in built_in_policies()}
    skipped = ("rarity", "label", "control_failed", *LABEL_ONLY)
    for name, values in columns.items():
        plain = name.removeprefix("excess_")
        is_number = values.dtype.kind == "f" and not name.startswith("control_")
        if is_number and plain not in skipped and len(np.unique(values[~np.isnan(values)])) > 1:
            goods[name] = goodness(columns, name)
    return goods


def _poses_of(error: str) -> tuple[str, ...]:
    return ("pair",) if error == "person_missing" else USUAL


def _has(columns: Mapping[str, np.ndarray], pose: str, error: str) -> bool:
    return bool(((columns["pose"] == pose) & (columns["error"] == error)).any())


def _point(columns: dict[str, np.ndarray], good: np.ndarray, poses: Sequence[str], error: str) -> Share:
    return at_false_rejects(columns, good, poses, error)[0]


def _false(columns: dict[str, np.ndarray], good: np.ndarray, poses: Sequence[str]) -> Share:
    return at_false_rejects(columns, good, poses, CLEAN)[1]


def draw(columns: dict[str, np.ndarray], out: Path) -> None:
    """ROC plots, one file per pose class: a panel for each error, a line for each policy and the best score."""
    goods = {name: good for name, good in all_goods(columns).items() if name.startswith("policy") or "oks" in name}
    for pose in (*POSE_CLASSES, "pair"):
        panels = {
            error: {name: roc(columns, good, (pose,), (error,)) for name, good in goods.items()}
            for error in (*ERRORS, "person_missing")
            if _has(columns, pose, error)
        }
        if panels:
            write_roc(panels, out / f"roc_{pose}.svg", f"{pose}: planted errors found against clean pictures dropped")


def print_tables(found: Mapping[str, Any]) -> None:
    print(f"{'planted error':18}{'bar':>6}{'balanced':>10}  95 %             paper   best single score (upright, wild)")
    for error, (share, low, high, trials) in found["detected_with_interval"].items():
        bar = f"{found['bars'][error]:.0%}" if error in found["bars"] else "-"
        poses = _poses_of(error)
        rest = {name: _mean(by_pose, poses, error) for name, by_pose in found["by_judge"].items()}
        singles = {name: value for name, value in rest.items() if not name.startswith("policy")}
        best = max(singles, key=lambda name: singles[name])
        print(
            f"{error:18}{bar:>6}{share:>10.1%}  {low:.1%} to {high:.1%} of {trials:<5}"
            f"{rest['policy paper']:>7.1%}   {best} {singles[best]:.1%}"
        )
    for pose, shares in found["policies_as_shipped"]["policy balanced"].items():
        others = {name: by[pose][CLEAN][0] for name, by in found["policies_as_shipped"].items()}
        words = ", ".join(f"{name.removeprefix('policy ')} {value:.1%}" for name, value in others.items())
        print(f"clean pictures dropped, {pose} ({shares[CLEAN][3]}): {words}")
    for what, hard in (("", found["hard_survival"]), (" of one person", found["hard_survival_of_one_person"])):
        print(
            f"hard poses{what} alive at {hard['detected_gross']:.1%} of gross errors found: paper "
            f"{hard['survive_paper']:.1%}, balanced {hard['survive_balanced']:.1%}, ratio {hard['ratio']:.2f} "
            f"({hard['low']:.2f} to {hard['high']:.2f})"
        )


def _mean(by_pose: Mapping[str, Any], poses: Sequence[str], error: str) -> float:
    """Share over several classes, from the shares of each."""
    points = [by_pose[pose][error] for pose in poses if error in by_pose[pose]]
    trials = sum(point[3] for point in points)
    return sum(point[0] * point[3] for point in points if point[3]) / trials if trials else 0.0


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
