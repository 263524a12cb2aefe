"""Each body, source, camera, captioner, generator, mesh estimator, scorer and export once; the laws run over them.

A new one is one line here. ``CATALOGUED`` says which catalogue names a list covers: a name without a case is a failure.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from labels.motion_files import moving_human, standing_human, write_amass, write_bvh
from posedreamer.bodies.anny import load_anny
from posedreamer.captions.grammar import GrammarCaptioner
from posedreamer.captions.template import TemplateCaptioner
from posedreamer.dataset.coco import export_coco
from posedreamer.estimators.mesh import LandmarkFit
from posedreamer.generation.compact.generator import CompactGenerator
from posedreamer.generation.studio import StudioGenerator
from posedreamer.labels.amass import AmassSource
from posedreamer.labels.bvh import BvhSource
from posedreamer.labels.mixture import MixtureSource
from posedreamer.labels.open import open_labels
from posedreamer.labels.pictures import PictureSource
from posedreamer.labels.prior import PriorSource
from posedreamer.scenes.cameras import PoseDreamerCamera, PosePlusPlusCamera, WideAngleCamera
from posedreamer.scoring.agreement import AgreementScorer
from posedreamer.scoring.blazepose import BlazePoseScorer
from posedreamer.scoring.clip import ClipScorer
from posedreamer.scoring.embedding import EmbeddingScorer
from posedreamer.scoring.head_pose import HeadPoseScorer
from posedreamer.scoring.keypoints import KeypointScorer
from posedreamer.scoring.people import PeopleScorer
from posedreamer.scoring.picture import PictureScorer
from posedreamer.scoring.prior_density import PriorDensityScorer
from posedreamer.scoring.safety import SafetyScorer
from posedreamer.scoring.silhouette import SilhouetteScorer
from posedreamer.scoring.symmetry import SymmetryScorer


@dataclass(frozen=True)
class Case:
    """A thing under law: ``make`` builds it from an empty folder; ``names`` are the catalogue names it stands for.

    ``looks_at_pictures`` is False for a scorer of labels alone.
    """

    id: str
    make: Callable[[Path], Any]
    names: tuple[str, ...] = ()
    looks_at_pictures: bool = True


def _amass(folder: Path) -> AmassSource:
    rng = np.random.default_rng(0)
    return AmassSource(write_amass(folder / "clip.npz", rng.normal(0, 0.2, (8, 156)), np.zeros((8, 3))))


def _folder(folder: Path) -> Any:
    write_bvh(folder / "walk.bvh", standing_human())
    write_bvh(folder / "run.bvh", moving_human(seed=3))
    return open_labels(folder)


def _diffusion(name: str, folder: Path) -> Any:
    from generation.diffusion import tiny  # seconds to import, and most laws need none

    return tiny.generator(name, folder)


def _compact(folder: Path) -> CompactGenerator:
    from generation.compact.tiny import tiny_weights

    return CompactGenerator(weights=str(tiny_weights(folder / "tiny.safetensors")), batch_size=2)


def _agreement(folder: Path) -> AgreementScorer:
    from estimators.tiny_models import random_weights, write_heatmap_model

    return AgreementScorer(model=str(write_heatmap_model(folder / "tiny.onnx", random_weights())))


def _clip(folder: Path) -> ClipScorer:
    from estimators.tiny_models import write_clip, write_head

    head = write_head(folder / "head.safetensors", (24, 8, 1))
    return ClipScorer(model=str(write_clip(folder / "clip")), aesthetic=str(head))


def _clip_embedding(folder: Path) -> EmbeddingScorer:
    from estimators.tiny_models import write_clip

    return EmbeddingScorer(model=str(write_clip(folder / "clip")))


def _safety(folder: Path) -> SafetyScorer:
    from estimators.tiny_models import write_classifier

    return SafetyScorer(model=str(write_classifier(folder / "vit", {0: "fine", 1: "nude"})), unsafe=("nude",))


def _pictures(folder: Path) -> PictureSource:
    data = Path(__file__).parent / "estimators" / "data"
    for name in ("person_256x256_3", "person_512x512", "nobody_256x256"):
        shutil.copy(data / f"{name}.jpg", folder / f"{name}.jpg")
    return PictureSource(folder)


BODIES = [Case("anny", lambda _: load_anny(), ("anny",))]
SOURCES = [
    Case("prior", lambda _: PriorSource(), ("prior",)),
    Case("amass", _amass, ("amass",)),
    Case("bvh", lambda folder: BvhSource(write_bvh(folder / "walk.bvh", standing_human())), ("bvh",)),
    Case("folder", _folder),
    Case("pictures", _pictures, ("pictures",)),
    Case("mixture", lambda folder: MixtureSource([(PriorSource(), 0.5), (_folder(folder), 0.5)])),
]
CAMERAS = [
    Case("pose_plus_plus", lambda _: PosePlusPlusCamera(), ("pose_plus_plus",)),
    Case("posedreamer", lambda _: PoseDreamerCamera(), ("posedreamer",)),
    Case("wide_angle", lambda _: WideAngleCamera(), ("wide_angle",)),
]
CAPTIONERS = [
    Case("grammar", lambda _: GrammarCaptioner(), ("grammar",)),
    Case("template", lambda _: TemplateCaptioner(), ("pose_plus_plus",)),
]
GENERATORS = [
    Case("compact", _compact, ("compact",)),
    Case("studio", lambda _: StudioGenerator(), ("studio",)),
    Case("studio_snapshot", lambda _: StudioGenerator(style="snapshot")),
    Case("studio_drawn", lambda _: StudioGenerator(style="drawn")),
    Case("sdxl", partial(_diffusion, "sdxl"), ("sdxl",)),
    Case("flux", partial(_diffusion, "flux"), ("flux",)),
    Case("depth2img", partial(_diffusion, "depth2img"), ("depth2img",)),
    Case("text2img", partial(_diffusion, "text2img"), ("text2img",)),
    Case("diffusers", partial(_diffusion, "diffusers"), ("diffusers",)),
]
MESHES = [Case("landmark_fit", lambda _: LandmarkFit(), ("landmark_fit",))]
SCORERS = [
    Case("agreement", _agreement, ("agreement",)),
    Case("blazepose", lambda _: BlazePoseScorer(), ("blazepose",)),
    Case("clip", _clip, ("clip",)),
    Case("embedding", lambda _: EmbeddingScorer(), ("embedding",)),
    Case("clip_embedding", _clip_embedding),
    Case("head_pose", lambda _: HeadPoseScorer(), ("head_pose",)),
    Case("keypoints", lambda _: KeypointScorer(), ("keypoints",)),
    Case("people", lambda _: PeopleScorer(), ("people",)),
    Case("picture", lambda _: PictureScorer(), ("picture",)),
    Case("prior_density", lambda _: PriorDensityScorer(), ("prior_density",), looks_at_pictures=False),
    Case("safety", _safety, ("safety",)),
    Case("silhouette", lambda _: SilhouetteScorer(), ("silhouette",)),
    Case("symmetry", lambda _: SymmetryScorer(), ("symmetry",)),
]
EXPORTS = [Case("coco", lambda _: export_coco, ("coco",))]

CATALOGUED = {
    "body": BODIES,
    "source": SOURCES,
    "camera": CAMERAS,
    "caption": CAPTIONERS,
    "generator": GENERATORS,
    "mesh": MESHES,
    "scorer": SCORERS,
    "export": EXPORTS,
}
