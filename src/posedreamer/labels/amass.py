"""AMASS motion files (``.npz``): SMPL-H and SMPL-X layouts, z up, axis-angle."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Float32

from posedreamer.errors import InputError
from posedreamer.labels.actions import action_of
from posedreamer.labels.files import clip_names, motion_files, raise_all
from posedreamer.labels.motion import FrameChoice, MotionClip, MotionSource, read_clips
from posedreamer.labels.smpl_rest import BODY_FROM_SMPL, SMPL_H, SMPL_X, SmplJoints

__all__ = ["AMASS_LICENCE", "AmassSource", "read_amass"]

AMASS_LICENCE: Final = "AMASS non-commercial"
_SMPL_LEG_M: Final = 0.82
_DEFAULT_FPS: Final = 120.0
_UNREADABLE: Final = (OSError, ValueError, EOFError, TypeError, AttributeError, KeyError, BadZipFile, zlib.error)
_PARTS: Final = ("root_orient", "pose_body", "pose_hand")


class AmassSource(MotionSource):
    """Labels from an AMASS sequence, or from a folder of them (searched to its bottom)."""

    def __init__(
        self, path: str | Path, frames_per_clip: int = 0, stride: int = 1, licence: str = AMASS_LICENCE
    ) -> None:
        """Read every file once.

        Raises InputError naming all files that cannot be used, or when there is none.
        """
        root = Path(path)
        choice = FrameChoice(frames_per_clip=frames_per_clip, stride=stride)
        files = clip_names(root, motion_files(root, (".npz",)))
        good, errors = read_clips(files, read_amass, licence)
        raise_all(root, errors)
        super().__init__(root.name, good, choice)


def read_amass(path: Path, name: str) -> MotionClip:
    """The clip in an AMASS file.

    Read are ``poses`` (SMPL-H 156 columns, SMPL-X 165), or ``root_orient`` + ``pose_body`` (+ ``pose_hand``, and
    ``pose_jaw``, ``pose_eye`` are optional), with ``trans`` (z up, metres), ``gender`` and ``mocap_framerate`` or
    ``mocap_frame_rate``. Betas are not used: they describe another body model.

    Raises InputError naming the file when it is damaged, of another layout, or holds numbers that are not finite.
    """
    arrays = _arrays(path)
    local_rad, joints = _rotations(path, arrays)
    trans = np.asarray(arrays.get("trans", np.zeros((0, 0))), dtype=np.float64)
    if trans.shape != (len(local_rad), 3):
        raise InputError(
            f"{path}: 'trans' has shape {trans.shape}, expected ({len(local_rad)}, 3), as 'poses' has frames"
        )
    _check_finite(path, {"poses": local_rad.reshape(len(local_rad), -1), "trans": trans})
    return MotionClip(
        name=name,
        rest=joints.rest,
        role_joints=joints.role_joints,
        joint_parents=joints.parents,
        local_rad=local_rad,
        body_from_rest=BODY_FROM_SMPL,
        world_from_file=np.eye(3),
        root_height_legs=trans[:, 2] / _SMPL_LEG_M,
        frames_per_second=_frame_rate(path, arrays),
        gender=_gender(arrays),
        action=action_of(name),
    )


def _arrays(path: Path) -> Mapping[str, np.ndarray]:
    """The arrays of an npz that can be read without pickle."""
    wanted = {"poses", "trans", "mocap_framerate", "mocap_frame_rate", "pose_eye", "pose_jaw", *_PARTS}
    found: dict[str, np.ndarray] = {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            names = list(archive.files)
            found |= {key: np.asarray(archive[key]) for key in wanted.intersection(names)}
            if "gender" in names:
                with suppress(ValueError):  # a pickled object is never loaded: the gender stays unknown
                    found["gender"] = np.asarray(archive["gender"])
    except _UNREADABLE as error:
        raise InputError(
            f"{path}: not a readable npz file ({type(error).__name__}: {error}); it may be cut short. Fetch it again, "
            "or take it out of the folder"
        ) from error
    if "poses" not in found and not {"root_orient", "pose_body"} <= found.keys():
        raise InputError(
            f"{path}: no motion in it: found arrays {', '.join(sorted(names)) or 'none'}; expected AMASS's 'poses' and "
            "'trans', or 'root_orient', 'pose_body' and 'trans'"
        )
    return found


def _rotations(path: Path, arrays: Mapping[str, np.ndarray]) -> tuple[Float32[np.ndarray, "t j 3"], SmplJoints]:
    if "poses" in arrays:
        poses = np.asarray(arrays["poses"])
        layouts = {156: SMPL_H, 165: SMPL_X}
        if poses.ndim != 2 or poses.shape[1] not in layouts or not len(poses) or poses.dtype.kind != "f":
            raise InputError(
                f"{path}: 'poses' is {poses.dtype} {poses.shape}, expected floats (frames, 156) for SMPL-H or "
                "(frames, 165) for SMPL-X"
            )
        joints = layouts[poses.shape[1]]
        return poses.reshape(len(poses), -1, 3).astype(np.float32), joints
    frames = len(arrays["root_orient"])
    widths = {"root_orient": 3, "pose_body": 63, "pose_jaw": 3, "pose_eye": 6, "pose_hand": 90}
    parts: list[np.ndarray] = []
    for key, width in widths.items():
        part = np.asarray(arrays.get(key, np.zeros((frames, width))))
        if part.shape != (frames, width) or not frames or part.dtype.kind != "f":
            raise InputError(f"{path}: {key!r} is {part.dtype} {part.shape}, expected floats (frames, {width})")
        parts.append(part)
    return np.concatenate(parts, axis=1).reshape(frames, -1, 3).astype(np.float32), SMPL_X


def _check_finite(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    for key, value in arrays.items():
        bad = np.flatnonzero(~np.isfinite(value).all(axis=1))
        if len(bad):
            raise InputError(
                f"{path}: {key!r} is not finite in {len(bad)} of {len(value)} frames, first in frame {bad[0]}; "
                "expected numbers. Cut these frames out"
            )


def _frame_rate(path: Path, arrays: Mapping[str, np.ndarray]) -> float:
    for key in ("mocap_framerate", "mocap_frame_rate"):
        if key in arrays:
            rate = float(np.asarray(arrays[key]).reshape(-1)[0])
            if not np.isfinite(rate) or rate <= 0:
                raise InputError(f"{path}: {key!r} is {rate}, expected frames per second above 0")
            return rate
    return _DEFAULT_FPS


def _gender(arrays: Mapping[str, np.ndarray]) -> str:
    if "gender" not in arrays:
        return "unknown"
    value = np.asarray(arrays["gender"]).reshape(-1)[:1].tolist()
    text = value[0].decode("utf-8", "replace") if value and isinstance(value[0], bytes) else str(*value)
    return {"male": "male", "m": "male", "female": "female", "f": "female"}.get(text.strip().lower(), "unknown")
