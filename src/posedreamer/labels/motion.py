"""Clips of recorded motion, and the label source that draws their frames."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

from posedreamer.bodies import load_body
from posedreamer.bodies.phenotype import adult_phenotypes
from posedreamer.bodies.retarget import AnnyRig, RestSkeleton, anny_rig, retarget
from posedreamer.errors import InputError
from posedreamer.geometry.rotations import matrix_from_axis_angle
from posedreamer.labels.actions import fitting_action
from posedreamer.labels.grounding import ground
from posedreamer.labels.plausibility import implausible_knee_share
from posedreamer.labels.protocol import label_id_of
from posedreamer.records import Label, Person
from posedreamer.seeds import generator_for

__all__ = ["ClipFile", "ClipReader", "FrameChoice", "MotionClip", "MotionSource", "read_clips", "rig"]

MAX_CLIPS_IN_MEMORY: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionClip:
    """One recorded motion of one person, with what is needed to bring it onto another body.

    Attributes:
        rest: the rest pose in the body frame, and the roles that ``role_joints`` gives a joint each.
        joint_parents: parents before children, -1 for the root.
        local_rad: axis-angle of every joint relative to its parent, in the file's own axes.
        body_from_rest: brings the file's rest axes into the body frame (z up, facing -y, left at +x).
        world_from_file: brings the file's world axes into ours (z up).
        root_height_legs: height of the pelvis along the file's up axis, in lengths of the person's leg (thigh and
            shank); the zero is arbitrary.
        frames_per_second: frames per second.
        gender: "female", "male" or "unknown".
        action: words for a caption, "unknown" where the name says nothing.
    """

    name: str
    rest: RestSkeleton
    role_joints: tuple[int, ...]
    joint_parents: tuple[int, ...]
    local_rad: Float32[np.ndarray, "t j 3"] = field(repr=False)
    body_from_rest: Float64[np.ndarray, "3 3"] = field(repr=False)
    world_from_file: Float64[np.ndarray, "3 3"] = field(repr=False)
    root_height_legs: Float64[np.ndarray, " t"] = field(repr=False)
    frames_per_second: float
    gender: str
    action: str

    def __len__(self) -> int:
        return len(self.local_rad)

    def rotations(self, frames: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, "n r 3 3"]:
        """Each role's world rotation since rest at these frames: body frame at rest to world (z up)."""
        local = matrix_from_axis_angle(self.local_rad[frames])
        world = np.empty_like(local)
        for joint, parent in enumerate(self.joint_parents):
            world[:, joint] = local[:, joint] if parent < 0 else world[:, parent] @ local[:, joint]
        return self.world_from_file @ world[:, list(self.role_joints)] @ self.body_from_rest.T


ClipReader = Callable[[Path, str], MotionClip]
"""Reads a file as a clip of the given name; raises InputError naming the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFile:
    """A motion file that was read once and found good.

    Attributes:
        path: where it lies on this machine; never part of a label.
        clip: its name in labels: the path below the folder that was opened, without suffix.
        frames: how many frames it holds.
        implausible_share: see ``labels.plausibility``.
        digest: hash of its bytes.
        licence: licence of its motion.
        read: the reader of its format.
    """

    path: Path
    clip: str
    frames: int
    implausible_share: float
    digest: str
    licence: str
    read: ClipReader


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameChoice:
    """Which frames of a clip may become labels.

    Attributes:
        frames_per_clip: so many random frames of each clip (PoseDreamer takes 15), drawn by the run's seed; 0 = all.
        stride: only every so many-th frame.
    """

    frames_per_clip: int = 0
    stride: int = 1

    def __post_init__(self) -> None:
        if self.frames_per_clip < 0 or self.stride < 1:
            raise InputError(
                f"frames_per_clip={self.frames_per_clip}, stride={self.stride}: expected frames_per_clip >= 0 (0 takes "
                "all) and stride >= 1"
            )

    def frames(self, clip: ClipFile, seed: int) -> Int64[np.ndarray, " n"]:
        """Frames of the clip that may be drawn under this seed, ascending."""
        frames = np.arange(0, clip.frames, self.stride, dtype=np.int64)
        if 0 < self.frames_per_clip < len(frames):
            rng = generator_for(seed, clip.clip, "frames of clip")
            frames = np.sort(rng.choice(frames, self.frames_per_clip, replace=False))
        return frames


class MotionSource:
    """Labels from motion files: each draws a clip (all alike), one of its frames, and an adult shape.

    Recorded shapes (betas) mean nothing to Anny's phenotypes and are not carried over; a recorded gender is. The person
    stands, lies or jumps where the motion has them relative to the ground (see ``labels.grounding``), above the origin.
    """

    def __init__(self, name: str, files: Sequence[ClipFile], choice: FrameChoice, reading: str = "") -> None:
        """``reading`` says how the files were read, where that changes their labels; it counts in the digest."""
        self._name = name
        self._files = tuple(files)
        self._choice = choice
        text = [f"{file.clip}\x1f{file.digest}\x1f{file.licence}" for file in self._files]
        text.append(f"motion-1\x1f{choice.frames_per_clip}\x1f{choice.stride}\x1f{reading}")
        self._digest = hashlib.blake2b("\x1e".join(text).encode(), digest_size=16).hexdigest()

    @property
    def name(self) -> str:
        """The file's or folder's name."""
        return self._name

    @property
    def licence(self) -> str:
        """The licences of all files, each once."""
        return " and ".join(dict.fromkeys(file.licence for file in self._files))

    @property
    def digest(self) -> str:
        """Hash of the files' bytes, names and licences, and of the choice of frames."""
        return self._digest

    @property
    def files(self) -> tuple[ClipFile, ...]:
        """The clips that labels are drawn from."""
        return self._files

    def label(self, index: int, seed: int) -> Label:
        """The label of ``index`` under the user's seed; equal in every process and order."""
        rng = generator_for(seed, f"{self.name}-{index}", "label")
        file = self._files[int(rng.integers(len(self._files)))]
        frame = int(rng.choice(self._choice.frames(file, seed)))
        clip = _clip(file)
        phenotype = adult_phenotypes(rng, 1)[0]
        if clip.gender != "unknown":
            side = max if clip.gender == "female" else min
            phenotype[0] = side(phenotype[0], 1.0 - phenotype[0])
        return Label(
            label_id=label_id_of(index, seed, self.digest),
            index=index,
            people=(_person(clip, frame, phenotype),),
            source=self.name,
            clip=file.clip,
            licence=file.licence,
            seed=seed,
        )


def read_clips(
    files: Sequence[tuple[Path, str]], read: ClipReader, licence: str
) -> tuple[list[ClipFile], list[InputError]]:
    """Every (path, clip name) read once: the good ones as ClipFiles, and the errors of the others."""
    good: list[ClipFile] = []
    errors: list[InputError] = []
    for path, name in files:
        try:
            clip = read(path, name)
            digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        except InputError as error:
            errors.append(error)
            continue
        good.append(
            ClipFile(
                path=path,
                clip=name,
                frames=len(clip),
                implausible_share=implausible_knee_share(clip.rest, clip.rotations(_evenly(clip))),
                digest=digest,
                licence=licence,
                read=read,
            )
        )
    return good, errors


def _evenly(clip: MotionClip) -> Int64[np.ndarray, " n"]:
    """Up to 64 frames, evenly spread over the clip."""
    return np.unique(np.linspace(0, len(clip) - 1, min(len(clip), 64)).astype(np.int64))


@lru_cache(maxsize=1)
def rig() -> AnnyRig:
    """Anny's rig, measured once."""
    return anny_rig(load_body("anny"))


@lru_cache(maxsize=MAX_CLIPS_IN_MEMORY)
def _clip(file: ClipFile) -> MotionClip:
    return file.read(file.path, file.clip)


def _person(clip: MotionClip, frame: int, phenotype: Float32[np.ndarray, "6"]) -> Person:
    grounded = ground(
        lambda frames: retarget(clip.rest, clip.rotations(frames), rig()),
        clip.root_height_legs,
        frame,
        clip.frames_per_second,
        phenotype,
        None if "left_hand" in clip.rest.roles else rig(),
    )
    parameters = grounded.parameters
    for value in parameters.values():
        value.flags.writeable = False
    action = fitting_action(clip.action, grounded.posture)
    return Person(body_model="anny", parameters=MappingProxyType(parameters), action=action)
