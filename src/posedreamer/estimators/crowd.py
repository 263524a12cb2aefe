"""How many people are in a picture: those BlazePose finds, and those found when the former are painted over.

BlazePose's detector was trained on one main person per picture: a second one, beside or behind, mostly gets no box
while the first is there. So the people found are painted over with their surroundings and the detector looks again, at
the whole and at its middle, where people are larger.

Of 190 studio pictures of two people (256 px, eight joints of each visible, two seeds) both are counted in 89 %, more in
4 %; of 307 of one person, somebody is counted twice in 5 %, one picture's person is not found. Three tiles from side to
side in place of the middle cost twice as much: 88, 6 and 3 % at a bound of 0.65, which would give 87, 3 and 3 % here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from posedreamer.estimators.blazepose import Detection
from posedreamer.estimators.memo import blazepose, memo, people_in, picture_key
from posedreamer.estimators.person_boxes import PersonBox, square_around
from posedreamer.geometry.keypoints import BLAZEPOSE_33
from posedreamer.records import Picture

__all__ = ["count_people"]

_MAX_PEOPLE: Final = 4
_MIN_SCORE: Final = 0.6
_MIDDLE_SHARE: Final = 0.7
_SAME_HIPS, _SAME_HEAD = 0.35, 0.2
"""Two finds are one person when hips or heads are nearer than these shares of the radius around the person."""
_MIN_MASK: Final = 0.3
_REACH: Final = 0.12
_MIN_AROUND: Final = 0.02
_HIPS: Final = BLAZEPOSE_33.indices_of(("left_hip", "right_hip"))
_NOSE: Final = BLAZEPOSE_33.index("nose")

_Spot = tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"], float]
"""Middle of the hips, middle of the head, radius of the circle around the person; pixels."""


def count_people(picture: Picture) -> int:
    """People in the picture, once per picture; the label is not asked.

    Raises MissingWeightsError as BlazePose does.
    """
    return memo().answer(("crowd", picture_key(picture.pixels)), lambda: _count(picture), lambda _: 0)


def _count(picture: Picture) -> int:
    people = people_in(picture, _MAX_PEOPLE, ())
    spots = [_spot_of_person(person) for person in people]
    rest = _painted_over(picture.pixels, people) if people else picture.pixels
    height, width = rest.shape[:2]
    whole = square_around(np.array([0.0, 0.0, width, height]))
    squares = (whole, replace(whole, side_px=_MIDDLE_SHARE * whole.side_px))
    boxes = [box for square in squares for box in blazepose().boxes_in(rest, square, _MIN_SCORE)]
    for box in sorted(boxes, key=lambda box: -box.score):
        spot = _spot_of_box(box)
        if not any(_is_same(spot, other) for other in spots):
            spots.append(spot)
    return len(spots)


def _spot_of_person(person: Detection) -> _Spot:
    """Its radius is left to the box it is compared with: landmarks say little about how far a person reaches."""
    return person.landmarks_px[_HIPS].mean(axis=0), person.landmarks_px[_NOSE], 0.0


def _spot_of_box(box: PersonBox) -> _Spot:
    hips, rim = box.keypoints_px[0], box.keypoints_px[1]
    return hips, box.box_xyxy_px.reshape(2, 2).mean(axis=0), float(np.hypot(*(rim - hips)))


def _is_same(one: _Spot, other: _Spot) -> bool:
    radius_px = max(one[2], other[2])
    hips_px, head_px = (float(np.hypot(*(a - b))) for a, b in zip(one[:2], other[:2], strict=True))
    return hips_px < _SAME_HIPS * radius_px or head_px < _SAME_HEAD * radius_px


def _painted_over(pixels: UInt8[np.ndarray, "h w 3"], people: Sequence[Detection]) -> UInt8[np.ndarray, "h w 3"]:
    """The people's pixels as the mean of what surrounds them, within reach; of the whole rest where nothing is."""
    reach_px = max(1, round(_REACH * max(pixels.shape[:2])))
    rim_px = 2 * max(1, round(0.008 * max(pixels.shape[:2]))) + 1
    seen = (np.max([person.mask for person in people], axis=0) > _MIN_MASK).astype(np.uint8)
    is_hidden = np.asarray(cv2.dilate(seen, np.ones((rim_px, rim_px), dtype=np.uint8))) > 0
    if is_hidden.all():
        return np.full_like(pixels, 128)
    left, top, width, height = cv2.boundingRect(is_hidden.astype(np.uint8))
    near = np.s_[max(0, top - reach_px) : top + height + reach_px, max(0, left - reach_px) : left + width + reach_px]
    hidden, size = is_hidden[near], (2 * reach_px + 1, 2 * reach_px + 1)
    around = np.asarray(cv2.blur(np.where(hidden[..., None], 0, pixels[near]).astype(np.float32), size))[hidden]
    weight = np.asarray(cv2.blur((~hidden).astype(np.float32), size))[hidden][:, None]
    fill = around / np.maximum(weight, 1e-3)
    is_far = weight[:, 0] <= _MIN_AROUND
    if is_far.any():
        fill[is_far] = pixels[~is_hidden].mean(axis=0)
    painted = pixels.copy()
    painted[is_hidden] = np.clip(fill, 0, 255).astype(np.uint8)
    return painted
