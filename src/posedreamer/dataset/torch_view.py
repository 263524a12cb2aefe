"""Samples as a map-style PyTorch data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch.utils.data import Dataset as TorchDataset

from posedreamer.dataset.sample import Sample

if TYPE_CHECKING:
    from posedreamer.dataset.open import Dataset

__all__ = ["TorchSamples", "sample_tensors"]


class TorchSamples(TorchDataset[Any]):
    """Item i is ``transform`` of sample i; goes into a ``DataLoader`` with any number of worker processes."""

    def __init__(self, samples: Dataset, transform: Callable[[Sample], Any]) -> None:
        self._samples = samples
        self._transform = transform

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Any:
        return self._transform(self._samples[index])


def sample_tensors(sample: Sample) -> dict[str, Any]:
    """A sample as tensors; PyTorch's default collation stacks samples of equal size and number of people.

    ``image`` uint8 (3, h, w) RGB; per person (p first): ``keypoints_2d`` (17, 3), ``keypoints_3d_cam_m`` (17, 3),
    ``bbox`` x, y, w, h px and the body's parameters by name under ``body``; ``K`` (3, 3), ``cam_from_world`` (4, 4);
    ``id`` and ``caption`` are text.
    """
    people = sample.people
    names = [name for name in people[0].person.parameters if all(name in each.person.parameters for each in people)]
    body = {name: _stack([each.person.parameters[name] for each in people]) for name in names}
    return {
        "id": sample.id,
        "caption": sample.caption.text,
        "image": torch.as_tensor(np.ascontiguousarray(np.moveaxis(sample.pixels, -1, 0))),
        "keypoints_2d": _stack([each.keypoints_2d for each in people]),
        "keypoints_3d_cam_m": _stack([each.keypoints_3d_cam_m for each in people]),
        "bbox": _stack([each.bbox_xywh_px for each in people]),
        "body": body,
        "K": torch.as_tensor(sample.camera.K.copy()),
        "cam_from_world": torch.as_tensor(sample.camera.cam_from_world.copy()),
    }


def _stack(arrays: list[Float[np.ndarray, "..."]]) -> torch.Tensor:
    return torch.as_tensor(np.stack(arrays))
