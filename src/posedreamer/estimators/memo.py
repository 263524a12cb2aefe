"""What an estimator saw in a picture, kept for the next scorer that asks: one look per picture and process."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

import numpy as np
from jaxtyping import Float64, UInt8

from posedreamer.estimators.blazepose import BlazePose, Detection
from posedreamer.records import Picture

__all__ = ["PictureMemo", "blazepose", "memo", "people_in", "picture_key"]

_BUDGET_BYTES: Final = 256 * 2**20
_ENTRY_BYTES: Final = 4096

Seen = TypeVar("Seen")


class PictureMemo:
    """The latest answers by key, oldest forgotten first, within a budget of bytes. For one thread.

    Keys are contents, never identities, so an answer does not depend on what was asked before.
    """

    def __init__(self, budget_bytes: int = _BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._held_bytes = 0
        self._answers: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def answer(self, key: Hashable, look: Callable[[], Seen], bytes_of: Callable[[Seen], int]) -> Seen:
        """What ``look`` gave for this key before, or gives now."""
        if key in self._answers:
            self._answers.move_to_end(key)
            return self._answers[key][1]
        found = look()
        size = _ENTRY_BYTES + bytes_of(found)
        self._answers[key] = (size, found)
        self._held_bytes += size
        while self._held_bytes > self._budget_bytes and len(self._answers) > 1:
            self._held_bytes -= self._answers.popitem(last=False)[1][0]
        return found


@lru_cache(maxsize=1)
def memo() -> PictureMemo:
    """The one of this process."""
    return PictureMemo()


@lru_cache(maxsize=1)
def blazepose() -> BlazePose:
    """The one of this process. Raises MissingWeightsError as BlazePose does."""
    return BlazePose()


def picture_key(pixels: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """The same for the same pixels in the same shape."""
    digest = hashlib.sha256(np.ascontiguousarray(pixels).data)
    digest.update(repr(pixels.shape).encode())
    return digest.digest()


def people_in(
    picture: Picture, max_people: int, given_boxes_xywh_px: Sequence[Float64[np.ndarray, "4"]]
) -> tuple[Detection, ...]:
    """``BlazePose.detect``, once per picture and question. Detections are shared: leave their arrays alone."""
    boxes = b"".join(box.tobytes() for box in given_boxes_xywh_px)
    return memo().answer(
        ("blazepose", picture_key(picture.pixels), max_people, boxes),
        lambda: blazepose().detect(picture, max_people, given_boxes_xywh_px),
        lambda found: sum(detection.mask.nbytes for detection in found),
    )
