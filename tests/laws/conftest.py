from __future__ import annotations

import pytest

from posedreamer.captions.grammar import GrammarCaptioner
from posedreamer.execution.stage import Item
from posedreamer.generation.protocol import PaintJob
from posedreamer.labels.prior import PriorSource
from posedreamer.recipes.stages import ConditionStage
from posedreamer.scenes.build import Refusal, SceneBuilder
from posedreamer.scenes.cameras import PoseDreamerCamera
from posedreamer.seeds import derive_seed, generator_for
from studio.conditions import condition


def _conditions(count: int):
    source = PriorSource()
    builder = SceneBuilder(cameras={PoseDreamerCamera(): 1.0}, width=256, height=256)
    stage = ConditionStage(
        name="condition", version="1", needs=(), gives=(), batch_size=8, captioner=GrammarCaptioner(), seed=1
    )
    found = []
    index = 0
    while len(found) < count:
        label = source.label(index, 1)
        index += 1
        scene = builder.build(label, generator_for(1, label.label_id, "scene"))
        if isinstance(scene, Refusal):
            continue
        outcome = stage.process([Item(item_id=label.label_id, value=scene)])[0]
        found.append(outcome.items[0].value)
    return found


@pytest.fixture(scope="session")
def jobs():
    """Five paint jobs of five conditions of the prior, 256 px."""
    return [
        PaintJob(condition=each, candidate_index=0, seed=derive_seed(1, each.condition_id, "paint"))
        for each in _conditions(5)
    ]


@pytest.fixture(scope="session")
def painted(jobs):
    """The studio's pictures of ``jobs`` and a larger one of somebody who looks at the camera, with annotations."""
    from posedreamer.generation.studio import StudioGenerator

    frontal = PaintJob(condition=condition(size=(256, 256), azimuth_rad=0.0), candidate_index=0, seed=5)
    all_jobs = [*jobs, frontal]
    return StudioGenerator().paint(all_jobs), [job.condition.annotation for job in all_jobs]
