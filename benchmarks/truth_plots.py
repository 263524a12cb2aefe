"""ROC plots (SVG) and a sheet of planted errors, for label_truth.py."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE, GAP, ACROSS = 220, 46, 4
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#f0e442")


def write_roc(panels: Mapping[str, Mapping[str, np.ndarray]], path: Path, title: str) -> None:
    """One panel per error, one line per judge; x is the share of clean pictures dropped, the dashed line 5 %."""
    names = sorted({name for lines in panels.values() for name in lines})
    rows = -(-len(panels) // ACROSS)
    width, height = ACROSS * (SIDE + GAP) + GAP, rows * (SIDE + GAP) + GAP + 22 * (len(names) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="white"/><text x="{GAP}" y="22">{escape(title)}</text>',
    ]
    for place, (error, lines) in enumerate(panels.items()):
        x, y = GAP + place % ACROSS * (SIDE + GAP), GAP + 10 + place // ACROSS * (SIDE + GAP)
        parts += [
            f'<g transform="translate({x},{y})"><rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>',
            f'<text x="2" y="-6" font-size="12">{escape(error)}</text>',
            f'<path d="M{0.05 * SIDE} 0V{SIDE}" stroke="#999" stroke-dasharray="3"/>',
            *(_line(points, COLOURS[names.index(name) % len(COLOURS)]) for name, points in lines.items()),
            "</g>",
        ]
    for place, name in enumerate(names):
        y = height - 22 * (len(names) - place)
        colour = COLOURS[place % len(COLOURS)]
        parts.append(f'<rect x="{GAP}" y="{y - 8}" width="20" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{GAP + 28}" y="{y}" font-size="13">{escape(name)}</text>')
    path.write_text("\n".join([*parts, "</svg>"]))


def _line(points: np.ndarray, colour: str) -> str:
    steps = " ".join(f"{SIDE * a:.1f},{SIDE * (1 - b):.1f}" for a, b in points)
    return f'<polyline points="{steps}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def write_sheet(out: Path) -> None:
    """The tiles of a few labels, one line each: control, clean, then every planted error."""
    tiles = sorted((out / "tiles").glob("*.png"))
    if not tiles:
        return
    order: dict[str, int] = {}
    for tile in tiles:
        order.setdefault(tile.stem.partition("-")[2], 0)
    names = ["control", "clean", *(name for name in order if name not in ("control", "clean"))]
    labels = sorted({tile.stem.partition("-")[0] for tile in tiles})
    size = Image.open(tiles[0]).size
    sheet = Image.new("RGB", (size[0] * len(names), size[1] * len(labels)), "white")
    for tile in tiles:
        label, _, name = tile.stem.partition("-")
        picture = Image.open(tile).convert("RGB")
        ImageDraw.Draw(picture).text((4, 4), name, fill=(255, 255, 0), stroke_width=1, stroke_fill=(0, 0, 0))
        sheet.paste(picture, (size[0] * names.index(name), size[1] * labels.index(label)))
    sheet.save(out / "planted.jpg", quality=90)
