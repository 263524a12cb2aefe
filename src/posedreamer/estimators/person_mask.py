"""Where any person is in a picture: mediapipe's selfie segmentation on LiteRT, general model.

It looks at the whole picture, stretched to a square, knows nothing of poses and does not tell people apart: another
opinion than BlazePose's mask, which belongs to one person and is made from the features that give the joints.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float32

from posedreamer.estimators.litert import LiteModel
from posedreamer.estimators.memo import memo, picture_key
from posedreamer.estimators.resample import warp_mask, warp_picture
from posedreamer.estimators.weights import person_mask_file
from posedreamer.records import Picture

__all__ = ["person_mask"]

_SIDE_PX: Final = 256


def person_mask(picture: Picture) -> Float32[np.ndarray, "h w"]:
    """Chance per pixel in [0, 1] that it shows a person; once per picture, so leave the array alone.

    Raises MissingWeightsError when the model is neither cached nor reachable.
    """
    return memo().answer(("mask", picture_key(picture.pixels)), lambda: _mask(picture), lambda mask: mask.nbytes)


@lru_cache(maxsize=1)
def _model() -> LiteModel:
    return LiteModel(person_mask_file())


def _mask(picture: Picture) -> Float32[np.ndarray, "h w"]:
    height, width = picture.pixels.shape[:2]
    picture_from_square = np.diag([width / _SIDE_PX, height / _SIDE_PX, 1.0])
    square = warp_picture(picture.pixels, picture_from_square, _SIDE_PX, repeat_border=True)
    (found,) = _model().run((square.astype(np.float32) / np.float32(255))[None])
    return warp_mask(found[0, :, :, 0], np.linalg.inv(picture_from_square), (height, width))
