"""Keep rates of the shipped policies on a generated data set, by pose class, and pictures on which two policies differ.

    posedreamer generate paired --out out/paired --num 300
    python benchmarks/keep_rates.py out/paired --out out/keep_rates

Every painted candidate of the ledger is decided anew by each policy. Shares come with Wilson 95 % intervals as [share,
low, high, candidates]. ``--out`` gets two sheets: what the first policy drops and the second keeps, and the other way
round; a tile is the picture, the label's mesh, and the reason. Who is right is for the reader's eye. The last line is
one JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from bar_pictures import mesh_picture
from PIL import Image, ImageDraw

from posedreamer.dataset.schema import FAILED, KEPT, SURPLUS
from posedreamer.recipes.keep_rate import wilson_interval
from posedreamer.recipes.origin import Origin, condition_of, open_origin
from posedreamer.recipes.policies import built_in_policies
from posedreamer.recipes.regate import regate
from posedreamer.scoring.gate import POSE_CLASSES

WILD_FROM = 0.75
COLUMNS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "dataset", type=Path, help="a finished data set that was scored with everything (recipe paired)"
    )
    parser.add_argument("--out", type=Path, help="sheets of pictures on which two policies differ")
    parser.add_argument("--between", nargs=2, default=("paper", "balanced"), metavar="POLICY")
    parser.add_argument("--most", type=int, default=16, help="pictures of a sheet at most")
    arguments = parser.parse_args()
    decided = {name: painted(arguments.dataset, name) for name in built_in_policies()}
    print(f"{'policy':10}" + "".join(f"{pose:>24}" for pose in ("all", *POSE_CLASSES)))
    rates = {name: rates_of(rows) for name, rows in decided.items()}
    for name, by_pose in rates.items():
        cells = [f"{share:.1%} ({low:.0%}-{high:.0%}) of {n}" for share, low, high, n in by_pose.values()]
        print(f"{name:10}" + "".join(f"{cell:>24}" for cell in cells))
    reasons = {name: Counter(row["reason"] for row in rows if not row["kept"]) for name, rows in decided.items()}
    one, other = (decided[name] for name in arguments.between)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        origin = open_origin(arguments.dataset)
        for first, second in ((one, other), (other, one)):
            names = arguments.between if first is one else arguments.between[::-1]
            write_sheet(origin, first, second, arguments.out / f"{names[0]}_drops_{names[1]}_keeps.png", arguments.most)
    print(
        json.dumps(
            {
                "n": len(one),
                "keep_rates": {name: {pose: list(rate) for pose, rate in each.items()} for name, each in rates.items()},
                "reasons": {name: dict(each.most_common()) for name, each in reasons.items()},
                "only_first_keeps": sum(a["kept"] and not b["kept"] for a, b in zip(one, other, strict=True)),
                "only_second_keeps": sum(b["kept"] and not a["kept"] for a, b in zip(one, other, strict=True)),
            }
        )
    )


def painted(path: Path, policy: str) -> list[dict[str, Any]]:
    """Every candidate that reached the gate: id, pose class, whether it is kept and why not."""
    columns = ["id", "posture", "decision", "reason", "content_hash", "scores"]
    rows = regate(path, policy, dry_run=True).regated.after.select(columns).to_pylist()
    return [
        {
            "id": row["id"],
            "pose": pose_of(row["posture"], row["scores"]),
            "kept": row["decision"] in (KEPT, SURPLUS),
            "reason": row["reason"],
        }
        for row in rows
        if row["content_hash"] is not None and row["decision"] != FAILED
    ]


def pose_of(posture: str, scores: dict[str, float | None]) -> str:
    return "wild" if posture == "upright" and (scores["hardness"] or 0.0) >= WILD_FROM else posture


def rates_of(rows: list[dict[str, Any]]) -> dict[str, tuple[float, float, float, int]]:
    rates: dict[str, tuple[float, float, float, int]] = {}
    for pose in ("all", *POSE_CLASSES):
        kept = [row["kept"] for row in rows if pose in ("all", row["pose"])]
        low, high = wilson_interval(sum(kept), len(kept))
        rates[pose] = (round(sum(kept) / max(1, len(kept)), 4), round(low, 4), round(high, 4), len(kept))
    return rates


def write_sheet(
    origin: Origin, drops: list[dict[str, Any]], keeps: list[dict[str, Any]], path: Path, most: int
) -> None:
    """Pictures that the first drops and the second keeps, spread over the run."""
    differ = [row for row, other in zip(drops, keeps, strict=True) if other["kept"] and not row["kept"]]
    if not differ:
        print(f"no picture for {path.name}")
        return
    picked = [differ[place] for place in np.unique(np.linspace(0, len(differ) - 1, most).astype(int))]
    tiles = [tile(origin, row) for row in picked]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    lines = [np.concatenate(tiles[at : at + COLUMNS], axis=1) for at in range(0, len(tiles), COLUMNS)]
    Image.fromarray(np.concatenate(lines)).save(path)


def tile(origin: Origin, row: dict[str, Any]) -> np.ndarray:
    stored = origin.row(row["id"])
    mesh = mesh_picture(condition_of(stored, origin.seed))
    both = Image.fromarray(np.concatenate([stored.sample.pixels, mesh], axis=1))
    text = f"{row['pose']}: {row['reason']}"
    ImageDraw.Draw(both).text((4, 4), text, fill=(255, 255, 0), stroke_width=1, stroke_fill=(0, 0, 0))
    return np.asarray(both)


if __name__ == "__main__":
    main()
