"""What a network of others saw on its way: intermediate tensors of a .tflite model, by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from posedreamer.estimators.litert import quietly

__all__ = ["LayerModel"]


class LayerModel:
    """A .tflite model with one input of batch 1, whose named intermediate tensors can be read.

    It runs without the CPU delegate, which fuses layers and keeps no tensor between them. Not shared between threads
    or processes.

    Args:
        path: the model file.
        layers: tensor names; of a fused operation the part before the first semicolon.
        num_threads: CPU threads.

    Raises:
        KeyError: the model has no tensor of that name.
    """

    def __init__(self, path: Path, layers: Sequence[str], num_threads: int = 1) -> None:
        from ai_edge_litert.interpreter import (  # pyright: ignore[reportMissingTypeStubs]
            Interpreter,
            OpResolverType,
        )

        with quietly():
            self._interpreter: Any = Interpreter(
                model_path=str(path),
                num_threads=num_threads,
                experimental_preserve_all_tensors=True,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
            self._interpreter.allocate_tensors()
        self._input: int = self._interpreter.get_input_details()[0]["index"]
        found: dict[str, int] = {}
        for detail in self._interpreter.get_tensor_details():
            found.setdefault(str(detail["name"]).partition(";")[0], int(detail["index"]))
        self._layers = tuple(found[name] for name in layers)

    def run(self, tensor: Float32[np.ndarray, "1 h w c"]) -> tuple[Float32[np.ndarray, "..."], ...]:
        """The named tensors, copied, in the order of ``layers``."""
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(index) for index in self._layers)
