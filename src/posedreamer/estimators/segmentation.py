"""What each pixel of a picture shows: any segmentation model of ``transformers``, by hub id or folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Int32

from posedreamer.errors import InputError
from posedreamer.estimators.memo import memo, picture_key
from posedreamer.estimators.pretrained import load_pretrained, named
from posedreamer.records import Picture

__all__ = ["PEOPLE", "SURROUNDINGS", "ClassMap", "Segmenter", "plain_name"]

_EXTRA: Final = "segmentation"
_NEEDS_TEXT: Final = ("OneFormer", "CLIPSeg", "SegGpt", "Videomt")

PEOPLE: Final = frozenset({"person", "people", "human", "rider", "pedestrian"})
"""Plain names of classes that are people, in COCO, ADE20K, Cityscapes and Pascal."""

_SURROUNDINGS: Final = """
background banner bridge building cabinet cardboard carpet ceiling ceiling-tile cloth clouds column counter
countertop curtain dirt dirt-track door earth escalator fence field floor fog grandstand grass gravel ground
ground-track gutter hill house hovel land leaves mat mountain mud park path pavement pier plant platform
playground playingfield river road rock roof rug runway sand sea shelf sidewalk sky skyscraper snow solid
stage stair stairs stairway step straw structural swimming-pool terrain tile tower track tree tunnel unlabeled
vegetation void wall wallpaper water waterfall window windowpane wood
"""

SURROUNDINGS: Final = frozenset(_SURROUNDINGS.split())
"""Plain names of classes that surround people and do not stand before them: walls, grounds, plants, skies."""


def plain_name(name: str) -> str:
    """A class name as data sets share it: "wall-other-merged", "wall; brick wall" and "Wall" are all "wall"."""
    first = re.split(r"[,;]", name.lower())[0].strip()
    first = re.sub(r"-(brick|concrete|marble|panel|stone|tile|wood|other|merged|stuff)\b.*$", "", first)
    return re.sub(r"[ _]+", "-", first)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMap:
    """A class for every pixel.

    Attributes:
        names: what the model calls its classes.
        class_id: index into ``names``.
    """

    names: tuple[str, ...]
    class_id: Int32[np.ndarray, "h w"] = field(repr=False)

    def mask(self, plain_names: Collection[str]) -> Bool[np.ndarray, "h w"]:
        """Pixels of the classes with these plain names."""
        return np.isin(self.class_id, [k for k, name in enumerate(self.names) if plain_name(name) in plain_names])

    @property
    def people(self) -> Bool[np.ndarray, "h w"]:
        """Pixels that show anybody."""
        return self.mask(PEOPLE)

    def things(self, surroundings: Collection[str] = SURROUNDINGS) -> Bool[np.ndarray, "h w"]:
        """Pixels that show neither people nor surroundings: chairs, bags, cars, animals."""
        return ~self.mask({*PEOPLE, *surroundings})


class Segmenter:
    """A semantic, instance or universal segmentation model: SegFormer, UperNet, BEiT, MaskFormer, Mask2Former, DETR.

    Args:
        model: "owner/name@commit" on the hub, or a folder with model and image processor.

    Raises RecipeError for an id without a commit.
    """

    def __init__(self, model: str) -> None:
        named(model, "the segmentation model")
        self._name = model

    @cached_property
    def version(self) -> str:
        """The id with its commit; of a folder its name and 12 digits over what its files hold."""
        folder = Path(self._name).expanduser()
        if not folder.is_dir():
            return self._name
        digest = hashlib.blake2b(digest_size=6)
        for path in sorted(folder.iterdir()):
            if path.is_file():
                with path.open("rb") as file:
                    digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
        return f"{folder.name}-{digest.hexdigest()}"

    def fetch(self) -> None:
        """The weights are on this machine, and the model is one that can be asked.

        Raises MissingExtraError, MissingWeightsError, InputError.
        """
        _ = self._model, self._processor, self._names

    def classes(self, picture: Picture) -> ClassMap:
        """The class of every pixel, once per picture and process: leave the array alone. Raises as ``fetch``."""
        key = ("classes", self._name, picture_key(picture.pixels))
        return memo().answer(key, lambda: self._classes(picture), lambda found: found.class_id.nbytes)

    @torch.inference_mode()
    def _classes(self, picture: Picture) -> ClassMap:
        height, width = picture.pixels.shape[:2]
        inputs = self._processor(images=picture.pixels, return_tensors="pt")
        outputs = self._model(**inputs)
        (found,) = self._processor.post_process_semantic_segmentation(outputs, target_sizes=[(height, width)])
        return ClassMap(names=self._names, class_id=found.numpy().astype(np.int32))

    @cached_property
    def _names(self) -> tuple[str, ...]:
        names: dict[int, str] = self._model.config.id2label
        found = tuple(names[k] for k in sorted(names))
        if not any(plain_name(name) in PEOPLE for name in found):
            raise InputError(
                f"{self._name}: its classes have nobody in them: {', '.join(found)[:200]}; expected one of "
                f"{', '.join(sorted(PEOPLE))}"
            )
        return found

    @cached_property
    def _model(self) -> Any:
        config = load_pretrained("AutoConfig", self._name, _EXTRA)
        kind = str((config.architectures or ["no architecture"])[0])
        if not kind.endswith("Segmentation") or kind.startswith(_NEEDS_TEXT):
            raise InputError(
                f"{self._name}: found {kind}; expected a model for semantic, instance or universal segmentation that "
                "needs a picture alone, such as SegFormer, UperNet, MaskFormer or Mask2Former"
            )
        return load_pretrained(kind, self._name, _EXTRA).eval()

    @cached_property
    def _processor(self) -> Any:
        processor = load_pretrained("AutoImageProcessor", self._name, _EXTRA)
        if not hasattr(processor, "post_process_semantic_segmentation"):
            raise InputError(f"{self._name}: its image processor gives no map of classes; choose another model")
        return processor
