"""Identities on real detections: better than ultralytics' ByteTrack, also at lower rates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdpose_track.evaluation.found_tracks import read_detections
from sdpose_track.evaluation.mot_files import Tracks, Truth, read_rate, read_truth
from sdpose_track.evaluation.tracks import TrackScores, score_together
from sdpose_track.track.bytetrack import ByteTracker

SEQUENCES = ("ETH-Sunnyday", "KITTI-17", "PETS09-S2L1", "TUD-Campus")


def every(truth: Truth, step: int) -> Truth:
    """Every so manyth frame of a truth, from the first one on."""
    kept = (truth.tracks.frames - 1) % step == 0
    tracks = truth.tracks
    frames = (tracks.frames[kept] - 1) // step + 1
    return Truth(
        Tracks(frames, tracks.ids[kept], tracks.boxes[kept]),
        truth.is_scored[kept],
        truth.is_distractor[kept],
        (truth.last - 1) // step + 1,
    )


def tracked(folder: Path, step: int) -> tuple[Truth, Tracks]:
    """The truth of a sequence and what the tracker makes of its detections."""
    given = folder / "det" / "det.txt"
    truth, rate = read_truth(folder / "gt" / "gt.txt"), read_rate(given)
    assert rate is not None
    tracker, rows = ByteTracker(), []
    for i, detections in enumerate(read_detections(given, truth.last)[::step]):
        ids = tracker.update(detections, i * step / rate).tolist()
        rows += [(i + 1, own, box) for own, box in zip(ids, tracker.boxes, strict=True) if own]
    return every(truth, step), Tracks.of(rows)


def pooled(media: Path, step: int) -> TrackScores:
    return score_together([tracked(media / "mot" / name, step) for name in SEQUENCES])


@pytest.mark.parametrize(
    ("step", "mota", "idf1", "hota"),
    [(1, 60.2, 55.4, 43.5), (2, 53.6, 53.9, 42.7), (3, 43.8, 42.2, 34.0)],
    ids=["whole", "every second frame", "every third frame"],
)
def test_identities_hold_better_than_ultralytics(
    media: Path, step: int, mota: float, idf1: float, hota: float
) -> None:
    """The figures are those of its defaults on the same detections."""
    pytest.importorskip("trackeval")
    ours = pooled(media, step)
    assert ours.mota >= mota
    assert ours.idf1 >= idf1 + 5
    assert ours.hota >= hota + 5


def test_few_are_people_who_are_none(media: Path) -> None:
    """ultralytics gives 149 ids to 66 people, and 15 to the 8 of TUD-Campus."""
    pytest.importorskip("trackeval")
    assert pooled(media, 1).ids <= 1.5 * 66
    _, campus = tracked(media / "mot" / "TUD-Campus", 1)
    assert len(np.unique(campus.ids)) <= 10
