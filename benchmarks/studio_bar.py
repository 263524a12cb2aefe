"""The bar the studio must clear: how often BlazePose finds the label in a studio picture (OKS > 0.8), by posture.

    python benchmarks/studio_bar.py --n 300                    the built-in prior
    python benchmarks/studio_bar.py --n 300 --labels PATH      a motion file, or a folder of them
    python benchmarks/studio_bar.py --sheet worst.png          and a sheet of the pictures that fit worst

Cameras, frame rules and captions are those of the demo recipe (``--set head_in_frame=false`` also takes people whose
head is cut off by the frame, whom the recipe refuses before painting). A label counts when at least eight of its joints
are visible; one that is not found counts as a miss. Shares come with Wilson 95 % intervals.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from posedreamer.captions.grammar import GrammarCaptioner
from posedreamer.generation.protocol import PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.labels.open import open_labels
from posedreamer.labels.prior import PriorSource
from posedreamer.labels.protocol import LabelSource
from posedreamer.recipes.components import build_scene_builder
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.keep_rate import wilson_interval
from posedreamer.records import Condition, Picture, Scene
from posedreamer.scenes.annotate import annotate
from posedreamer.scenes.buffers import rasterize_scene
from posedreamer.scenes.build import Refusal
from posedreamer.scoring.blazepose import BlazePoseScorer
from posedreamer.seeds import derive_seed, generator_for

MIN_JOINTS = 8
PASS_OKS = 0.8


class Row(NamedTuple):
    posture: str
    action: str
    found: bool
    oks: float
    oks_mirrored: float
    milliseconds: float
    pixels: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=300, help="labels that are judged")
    parser.add_argument("--labels", type=Path, help="a motion file or folder; the built-in prior without it")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backgrounds", default="", help="a folder of photos")
    parser.add_argument("--style", default="photo", help="photo, snapshot or drawn")
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], help="key=value on top of the demo recipe"
    )
    parser.add_argument("--sheet", type=Path, help="write the worst pictures here")
    arguments = parser.parse_args()
    source: LabelSource = open_labels(arguments.labels) if arguments.labels else PriorSource()
    rows = judge(source, arguments)
    report(rows, arguments)
    if arguments.sheet:
        write_sheet(rows, arguments.sheet)


def judge(source: LabelSource, arguments: argparse.Namespace) -> list[Row]:
    size = (f"width={arguments.size}", f"height={arguments.size}")
    builder = build_scene_builder(load_recipe("demo", (*size, *arguments.settings)))
    studio, scorer = StudioGenerator(backgrounds=arguments.backgrounds, style=arguments.style), BlazePoseScorer()
    rows: list[Row] = []
    index = -1
    while len(rows) < arguments.n:
        index += 1
        label = source.label(index, arguments.seed)
        scene = builder.build(label, generator_for(arguments.seed, label.label_id, "scene"))
        if isinstance(scene, Refusal):
            continue
        condition = condition_of(scene, arguments.seed)
        if min(int((p.keypoints_2d[:, 2] == 2).sum()) for p in condition.annotation.people) < MIN_JOINTS:
            continue
        job = PaintJob(
            condition=condition, candidate_index=0, seed=derive_seed(arguments.seed, condition.condition_id, "paint")
        )
        picture, milliseconds = timed(studio, job, repeats=1)
        scores = scorer.score([picture], [condition.annotation])[0]
        person = condition.annotation.people[0]
        rows.append(
            Row(
                posture=person.posture,
                action=person.person.action,
                found=scores["found"] == 1,
                oks=scores.get("oks", 0.0),
                oks_mirrored=scores.get("oks_mirrored", 0.0),
                milliseconds=milliseconds,
                pixels=picture.pixels,
            )
        )
    return rows


def timed(studio: StudioGenerator, job: PaintJob, repeats: int) -> tuple[Picture, float]:
    best, pictures = math.inf, []
    for _ in range(repeats):
        start = time.perf_counter()
        pictures = studio.paint([job])
        best = min(best, 1e3 * (time.perf_counter() - start))
    return pictures[0], best


def condition_of(scene: Scene, seed: int) -> Condition:
    buffers = rasterize_scene(scene)
    return Condition(
        condition_id=f"{scene.label.label_id}-0",
        scene=scene,
        buffers=buffers,
        annotation=annotate(scene, buffers),
        caption=GrammarCaptioner().caption(scene, generator_for(seed, scene.label.label_id, "caption")),
    )


def summary(rows: list[Row]) -> dict[str, Any]:
    passed = sum(row.oks > PASS_OKS for row in rows)
    return {
        "n": len(rows),
        "found": round(float(np.mean([row.found for row in rows])), 4),
        "share_over_08": round(passed / len(rows), 4),
        "wilson_95": [round(bound, 4) for bound in wilson_interval(passed, len(rows))],
        "mean_oks": round(float(np.mean([row.oks for row in rows])), 4),
        "mirrored": round(float(np.mean([row.oks_mirrored > row.oks for row in rows])), 4),
    }


def report(rows: list[Row], arguments: argparse.Namespace) -> None:
    groups = {"all": rows}
    groups |= {name: [row for row in rows if row.posture == name] for name in ("upright", "floor", "inverted")}
    print(
        f"{'posture':10s} {'n':>5s} {'found':>7s} {'> 0.8':>7s}  {'Wilson 95 %':>16s} {'mean OKS':>9s} {'mirrored':>9s}"
    )
    found: dict[str, Any] = {}
    for name, group in groups.items():
        if group:
            found[name] = row = summary(group)
            low, high = row["wilson_95"]
            print(
                f"{name:10s} {row['n']:5d} {row['found']:7.1%} {row['share_over_08']:7.1%}  "
                f"{low:7.1%} .. {high:6.1%} {row['mean_oks']:9.3f} {row['mirrored']:9.1%}"
            )
    for action in sorted({row.action for row in rows}):
        row = summary([row for row in rows if row.action == action])
        print(f"  {action[:40]:40s} {row['n']:4d} {row['share_over_08']:7.1%} {row['mean_oks']:6.3f}")
    times = np.array([row.milliseconds for row in rows])
    print(
        json.dumps(
            {
                **found["all"],
                "share_over_08_by_posture": {k: v["share_over_08"] for k, v in found.items() if k != "all"},
                "by_posture": {k: v for k, v in found.items() if k != "all"},
                "ms_per_picture": {"median": round(float(np.median(times)), 1), "best": round(float(times.min()), 1)},
                "size": arguments.size,
                "seed": arguments.seed,
                "settings": arguments.settings,
                "labels": str(arguments.labels.name) if arguments.labels else "prior",
                "revision": StudioGenerator(style=arguments.style).revision,
                "hardware": platform.processor() or platform.machine(),
                "cores": os.cpu_count(),
            }
        )
    )


def write_sheet(rows: list[Row], path: Path, columns: int = 8, count: int = 40) -> None:
    worst = sorted(rows, key=lambda row: row.oks)[:count]
    size = worst[0].pixels.shape[0]
    sheet = Image.new("RGB", (columns * size, -(-len(worst) // columns) * size))
    for k, row in enumerate(worst):
        tile = Image.fromarray(row.pixels)
        ImageDraw.Draw(tile).text((4, 4), f"{row.oks:.2f} m{row.oks_mirrored:.2f} {row.action}", fill=(255, 255, 0))
        sheet.paste(tile, (k % columns * size, k // columns * size))
    sheet.save(path)


if __name__ == "__main__":
    main()
