"""Frozen records in flight, each made from the one before: Label -> Scene -> Condition -> Candidate -> Judged."""

from posedreamer.records.appearance import COLOURS_RGB, Appearance, Caption, Garment
from posedreamer.records.outcomes import Dropped, Failed
from posedreamer.records.people import PROP_MATERIALS, UNKNOWN_ACTION, Camera, Label, Person, PosedPerson, Prop, Scene
from posedreamer.records.pictures import (
    REGIONS,
    Annotation,
    Buffers,
    Candidate,
    Condition,
    Judged,
    PersonAnnotation,
    Picture,
)

__all__ = [
    "COLOURS_RGB",
    "PROP_MATERIALS",
    "REGIONS",
    "UNKNOWN_ACTION",
    "Annotation",
    "Appearance",
    "Buffers",
    "Camera",
    "Candidate",
    "Caption",
    "Condition",
    "Dropped",
    "Failed",
    "Garment",
    "Judged",
    "Label",
    "Person",
    "PersonAnnotation",
    "Picture",
    "PosedPerson",
    "Prop",
    "Scene",
]
