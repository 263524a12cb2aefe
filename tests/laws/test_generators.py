import numpy as np
import pytest

from cases import GENERATORS
from posedreamer.generation.protocol import Generator, PaintJob


@pytest.fixture(scope="module", params=GENERATORS, ids=lambda case: case.id)
def generator(request, tmp_path_factory):
    return request.param.make(tmp_path_factory.mktemp("generator"))


def test_a_generator_keeps_the_protocol(generator):
    assert isinstance(generator, Generator)
    assert generator.name
    assert generator.revision
    assert generator.licence
    assert generator.source_type in ("algorithmicMedia", "trainedAlgorithmicMedia")
    assert generator.about.endswith(".")
    assert generator.batch_size >= 1


def test_one_picture_per_job_of_the_cameras_size(generator, jobs):
    pictures = generator.paint(jobs)
    assert [picture.pixels.shape for picture in pictures] == [
        (job.condition.scene.camera.height, job.condition.scene.camera.width, 3) for job in jobs
    ]
    assert all(picture.pixels.std() > 5 for picture in pictures)


def test_a_picture_depends_on_its_job_alone(generator, jobs):
    together = generator.paint(jobs)
    alone = [generator.paint([job])[0] for job in reversed(jobs)][::-1]
    for one, other in zip(together, alone, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


def test_another_seed_is_another_picture(generator, jobs):
    job = jobs[0]
    other = PaintJob(condition=job.condition, candidate_index=1, seed=job.seed + 1)
    first, second = generator.paint([job, other])
    assert not np.array_equal(first.pixels, second.pixels)


def test_the_condition_is_left_alone(generator, jobs):
    condition = jobs[0].condition
    before = condition.buffers.depth_m.copy(), condition.scene.people[0].vertices_cam_m.copy()
    generator.paint(jobs[:1])
    assert np.array_equal(condition.buffers.depth_m, before[0])
    assert np.array_equal(condition.scene.people[0].vertices_cam_m, before[1])
