"""From recipe parts to components: catalogue look-ups with checked options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from posedreamer.captions.protocol import Captioner
from posedreamer.catalog import factory
from posedreamer.errors import RecipeError, did_you_mean
from posedreamer.generation.protocol import FixedSize, Generator
from posedreamer.labels.mixture import MixtureSource
from posedreamer.labels.open import open_labels
from posedreamer.labels.protocol import LabelSource
from posedreamer.labels.recombine import ReshapedSource, VariedSource
from posedreamer.recipes.schema import GatePart, LabelPart, Recipe, RulePart, WherePart
from posedreamer.scenes.build import SceneBuilder
from posedreamer.scenes.protocol import CameraSampler
from posedreamer.scoring.gate import Budget, Group, Policy, Quantile, Rule, Where, Wild
from posedreamer.scoring.protocol import Scorer

__all__ = [
    "build_captioner",
    "build_control",
    "build_generator",
    "build_policy",
    "build_scene_builder",
    "build_scorers",
    "build_source",
]


def build_source(recipe: Recipe) -> LabelSource:
    """The recipe's label source: one, or a weighted mixture."""
    sources = [(_build_label_part(part), part.weight) for part in recipe.labels]
    return sources[0][0] if len(sources) == 1 else MixtureSource(sources)


def build_scene_builder(recipe: Recipe) -> SceneBuilder:
    """Cameras, picture size, frame rules and things of the recipe."""
    cameras: dict[CameraSampler, float] = {}
    for part in recipe.cameras:
        cameras[cast("CameraSampler", _build("camera", part.name, part.options))] = part.weight
    return SceneBuilder(
        cameras=cameras,
        width=recipe.width,
        height=recipe.height,
        min_joints_in_frame=recipe.min_joints_in_frame,
        head_in_frame=recipe.head_in_frame,
        seats=recipe.seats,
        occluder_share=recipe.occluder_share,
    )


def build_captioner(recipe: Recipe) -> Captioner:
    """The recipe's captioner."""
    return cast("Captioner", _build("caption", recipe.captions.name, recipe.captions.options))


def build_generator(recipe: Recipe) -> Generator:
    """The recipe's generator, with the alignment adapter on it where there is one.

    Raises RecipeError for options it does not have, for an adapter on a generator that takes none, and for a recipe of
    another size than the only one it paints.
    """
    name, options = recipe.generator.name, recipe.generator.options
    if recipe.alignment:
        if "loras" not in inspect.signature(factory("generator", name)).parameters:
            raise RecipeError(f"generator {name!r} takes no LoRA: leave alignment empty, or paint with one that does")
        options = {**options, "loras": [*options.get("loras", ()), recipe.alignment.model_dump()]}
    generator = cast("Generator", _build("generator", name, options))
    if isinstance(generator, FixedSize) and generator.picture_size != (recipe.width, recipe.height):
        width, height = generator.picture_size
        raise RecipeError(
            f"{generator.name} paints {width} x {height} pictures, the recipe asks for {recipe.width} x "
            f"{recipe.height}. Set width={width} and height={height}, or use another generator."
        )
    return generator


def build_control(recipe: Recipe) -> Generator | None:
    """The generator that paints controls; None where the recipe has none."""
    part = recipe.control
    return None if part is None else cast("Generator", _build("generator", part.name, part.options))


def build_scorers(recipe: Recipe) -> tuple[Scorer, ...]:
    """The recipe's scorers, in order."""
    return tuple(cast("Scorer", _build("scorer", part.name, part.options)) for part in recipe.scorers)


def build_policy(part: GatePart) -> Policy:
    """A gate: its rules, quantiles and budgets. Raises RecipeError for what no row could fulfil."""
    quantiles = tuple(
        Quantile(
            score=each.score,
            best=each.best,
            better=each.better,
            per=each.per,
            where=_where(each.where),
            when_absent=each.when_absent,
        )
        for each in part.quantiles
    )
    return Policy(
        name=part.name,
        rules=tuple(_rule(rule) for rule in part.rules),
        wild=Wild(score=part.wild.score, minimum=part.wild.minimum) if part.wild else None,
        quantiles=quantiles,
        budgets=tuple(Budget(pose=each.pose, at_least=each.at_least, at_most=each.at_most) for each in part.budgets),
    )


def _rule(part: RulePart) -> Rule | Group:
    where = _where(part.where)
    if not part.score:
        members = tuple(_rule(each) for each in part.any or part.all)
        return Group(kind="any" if part.any else "all", rules=members, where=where, reason=part.reason)
    return Rule(
        score=part.score,
        minimum=part.minimum,
        maximum=part.maximum,
        when_absent=part.when_absent,
        where=where,
        reason=part.reason,
    )


def _where(part: WherePart) -> Where:
    return Where(source=part.source, pose=part.pose)


def _build_label_part(part: LabelPart) -> LabelSource:
    if part.path is not None:
        made = _made("labels from a path", partial(open_labels, part.path), part.options)
    else:
        made = _build("source", part.name, part.options)
    source = cast("LabelSource", made)
    if part.reshape:
        source = ReshapedSource(source)
    return VariedSource(source, copies=part.copies, spread_deg=part.spread_deg) if part.copies > 1 else source


def _build(kind: str, name: str, options: Mapping[str, Any]) -> object:
    return _made(f"{kind} {name!r}", factory(kind, name), options)


def _made(what: str, make: Callable[..., object], options: Mapping[str, Any]) -> object:
    """What ``make`` makes of the options. Raises RecipeError for options it does not have or cannot use."""
    known = list(inspect.signature(make).parameters)
    for option in options:
        if option not in known:
            raise RecipeError(
                f"{what} has no option {option!r}; it has: {', '.join(known) or 'none'}.{did_you_mean(option, known)}"
            )
    try:
        return make(**{option: _frozen(value) for option, value in options.items()})
    except (TypeError, ValueError, AttributeError) as error:
        raise RecipeError(f"{what} cannot be made with the options {dict(options)}: {error}") from error


def _frozen(value: Any) -> Any:
    """YAML lists as tuples, so that frozen components stay hashable."""
    return tuple(_frozen(entry) for entry in cast("list[Any]", value)) if isinstance(value, list) else value
