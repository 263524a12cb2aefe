"""Export to COCO person keypoints: pictures and one JSON per split, as pycocotools loads them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posedreamer.dataset.open import Dataset, open_dataset
from posedreamer.dataset.sample import RunLengthMask, Sample
from posedreamer.errors import InputError
from posedreamer.execution.files import make_folder, translated, write_bytes
from posedreamer.execution.progress import progress
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import PersonAnnotation

__all__ = ["export_coco"]

_MOST_PEOPLE = 100
_CATEGORY: Mapping[str, Any] = {
    "id": 1,
    "name": "person",
    "supercategory": "person",
    "keypoints": list(COCO_17.names),
    "skeleton": [[COCO_17.index(a) + 1, COCO_17.index(b) + 1] for a, b in COCO_17.edges],
}


def export_coco(dataset_path: str | Path, out: str | Path) -> Path:
    """``out`` holds ``images/``, ``person_keypoints.json`` and one ``person_keypoints_SPLIT.json`` per split.

    Pictures are the stored bytes. Image ids count the data set's samples from 1, an instance's id is its image's id
    times 100 plus its place: both stay when the data set grows, and are the same in every file. People of whom no pixel
    is visible are left out, as COCO has no box for them. Keypoints outside the picture are 0, 0, 0.

    A run that is cut off leaves ``out`` as it was. Raises InputError when ``out`` is not empty or cannot be written,
    DatasetError for a damaged data set, RunError for a full disk.
    """
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} exists and is not an empty folder; give a new or empty folder to export to")
    dataset = open_dataset(dataset_path)
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    make_folder(partial / "images")
    try:
        _write(dataset, partial)
        partial.replace(target)
    except OSError as error:
        raise translated(error, partial / "images" / "picture") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _write(dataset: Dataset, folder: Path) -> None:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    with progress("exporting to COCO", len(dataset), "samples") as meter:
        for place, sample in enumerate(dataset):
            (folder / "images" / sample.image.path).write_bytes(sample.image.data)
            images.append(_image(sample, place + 1))
            annotations += _annotations(sample, place + 1)
            meter.advance()
    _write_json(folder / "person_keypoints.json", dataset, images, annotations)
    for split in dataset.manifest.counts.by_split:
        inside = [image for image in images if image["split"] == split]
        ids = {image["id"] for image in inside}
        theirs = [each for each in annotations if each["image_id"] in ids]
        _write_json(folder / f"person_keypoints_{split}.json", dataset, inside, theirs)


def _write_json(path: Path, dataset: Dataset, images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> None:
    manifest = dataset.manifest
    document = {
        "info": {
            "description": f"exported by posedreamer {manifest.package_version}",
            "recipe_digest": manifest.recipe_digest,
            "content_digest": manifest.content_digest,
        },
        "licenses": [
            {"id": number, "name": f"{what}: {licence}", "url": ""}
            for number, (what, licence) in enumerate(sorted(manifest.licences.items()), 1)
        ],
        "categories": [_CATEGORY],
        "images": images,
        "annotations": annotations,
    }
    write_bytes(path, json.dumps(document).encode())


def _image(sample: Sample, image_id: int) -> dict[str, Any]:
    return {
        "id": image_id,
        "file_name": sample.image.path,
        "width": sample.width,
        "height": sample.height,
        "sample_id": sample.id,
        "split": sample.split,
        "caption": sample.caption.text,
        "label_licence": sample.licence,
    }


def _annotations(sample: Sample, image_id: int) -> list[dict[str, Any]]:
    return [
        _annotation(person, mask, image_id, place)
        for place, (person, mask) in enumerate(zip(sample.people, sample.masks, strict=True))
        if person.visible_px > 0
    ]


def _annotation(person: PersonAnnotation, mask: RunLengthMask, image_id: int, place: int) -> dict[str, Any]:
    keypoints = person.keypoints_2d.astype(float)
    keypoints[keypoints[:, 2] == 0] = 0.0
    return {
        "id": image_id * _MOST_PEOPLE + place,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [round(value, 3) for value in person.bbox_xywh_px.tolist()],
        "area": float(person.visible_px),
        "segmentation": {"size": [mask.height, mask.width], "counts": mask.counts},
        "keypoints": [number for x, y, v in keypoints.tolist() for number in (round(x, 3), round(y, 3), int(v))],
        "num_keypoints": int((keypoints[:, 2] > 0).sum()),
        "action": person.person.action,
        "posture": person.posture,
    }
