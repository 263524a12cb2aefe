"""The bar that the diffusion generator ``compact`` must clear, measured beside the studio on the same labels.

    python benchmarks/compact_bar.py --n 512 --labels MOTION_FOLDER --labels CLIP.npz --sheet worst.png --grid grid.png
    python benchmarks/compact_bar.py --generator studio                          self-test: must pass every line
    python benchmarks/compact_bar.py --generator studio --damage mirrored        and must fail the lines it breaks

One picture a label, nothing filtered; labels in equal shares from the built-in prior and each --labels; cameras, frame
rules and captions of the demo recipe. A label counts when eight of its joints are visible; one that is not found is a
miss. Every label is also painted by the studio, from another seed, and judged in the same way, so that comparisons are
paired; intervals are 95 % percentile bootstraps over labels (two-sided, so that "low" is a 97.5 % bound). Colours are
read inside the studio's garment masks and named by a chart fitted to other studio pictures (``evaluation.colours``);
the Fréchet distance is between halves of different labels (``evaluation.frechet``) and grows with --n: the bar is meant
for 512. "passed" is of all labels together; lines by posture tell where it fails. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bar_pictures import (
    DAMAGES,
    Columns,
    Conditions,
    Judge,
    Painter,
    calibration,
    checked_cache,
    judge_all,
    kept,
    redressed,
)
from bar_sheets import write_grid, write_worst

from posedreamer.evaluation.colours import GARMENTS, ColourChart
from posedreamer.evaluation.features import MAX_FEATURES, FeatureBasis, ImageFeatures
from posedreamer.evaluation.frechet import distance_over_halves
from posedreamer.evaluation.verdict import Line, Side, label_lines, mirrored, set_lines, within_body_spread
from posedreamer.generation.protocol import Generator
from posedreamer.generation.studio import StudioGenerator
from posedreamer.labels.open import open_labels
from posedreamer.labels.prior import PriorSource
from posedreamer.recipes.components import build_generator
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.keep_rate import wilson_interval
from posedreamer.scoring.blazepose import BlazePoseScorer

POSTURES = ("upright", "floor", "inverted")
FEW = 24
"""Labels below which a line says nothing yet."""
STUDIO_SEED, CALIBRATION_SEED, BODIES_SEED = 1_000_003, 2_000_003, 3_000_017


def main() -> None:
    arguments = parse()
    use_cores(arguments.cores)
    generator = generator_of(arguments)
    judge = Judge(
        ours=Painter(generator=generator, seed=arguments.seed, damage=arguments.damage),
        studio=Painter(generator=StudioGenerator(), seed=arguments.seed + STUDIO_SEED),
        scorer=BlazePoseScorer(),
        features=ImageFeatures(),
    )
    held, columns, dressed = measured(arguments, judge)
    charts = charts_of(held)
    spreads = [within_body_spread(dressed["oks"][..., side]).tolist() for side in (0, 1)]
    lines = lines_by_posture(columns, charts)
    lines["set"] = set_lines(
        frechet=frechet(columns, held),
        seconds=float(np.median(columns["seconds"])),
        spread=(spreads[0], spreads[1]),
    )
    print_table(lines)
    for garment, chart in charts.items():
        print(f"one word of {garment}: " + "; ".join("/".join(group) for group in chart.groups if len(group) > 1))
    if arguments.sheet:
        write_worst(columns, arguments.sheet)
    if arguments.grid:
        write_grid(dressed["pixels"], dressed["oks"], arguments.grid)
    change = {"caption_change": caption_change(dressed["pixels"])}
    print(json.dumps(summary(columns, lines, charts) | change | about(arguments, generator, judge)))


def recipe_settings(arguments: argparse.Namespace) -> tuple[str, ...]:
    return (f"width={arguments.size}", f"height={arguments.size}", *arguments.settings)


def generator_of(arguments: argparse.Namespace) -> Generator:
    """The generator of that name, its weights on this machine."""
    options = [f"generator.options.{option}" for option in arguments.options]
    recipe = load_recipe("demo", (*recipe_settings(arguments), f"generator.name={arguments.generator}", *options))
    generator = build_generator(recipe)
    generator.fetch()
    return generator


def measured(arguments: argparse.Namespace, judge: Judge) -> tuple[Columns, Columns, Columns]:
    """Studio pictures for calibration, the judged labels, and bodies in eight captions each."""
    sources = (PriorSource(), *(open_labels(path) for path in arguments.labels))
    settings, generator = recipe_settings(arguments), judge.ours.generator
    identity = [generator.name, generator.revision, arguments.options, judge.studio.generator.revision, settings]
    identity += [[source.digest for source in sources], arguments.seed, arguments.damage]
    stored = checked_cache(arguments.cache, json.dumps(identity))

    def conditions(seed: int) -> Conditions:
        return Conditions(recipe=load_recipe("demo", settings), sources=sources, seed=arguments.seed + seed)

    held = kept(
        stored and stored / f"calibration_{arguments.calibration}.npz",
        lambda: calibration(conditions(CALIBRATION_SEED), arguments.calibration, judge.features),
    )
    columns = judge_all(judge, conditions(0), arguments.n, stored)
    dressed = kept(
        stored and stored / f"bodies_{arguments.bodies}.npz",
        lambda: redressed(judge, conditions(BODIES_SEED), arguments.bodies, 8),
    )
    return held, columns, dressed


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=512, help="labels that are judged")
    parser.add_argument("--labels", type=Path, nargs="*", action="extend", default=[], help="motion files or folders")
    parser.add_argument("--generator", default="compact", help="catalogue name")
    parser.add_argument("--option", dest="options", action="append", default=[], help="key=value of the generator")
    parser.add_argument("--set", dest="settings", action="append", default=[], help="key=value on the demo recipe")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calibration", type=int, default=384, help="studio pictures for features and colours")
    parser.add_argument("--bodies", type=int, default=24, help="bodies that wear eight captions each")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--damage", choices=list(DAMAGES), default="none", help="break the pictures, as a self-test")
    parser.add_argument("--cache", type=Path, help="keep judged batches here; a run that was stopped goes on")
    parser.add_argument("--sheet", type=Path, help="PNG of the worst pictures beside the studio's and the mesh")
    parser.add_argument("--grid", type=Path, help="PNG of bodies under eight captions each")
    return parser.parse_args()


def use_cores(count: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:count]))
    torch.set_num_threads(count)


def charts_of(held: Columns) -> dict[str, ColourChart]:
    """A colour chart for each garment that the studio says where it is."""
    charts: dict[str, ColourChart] = {}
    for column, garment in enumerate(GARMENTS):
        known = ~np.isnan(held["lab"][:, 0, column, 0]) & (held["words"][:, column] != "")
        if known.any():
            words, lights = held["words"][known, column].tolist(), held["light"][known].tolist()
            charts[garment] = ColourChart.fitted(held["lab"][known, 0, column], words, lights)
    return charts


def sides_of(columns: Columns, charts: dict[str, ColourChart]) -> tuple[Side, Side]:
    ours, studio = (
        Side(
            found=columns["found"][:, side],
            oks=columns["oks"][:, side],
            oks_mirrored=columns["oks_mirrored"][:, side],
            obeyed={garment: obeyed(columns, charts.get(garment), garment, side) for garment in GARMENTS},
        )
        for side in (0, 1)
    )
    return ours, studio


def obeyed(columns: Columns, chart: ColourChart | None, garment: str, side: int) -> np.ndarray:
    """1 where the garment has its word's colour, 0 where not, nan where that cannot be told."""
    place = GARMENTS.index(garment)
    result = np.full(len(columns["lab"]), np.nan)
    for row, (lab, word) in enumerate(zip(columns["lab"][:, side, place], columns["words"][:, place], strict=True)):
        if chart is not None and chart.knows(str(word)) and not np.isnan(lab).any():
            result[row] = str(word) in chart.nearest(lab, str(columns["light"][row]))
    return result


def lines_by_posture(columns: Columns, charts: dict[str, ColourChart]) -> dict[str, Sequence[Line]]:
    ours, studio = sides_of(columns, charts)
    lines: dict[str, Sequence[Line]] = {"all": label_lines(ours, studio)}
    for posture in POSTURES:
        rows = columns["posture"] == posture
        if rows.any():
            lines[posture] = label_lines(ours.take(rows), studio.take(rows))
    return lines


def frechet(columns: Columns, held: Columns) -> tuple[float, float]:
    """Distance to the studio's other half, and between its halves."""
    few = min(len(held["features"]), len(columns["features"]))
    basis = FeatureBasis.fitted(held["features"], min(MAX_FEATURES, few // 4))
    return distance_over_halves(*(basis.of(columns["features"][:, side]) for side in (0, 1)))


def caption_change(shown: np.ndarray) -> float:
    """How much another caption of the same body changes a picture, over how much it changes the studio's."""
    small = shown[..., ::4, ::4, :].astype(np.float64)
    moved = np.abs(small[:, :, 1:] - small[:, :, :-1]).mean(axis=(0, 2, 3, 4, 5))
    return round(float(moved[0] / moved[1]), 3)


def print_table(lines: dict[str, Sequence[Line]]) -> None:
    for stratum, entries in lines.items():
        print(f"\n{stratum:20s} {'n':>5s} {'ours':>7s} {'studio':>7s}  {'compared':>8s} {'95 % interval':>18s}  bar")
        for line in entries:
            studio = "" if line.studio is None else f"{line.studio:.3f}"
            value, low, high = line.compared
            interval = "" if np.isnan(low) else f"{low:+8.3f} .. {high:+6.3f}"
            print(
                f"{line.name:20s} {line.n or '':>5} {line.ours:7.3f} {studio:>7s}  {value:+8.3f} {interval:>18s}  "
                f"{line.bar:26s} {'PASS' if line.passed else 'FAIL'}{' (few)' if 0 < line.n < FEW else ''}"
            )


def summary(columns: Columns, lines: dict[str, Sequence[Line]], charts: dict[str, ColourChart]) -> dict[str, Any]:
    ours, studio = sides_of(columns, charts)
    by_name = {line.name: line for line in (*lines["all"], *lines["set"])}
    oks, colours = by_name["mean OKS"].compared, {garment: by_name[f"colour of {garment}"] for garment in charts}
    share, spread = by_name["OKS > 0.8"], by_name["within-body spread"]
    passed_08 = int((ours.oks > 0.8).sum())
    return {
        "n": len(ours.oks),
        "found": rounded(ours.found.mean()),
        "found_studio": rounded(studio.found.mean()),
        "share_over_08": rounded(share.ours),
        "share_over_08_studio": rounded(share.studio),
        "share_over_08_wilson_95": [rounded(bound) for bound in wilson_interval(passed_08, len(ours.oks))],
        "mean_oks_gap": {"value": rounded(oks.value), "low": rounded(oks.low), "high": rounded(oks.high)},
        "mirrored": rounded(mirrored(ours).mean()),
        "mirrored_studio": rounded(mirrored(studio).mean()),
        "caption_obeyed": {garment: rounded(line.ours) for garment, line in colours.items()},
        "caption_obeyed_studio": {garment: rounded(line.studio) for garment, line in colours.items()},
        "frechet_ratio": rounded(by_name["Frechet / halves"].compared.value),
        "seconds_per_image": rounded(by_name["seconds a picture"].ours),
        "within_body_spread": rounded(spread.ours),
        "within_body_spread_studio": rounded(spread.studio),
        "passed": all(line.passed for line in by_name.values()),
        "failed": [line.name for line in by_name.values() if not line.passed],
        "failed_by_posture": {
            name: [line.name for line in lines[name] if not line.passed] for name in POSTURES if name in lines
        },
        "share_over_08_by_posture": {
            name: [rounded(line.ours), rounded(line.studio)]
            for name in POSTURES
            for line in lines.get(name, ())
            if line.name == share.name
        },
        "n_by_posture": {name: int((columns["posture"] == name).sum()) for name in POSTURES},
        "colour_groups": {garment: ["/".join(group) for group in chart.groups] for garment, chart in charts.items()},
    }


def about(arguments: argparse.Namespace, generator: Any, judge: Judge) -> dict[str, Any]:
    return {
        "generator": generator.name,
        "revision": generator.revision,
        "options": arguments.options,
        "batch_size": generator.batch_size,
        "studio_revision": judge.studio.generator.revision,
        "damage": arguments.damage,
        "labels": ["prior", *(path.name for path in arguments.labels)],
        "settings": arguments.settings,
        "seed": arguments.seed,
        "size": arguments.size,
        "cores": arguments.cores,
        "hardware": platform.processor() or platform.machine(),
    }


def rounded(value: Any) -> float | None:
    return None if value is None or np.isnan(value) else round(float(value), 4)


if __name__ == "__main__":
    main()
