"""How a session was begun, read from itself, so that a run can go on with it."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from sdpose_track.checkpoints.manifest import manifest
from sdpose_track.errors import SettingsError
from sdpose_track.pipeline.begun import BEFORE, SIZE
from sdpose_track.session.schema import SessionHeader
from sdpose_track.settings import PRECISIONS, SDPOSE_ONLY, TrackSettings


def resumed(header: SessionHeader) -> TrackSettings:
    """Return the settings with which a session was begun, to go on with it.

    Raises SettingsError for one that was made with boxes or weights from a file: the session does
    not know where that is.
    """
    begun = {**BEFORE, **header.settings}
    records = {"detector": header.detector, "pose": header.pose}
    own = [(role, record.name) for role, record in records.items() if record.name not in manifest()]
    if "boxes" in begun:
        own = [("boxes", header.detector.name)]
    if own:
        option, name = own[0]
        raise SettingsError(
            f"the session was made with {name}, a file of your own; go on with it by"
            f" sdpose-track track {header.source.name} --resume --{option} FILE"
        )
    try:
        return TrackSettings(
            detector=header.detector.name,
            pose=header.pose.name,
            start=Fraction(begun["start"]),
            end=None if begun["end"] is None else Fraction(begun["end"]),
            max_people=begun["max_people"],
            confidence=begun["confidence"],
            detector_size=str(begun[SIZE]),
            **_runtime(str(begun["runtime"]), str(begun["detector_runtime"])),
            **{name: begun[name] for name in SDPOSE_ONLY if name in begun},
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise SettingsError(
            "the session does not tell with which settings it was begun; go on with it by"
            f" sdpose-track track {header.source.name} --resume and the same options"
        ) from error


def _runtime(pose: str, detector: str) -> dict[str, Any]:
    """Return device, precision and batch by what pose model and detector said of themselves."""
    device = detector.partition(" (")[0].lower()
    precisions = {
        p for p in PRECISIONS for said in (pose, detector) if re.search(rf"\b{p}\b", said)
    }
    batch = re.search(r"--batch ([0-9]+)", pose)
    return {
        "device": device,
        # Where they differ, each chose for itself.
        "precision": precisions.pop() if len(precisions) == 1 else "auto",
        "batch": None if batch is None else int(batch[1]),
    }
