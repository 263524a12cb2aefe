import pickle

import numpy as np
import pytest

from cases import SOURCES
from posedreamer.bodies import load_body
from posedreamer.labels.protocol import LabelSource


@pytest.fixture(scope="module", params=SOURCES, ids=lambda case: case.id)
def sources(request, tmp_path_factory):
    """The same source built twice from the same folder: as two processes would."""
    folder = tmp_path_factory.mktemp(request.param.id)
    return request.param.make(folder), request.param.make(folder)


def _bytes(label):
    people = [
        (person.body_model, person.action, {k: np.asarray(v).tobytes() for k, v in person.parameters.items()})
        for person in label.people
    ]
    return pickle.dumps((label.label_id, label.source, label.clip, label.licence, label.seed, people))


def test_a_source_keeps_the_protocol(sources):
    assert isinstance(sources[0], LabelSource)
    assert sources[0].licence
    assert "/" not in sources[0].name


def test_labels_depend_on_index_and_seed_alone(sources):
    first, second = sources
    assert first.digest == second.digest
    forwards = [_bytes(first.label(index, 9)) for index in range(6)]
    backwards = [_bytes(second.label(index, 9)) for index in reversed(range(6))]
    assert forwards == backwards[::-1]
    assert _bytes(first.label(0, 9)) != _bytes(first.label(0, 10))


def test_a_source_travels_to_another_process(sources):
    travelled = pickle.loads(pickle.dumps(sources[0]))
    assert travelled.digest == sources[0].digest
    assert _bytes(travelled.label(3, 9)) == _bytes(sources[0].label(3, 9))


def test_label_ids_are_unique_and_sort_by_index(sources):
    ids = [sources[0].label(index, 9).label_id for index in range(40)]
    assert len(set(ids)) == 40
    assert ids == sorted(ids)
    assert ids[0] != sources[0].label(0, 10).label_id


def test_labels_are_bodies_on_the_ground(sources):
    for index in range(6):
        label = sources[0].label(index, 2)
        assert label.index == index
        assert label.clip
        assert label.licence
        for person in label.people:
            body = load_body(person.body_model)
            assert set(person.parameters) == {spec.name for spec in body.spec.parameters}
            for spec in body.spec.parameters:
                values = person.parameters[spec.name]
                assert values.shape == spec.shape
                assert values.dtype == np.float32
                assert np.isfinite(values).all()
            pose = body.pose({name: np.array(values)[None] for name, values in person.parameters.items()})
            heights = pose.vertices_m[0, :, 2].numpy()
            assert -0.03 < heights.min() < 1.5
            assert 0.1 < heights.max() - heights.min() < 2.8
