"""Small records of every kind, made from a seed."""

import numpy as np

from posedreamer.records import (
    REGIONS,
    Annotation,
    Appearance,
    Buffers,
    Camera,
    Candidate,
    Caption,
    Condition,
    Garment,
    Judged,
    Label,
    Person,
    PersonAnnotation,
    Picture,
    PosedPerson,
    Prop,
    Scene,
)

SIZE = (24, 32)
SCORES = ("oks", "person_found")


def make_person(rng):
    parameters = {
        "transl": rng.normal(size=3).astype(np.float32),
        "body_pose": rng.normal(size=(5, 3)).astype(np.float32),
        "phenotype": rng.uniform(size=6).astype(np.float32),
    }
    return Person(body_model="fake", parameters=parameters, action="walking")


def make_label(index, people=1):
    rng = np.random.default_rng(index)
    return Label(
        label_id=f"{index:08d}-ab",
        index=index,
        people=tuple(make_person(rng) for _ in range(people)),
        source="fake",
        clip=f"clip-{index // 3}",
        licence="CC0-1.0",
        seed=2**62 + index,
    )


def make_prop(rng):
    return Prop(
        kind="suitcase",
        colour="red",
        vertices_cam_m=rng.normal(size=(4, 3)).astype(np.float32),
        faces=np.array([[0, 1, 2], [1, 3, 2]], dtype=np.int32),
        face_material=rng.integers(0, 5, 2).astype(np.uint8),
        seats=int(rng.integers(-1, 2)),
    )


def make_scene(index, people=1):
    rng = np.random.default_rng(index + 1)
    label = make_label(index, people)
    camera = Camera(width=SIZE[1], height=SIZE[0], K=rng.normal(size=(3, 3)), cam_from_world=rng.normal(size=(4, 4)))
    posed = tuple(
        PosedPerson(
            person=person,
            vertices_cam_m=np.zeros((4, 3), np.float32),
            keypoints_cam_m=np.zeros((65, 3), np.float32),
            posture="upright",
        )
        for person in label.people
    )
    return Scene(label=label, camera=camera, people=posed, props=tuple(make_prop(rng) for _ in range(index % 3)))


def make_annotation(scene):
    rng = np.random.default_rng(scene.label.index + 2)
    person_id = rng.integers(-1, len(scene.people), SIZE).astype(np.int32)

    def points(n):
        return np.column_stack([rng.uniform(-5, 35, (n, 2)), rng.integers(0, 3, n)]).astype(np.float32)

    people = tuple(
        PersonAnnotation(
            person=posed.person,
            keypoints_2d=points(17),
            keypoints_3d_cam_m=points(17),
            feet_2d=points(6),
            left_hand_2d=points(21),
            right_hand_2d=points(21),
            bbox_xywh_px=rng.uniform(0, 20, 4),
            amodal_bbox_xywh_px=rng.uniform(0, 40, 4),
            visible_px=int((person_id == place).sum()),
            posture="floor",
        )
        for place, posed in enumerate(scene.people)
    )
    return Annotation(camera=scene.camera, people=people, person_id=person_id)


def make_condition(index, people=1):
    scene = make_scene(index, people)
    jeans = Garment(kind="jeans", colour="blue")
    looks = Appearance(
        gender="woman", age="adult", skin="fair", hair_cut="short", hair_colour="brown", top=jeans, bottom=jeans,
        shoes=Garment(kind="trainers", colour="red"),
    )  # fmt: skip
    caption = Caption(
        text=f"a person number {index}", negative_text="blurry", appearances=(looks,) * people, place="a park",
        setting="outdoor", light="soft daylight", view="seen from the side",
    )  # fmt: skip
    empty = np.zeros(SIZE, np.float32)
    buffers = Buffers(
        depth_m=empty, person_id=empty.astype(np.int32), face_id=empty.astype(np.int32),
        barycentrics=np.zeros((*SIZE, 3), np.float32),
    )  # fmt: skip
    return Condition(
        condition_id=f"{scene.label.label_id}-c", scene=scene, buffers=buffers, annotation=make_annotation(scene),
        caption=caption,
    )  # fmt: skip


def _regions(rng, index):
    """Of every other candidate, as some painters know no regions."""
    return rng.integers(0, len(REGIONS), SIZE, dtype=np.uint8) if index % 2 else None


def make_candidate(index, candidate_index=0, people=1):
    rng = np.random.default_rng((index, candidate_index))
    pixels = np.repeat(np.repeat(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), 4, axis=0), 4, axis=1)
    return Candidate(
        condition=make_condition(index, people), candidate_index=candidate_index, seed=2**62 + index + 7,
        picture=Picture(pixels=pixels, regions=_regions(rng, index)), generator="fake", generator_revision="1",
        generator_licence="mine",
    )  # fmt: skip


def make_judged(index, candidate_index=0, people=1, scores=None):
    oks = float(np.random.default_rng(index + 3).uniform())
    return Judged(
        candidate=make_candidate(index, candidate_index, people), scores={"oks": oks} if scores is None else scores
    )


def decide(scores, facts):
    if scores.get("oks", 0.0) > 0.4:
        return True, ""
    return False, "low_oks"
