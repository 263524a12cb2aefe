"""A folder of the user's photos as backgrounds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from posedreamer.errors import InputError

__all__ = ["PhotoFolder"]

_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@dataclass(frozen=True, slots=True)
class PhotoFolder:
    """Photos in one folder (not in folders below it), in the order of their names."""

    files: tuple[Path, ...]

    @classmethod
    def open(cls, folder: Path) -> PhotoFolder:
        """The photos of a folder. InputError when it is not one, or holds no picture."""
        if not folder.is_dir():
            raise InputError(f"backgrounds: {folder} is not a folder. Give a folder of {', '.join(_SUFFIXES)} files.")
        files = tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES))
        if not files:
            raise InputError(f"backgrounds: {folder} holds no picture. Put {', '.join(_SUFFIXES)} files into it.")
        return cls(files)

    def digest(self) -> str:
        """Hash of the photos' names and bytes' counts: changes when the folder does."""
        text = "\n".join(f"{path.name} {path.stat().st_size}" for path in self.files)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    def linear(self, rng: np.random.Generator, width: int, height: int) -> Float32[np.ndarray, "h w 3"]:
        """A random part of a random photo in linear light. InputError when the file is not a readable picture."""
        pixels = _read(self.files[int(rng.integers(len(self.files)))])
        shape: tuple[int, ...] = pixels.shape
        scale = min(float(shape[1]) / width, float(shape[0]) / height) * float(rng.uniform(0.75, 1.0))
        wide, high = max(int(width * scale), 1), max(int(height * scale), 1)
        left, top = int(rng.integers(shape[1] - wide + 1)), int(rng.integers(shape[0] - high + 1))
        part = pixels[top : top + high, left : left + wide]
        if rng.random() < 0.5:
            part = np.ascontiguousarray(part[:, ::-1])
        way = cv2.INTER_AREA if scale > 1.0 else cv2.INTER_CUBIC
        value = np.asarray(cv2.resize(part, (width, height), interpolation=way), dtype=np.float32) / 255.0
        return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


@lru_cache(maxsize=32)
def _read(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if pixels is None:
        raise InputError(f"backgrounds: {path} is not a picture that can be read. Replace or remove it.")
    return np.ascontiguousarray(np.asarray(pixels, dtype=np.uint8)[:, :, ::-1])
