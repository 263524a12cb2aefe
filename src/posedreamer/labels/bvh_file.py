"""A typed view of what ``pybvh`` reads: the joint tree and its rotations as matrices would have them."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64
from scipy.spatial.transform import Rotation

from posedreamer.errors import InputError
from posedreamer.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle

__all__ = ["BvhMotion", "read_bvh_motion", "without_calibration_pose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BvhMotion:
    """A BVH file's content, in its own axes and lengths.

    Attributes:
        names, parents: joints without end sites, parents before children, -1 for the root.
        offsets: of each joint from its parent.
        end_offsets: joint -> offset of the end site below it.
        local_rad: axis-angle of each joint relative to its parent.
        root_position: where the root is in each frame.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Float64[np.ndarray, "j 3"] = field(repr=False)
    end_offsets: dict[int, Float64[np.ndarray, "3"]] = field(repr=False)
    local_rad: Float32[np.ndarray, "t j 3"] = field(repr=False)
    root_position: Float64[np.ndarray, "t 3"] = field(repr=False)
    frames_per_second: float


def read_bvh_motion(path: Path, columns: Sequence[str] = ()) -> BvhMotion:
    """The motion in a BVH file. Position channels of joints below the root are passed over: bones do not stretch.

    ``columns`` names the joints in the order of the motion's columns, for files whose makers did not keep to the order
    of the hierarchy, as the format asks.

    Raises InputError naming the file when it is damaged, holds numbers that are not finite, or has other joints than
    ``columns`` names.
    """
    try:
        motion = _read(path, columns)
    except (OSError, ValueError, IndexError, KeyError, AttributeError, UserWarning) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: not a readable BVH file ({reason}); it may be cut short. Fetch it again, or take it out of the "
            "folder"
        ) from error
    values = np.concatenate([motion.root_position, motion.local_rad.reshape(len(motion.local_rad), -1)], axis=1)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad) or not np.isfinite(motion.offsets).all():
        where = f"in {len(bad)} of {len(values)} frames, first in frame {bad[0]}" if len(bad) else "in its offsets"
        raise InputError(f"{path}: the motion is not finite {where}; expected numbers. Cut these frames out")
    return motion


def without_calibration_pose(motion: BvhMotion) -> BvhMotion:
    """The motion without its first frame where that is a T pose put in front by the maker, as the CMU files have it.

    Told by the jump to the second frame: some joint turns by more than 45 degrees, and three times as far as any joint
    between any later two frames.
    """
    if len(motion.local_rad) < 3:
        return motion
    local = matrix_from_axis_angle(motion.local_rad)
    steps = axis_angle_from_matrix(np.swapaxes(local[:-1], -1, -2) @ local[1:])
    largest_deg = np.degrees(np.linalg.norm(steps, axis=-1).max(axis=1))
    if largest_deg[0] < max(45.0, 3.0 * float(largest_deg[1:].max())):
        return motion
    return replace(motion, local_rad=motion.local_rad[1:], root_position=motion.root_position[1:])


def _read(path: Path, columns: Sequence[str]) -> BvhMotion:
    plain = _plain(path.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "motion.bvh"
        copy.write_text(plain, encoding="utf-8")
        return _parsed(copy, columns)


def _parsed(path: Path, columns: Sequence[str]) -> BvhMotion:
    import pybvh  # takes as long to import as the rest of this package

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bvh = pybvh.read_bvh_file(path, world_up="+y", warn_on_world_up_disagreement=False)
    joints = [node for node in bvh.nodes if not node.is_end_site()]
    index = {id(node): k for k, node in enumerate(joints)}
    ends = {index[id(node.parent)]: np.asarray(node.offset) for node in bvh.nodes if node.is_end_site()}
    names = tuple(str(node.name) for node in joints)
    angles_rad = np.asarray(bvh.joint_angles, dtype=np.float64)[:, _column_of(names, columns)]
    finite = np.isfinite(angles_rad).all(axis=(1, 2))
    local = np.full(angles_rad.shape, np.nan, dtype=np.float32)
    for k, order in enumerate(bvh.euler_orders):
        local[finite, k] = Rotation.from_euler(order.upper(), angles_rad[finite, k]).as_rotvec()
    return BvhMotion(
        names=names,
        parents=tuple(-1 if node.parent is None else index[id(node.parent)] for node in joints),
        offsets=np.stack([np.asarray(node.offset, dtype=np.float64) for node in joints]),
        end_offsets=ends,
        local_rad=local,
        root_position=np.asarray(bvh.root_pos, dtype=np.float64),
        frames_per_second=1.0 / float(bvh.frame_time),
    )


def _column_of(names: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Which joint's columns hold each joint's rotation; their own, unless ``columns`` says otherwise."""
    if columns and sorted(columns) != sorted(names):
        strange = sorted(set(columns) ^ set(names))
        raise ValueError(f"columns must name its joints once each, in file order; they differ in {', '.join(strange)}")
    order = list(columns or names)
    return [order.index(name) for name in names]


def _plain(text: str) -> str:
    """The file as ``pybvh`` takes it: no spaces in joint names, no position channels below the root."""
    head, mark, motion = text.partition("MOTION")
    lines: list[str] = []
    kept: list[bool] = []
    for line in head.splitlines():
        words = line.split()
        if words and words[0] in ("ROOT", "JOINT") and len(words) > 2:
            lines.append(f"{words[0]} {'_'.join(words[1:])}")
        elif words and words[0] == "CHANNELS":
            keep = [not kept or not word.lower().endswith("position") for word in words[2:]]
            left = [word for word, is_kept in zip(words[2:], keep, strict=True) if is_kept]
            lines.append(f"CHANNELS {len(left)} {' '.join(left)}" if len(left) < len(keep) else line)
            kept += keep
        else:
            lines.append(line)
    return "\n".join(lines) + "\n" + mark + (motion if all(kept) else _columns(motion, kept))


def _columns(motion: str, kept: Sequence[bool]) -> str:
    """The kept columns of every line of numbers."""
    rows: list[str] = []
    for line in motion.splitlines():
        words = line.split()
        is_frame = len(words) == len(kept) and not words[0].endswith(":")
        rows.append(" ".join(w for w, keep in zip(words, kept, strict=True) if keep) if is_frame else line)
    return "\n".join(rows) + "\n"
