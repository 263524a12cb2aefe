"""A small network over vectors, from a safetensors file: one linear layer, or several."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors
from jaxtyping import Float, Float64
from safetensors import SafetensorError

from posedreamer.errors import InputError, MissingWeightsError

__all__ = ["Head", "head_digest", "load_head"]

_NAME: Final = re.compile(r"^(?:.*?(\d+)\.)?(weight|bias)$")
_ACTIVATIONS: Final = ("none", "relu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Layers from a vector to one number.

    Attributes:
        weights: (out, in) of each layer; ``biases``: (out,).
        has_relu: a ReLU follows every layer but the last.
    """

    weights: tuple[Float64[np.ndarray, "_ _"], ...] = field(repr=False)
    biases: tuple[Float64[np.ndarray, " _"], ...] = field(repr=False)
    has_relu: bool

    @property
    def inputs(self) -> int:
        """Length of the vectors it takes."""
        return self.weights[0].shape[1]

    def __call__(self, vector: Float[np.ndarray, " d"]) -> float:
        """The number it gives a vector of length ``inputs``."""
        values = vector.astype(np.float64)
        for place, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = weight @ values + bias
            if self.has_relu and place < len(self.weights) - 1:
                values = np.maximum(values, 0.0)
        return float(values[0])


def head_digest(path: Path) -> str:
    """The file's name and the first half of its checksum. Raises MissingWeightsError where there is none."""
    _check_there(path)
    with path.open("rb") as file:
        return f"{path.name}-{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"


def load_head(path: Path) -> Head:
    """The layers of the file, in the order of the numbers in their names ("layers.0.weight", "layers.2.weight", ...).

    A file of one layer may leave the number out ("weight", "bias"). The file's metadata may say "activation": "relu";
    without it layers follow one another as they are.

    Raises MissingWeightsError where there is no file, InputError for one that holds no such network.
    """
    _check_there(path)
    try:
        library: Any = safetensors
        with library.safe_open(str(path), framework="pt") as file:
            names: list[str] = list(file.keys())
            tensors: dict[str, Any] = {name: file.get_tensor(name).double().numpy() for name in names}
            told: dict[str, str] = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: no safetensors file ({error}); convert the head's weights to one") from error
    activation = told.get("activation", "none")
    layers: dict[int, dict[str, Any]] = {}
    for name, values in tensors.items():
        match = _NAME.match(name)
        if match is None:
            raise InputError(f"{path}: found {name!r}, expected weights and biases of linear layers alone")
        layers.setdefault(int(match[1] or 0), {})[match[2]] = values
    ordered = [layers[number] for number in sorted(layers)]
    _check(path, ordered, activation)
    return Head(
        weights=tuple(layer["weight"] for layer in ordered),
        biases=tuple(layer.get("bias", np.zeros(len(layer["weight"]))) for layer in ordered),
        has_relu=activation == "relu",
    )


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise MissingWeightsError(f"{path}: expected a safetensors file of a head, found none; put it there")


def _check(path: Path, layers: list[dict[str, Any]], activation: str) -> None:
    shapes: list[tuple[int, ...]] = [layer["weight"].shape if "weight" in layer else () for layer in layers]
    biases: list[tuple[int, ...]] = [layer["bias"].shape for layer in layers if "bias" in layer]
    outputs = [shape[:1] for shape, layer in zip(shapes, layers, strict=True) if "bias" in layer]
    is_chain = all(len(shape) == 2 for shape in shapes) and [shape[0] for shape in shapes[-1:]] == [1]
    is_chain = is_chain and all(here[:1] == following[1:] for here, following in pairwise(shapes))
    if not is_chain or biases != outputs:
        raise InputError(f"{path}: found weights of shapes {shapes}, expected layers (out, in) that end in one number")
    if activation not in _ACTIVATIONS:
        raise InputError(f"{path}: activation is {activation!r}, expected one of {', '.join(_ACTIVATIONS)}")
