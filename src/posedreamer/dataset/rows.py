"""Records in flight to rows at rest: one row for every item that ended, whatever became of it."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from posedreamer.dataset.encode import ImageEncoding, content_hash_of, decode_image, encode_image, encode_regions
from posedreamer.dataset.masks import encode_mask
from posedreamer.dataset.schema import DONE, DROPPED, FAILED, KEPT, block_schema
from posedreamer.errors import RunError
from posedreamer.execution.blocks import with_counts
from posedreamer.records import (
    Annotation,
    Appearance,
    Camera,
    Candidate,
    Caption,
    Condition,
    Dropped,
    Failed,
    Judged,
    Label,
    Person,
    PersonAnnotation,
    Prop,
    Scene,
)

__all__ = ["Decide", "InFlight", "Row", "RowFormat", "block_row", "block_table", "facts_in", "scores_in"]

Row = dict[str, Any]
InFlight = Label | Scene | Condition | Candidate | Judged
"""The records an item can be when it ends."""

Decide = Callable[[Mapping[str, float], Mapping[str, str]], tuple[bool, str]]
"""The gate's rules: scores and facts (see ``facts_in``) of one row to (keep, reason); the reason is a short stable
word, "" when kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFormat:
    """What rows need to know besides the records.

    Attributes:
        score_names: every number the recipe's scorers may give.
        encoding: how pictures are stored.
        body_versions: body model id -> version, for every model the labels use.
    """

    score_names: tuple[str, ...]
    encoding: ImageEncoding = field(default_factory=ImageEncoding)
    body_versions: Mapping[str, str]


def block_row(value: InFlight, outcome: Dropped | Failed | None, row_format: RowFormat) -> Row:
    """One row of a block table; columns that ``value`` does not know yet are absent (null on disk).

    ``outcome`` is None for a judged candidate and says otherwise where and why the item ended.
    Raises RunError for a score that is not finite or that the recipe does not name.
    """
    if outcome is None and not isinstance(value, Judged):
        raise RunError(f"only a judged candidate is done; found a {type(value).__name__}: let it pass every stage")
    scores: Mapping[str, float] = value.scores if isinstance(value, Judged) else {}
    candidate = value.candidate if isinstance(value, Judged) else value if isinstance(value, Candidate) else None
    condition = candidate.condition if candidate else value if isinstance(value, Condition) else None
    scene = condition.scene if condition else value if isinstance(value, Scene) else None
    label = scene.label if scene else value
    assert isinstance(label, Label)
    row = _label_columns(label)
    if scene:
        row["posture"] = scene.people[0].posture
    if condition:
        row |= _condition_columns(condition, row_format)
    if candidate:
        row |= _candidate_columns(candidate, scores, row_format)
    row["identity_hash"] = _identity_hash(label, condition, candidate)
    return row | _outcome_columns(outcome, row["id"])


def block_table(rows: Sequence[Row], score_names: Sequence[str], decide: Decide) -> pa.Table:
    """Rows as one Arrow table with its counts (done, dropped, failed, kept by the gate as it stands).

    Raises RunError when two rows share an id.
    """
    twice = [name for name, count in Counter(row["id"] for row in rows).items() if count > 1]
    if twice:
        raise RunError(f"{len(twice)} ids appear more than once in a block, first {twice[0]!r}; ids must be unique")
    counts = Counter(row["outcome"] for row in rows)
    kept = sum(row["outcome"] == DONE and decide(scores_in(row), facts_in(row))[0] for row in rows)
    table = pa.Table.from_pylist(rows, schema=block_schema(score_names))
    tally = {DONE: counts[DONE], DROPPED: counts[DROPPED], FAILED: counts[FAILED], KEPT: kept}
    return with_counts(table, tally)


def scores_in(row: Mapping[str, Any]) -> dict[str, float]:
    """The scores of a row that apply."""
    scores: Mapping[str, float | None] = row.get("scores") or {}
    return {name: value for name, value in scores.items() if value is not None}


def facts_in(row: Mapping[str, Any]) -> dict[str, str]:
    """What a gate may know of a row besides its scores: "source" and, once there is a scene, "posture"."""
    return {name: row[name] for name in ("source", "posture") if row.get(name)}


def _label_columns(label: Label) -> Row:
    return {
        "id": label.label_id,
        "label_id": label.label_id,
        "index": label.index,
        "source": label.source,
        "clip": label.clip,
        "licence": label.licence,
        "seed": label.seed,
        "action": label.people[0].action,
        "people_count": len(label.people),
    }


def _condition_columns(condition: Condition, row_format: RowFormat) -> Row:
    annotation, caption = condition.annotation, condition.caption
    return {
        "id": condition.condition_id,
        "condition_id": condition.condition_id,
        "width": annotation.camera.width,
        "height": annotation.camera.height,
        "caption": caption.text,
        "negative_caption": caption.negative_text,
        "appearance": [_appearance(each) for each in caption.appearances],
        "surroundings": {name: getattr(caption, name) for name in ("place", "setting", "light", "view")},
        "people": [_person(annotation, place, row_format) for place in range(len(annotation.people))],
        "camera": _camera(annotation.camera),
        "props": [_prop(each) for each in condition.scene.props],
        "traits": _traits(annotation, caption),
    }


def _candidate_columns(candidate: Candidate, scores: Mapping[str, float], row_format: RowFormat) -> Row:
    _check_scores(candidate.id, scores, row_format.score_names)
    data = encode_image(candidate.picture.pixels, row_format.encoding)
    return {
        "id": candidate.id,
        "candidate_index": candidate.candidate_index,
        "seed": candidate.seed,
        "generator": {
            "name": candidate.generator,
            "revision": candidate.generator_revision,
            "licence": candidate.generator_licence or None,
        },
        "image": {"bytes": data, "path": candidate.id + row_format.encoding.suffix},
        "regions": None if candidate.picture.regions is None else encode_regions(candidate.picture.regions),
        "image_bytes": len(data),
        "content_hash": content_hash_of(decode_image(data), scores),
        "scores": {name: float(value) for name, value in scores.items()},
    }


def _outcome_columns(outcome: Dropped | Failed | None, item_id: str) -> Row:
    match outcome:
        case None:
            return {"outcome": DONE, "id": item_id}
        case Dropped():
            return {"outcome": DROPPED, "id": outcome.item_id, "stage": outcome.stage, "reason": outcome.reason}
        case Failed():
            return {"outcome": FAILED, "id": outcome.item_id, "stage": outcome.stage, "reason": outcome.error}


def _check_scores(item_id: str, scores: Mapping[str, float], known: Iterable[str]) -> None:
    strangers = sorted(set(scores) - set(known))
    if strangers:
        raise RunError(f"{item_id}: score {strangers[0]!r} is not among the recipe's scores {sorted(known)}")
    for name, value in scores.items():
        if not math.isfinite(value):
            raise RunError(f"{item_id}: score {name!r} is {value}; a score that does not apply must be absent")


def _appearance(appearance: Appearance) -> Row:
    row = {name: getattr(appearance, name) for name in ("gender", "age", "skin", "hair_cut", "hair_colour")}
    for piece in ("top", "bottom", "shoes"):
        garment = getattr(appearance, piece)
        row |= {piece: garment.kind, f"{piece}_colour": garment.colour, f"{piece}_pattern": garment.pattern}
    return row


def _traits(annotation: Annotation, caption: Caption) -> Row:
    camera, looks = annotation.camera, caption.appearances[0]
    parameters = annotation.people[0].person.parameters
    shape = parameters.get("phenotype", parameters.get("betas"))
    return {
        "fov_deg": math.degrees(2.0 * math.atan2(camera.width / 2.0, float(camera.K[0, 0]))),
        "pitch_deg": math.degrees(math.asin(min(1.0, max(-1.0, -float(camera.cam_from_world[2, 2]))))),
        "shape": None if shape is None else np.ravel(shape).tolist(),
        "skin": looks.skin,
        "top": looks.top.kind,
        "bottom": looks.bottom.kind,
        "place": caption.place,
    }


def _camera(camera: Camera) -> Row:
    return {"K": camera.K.tolist(), "cam_from_world": camera.cam_from_world.tolist()}


def _prop(prop: Prop) -> Row:
    return {
        "kind": prop.kind,
        "colour": prop.colour,
        "vertices_cam_m": prop.vertices_cam_m.tolist(),
        "faces": prop.faces.tolist(),
        "face_material": prop.face_material.tolist(),
        "seats": prop.seats,
    }


def _person(annotation: Annotation, place: int, row_format: RowFormat) -> Row:
    person: PersonAnnotation = annotation.people[place]
    mask = annotation.person_id == place
    return {
        "body": _body(person.person, row_format),
        "keypoints_2d": person.keypoints_2d.tolist(),
        "keypoints_3d_cam_m": person.keypoints_3d_cam_m.tolist(),
        "feet_2d": person.feet_2d.tolist(),
        "left_hand_2d": person.left_hand_2d.tolist(),
        "right_hand_2d": person.right_hand_2d.tolist(),
        "bbox": person.bbox_xywh_px.tolist(),
        "amodal_bbox": person.amodal_bbox_xywh_px.tolist(),
        "mask": {"size": list(mask.shape), "counts": encode_mask(mask)},
        "action": person.person.action,
        "posture": person.posture,
        "visible_px": person.visible_px,
    }


def _body(person: Person, row_format: RowFormat) -> Row:
    if person.body_model not in row_format.body_versions:
        raise RunError(f"no version is known for body model {person.body_model!r}; give it in RowFormat.body_versions")
    parameters = [
        {"name": name, "shape": list(values.shape), "values": np.ravel(values).tolist()}
        for name, values in person.parameters.items()
    ]
    return {
        "model": person.body_model,
        "version": row_format.body_versions[person.body_model],
        "parameters": parameters,
    }


def _identity_hash(label: Label, condition: Condition | None, candidate: Candidate | None) -> str:
    """Hash of ids, label, caption and seeds: what must be the same on every machine."""
    digest = hashlib.blake2b(digest_size=16)
    words: list[object] = [label.label_id, label.index, label.source, label.clip, label.licence, label.seed]
    for person in label.people:
        words += [person.body_model, person.action]
        for name in sorted(person.parameters):
            values = np.ascontiguousarray(person.parameters[name], dtype=np.float32)
            words += [name, values.shape, hashlib.blake2b(values.tobytes(), digest_size=16).hexdigest()]
    if condition:
        caption: Caption = condition.caption
        words += [condition.condition_id, caption.text, caption.negative_text]
    if candidate:
        words += [candidate.candidate_index, candidate.seed]
    digest.update("\x1f".join(str(word) for word in words).encode())
    return digest.hexdigest()
