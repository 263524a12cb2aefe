from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from posedreamer.bodies.anny import AnnyBody, load_anny
from posedreamer.priors.bulk import BulkMap
from posedreamer.priors.draft import Draft
from posedreamer.priors.joints import JointMap
from posedreamer.priors.prior import PosePrior, PriorSample
from posedreamer.priors.skeleton import Skeleton


@pytest.fixture(scope="session")
def body() -> AnnyBody:
    return load_anny()


@pytest.fixture(scope="session")
def skeleton(body: AnnyBody) -> Skeleton:
    heads = body.pose(body.neutral(1)).bones_world[0, :, :3, 3].numpy().astype(np.float64)
    return Skeleton(body.spec.bone_names, np.array(body.spec.bone_parents, dtype=np.int64), heads)


@pytest.fixture(scope="session")
def joints(skeleton: Skeleton) -> JointMap:
    return JointMap.of(skeleton)


@pytest.fixture(scope="session")
def draft_of(body: AnnyBody, skeleton: Skeleton, joints: JointMap) -> Callable[[], Draft]:
    rest_m = body.pose(body.neutral(1)).vertices_m[0].numpy().astype(np.float64)
    bulk = BulkMap.of(body.topology, rest_m, skeleton).fit(rest_m, skeleton)
    return lambda: Draft(skeleton, bulk, joints, np.random.default_rng(0))


@pytest.fixture
def draft(draft_of: Callable[[], Draft]) -> Draft:
    return draft_of()


@pytest.fixture(scope="session")
def prior(body: AnnyBody) -> PosePrior:
    return PosePrior(body=body)


@pytest.fixture(scope="session")
def samples(prior: PosePrior) -> list[PriorSample]:
    return [prior.sample(np.random.default_rng(index)) for index in range(60)]
