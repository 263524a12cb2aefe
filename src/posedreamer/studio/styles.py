"""Styles of picture: the words, the light of a flash, and how a drawing is inked and coloured."""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from posedreamer.errors import InputError, did_you_mean
from posedreamer.studio.lamps import Lamp
from posedreamer.studio.lens import srgb_of
from posedreamer.studio.shading import Painted

__all__ = ["STYLES", "Style", "check_style", "drawn", "flash_reach", "with_flash"]

Style = Literal["photo", "snapshot", "drawn"]
STYLES: Final[tuple[Style, ...]] = ("photo", "snapshot", "drawn")

_INK: Final = 0.04
_APART_M: Final = 0.05
_TINTS: Final = ((1.0, 0.90, 0.74), (0.90, 0.98, 1.0), (0.94, 1.0, 0.86))


def check_style(style: str) -> Style:
    """The style of that name. InputError when there is none."""
    if style not in STYLES:
        known = ", ".join(f'"{name}"' for name in STYLES)
        raise InputError(f"studio.style is '{style}', expected one of {known}.{did_you_mean(style, STYLES)}")
    return style


def with_flash(lamp: Lamp, rng: np.random.Generator) -> Lamp:
    """The lamp's surroundings, dimmed, and a hard key light just beside the lens."""
    towards = np.array([rng.uniform(-0.07, 0.07), rng.uniform(-0.14, -0.05), -1.0])
    towards /= np.linalg.norm(towards)
    dim = float(rng.uniform(0.34, 0.5))
    tint = _TINTS[int(rng.integers(len(_TINTS)))]
    return lamp._replace(
        to_key=(float(towards[0]), float(towards[1]), float(towards[2])),
        key=(0.98, 0.98, 1.0),
        sky=(lamp.sky[0] * dim * tint[0], lamp.sky[1] * dim * tint[1], lamp.sky[2] * dim * tint[2]),
        bounce=(lamp.bounce[0] * dim, lamp.bounce[1] * dim, lamp.bounce[2] * dim),
        rim=(0.0, 0.0, 0.0),
        softness=0.04,
    )


def flash_reach(distance_m: Float32[np.ndarray, "h w"], focus_m: float) -> Float32[np.ndarray, "h w 1"]:
    """Share of the flash that arrives, 1 at the people: the inverse square, softened by what walls give back."""
    share = (focus_m / np.maximum(distance_m, 0.3)) ** 2
    return np.clip(0.08 + 0.92 * share, 0.08, 1.5)[..., None].astype(np.float32)


def drawn(
    painted: Painted,
    depth_m: Float32[np.ndarray, "fh fw"],
    backdrop: Float32[np.ndarray, "h w 3"],
    rng: np.random.Generator,
) -> UInt8[np.ndarray, "h w 3"]:
    """Flat tones in ink lines over a plain ground, on paper."""
    height, width = backdrop.shape[:2]
    people = srgb_of(np.minimum(painted.linear, 1.0))
    people = np.asarray(cv2.medianBlur(people, 5 if people.shape[1] != width else 3), dtype=np.uint8)
    ink = _ink(painted.regions, depth_m)[..., None]
    front = np.where(ink, people * np.float32(_INK) + np.float32(10.0), people).astype(np.float32)
    covered = (painted.regions > 0).astype(np.float32)
    front *= covered[..., None]
    if front.shape[1] != width:
        front = cv2.resize(front, (width, height), interpolation=cv2.INTER_AREA)
        covered = np.asarray(cv2.resize(covered, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)
    page = front + _flat(backdrop) * (1.0 - covered[..., None])
    return np.clip(page * _paper(height, width, rng) + 0.5, 0, 255).astype(np.uint8)


def _ink(regions: UInt8[np.ndarray, "h w"], depth_m: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Where lines run: along the borders of regions and where one surface stands in front of another."""
    wide = max(2, round(0.005 * regions.shape[1]))
    brush = np.ones((wide, wide), dtype=np.uint8)
    between = cv2.dilate(regions, brush) != cv2.erode(regions, brush)
    depth = np.where(np.isfinite(depth_m), depth_m, 100.0).astype(np.float32)
    step = np.asarray(cv2.dilate(depth, brush)) - np.asarray(cv2.erode(depth, brush)) > _APART_M
    return np.asarray((between | step) & (regions > 0), dtype=np.bool_)


def _flat(backdrop: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """A few flat colours in place of a textured backdrop, paler than the people."""
    size = max(3, round(0.03 * backdrop.shape[1])) | 1
    smooth = np.asarray(cv2.medianBlur(srgb_of(np.minimum(backdrop, 1.0)), size), dtype=np.uint8)
    lab = np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), dtype=np.int32)
    lab[..., 0] = lab[..., 0] // 36 * 36 + 18
    lab[..., 1:] = lab[..., 1:] // 12 * 12 + 6
    flat = np.asarray(cv2.cvtColor(lab.astype(np.uint8), cv2.COLOR_LAB2RGB), dtype=np.float32)
    return np.asarray(0.62 * flat + 0.38 * np.array((246.0, 240.0, 226.0), dtype=np.float32), dtype=np.float32)


def _paper(height: int, width: int, rng: np.random.Generator) -> Float32[np.ndarray, "h w 1"]:
    """Fibres of the paper, coarse and fine, about 1."""
    grain = rng.standard_normal((height, width), dtype=np.float32)
    coarse = np.asarray(cv2.GaussianBlur(grain, (0, 0), 2.2), dtype=np.float32)
    return np.asarray(1.0 + 0.012 * grain + 0.10 * coarse, dtype=np.float32)[..., None]
