"""Columns at rest: the Arrow schemas of ``samples``, ``ledger`` and of the block files they are made from.

Every list of numbers is written as it is read in Python: ``keypoints_2d`` is 17 rows of x px, y px, v. A column that
does not apply is null, never zero. Score columns are named by the recipe's scorers, one nullable float64 each, so that
Parquet keeps statistics of every score.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from posedreamer.errors import RecipeError

__all__ = [
    "BLOCK_ONLY",
    "DECISIONS",
    "DONE",
    "DROPPED",
    "FAILED",
    "KEPT",
    "SCHEMA_VERSION",
    "SURPLUS",
    "block_schema",
    "ledger_schema",
    "samples_schema",
    "score_names_of",
]

SCHEMA_VERSION: Final = 1
"""Changes when a column changes its name, type or meaning."""

KEPT: Final = "kept"
SURPLUS: Final = "surplus"
DROPPED: Final = "dropped"
FAILED: Final = "failed"
DECISIONS: Final = (KEPT, SURPLUS, DROPPED, FAILED)
"""What the ledger says of a candidate: in ``samples``; good but beyond N; refused with a reason; met an error."""

DONE: Final = "done"
"""``outcome`` of a block row that reached the gate; the other outcomes are ``DROPPED`` and ``FAILED``."""

_TEXT: Final = pa.string()
_ROWS32: Final = pa.list_(pa.list_(pa.float32()))
_TRIPLES: Final = pa.list_(pa.list_(pa.int32()))
_ROWS64: Final = pa.list_(pa.list_(pa.float64()))

IMAGE: Final = pa.struct([("bytes", pa.binary()), ("path", _TEXT)])
"""An encoded picture, as the Image feature of Hugging Face's datasets stores it; ``path`` names it in exports."""

BODY: Final = pa.struct(
    [
        ("model", _TEXT),
        ("version", _TEXT),
        (
            "parameters",
            pa.list_(pa.struct([("name", _TEXT), ("shape", pa.list_(pa.int32())), ("values", pa.list_(pa.float32()))])),
        ),
    ]
)
"""A body model with all its parameters, row-major, in the world frame (z up, metres, radians)."""

MASK: Final = pa.struct([("size", pa.list_(pa.int32())), ("counts", _TEXT)])
"""COCO's compressed run lengths of the person's visible pixels; ``size`` is height, width."""

PERSON: Final = pa.struct(
    [
        ("body", BODY),
        ("keypoints_2d", _ROWS32),
        ("keypoints_3d_cam_m", _ROWS32),
        ("feet_2d", _ROWS32),
        ("left_hand_2d", _ROWS32),
        ("right_hand_2d", _ROWS32),
        ("bbox", pa.list_(pa.float64())),
        ("amodal_bbox", pa.list_(pa.float64())),
        ("mask", MASK),
        ("action", _TEXT),
        ("posture", _TEXT),
        ("visible_px", pa.int32()),
    ]
)
"""One person's label; boxes are x, y, width, height in pixels."""

APPEARANCE: Final = pa.struct(
    [
        (name, _TEXT)
        for name in (
            "gender",
            "age",
            "skin",
            "hair_cut",
            "hair_colour",
            "top",
            "top_colour",
            "top_pattern",
            "bottom",
            "bottom_colour",
            "bottom_pattern",
            "shoes",
            "shoes_colour",
            "shoes_pattern",
        )
    ]
)
"""What one person wears, in the words the caption was written from."""

SURROUNDINGS: Final = pa.struct([(name, _TEXT) for name in ("place", "setting", "light", "view")])
TRAITS: Final = pa.struct(
    [
        ("fov_deg", pa.float32()),
        ("pitch_deg", pa.float32()),
        ("shape", pa.list_(pa.float32())),
        *((name, _TEXT) for name in ("skin", "top", "bottom", "place")),
    ]
)
"""What rows are counted by: the camera's horizontal field of view and how far below the horizon it looks, and of the
first person the shape parameters of the body (as the label stores them), skin tone and clothes; the place."""

PROP: Final = pa.struct(
    [
        ("kind", _TEXT),
        ("colour", _TEXT),
        ("vertices_cam_m", _ROWS32),
        ("faces", _TRIPLES),
        ("face_material", pa.list_(pa.int32())),
        ("seats", pa.int32()),
    ]
)
"""A thing in the scene, as ``records.Prop``: control maps are rendered again with it."""

CAMERA: Final = pa.struct([("K", _ROWS64), ("cam_from_world", _ROWS64)])
GENERATOR: Final = pa.struct([("name", _TEXT), ("revision", _TEXT), ("licence", _TEXT)])

_HUGGING_FACE: Final = json.dumps({"info": {"features": {"image": {"_type": "Image"}}}}).encode()


def _scores(score_names: Sequence[str]) -> list[pa.Field]:
    """The score column; a recipe without scorers has none, as Parquet cannot hold a struct without fields."""
    if len(set(score_names)) != len(score_names):
        raise RecipeError(f"score names must differ; found {sorted(score_names)}: give each scorer names of its own")
    if not score_names:
        return []
    return [pa.field("scores", pa.struct([(name, pa.float64()) for name in score_names]))]


def _identity() -> list[pa.Field]:
    return [
        pa.field("id", _TEXT),
        pa.field("label_id", _TEXT),
        pa.field("condition_id", _TEXT),
        pa.field("candidate_index", pa.int32()),
    ]


def _sample_body(score_names: Sequence[str]) -> list[pa.Field]:
    return [
        *_identity(),
        pa.field("image", IMAGE),
        pa.field("regions", pa.binary()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("caption", _TEXT),
        pa.field("negative_caption", _TEXT),
        pa.field("appearance", pa.list_(APPEARANCE)),
        pa.field("surroundings", SURROUNDINGS),
        pa.field("people", pa.list_(PERSON)),
        pa.field("camera", CAMERA),
        pa.field("props", pa.list_(PROP)),
        *_scores(score_names),
    ]


def _provenance() -> list[pa.Field]:
    return [
        pa.field("source", _TEXT),
        pa.field("clip", _TEXT),
        pa.field("licence", _TEXT),
        pa.field("seed", pa.int64()),
        pa.field("generator", GENERATOR),
    ]


def _account() -> list[pa.Field]:
    return [
        pa.field("index", pa.int64()),
        pa.field("stage", _TEXT),
        pa.field("reason", _TEXT),
        pa.field("action", _TEXT),
        pa.field("posture", _TEXT),
        pa.field("people_count", pa.int32()),
        pa.field("image_bytes", pa.int64()),
        pa.field("content_hash", _TEXT),
        pa.field("identity_hash", _TEXT),
        pa.field("traits", TRAITS),
    ]


BLOCK_ONLY: Final = ("outcome", *(field.name for field in _account()))
"""Columns of a block file that ``samples`` does not have."""


def samples_schema(score_names: Sequence[str]) -> pa.Schema:
    """Columns of the kept samples, readable by ``datasets.load_dataset("parquet", ...)`` as they are."""
    fields = [*_sample_body(score_names), pa.field("split", _TEXT), *_provenance()]
    return pa.schema(fields, metadata={b"huggingface": _HUGGING_FACE})


def ledger_schema(score_names: Sequence[str]) -> pa.Schema:
    """Columns of the ledger: one row per candidate, and one per label or condition that never became one.

    ``reason`` is a short stable word for a dropped row and the error for a failed one; ``content_hash`` is null where
    no picture was painted; ``action`` and ``posture`` are those of the first person. ``traits`` are null where there is
    no condition, and in rows of data sets begun before they were written.
    """
    fields = [
        *_identity(),
        pa.field("decision", _TEXT),
        *_account(),
        pa.field("split", _TEXT),
        *_scores(score_names),
        *_provenance(),
    ]
    return pa.schema(fields)


def block_schema(score_names: Sequence[str]) -> pa.Schema:
    """Columns of a block file: everything known before the gate, pictures of refused candidates included."""
    fields = [*_sample_body(score_names), *_provenance(), pa.field("outcome", _TEXT), *_account()]
    return pa.schema(fields)


def score_names_of(schema: pa.Schema) -> tuple[str, ...]:
    """The score names of any of the three schemas."""
    if "scores" not in schema.names:
        return ()
    return tuple(schema.field("scores").type.names)
