"""A thin typed adapter over the LiteRT interpreter: one float32 picture in, float32 tensors out."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

__all__ = ["LiteModel", "TensorModel", "quietly"]

_STDERR: Final = 2
_NOTICE: Final = b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU."


@runtime_checkable
class TensorModel(Protocol):
    """One tensor in, several out."""

    def run(self, tensor: Float32[np.ndarray, "1 h w c"]) -> tuple[Float32[np.ndarray, "..."], ...]:
        """The outputs, in the order of their names."""
        ...


class LiteModel:
    """A .tflite model with one input of batch 1. Not shared between threads or processes."""

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter  # pyright: ignore[reportMissingTypeStubs]

        with quietly():
            self._interpreter: Any = Interpreter(model_path=str(path), num_threads=num_threads)
            self._interpreter.allocate_tensors()
        self._input: int = self._interpreter.get_input_details()[0]["index"]
        self._outputs: tuple[int, ...] = tuple(
            detail["index"] for detail in sorted(self._interpreter.get_output_details(), key=lambda d: str(d["name"]))
        )

    def run(self, tensor: Float32[np.ndarray, "1 h w c"]) -> tuple[Float32[np.ndarray, "..."], ...]:
        """The model's outputs, copied, in the order of their names."""
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(index) for index in self._outputs)


@contextlib.contextmanager
def quietly() -> Generator[None]:
    """LiteRT's C++ side tells on stderr that it made its CPU delegate and has no switch for it; all else passes."""
    try:
        kept = os.dup(_STDERR)
    except OSError:  # a process without stderr has nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            caught.seek(0)
            if rest := caught.read().replace(_NOTICE, b"").strip():
                os.write(_STDERR, rest + b"\n")
