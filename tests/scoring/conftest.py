"""Pictures with true labels: the shaded bodies of the golden set."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from posedreamer.generation.protocol import PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.records import Annotation, Camera, Person, PersonAnnotation, Picture
from posedreamer.scoring.blazepose import BlazePoseScorer
from studio.conditions import condition

DATA = Path(__file__).parent.parent / "estimators" / "data"
LABELS = dict(np.load(DATA / "blazepose_labels.npz"))
LABELLED = tuple(sorted({key.split("/")[0] for key in LABELS}))

Load = Callable[[str], tuple[Picture, Annotation]]


def person_annotation(keypoints_2d: np.ndarray, amodal_bbox_xywh_px: np.ndarray, visible_px: int) -> PersonAnnotation:
    return PersonAnnotation(
        person=Person(body_model="anny", parameters={}, action="unknown"),
        keypoints_2d=keypoints_2d.astype(np.float32),
        keypoints_3d_cam_m=np.zeros((17, 3), dtype=np.float32),
        feet_2d=np.zeros((6, 3), dtype=np.float32),
        left_hand_2d=np.zeros((21, 3), dtype=np.float32),
        right_hand_2d=np.zeros((21, 3), dtype=np.float32),
        bbox_xywh_px=np.zeros(4),
        amodal_bbox_xywh_px=amodal_bbox_xywh_px.astype(np.float64),
        visible_px=visible_px,
        posture="upright",
    )


def load_labelled(name: str) -> tuple[Picture, Annotation]:
    pixels = np.asarray(Image.open(DATA / f"{name}.jpg").convert("RGB"))
    person_id = LABELS[f"{name}/person_id"].astype(np.int32)
    people = tuple(
        person_annotation(keypoints, box, int((person_id == index).sum()))
        for index, (keypoints, box) in enumerate(
            zip(LABELS[f"{name}/keypoints_2d"], LABELS[f"{name}/amodal_bbox_xywh_px"], strict=True)
        )
    )
    camera = Camera(
        width=pixels.shape[1],
        height=pixels.shape[0],
        K=LABELS[f"{name}/K"],
        cam_from_world=LABELS[f"{name}/cam_from_world"],
    )
    return Picture(pixels=pixels), Annotation(camera=camera, people=people, person_id=person_id)


@pytest.fixture(scope="session")
def scorer() -> BlazePoseScorer:
    return BlazePoseScorer()


@pytest.fixture(scope="session")
def load() -> Load:
    return load_labelled


@pytest.fixture(scope="session")
def labelled() -> tuple[str, ...]:
    return LABELLED


@lru_cache(maxsize=16)
def standing(azimuth_rad: float = 0.0, size_px: int = 256) -> tuple[Picture, Annotation]:
    """A studio picture of somebody who stands, seen from ``azimuth_rad`` (0 from the front), and its exact label."""
    made = condition(size=(size_px, size_px), azimuth_rad=azimuth_rad)
    (picture,) = StudioGenerator().paint([PaintJob(condition=made, candidate_index=0, seed=5)])
    return picture, made.annotation


@pytest.fixture(scope="session")
def stand() -> Callable[..., tuple[Picture, Annotation]]:
    return standing
