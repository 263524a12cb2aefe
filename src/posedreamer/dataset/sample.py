"""Rows at rest as typed, frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from posedreamer.dataset.encode import EncodedImage, decode_regions
from posedreamer.dataset.masks import decode_mask
from posedreamer.records import Annotation, Appearance, Camera, Caption, Garment, Person, PersonAnnotation, Prop

__all__ = ["RunLengthMask", "Sample", "sample_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLengthMask:
    """A mask as COCO's compressed run lengths."""

    height: int
    width: int
    counts: str = field(repr=False)

    def decode(self) -> Bool[np.ndarray, "h w"]:
        """True where the person is in front. Raises DatasetError for damaged counts."""
        return decode_mask(self.counts, self.height, self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A kept sample, read back.

    Attributes:
        image: encoded; ``pixels`` decodes it.
        people, masks, body_versions: one of each per person, same order.
        region_png: what each pixel shows, encoded, from painters that know; ``regions`` decodes it.
        props: things in the scene; empty, too, in data sets made before there were any.
        scores: name -> number; a score that does not apply is absent.
        split: "train", "val" or "test"; a clip is in one split only.
    """

    id: str
    label_id: str
    condition_id: str
    candidate_index: int
    image: EncodedImage = field(repr=False)
    width: int
    height: int
    caption: Caption
    people: tuple[PersonAnnotation, ...] = field(repr=False)
    masks: tuple[RunLengthMask, ...] = field(repr=False)
    body_versions: tuple[str, ...]
    camera: Camera
    scores: Mapping[str, float]
    split: str
    source: str
    clip: str
    licence: str
    seed: int
    generator: str
    generator_revision: str
    generator_licence: str = ""
    props: tuple[Prop, ...] = field(default=(), repr=False)
    region_png: bytes | None = field(default=None, repr=False)

    @property
    def pixels(self) -> UInt8[np.ndarray, "h w 3"]:
        """The picture, RGB, 8 bit sRGB, decoded anew at each call. Raises DatasetError for damaged bytes."""
        return self.image.decode()

    @property
    def regions(self) -> UInt8[np.ndarray, "h w"] | None:
        """Per pixel an index into REGIONS (clothes end elsewhere than body parts do), or None."""
        return None if self.region_png is None else decode_regions(self.region_png)

    @property
    def annotation(self) -> Annotation:
        """The label as scorers read it, its person ids painted from the masks."""
        person_id = np.full((self.height, self.width), -1, dtype=np.int32)
        for place, mask in enumerate(self.masks):
            person_id[mask.decode()] = place
        return Annotation(camera=self.camera, people=self.people, person_id=_frozen(person_id, np.int32))


def sample_of(row: Mapping[str, Any]) -> Sample:
    """The typed view of one row of ``samples``."""
    people: list[Mapping[str, Any]] = row["people"]
    scores: Mapping[str, float | None] = row.get("scores") or {}
    return Sample(
        id=row["id"],
        label_id=row["label_id"],
        condition_id=row["condition_id"],
        candidate_index=row["candidate_index"],
        image=EncodedImage(data=row["image"]["bytes"], path=row["image"]["path"]),
        width=row["width"],
        height=row["height"],
        caption=_caption(row),
        people=tuple(_person(each) for each in people),
        masks=tuple(_mask(each["mask"]) for each in people),
        body_versions=tuple(each["body"]["version"] for each in people),
        camera=_camera(row),
        scores=MappingProxyType({name: value for name, value in scores.items() if value is not None}),
        split=row["split"],
        source=row["source"],
        clip=row["clip"],
        licence=row["licence"],
        seed=row["seed"],
        generator=row["generator"]["name"],
        generator_revision=row["generator"]["revision"],
        generator_licence=row["generator"].get("licence") or "",
        props=tuple(_prop(each) for each in row.get("props") or ()),
        region_png=row.get("regions"),
    )


def _frozen(values: Any, dtype: type = np.float32) -> Any:
    array: np.ndarray[Any, Any] = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


def _mask(mask: Mapping[str, Any]) -> RunLengthMask:
    return RunLengthMask(height=mask["size"][0], width=mask["size"][1], counts=mask["counts"])


def _camera(row: Mapping[str, Any]) -> Camera:
    return Camera(
        width=row["width"],
        height=row["height"],
        K=_frozen(row["camera"]["K"], np.float64),
        cam_from_world=_frozen(row["camera"]["cam_from_world"], np.float64),
    )


def _prop(row: Mapping[str, Any]) -> Prop:
    return Prop(
        kind=row["kind"],
        colour=row["colour"],
        vertices_cam_m=_frozen(row["vertices_cam_m"]),
        faces=_frozen(row["faces"], np.int32),
        face_material=_frozen(row["face_material"], np.uint8),
        seats=row["seats"],
    )


def _caption(row: Mapping[str, Any]) -> Caption:
    return Caption(
        text=row["caption"],
        negative_text=row["negative_caption"],
        appearances=tuple(_appearance(each) for each in row["appearance"]),
        **row["surroundings"],
    )


def _appearance(row: Mapping[str, str]) -> Appearance:
    return Appearance(
        gender=row["gender"],
        age=row["age"],
        skin=row["skin"],
        hair_cut=row["hair_cut"],
        hair_colour=row["hair_colour"],
        top=_garment(row, "top"),
        bottom=_garment(row, "bottom"),
        shoes=_garment(row, "shoes"),
    )


def _garment(row: Mapping[str, str], piece: str) -> Garment:
    """Rows written before garments had patterns show plain ones."""
    return Garment(kind=row[piece], colour=row[f"{piece}_colour"], pattern=row.get(f"{piece}_pattern") or "plain")


def _person(row: Mapping[str, Any]) -> PersonAnnotation:
    body = row["body"]
    parameters = {each["name"]: _frozen(each["values"]).reshape(each["shape"]) for each in body["parameters"]}
    return PersonAnnotation(
        person=Person(body_model=body["model"], parameters=MappingProxyType(parameters), action=row["action"]),
        keypoints_2d=_frozen(row["keypoints_2d"]),
        keypoints_3d_cam_m=_frozen(row["keypoints_3d_cam_m"]),
        feet_2d=_frozen(row["feet_2d"]),
        left_hand_2d=_frozen(row["left_hand_2d"]),
        right_hand_2d=_frozen(row["right_hand_2d"]),
        bbox_xywh_px=_frozen(row["bbox"], np.float64),
        amodal_bbox_xywh_px=_frozen(row["amodal_bbox"], np.float64),
        visible_px=row["visible_px"],
        posture=row["posture"],
    )
