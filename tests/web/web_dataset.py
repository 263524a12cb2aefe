"""Small real data sets: posed bodies, exact labels, flat pictures, made-up scores; written as runs write them."""

from functools import cache
from types import MappingProxyType

import numpy as np

from posedreamer.bodies import load_body
from posedreamer.dataset.decisions import Gate
from posedreamer.dataset.manifest import hold_dataset
from posedreamer.dataset.reduce import DEFAULT_SPLITS, Reduction, reduce_dataset
from posedreamer.dataset.rows import RowFormat, block_row, block_table
from posedreamer.execution.blocks import blocks_of
from posedreamer.records import (
    Appearance,
    Candidate,
    Caption,
    Condition,
    Dropped,
    Failed,
    Garment,
    Judged,
    Label,
    Person,
    Picture,
)
from posedreamer.rendering.rasterizer import Mesh, rasterize
from posedreamer.scenes.annotate import annotate
from posedreamer.scenes.build import SceneBuilder
from posedreamer.scenes.cameras import PoseDreamerCamera

SIZE = 64
BLOCK_SIZE = 4
SCORES = ("found", "oks", "sharpness")
HOSTILE = "a person <script>alert('caption')</script> & \"friends\""
HOSTILE_ERROR = "ValueError: <b>no colour</b>"
ACTIONS = ("walking", "sitting <i>low</i>", "standing")


def make_label(index):
    rng = np.random.default_rng(index)
    body = load_body("anny")
    parameters = {name: values[0] for name, values in body.neutral(1).items()}
    parameters["body_pose"] = rng.normal(0, 0.15, parameters["body_pose"].shape).astype(np.float32)
    parameters["phenotype"] = rng.uniform(0.3, 0.7, 6).astype(np.float32)
    person = Person(body_model="anny", parameters=parameters, action=ACTIONS[index % len(ACTIONS)])
    return Label(
        label_id=f"{index:08d}-ab", index=index, people=(person,), source=f"source {index % 2}", clip=f"clip-{index}",
        licence="CC0-1.0", seed=2**62 + index,
    )  # fmt: skip


@cache
def make_condition(index):
    builder = SceneBuilder(cameras={PoseDreamerCamera(): 1.0}, width=SIZE, height=SIZE)
    scene = builder.build(make_label(index), np.random.default_rng(index))
    meshes = [
        Mesh(vertices_cam_m=posed.vertices_cam_m, faces=load_body("anny").topology.faces) for posed in scene.people
    ]
    buffers = rasterize(meshes, scene.camera)
    cloth = Garment(kind="jeans", colour="blue")
    looks = Appearance(
        gender="woman", age="adult", skin="fair", hair_cut="short", hair_colour="brown", top=cloth, bottom=cloth,
        shoes=cloth,
    )  # fmt: skip
    caption = Caption(
        text=HOSTILE if index == 0 else f"person number {index}", negative_text="", appearances=(looks,),
        place="a park", setting="outdoor", light="soft daylight", view="",
    )  # fmt: skip
    return Condition(
        condition_id=f"{scene.label.label_id}-0", scene=scene, buffers=buffers, annotation=annotate(scene, buffers),
        caption=caption,
    )  # fmt: skip


def make_judged(index, candidate_index=0):
    condition = make_condition(index)
    rng = np.random.default_rng((index, candidate_index))
    pixels = np.full((SIZE, SIZE, 3), rng.integers(0, 256, 3), dtype=np.uint8)
    pixels[condition.annotation.person_id >= 0] = 255
    scores = {"found": 1.0, "oks": float(rng.uniform())} if index % 7 else {"found": 0.0}
    candidate = Candidate(
        condition=condition, candidate_index=candidate_index, seed=2**62 + index, picture=Picture(pixels=pixels),
        generator="flat", generator_revision="1",
    )  # fmt: skip
    return Judged(candidate=candidate, scores=MappingProxyType(scores))


def gate_at(minimum):
    def decide(scores, facts):
        if scores["found"] < 1:
            return False, "person_not_found"
        return (True, "") if scores["oks"] >= minimum else (False, f"oks_below_{minimum:.2f}")

    return decide


def rows_of(index, row_format):
    label = make_label(index)
    if index % 6 == 4:
        return [block_row(label, Dropped(item_id=label.label_id, stage="scene", reason="out_of_frame"), row_format)]
    if index % 6 == 5:
        return [block_row(label, Failed(item_id=label.label_id, stage="paint", error=HOSTILE_ERROR), row_format)]
    return [block_row(make_judged(index, k), None, row_format) for k in range(2)]


def write_dataset(path, *, blocks=10, num=9, minimum=0.4, version=None):
    """The manifest of a data set of ``blocks`` blocks of four labels."""
    recipe = {
        "name": "test <recipe>", "width": SIZE, "height": SIZE, "seed": 3, "block_size": BLOCK_SIZE,
        "gate": {"name": "oks", "rules": [{"score": "oks", "minimum": minimum, "maximum": None}]},
        "bodies": {"anny": "1"}, "stages": {"paint": "flat 1"},
    }  # fmt: skip
    decide = gate_at(minimum)
    row_format = RowFormat(score_names=SCORES, body_versions={"anny": version or load_body("anny").spec.version})
    with hold_dataset(path, recipe) as folder:
        for block in [each for each, _ in zip(blocks_of(BLOCK_SIZE), range(blocks), strict=False)]:
            rows = [row for index in block.label_indices for row in rows_of(index, row_format)]
            folder.write(block, block_table(rows, SCORES, decide), 0.0)
        return reduce_dataset(
            path,
            Reduction(
                recipe=recipe, score_names=SCORES, gate=Gate(decide=decide), splits=DEFAULT_SPLITS,
                block_size=BLOCK_SIZE,
                versions={"flat painter": "1"}, licences={"body anny": "CC0-1.0", "generator <flat>": "Apache-2.0"},
            ),
            num,
        )  # fmt: skip
