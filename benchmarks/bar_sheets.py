"""Sheets of compact_bar.py: the worst pictures beside the studio's and the label, and one body under many captions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


def write_worst(columns: dict[str, np.ndarray], path: Path, count: int = 24, across: int = 3) -> None:
    """Generator, studio and mesh of the labels where the generator falls most behind the studio."""
    behind = columns["oks"][:, 0] - np.maximum(columns["oks"][:, 1], 0.5)
    tiles = [_triple(columns, int(row)) for row in np.argsort(behind)[:count]]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % across)
    lines = [np.concatenate(tiles[at : at + across], axis=1) for at in range(0, len(tiles), across)]
    _save(np.concatenate(lines), path)


def write_grid(shown: np.ndarray, oks: np.ndarray, path: Path, bodies: int = 4) -> None:
    """For each body one line of the generator's pictures and one of the studio's, one column per caption."""
    lines = [
        np.concatenate(
            [
                _noted(shown[body, side, k], f"{'ours' if side == 0 else 'studio'} {oks[body, k, side]:.2f}")
                for k in range(shown.shape[2])
            ],
            axis=1,
        )
        for body in range(min(bodies, len(shown)))
        for side in (0, 1)
    ]
    _save(np.concatenate(lines), path)


def _triple(columns: dict[str, np.ndarray], row: int) -> np.ndarray:
    ours, studio = columns["oks"][row]
    mirrored = columns["oks_mirrored"][row, 0]
    return np.concatenate(
        [
            _noted(columns["pixels"][row, 0], f"{ours:.2f} m{mirrored:.2f} {columns['posture'][row]}"),
            _noted(columns["pixels"][row, 1], f"studio {studio:.2f}"),
            columns["mesh"][row],
        ],
        axis=1,
    )


def _noted(pixels: np.ndarray, text: str) -> np.ndarray:
    tile = Image.fromarray(pixels)
    ImageDraw.Draw(tile).text((4, 4), text, fill=(255, 255, 0), stroke_width=1, stroke_fill=(0, 0, 0))
    return np.asarray(tile)


def _save(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
