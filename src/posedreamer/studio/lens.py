"""What a camera does to light on its way to a file: softness, motion, fringes, exposure, tone, noise, compression.

Nothing here moves anything: every blur is even about its pixel, so labels stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from posedreamer.rendering.kernels import kernel

__all__ = ["Faults", "draw_faults", "draw_flash_faults", "photographed", "srgb_of"]

_STEPS: Final = 4096
_WHITE: Final = 2.0
_SHOULDER: Final = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The faults of one shot. Lengths are shares of the picture's longer side.

    Attributes:
        soft: standard deviation of the lens's blur.
        motion: path of the camera while the shutter is open, (x, y).
        fringe: how much larger red is than green, and green than blue.
        vignette: share of light lost in the corners.
        gains: exposure times white balance, per channel.
        contrast: 0 = the plain curve, 1 = a full S.
        shot, read: noise of full white that grows with the root of light, and noise of the dark.
        sharpen: strength of the unsharp mask.
        quality: of the JPEG file, 1 to 100.
    """

    soft: float
    motion: tuple[float, float]
    fringe: float
    vignette: float
    gains: tuple[float, float, float]
    contrast: float
    shot: float
    read: float
    sharpen: float
    quality: int


def draw_faults(rng: np.random.Generator) -> Faults:
    """Faults of a decent camera or telephone."""
    warm, green = rng.uniform(-0.055, 0.055), rng.uniform(-0.02, 0.02)
    exposure = 2.0 ** rng.uniform(-0.12, 0.24)
    noisy = rng.uniform(0.2, 1.0) ** 2
    return Faults(
        soft=float(rng.choice((0.0, rng.uniform(0.0010, 0.0018)), p=(0.75, 0.25))),
        motion=_path(rng, 0.006) if rng.random() < 0.05 else (0.0, 0.0),
        fringe=float(rng.uniform(0.0, 0.0022)),
        vignette=float(rng.uniform(0.0, 0.28)),
        gains=_gains(exposure, warm, green),
        contrast=float(rng.uniform(-0.15, 0.30)),
        shot=0.011 * noisy,
        read=0.002 * noisy,
        sharpen=float(rng.uniform(0.1, 0.7)),
        quality=int(rng.integers(87, 98)),
    )


def draw_flash_faults(rng: np.random.Generator) -> Faults:
    """Faults of a small camera in the dark."""
    warm, green = rng.uniform(-0.13, 0.13), rng.uniform(-0.05, 0.06)
    return Faults(
        soft=float(rng.uniform(0.0005, 0.0018)),
        motion=(0.0, 0.0),
        fringe=float(rng.uniform(0.001, 0.004)),
        vignette=float(rng.uniform(0.4, 0.65)),
        gains=_gains(2.0 ** rng.uniform(0.0, 0.3), warm, green),
        contrast=float(rng.uniform(0.40, 0.7)),
        shot=float(rng.uniform(0.018, 0.036)),
        read=float(rng.uniform(0.003, 0.006)),
        sharpen=float(rng.uniform(0.5, 1.0)),
        quality=int(rng.integers(48, 72)),
    )


def _path(rng: np.random.Generator, longest: float) -> tuple[float, float]:
    length, angle = rng.uniform(0.3, 1.0) * longest, rng.normal(0.0, 0.5)
    return float(length * np.cos(angle)), float(length * np.sin(angle))


def _gains(exposure: float, warm: float, green: float) -> tuple[float, float, float]:
    return float(exposure * (1.0 + warm)), float(exposure * (1.0 + green)), float(exposure * (1.0 - warm))


def photographed(
    linear: Float32[np.ndarray, "h w 3"], faults: Faults, rng: np.random.Generator
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture that a camera with those faults would write of that light."""
    light = _fringed(_blurred(linear, faults), faults.fringe)
    noise = rng.standard_normal(linear.shape, dtype=np.float32)
    gains = np.asarray(faults.gains, dtype=np.float32)
    strengths = np.asarray((faults.vignette, faults.shot, faults.read), dtype=np.float32)
    falls = _falls_off(*linear.shape[:2])
    value = _exposed(light, noise, falls, gains, strengths, _curve(round(faults.contrast, 2)))
    if faults.sharpen > 0.05:
        soft = cv2.GaussianBlur(value, (0, 0), 1.0)
        value = np.asarray(cv2.addWeighted(value, 1.0 + faults.sharpen, soft, -faults.sharpen, 0.0))
    pixels = np.asarray(cv2.convertScaleAbs(np.maximum(value, 0.0)), dtype=np.uint8)
    return _compressed(pixels, faults.quality)


def srgb_of(linear: Float32[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """8-bit sRGB with a film's shoulder."""
    index = np.clip(linear * ((_STEPS - 1) / _WHITE), 0, _STEPS - 1).astype(np.int32)
    return (_curve(0.0) + np.float32(0.5)).astype(np.uint8)[index]


@lru_cache(maxsize=128)
def _curve(contrast: float) -> Float32[np.ndarray, " n"]:
    """From light, 0 to _WHITE in even steps, to sRGB in [0, 255]."""
    value = np.linspace(0.0, _WHITE, _STEPS)
    room = 1.0 - _SHOULDER
    bent = np.where(value < _SHOULDER, value, _SHOULDER + room * np.tanh((value - _SHOULDER) / room))
    plain = np.where(bent <= 0.0031308, 12.92 * bent, 1.055 * bent ** (1 / 2.4) - 0.055)
    curve = plain + contrast * (plain * plain * (3.0 - 2.0 * plain) - plain)
    return (255.0 * curve).astype(np.float32)


def _blurred(linear: Float32[np.ndarray, "h w 3"], faults: Faults) -> Float32[np.ndarray, "h w 3"]:
    longer = max(linear.shape[:2])
    across, down = faults.motion[0] * longer, faults.motion[1] * longer
    if max(abs(across), abs(down)) > 0.5:
        linear = np.asarray(cv2.filter2D(linear, -1, _streak(across, down), borderType=cv2.BORDER_REFLECT))
    if faults.soft * longer > 0.25:
        linear = np.asarray(cv2.GaussianBlur(linear, (0, 0), faults.soft * longer), dtype=np.float32)
    return linear


def _streak(across_px: float, down_px: float) -> Float32[np.ndarray, "k k"]:
    """A straight streak, even about its centre, of sum 1."""
    half = int(np.ceil(max(abs(across_px), abs(down_px)) / 2.0)) + 1
    streak = np.zeros((2 * half + 1, 2 * half + 1), dtype=np.float32)
    for share in np.linspace(-0.5, 0.5, 8 * half + 1):
        x, y = half + share * across_px, half + share * down_px
        i, j = int(np.floor(x)), int(np.floor(y))
        for row, column, weight in (
            (j, i, (1 - x + i) * (1 - y + j)),
            (j, i + 1, (x - i) * (1 - y + j)),
            (j + 1, i, (1 - x + i) * (y - j)),
            (j + 1, i + 1, (x - i) * (y - j)),
        ):
            streak[row, column] += weight
    return streak / streak.sum()


def _fringed(light: Float32[np.ndarray, "h w 3"], fringe: float) -> Float32[np.ndarray, "h w 3"]:
    """Red a little larger and blue a little smaller than green, about the picture's centre."""
    height, width = light.shape[:2]
    if fringe * max(height, width) < 0.1:
        return light
    planes = [np.ascontiguousarray(light[..., c]) for c in range(3)]
    for c, scale in ((0, 1.0 + fringe), (2, 1.0 - fringe)):
        centre_x, centre_y = (width - 1) / 2.0, (height - 1) / 2.0
        matrix = np.array([[scale, 0.0, (1 - scale) * centre_x], [0.0, scale, (1 - scale) * centre_y]])
        planes[c] = np.asarray(
            cv2.warpAffine(planes[c], matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        )
    return np.asarray(cv2.merge(planes), dtype=np.float32)


@lru_cache(maxsize=8)
def _falls_off(height: int, width: int) -> Float64[np.ndarray, "h w"]:
    """How far a lens falls off towards the corners, 1 there."""
    falls = np.empty((height, width))
    _fall_off(falls)
    return falls


@kernel
def _fall_off(falls: Float64[np.ndarray, "h w"]) -> None:
    height, width = falls.shape
    corner = 0.25 * (height * height + width * width)
    for row in range(height):
        for column in range(width):
            x, y = column + 0.5 - 0.5 * width, row + 0.5 - 0.5 * height
            falls[row, column] = ((x * x + y * y) / corner) ** 1.3


@kernel
def _exposed(
    light: Float32[np.ndarray, "h w 3"],
    noise: Float32[np.ndarray, "h w 3"],
    falls: Float64[np.ndarray, "h w"],
    gains: Float32[np.ndarray, "3"],
    strengths: Float32[np.ndarray, "3"],
    curve: Float32[np.ndarray, " n"],
) -> Float32[np.ndarray, "h w 3"]:
    """Vignetting, exposure, noise and tone, in that order, pixel by pixel; sRGB in [0, 255]."""
    height, width = light.shape[:2]
    value = np.empty_like(light)
    vignette, shot, read = strengths[0], strengths[1], strengths[2]
    last = len(curve) - 1
    for row in range(height):
        for column in range(width):
            kept = 1.0 - vignette * falls[row, column]
            for c in range(3):
                signal = max(light[row, column, c] * gains[c] * kept, 0.0)
                spread = np.sqrt(read * read + shot * shot * signal)
                step = (signal + spread * noise[row, column, c]) * (last / 2.0)
                value[row, column, c] = curve[int(min(max(step, 0.0), last))]
    return value


def _compressed(pixels: UInt8[np.ndarray, "h w 3"], quality: int) -> UInt8[np.ndarray, "h w 3"]:
    """The picture after a JPEG file of that quality."""
    _, data = cv2.imencode(".jpg", pixels[:, :, ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[:, :, ::-1])
