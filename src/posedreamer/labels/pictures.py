"""Labels read off pictures: a folder of pictures of anything, real or generated, and a mesh estimator.

The first half of Diffusion-HPC (Weng et al., 2023): picture -> body, kept where the pose is hard. The label carries the
camera, so that its scene lies over the picture, and the picture's name as clip, by which ``depth2img`` finds it again.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import numpy as np
from jaxtyping import Float32
from PIL import Image, ImageOps

from posedreamer.catalog import factory
from posedreamer.errors import InputError, RecipeError, did_you_mean
from posedreamer.estimators.mesh import FittedPerson, MeshEstimator
from posedreamer.execution.progress import progress
from posedreamer.labels.bvh import UNKNOWN_LICENCE
from posedreamer.labels.files import clip_names
from posedreamer.labels.protocol import label_id_of
from posedreamer.priors.prior import PosePrior
from posedreamer.records import UNKNOWN_ACTION, Camera, Label, Person, Picture
from posedreamer.seeds import generator_for

__all__ = ["PICTURE_SUFFIXES", "PictureAccount", "PictureSource"]

_LOG = logging.getLogger(__name__)

PICTURE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")
_PRIOR_BODY: Final = "anny"
_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureAccount:
    """What became of one picture.

    Attributes:
        name: path below the folder, with suffix.
        reason: "" for one that is used; "unreadable", "nobody_found", "too_few_landmarks", "fit_too_far_off" or
            "not_hard" for one that is dropped.
        error_px, error_m: of the worst person of the fit; None where there is none.
        hardness: of the rarest pose (``scoring.prior_density``); None where there is none or for other bodies.
    """

    name: str
    reason: str
    error_px: float | None = None
    error_m: float | None = None
    hardness: float | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A used picture: clip, bodies' names and parameters, camera."""

    clip: str
    people: tuple[tuple[str, Mapping[str, Float32[np.ndarray, "..."]]], ...] = field(repr=False)
    camera: Camera


class PictureSource:
    """One label per picture in which everybody who is seen got a body; again and again, in an order of the seed's.

    Pictures are fitted when the first label is asked for, all at once; the source travels to workers with its fits.

    Args:
        folder: pictures (.png, .jpg, .jpeg, .webp), also in folders below.
        hard_only: least hardness of the rarest pose of a picture, the column of ``prior_density``: 0.9 keeps what is
            rarer than 90 % of the prior's draws, 1.0 what is rarer than all of them. 0 takes every picture.
            (Diffusion-HPC: squared norm in a learned prior's latent space of at least 30.)
        estimator: catalogue name of a mesh estimator.
        options: the estimator's (``body``, ``max_people``, ``fov_deg`` and more for ``landmark_fit``).
        licence: of the pictures.

    Raises InputError for a folder that is not there or holds no picture, RecipeError for options that do not fit.
    """

    def __init__(
        self,
        folder: str | Path,
        hard_only: float = 0.0,
        estimator: str = "landmark_fit",
        options: Mapping[str, Any] | None = None,
        licence: str = UNKNOWN_LICENCE,
    ) -> None:
        if not 0.0 <= hard_only < float("inf"):
            raise RecipeError(f"pictures.hard_only is {hard_only}; expected a hardness from 0 (all) upwards")
        self._root = Path(folder).expanduser()
        self._files = _pictures_below(self._root)
        self._hard_only, self._licence = float(hard_only), licence
        self._estimator_name, self._options = estimator, dict(options or {})
        self._version = _built(estimator, self._options).version

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._root.resolve().name

    @property
    def licence(self) -> str:
        """The pictures' licence."""
        return self._licence

    @cached_property
    def digest(self) -> str:
        """Hash of the pictures' names and bytes, the estimator's version and the options."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"pictures-1\x1f{self._version}\x1f{self._hard_only!r}\x1f{self._licence}".encode())
        for path, clip in self._files:
            digest.update(f"\x1e{clip}{path.suffix}\x1f".encode())
            digest.update(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
        return digest.hexdigest()

    @property
    def account(self) -> tuple[PictureAccount, ...]:
        """Every picture of the folder, used or dropped with a reason. Raises MissingWeightsError."""
        return self._fits[0]

    def label(self, index: int, seed: int) -> Label:
        """The label of ``index`` under the user's seed.

        Raises InputError when no picture of the folder can be used, MissingWeightsError.
        """
        used = self._fits[1]
        if not used:
            counts = Counter(each.reason for each in self.account)
            reasons = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
            raise InputError(
                f"pictures {self._root}: none of {len(self.account)} can be used: {reasons}; expected pictures with "
                "people, or a lower hard_only"
            )
        around, place = divmod(index, len(used))
        order = generator_for(seed, f"{self.digest}-{around}", "order of pictures").permutation(len(used))
        read = used[int(order[place])]
        return Label(
            label_id=label_id_of(index, seed, self.digest),
            index=index,
            people=tuple(
                Person(body_model=body, parameters=MappingProxyType(dict(parameters)), action=UNKNOWN_ACTION)
                for body, parameters in read.people
            ),
            source=self.name,
            clip=read.clip,
            licence=self._licence,
            seed=seed,
            camera=read.camera,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Fits and all: workers look at no picture again."""
        _ = self._fits, self.digest
        return dict(self.__dict__)

    @cached_property
    def _fits(self) -> tuple[tuple[PictureAccount, ...], tuple[_Read, ...]]:
        estimator = _built(self._estimator_name, self._options)
        estimator.fetch()
        ends: list[tuple[PictureAccount, _Read | None]] = []
        with progress("reading bodies off pictures", len(self._files), "pictures") as meter:
            for start in range(0, len(self._files), _AT_ONCE):
                ends += self._fitted(estimator, start)
                meter.advance(len(ends) - meter.done, "")
        dropped = Counter(account.reason for account, _ in ends if account.reason)
        if dropped:
            _LOG.warning(
                "%d of %d pictures of %s are not used: %s",
                dropped.total(),
                len(ends),
                self.name,
                ", ".join(f"{count} {reason}" for reason, count in dropped.most_common()),
            )
        return tuple(account for account, _ in ends), tuple(read for _, read in ends if read is not None)

    def _fitted(self, estimator: MeshEstimator, start: int) -> Iterator[tuple[PictureAccount, _Read | None]]:
        """The ends of a few pictures, in order."""
        few = self._files[start : start + _AT_ONCE]
        read = [_read(path) for path, _ in few]
        good = [picture for picture in read if picture is not None]
        fits = iter(estimator.fit(good, [None] * len(good)))
        for (path, clip), picture in zip(few, read, strict=True):
            name = path.relative_to(self._root).as_posix()
            if picture is None:
                yield PictureAccount(name=name, reason="unreadable"), None
                continue
            fit = next(fits)
            account = _account(name, fit.people, next(iter(fit.refused), ""), self._hard_only)
            people = tuple((one.person.body_model, dict(one.person.parameters)) for one in fit.people)
            yield account, None if account.reason else _Read(clip, people, fit.camera)


def _account(name: str, people: tuple[FittedPerson, ...], refused: str, hard_only: float) -> PictureAccount:
    if not people:
        return PictureAccount(name=name, reason=refused)
    known = [one.person.parameters for one in people if one.person.body_model == _PRIOR_BODY]
    hardness = max((_prior().hardness(each) for each in known), default=None)
    if hard_only > 0.0 and hardness is None:
        raise RecipeError(
            f"pictures.hard_only needs bodies that the pose prior knows ({_PRIOR_BODY}); found "
            f"{people[0].person.body_model}: leave hard_only out, or choose that body"
        )
    is_easy = hard_only > 0.0 and hardness is not None and hardness < hard_only
    return PictureAccount(
        name=name,
        reason=refused or ("not_hard" if is_easy else ""),
        error_px=max(one.error_px for one in people),
        error_m=max(one.error_m for one in people),
        hardness=hardness,
    )


@lru_cache(maxsize=1)
def _prior() -> PosePrior:
    return PosePrior()


def _pictures_below(root: Path) -> list[tuple[Path, str]]:
    """Every picture with its clip name, sorted. Raises InputError where there is none."""
    if not root.is_dir():
        raise InputError(f"pictures {root}: there is no such folder; expected one with pictures")
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES)
    files = [path for path in files if not any(part.startswith(".") for part in path.relative_to(root).parts)]
    if not files:
        raise InputError(f"pictures {root}: no picture in this folder; expected {', '.join(PICTURE_SUFFIXES)} files")
    return clip_names(root, files)


def _read(path: Path) -> Picture | None:
    """The picture as it is meant to be looked at; None for a file that is none."""
    try:
        with Image.open(path) as file:
            pixels = np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return Picture(pixels=pixels)


def _built(name: str, options: Mapping[str, Any]) -> MeshEstimator:
    make = factory("mesh", name)
    try:
        return cast("MeshEstimator", make(**options))
    except TypeError as error:
        known = [each for each in make.__init__.__annotations__ if each != "return"]
        hint = next((found for each in options if each not in known and (found := did_you_mean(each, known))), "")
        raise RecipeError(
            f"the mesh estimator {name!r} cannot be made with {dict(options)}: {error}; "
            f"it has {', '.join(known)}.{hint}"
        ) from error
