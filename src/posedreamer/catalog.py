"""The catalogue, loaded on first use: every body, source, camera, captioner, generator, mesh estimator, scorer and
export by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any

from posedreamer.errors import RecipeError, did_you_mean

__all__ = ["BUILT_IN", "factory", "names"]

BUILT_IN: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "body": {"anny": "posedreamer.bodies.anny:load_anny"},
        "source": {
            "prior": "posedreamer.labels.prior:PriorSource",
            "amass": "posedreamer.labels.amass:AmassSource",
            "bvh": "posedreamer.labels.bvh:BvhSource",
            "pictures": "posedreamer.labels.pictures:PictureSource",
        },
        "camera": {
            "pose_plus_plus": "posedreamer.scenes.cameras:PosePlusPlusCamera",
            "posedreamer": "posedreamer.scenes.cameras:PoseDreamerCamera",
            "wide_angle": "posedreamer.scenes.cameras:WideAngleCamera",
        },
        "caption": {
            "grammar": "posedreamer.captions.grammar:GrammarCaptioner",
            "pose_plus_plus": "posedreamer.captions.template:TemplateCaptioner",
        },
        "generator": {
            "compact": "posedreamer.generation.compact.generator:CompactGenerator",
            "studio": "posedreamer.generation.studio:StudioGenerator",
            "sdxl": "posedreamer.generation.diffusion.sdxl:SdxlGenerator",
            "flux": "posedreamer.generation.diffusion.flux:FluxGenerator",
            "depth2img": "posedreamer.generation.diffusion.depth2img:Depth2ImgGenerator",
            "text2img": "posedreamer.generation.diffusion.text2img:Text2ImgGenerator",
            "diffusers": "posedreamer.generation.diffusion.pipeline:PipelineGenerator",
        },
        "mesh": {"landmark_fit": "posedreamer.estimators.mesh:LandmarkFit"},
        "scorer": {
            "agreement": "posedreamer.scoring.agreement:AgreementScorer",
            "blazepose": "posedreamer.scoring.blazepose:BlazePoseScorer",
            "clip": "posedreamer.scoring.clip:ClipScorer",
            "embedding": "posedreamer.scoring.embedding:EmbeddingScorer",
            "head_pose": "posedreamer.scoring.head_pose:HeadPoseScorer",
            "keypoints": "posedreamer.scoring.keypoints:KeypointScorer",
            "people": "posedreamer.scoring.people:PeopleScorer",
            "picture": "posedreamer.scoring.picture:PictureScorer",
            "prior_density": "posedreamer.scoring.prior_density:PriorDensityScorer",
            "safety": "posedreamer.scoring.safety:SafetyScorer",
            "silhouette": "posedreamer.scoring.silhouette:SilhouetteScorer",
            "symmetry": "posedreamer.scoring.symmetry:SymmetryScorer",
        },
        "export": {"coco": "posedreamer.dataset.coco:export_coco"},
    }
)
"""kind -> name -> "module:attribute". Third parties add theirs through entry points ``posedreamer.<kind>``."""


def names(kind: str) -> tuple[str, ...]:
    """Known names of a kind, built in and from entry points, sorted."""
    return tuple(sorted(set(BUILT_IN[kind]) | {entry.name for entry in entry_points(group=f"posedreamer.{kind}")}))


def factory(kind: str, name: str) -> Any:
    """The class or function behind a name.

    Raises RecipeError for an unknown name or a plug-in that fails to load.
    """
    target = BUILT_IN[kind].get(name)
    if target is not None:
        module_name, _, attribute = target.partition(":")
        return getattr(import_module(module_name), attribute)
    for entry in entry_points(group=f"posedreamer.{kind}"):
        if entry.name == name:
            try:
                return entry.load()
            except Exception as error:
                raise RecipeError(f"plug-in {kind} {name!r} ({entry.value}) fails to load: {error}") from error
    known = names(kind)
    raise RecipeError(f"unknown {kind} {name!r}; known: {', '.join(known)}.{did_you_mean(name, known)}")
