"""Blender opens what we export of a real clip, and finds everything where the view has it.

`pytest -m readers --log-cli-level=INFO` tells how near.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flat_people import NEXT, direction, off, seen_directions
from other_programs import read_with

from sdpose_track import Recording, Smoothing, View, track_video
from sdpose_track.export import export
from sdpose_track.records import Float64, SourceInfo, TrackArrays
from sdpose_track.skeletons import COCO17

pytestmark = [pytest.mark.readers, pytest.mark.slow]
SURE = 0.3
LOG = logging.getLogger(__name__)


class Clip:
    """A real clip: its people as smoothed, and their exports."""

    def __init__(self, session: Path, folder: Path) -> None:
        with Recording.open(session) as recording:
            view = View(recording, Smoothing.OFFLINE)
            self.source: SourceInfo = view.source
            self.people: list[TrackArrays] = list(view.tracks())
            names = ("bvh", "glb", "glb-rig")
            self.paths = {name: export(view, name, folder, "juggle") for name in names}

    def directions(self, person: TrackArrays) -> dict[str, Float64]:
        """Return the degrees of all limbs that are seen; NaN for the others."""
        sure = np.where(person.scores[..., None] >= SURE, person.keypoints, np.float32(np.nan))
        return seen_directions(sure, self.source.height)


@pytest.fixture(scope="module")
def juggler(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("juggler")
    session = track_video(media / "videos" / "juggle_single.mp4", folder / "juggle.sdpose")
    return Clip(session, folder / "out")


def worst(found: Mapping[str, Float64], wanted: Mapping[str, Float64]) -> float:
    """Return the degrees that the worst of all limbs is off by."""
    apart = np.concatenate([off(found[name], wanted[name]) for name in wanted])
    assert np.isfinite(apart).mean() > 0.9
    return float(np.nanmax(apart))


def test_blender_makes_an_armature_of_a_bvh_with_the_directions_of_the_view(juggler: Clip) -> None:
    for person in juggler.people:
        path = juggler.paths["bvh"] / f"juggle_p{person.track_id}.bvh"
        read = read_with("blender", "blender_bvh.py", path)
        rows = person.indices - person.indices[0]
        bones = {
            name: np.array([read["frames"][row][name] for row in rows])
            for name in read["frames"][0]
        }
        found = {a: direction(bones[a][:, 0, :2], bones[b][:, 0, :2]) for a, b in NEXT.items()}
        found["Neck"] = direction(bones["Neck"][:, 0, :2], bones["Neck"][:, 1, :2])
        degrees = worst(found, juggler.directions(person))
        LOG.info("bvh: person %d is off by %.2g degrees", person.track_id, degrees)

        assert read["type"] == "ARMATURE"
        assert read["fps"] == pytest.approx(float(juggler.source.rate), abs=1e-6)
        assert len(read["frames"]) == rows[-1] + 1
        assert degrees < 0.01


def read_glb(juggler: Clip, name: str, times: Float64, folder: Path) -> Any:
    (folder / "times.json").write_text(json.dumps(times.tolist()))
    rate = str(float(juggler.source.rate))
    return read_with("blender", "blender_glb.py", juggler.paths[name], rate, folder / "times.json")


def test_blender_finds_every_point_of_a_glb_exactly_where_it_is(
    juggler: Clip, tmp_path: Path
) -> None:
    for person in juggler.people:
        read = read_glb(juggler, "glb", person.times, tmp_path)
        name = f"track_{person.track_id}"
        truth = np.zeros((len(person), len(COCO17), 3))
        truth[..., :2] = person.keypoints
        truth[..., 1] = juggler.source.height - truth[..., 1]
        found = np.array([[at[f"{name}/{k}"] for k in COCO17.keypoints] for at in read["times"]])
        known = np.isfinite(truth[..., 0])
        metres = np.abs(found - truth / 100)[known].max()
        LOG.info("glb: person %d is off by %.2g metres", person.track_id, metres)

        assert {read["types"][f"{name}/{k}"] for k in COCO17.keypoints} == {"EMPTY"}
        assert read["extras"][name]["track_id"] == person.track_id
        assert metres < 2e-6  # pixels by hundredths, in numbers of 7 digits


def test_blender_makes_an_armature_of_a_glb_rig_with_the_directions_of_the_view(
    juggler: Clip, tmp_path: Path
) -> None:
    for person in juggler.people:
        read = read_glb(juggler, "glb-rig", person.times, tmp_path)
        name = f"track_{person.track_id}"
        bones = [at[name] for at in read["times"]]
        heads = {n: np.array([at[n]["head"][:2] for at in bones]) for n in bones[0]}
        up = np.array([at["Neck"]["up"][:2] for at in bones])
        found = {a: direction(heads[a], heads[b]) for a, b in NEXT.items()}
        found["Neck"] = direction(np.zeros(2), up)
        degrees = worst(found, juggler.directions(person))
        LOG.info("glb-rig: person %d is off by %.2g degrees", person.track_id, degrees)

        assert read["types"][name] == "ARMATURE"
        assert read["types"][f"{name}/figure"] == "MESH"
        assert degrees < 0.01
