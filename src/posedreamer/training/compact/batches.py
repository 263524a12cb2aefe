"""What the networks are shown at a time: examples from the pool, whole and in crops."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int, Int64, UInt8
from torch import Tensor

from posedreamer.generation.compact.controls import MODES, channels_shown
from posedreamer.generation.compact.network import SMALL
from posedreamer.generation.compact.painting import to_controls, to_unit
from posedreamer.training.compact.examples import Examples
from posedreamer.training.compact.objective import crop, crop_corners

__all__ = ["Batch", "Crops", "Seen", "batch_of", "crops_of", "draw_rows", "seen_on"]

_CROP_PX: Final = 96


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples that are shown together, with their captions' tokens."""

    pictures: UInt8[np.ndarray, "b h w 3"]
    maps: UInt8[np.ndarray, "b h w c"]
    joints: Int64[np.ndarray, "b j 2"]
    tokens: Int64[np.ndarray, "b n"]
    slots: Int64[np.ndarray, "b s"]


def draw_rows(sizes: Int64[np.ndarray, " r"], count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(round, row) of examples drawn from the pool, evenly."""
    drawn = rng.choice(int(sizes.sum()), count, replace=int(sizes.sum()) < count)
    ends = np.cumsum(sizes)
    parts = np.searchsorted(ends, drawn, side="right")
    return [(int(part), int(row - (ends[part] - sizes[part]))) for part, row in zip(parts, drawn, strict=True)]


def batch_of(
    pool: Sequence[Examples], tokens: Sequence[Int64[np.ndarray, "_n l"]], rows: list[tuple[int, int]]
) -> Batch:
    """The examples of rows, with their rounds' tokens."""
    return Batch(
        np.stack([pool[part].pictures[row] for part, row in rows]),
        np.stack([pool[part].maps[row] for part, row in rows]),
        np.stack([pool[part].joints[row] for part, row in rows]),
        np.stack([tokens[part][row] for part, row in rows]),
        np.stack([pool[part].slots[row] for part, row in rows]),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch on its device; ``controls`` are the maps that the modes show, ``mask`` the people, shown or not.

    ``joints`` stay behind, as they only say where crops are.
    """

    whole: Float[Tensor, "b 3 h w"]
    mask: Float[Tensor, "b 1 h w"]
    controls: Float[Tensor, "b c h w"]
    joints: Int[np.ndarray, "b j 2"]
    tokens: Int[Tensor, "b n"]
    slots: Int[Tensor, "b s"]
    modes: Int[Tensor, " b"]


def seen_on(device: str, batch: Batch, modes: Int64[np.ndarray, " b"], dtype: torch.dtype) -> Seen:
    """A batch under control modes, one a row; ``dtype`` of the control maps is the precision of products."""
    shown = torch.from_numpy(np.stack([channels_shown(mode) for mode in MODES])[modes]).to(device)
    maps = torch.from_numpy(batch.maps).to(device).permute(0, 3, 1, 2)
    tokens = batch.tokens[:, : int((batch.tokens > 0).sum(axis=1).max())]
    return Seen(
        to_unit(batch.pictures, device),
        maps[:, :1].float().div(255.0),
        to_controls(maps, shown, dtype),
        batch.joints,
        torch.from_numpy(tokens).to(device),
        torch.from_numpy(batch.slots).to(device),
        torch.from_numpy(modes).to(device),
    )


@dataclass(frozen=True, slots=True)
class Crops:
    """One crop of each picture, most about a joint, with its part of the small picture that goes before it."""

    picture: Float[Tensor, "b 3 s s"]
    mask: Float[Tensor, "b 1 s s"]
    controls: Float[Tensor, "b c s s"]
    small: Float[Tensor, "b 3 s4 s4"]


def crops_of(seen: Seen, small: Float[Tensor, "b 3 h4 w4"], noise: torch.Generator) -> Crops:
    """Crops for the finisher."""
    size = min(_CROP_PX, seen.whole.shape[2])
    corners = crop_corners(seen.joints, seen.whole.shape[2:], size, 2 * SMALL, noise)
    picture, mask, controls = (crop(x, corners, size) for x in (seen.whole, seen.mask, seen.controls))
    return Crops(picture, mask, controls, crop(small, corners, size, SMALL))
