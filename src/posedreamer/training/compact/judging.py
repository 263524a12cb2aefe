"""How good the model is so far: pictures of held-out conditions, the studio's beside them, a judge's word on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from posedreamer.generation.compact.controls import planned_maps
from posedreamer.generation.compact.painting import SamplerSettings, paint_batch
from posedreamer.generation.compact.weights import CompactModel
from posedreamer.records import Annotation, Condition, Picture
from posedreamer.scoring.protocol import Scorer
from posedreamer.seeds import derive_seed
from posedreamer.studio.painter import paint_condition

__all__ = ["Verdict", "Yardstick", "write_sheet"]

_BATCH: Final = 8
_PASS_OKS: Final = 0.8
_COLUMNS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Shares of conditions whose label the judge finds (OKS > 0.8), the model's and the studio's, and mean OKS."""

    share: float
    share_studio: float
    oks: float
    oks_studio: float
    pictures: UInt8[np.ndarray, "n h w 3"] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """Held-out conditions, the studio's pictures of them, and a judge that gives "oks"."""

    conditions: tuple[Condition, ...] = field(repr=False)
    judge: Scorer
    seed: int

    def measure(self, model: CompactModel, settings: SamplerSettings) -> Verdict:
        """The model against the studio, on the same conditions."""
        captions = [condition.caption.text for condition in self.conditions]
        seeds = [derive_seed(self.seed, condition.condition_id, "paint") for condition in self.conditions]
        maps = np.stack([planned_maps(condition, seed) for condition, seed in zip(self.conditions, seeds, strict=True)])
        painted = np.concatenate(
            [
                paint_batch(model, maps[few], captions[few], seeds[few], settings)
                for few in (slice(start, start + _BATCH) for start in range(0, len(seeds), _BATCH))
            ]
        )
        annotations = [condition.annotation for condition in self.conditions]
        own = self._oks([Picture(pixels=pixels) for pixels in painted], annotations)
        studio = [paint_condition(c, seed, None) for c, seed in zip(self.conditions, seeds, strict=True)]
        theirs = self._oks(studio, annotations)
        return Verdict(
            share=float((own > _PASS_OKS).mean()),
            share_studio=float((theirs > _PASS_OKS).mean()),
            oks=float(own.mean()),
            oks_studio=float(theirs.mean()),
            pictures=np.concatenate([np.stack([picture.pixels for picture in studio]), painted], axis=1),
        )

    def _oks(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> np.ndarray:
        return np.array([scores.get("oks", 0.0) for scores in self.judge.score(pictures, annotations)])


def write_sheet(verdict: Verdict, path: Path, count: int = 24) -> None:
    """A PNG of the studio's pictures above the model's."""
    tiles = list(verdict.pictures[:count])
    rows = [np.concatenate(tiles[start : start + _COLUMNS], axis=1) for start in range(0, len(tiles), _COLUMNS)]
    widest = max(row.shape[1] for row in rows)
    Image.fromarray(np.concatenate([np.pad(row, ((0, 0), (0, widest - row.shape[1]), (0, 0))) for row in rows])).save(
        path
    )
