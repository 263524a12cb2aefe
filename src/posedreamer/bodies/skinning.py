"""Linear blend skinning over sparse weights, one pass over the vertices, with its own gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from jaxtyping import Float, Float32, Int32
from torch import Tensor

from posedreamer.rendering.kernels import kernel, read_only

__all__ = ["SkinningWeights", "skin"]

Floats: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.floating[Any]]]
Integers: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int32]]


@dataclass(frozen=True, slots=True)
class SkinningWeights:
    """Sparse weights: vertex i is moved by ``bone[first[i]:first[i + 1]]`` with the weights at the same places.

    Attributes:
        first: where each vertex's entries begin, and the total at the end.
        bone: index of the bone of each entry.
        weight: summing to 1 for each vertex.
    """

    first: Int32[np.ndarray, " v1"]
    bone: Int32[np.ndarray, " n"]
    weight: Float32[np.ndarray, " n"]

    @staticmethod
    def from_triplets(
        vertex: Int32[np.ndarray, " n"], bone: Int32[np.ndarray, " n"], weight: Float32[np.ndarray, " n"], vertices: int
    ) -> SkinningWeights:
        """Weights given as (vertex, bone, weight), sorted by vertex."""
        counts = np.bincount(vertex, minlength=vertices)
        return SkinningWeights(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), bone, weight)


def skin(
    rest_m: Float[Tensor, "b v 3"], transforms: Float[Tensor, "b j 3 4"], weights: SkinningWeights
) -> Float[Tensor, "b v 3"]:
    """Each vertex moved by the weighted mean of its bones' transforms; differentiable in vertices and transforms."""
    return cast("Tensor", _Skin.apply(rest_m, transforms, weights))  # pyright: ignore[reportUnknownMemberType]


class _Skin(torch.autograd.Function):
    """A kernel instead of tensor operations, which would write 12 blended numbers for each vertex to memory."""

    @staticmethod
    def forward(ctx: Any, rest: Tensor, transforms: Tensor, weights: SkinningWeights) -> Tensor:
        ctx.save_for_backward(rest, transforms)
        ctx.weights = weights
        out = torch.empty_like(rest, memory_format=torch.contiguous_format)
        _blend(_array(rest), _array(transforms), *_entries(weights), out.numpy())
        return out

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, Tensor, None]:
        rest, transforms = cast("tuple[Tensor, Tensor]", ctx.saved_tensors)
        to_rest = torch.empty_like(rest, memory_format=torch.contiguous_format)
        to_transforms = torch.zeros_like(transforms, memory_format=torch.contiguous_format)
        _blend_gradient(
            (_array(rest), _array(transforms), _array(grad_outputs[0])),
            _entries(cast("SkinningWeights", ctx.weights)),
            (to_rest.numpy(), to_transforms.numpy()),
        )
        return to_rest, to_transforms, None


def _array(tensor: Tensor) -> Floats:
    return read_only(tensor.detach().numpy())


def _entries(weights: SkinningWeights) -> tuple[Integers, Integers, Floats]:
    return read_only(weights.first), read_only(weights.bone), read_only(weights.weight)


@kernel
def _blend(rest: Floats, transforms: Floats, first: Integers, bone: Integers, weight: Floats, out: Floats) -> None:
    for i in range(rest.shape[0]):
        t = transforms[i]
        for v in range(rest.shape[1]):
            x, y, z = rest[i, v, 0], rest[i, v, 1], rest[i, v, 2]
            for r in range(3):
                total = x * 0
                for k in range(first[v], first[v + 1]):
                    j = bone[k]
                    total += weight[k] * (t[j, r, 0] * x + t[j, r, 1] * y + t[j, r, 2] * z + t[j, r, 3])
                out[i, v, r] = total


@kernel
def _blend_gradient(
    inputs: tuple[Floats, Floats, Floats], entries: tuple[Integers, Integers, Floats], outputs: tuple[Floats, Floats]
) -> None:
    rest, transforms, grad = inputs
    first, bone, weight = entries
    to_rest, to_transforms = outputs
    for i in range(rest.shape[0]):
        t, to_t = transforms[i], to_transforms[i]
        for v in range(rest.shape[1]):
            x, y, z = rest[i, v, 0], rest[i, v, 1], rest[i, v, 2]
            to_rest[i, v, :] = 0
            for k in range(first[v], first[v + 1]):
                j, w = bone[k], weight[k]
                for r in range(3):
                    g = w * grad[i, v, r]
                    for c in range(3):
                        to_rest[i, v, c] += g * t[j, r, c]
                    to_t[j, r, 0] += g * x
                    to_t[j, r, 1] += g * y
                    to_t[j, r, 2] += g * z
                    to_t[j, r, 3] += g
