"""Hashed lattice noise, the same on every machine, for cloth, skin, floors and skies."""

from __future__ import annotations

from math import floor

from posedreamer.rendering.kernels import kernel

__all__ = ["fractal_2d", "hash_unit", "mix", "noise_2d", "noise_3d", "smooth_step"]

_MASK = 0xFFFFFFFF


@kernel
def hash_unit(x: int, y: int, z: int, seed: int) -> float:
    """A number in [0, 1) of a lattice point."""
    mixed = (x * 374761393 + y * 668265263 + z * 1440662683 + seed * 1274126177) & _MASK
    mixed = ((mixed ^ (mixed >> 13)) * 1103515245) & _MASK
    mixed = ((mixed ^ (mixed >> 16)) * 668265261) & _MASK
    return (mixed ^ (mixed >> 15)) * (1.0 / 4294967296.0)


@kernel
def smooth_step(low: float, high: float, value: float) -> float:
    """0 below ``low``, 1 above ``high``, cubic between."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@kernel
def mix(a: float, b: float, share: float) -> float:
    """``a`` at share 0, ``b`` at share 1."""
    return a + (b - a) * share


@kernel
def noise_2d(x: float, y: float, seed: int) -> float:
    """Value noise in [-1, 1], one lattice cell per unit."""
    left, top = floor(x), floor(y)
    u, v = x - left, y - top
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    upper = mix(hash_unit(left, top, 0, seed), hash_unit(left + 1, top, 0, seed), u)
    lower = mix(hash_unit(left, top + 1, 0, seed), hash_unit(left + 1, top + 1, 0, seed), u)
    return 2.0 * mix(upper, lower, v) - 1.0


@kernel
def noise_3d(x: float, y: float, z: float, seed: int) -> float:
    """Value noise in [-1, 1], one lattice cell per unit."""
    i, j, k = floor(x), floor(y), floor(z)
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v), w * w * (3.0 - 2.0 * w)
    a = mix(hash_unit(i, j, k, seed), hash_unit(i + 1, j, k, seed), u)
    b = mix(hash_unit(i, j + 1, k, seed), hash_unit(i + 1, j + 1, k, seed), u)
    c = mix(hash_unit(i, j, k + 1, seed), hash_unit(i + 1, j, k + 1, seed), u)
    d = mix(hash_unit(i, j + 1, k + 1, seed), hash_unit(i + 1, j + 1, k + 1, seed), u)
    return 2.0 * mix(mix(a, b, v), mix(c, d, v), w) - 1.0


@kernel
def fractal_2d(x: float, y: float, octaves: int, seed: int) -> float:
    """Sum of octaves of ``noise_2d``, each twice as fine and half as strong, in about [-1, 1]."""
    total, strength, reach = 0.0, 1.0, 0.0
    for octave in range(octaves):
        total += strength * noise_2d(x, y, seed + octave)
        reach += strength
        x, y, strength = 2.03 * x + 17.1, 2.03 * y + 5.3, 0.5 * strength
    return total / reach
