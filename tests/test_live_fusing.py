"""The stage where frames get their people: who is shown, who is not, and what is kept raw."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from artificial_models import FastModel
from two_models import moving_body

from sdpose_track.live.conducting import UNFIT, Conductor
from sdpose_track.live.detecting import ChangingDetector
from sdpose_track.live.fusing import GHOST_S, Asking, FuseStage
from sdpose_track.live.meter import Meter
from sdpose_track.live.records import LiveResult
from sdpose_track.live.scheduling import Wish
from sdpose_track.records import Cues, Detections, Frame, Provenance, TrackedFrame
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton
from sdpose_track.smooth.fusing import Fuser

RATE = 30
PICTURE = np.zeros((64, 64, 3), np.uint8)
LEFT, RIGHT = (10, 10, 60, 200), (300, 20, 380, 260)


def stage(skeleton: Skeleton = COCO17) -> FuseStage:
    return FuseStage(
        skeleton, Fuser(skeleton), None, lambda _people, _at: Asking(0, 0.0), lambda _s: None
    )


def shown(
    fuse: FuseStage, index: int, people: dict[int, tuple[int, ...]], *, is_cut: bool = False
) -> LiveResult:
    """Return frame `index` with `people`: the box of each track id."""
    boxes = np.array(list(people.values()), np.float32).reshape(-1, 4)
    points = np.full((len(people), 17, 3), 0.9, np.float32)
    if people:
        points[..., :2] = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    found = Detections(boxes, np.full(len(people), 0.8, np.float32), points)
    frame = Frame(index, index * 3000, Fraction(index, RATE), PICTURE)
    ids = np.array(list(people), np.int32)
    item = TrackedFrame(frame, found, ids, Cues(None, None, is_cut=is_cut))
    (result,) = fuse.process([item])
    return result


def ids_of(result: LiveResult) -> list[int]:
    return [pose.track_id for pose in result.shown]


def test_somebody_overlooked_is_shown_as_predicted_for_a_moment() -> None:
    fuse = stage()
    for i in range(5):
        shown(fuse, i, {1: LEFT, 2: RIGHT})
    after = [shown(fuse, 5 + i, {2: RIGHT}) for i in range(12)]
    moment = round(GHOST_S * RATE)
    assert [ids_of(result) for result in after[:moment]] == [[1, 2]] * moment
    assert [ids_of(result) for result in after[moment:]] == [[2]] * (12 - moment)
    ghost = after[0].shown[0]
    assert (ghost.provenance == Provenance.PREDICTED).all()
    assert [pose.track_id for pose in after[0].poses.people] == [2]  # raw: nobody was measured
    assert [result.gone for result in after if result.gone] == [(1,)]


def test_whoever_got_another_id_is_not_shown_twice() -> None:
    fuse = stage()
    for i in range(5):
        shown(fuse, i, {1: LEFT, 2: RIGHT})
    result = shown(fuse, 5, {3: LEFT, 2: RIGHT})
    assert ids_of(result) == [2, 3]
    assert result.gone == (1,)


def test_a_new_scene_has_nobody_of_the_one_before() -> None:
    fuse = stage()
    for i in range(5):
        shown(fuse, i, {1: LEFT})
    assert ids_of(shown(fuse, 5, {}, is_cut=True)) == []


def test_raw_poses_have_the_keypoints_of_the_runs_skeleton() -> None:
    result = shown(stage(WHOLEBODY133), 0, {1: LEFT})
    (raw,) = result.poses.people
    assert raw.keypoints.shape == (133, 2)
    assert np.isfinite(raw.keypoints[:17]).all()
    assert np.isnan(raw.keypoints[17:]).all()
    assert (raw.scores[17:] == 0).all()


@pytest.mark.parametrize(("latency_s", "told"), [(0.03, 1), (5.0, 0)])
def test_a_budget_that_cannot_be_kept_is_told_once(latency_s: float, told: int) -> None:
    meter, sentences = Meter(), list[str]()
    model = FastModel(moving_body(seconds=1), 0.0)
    detector = ChangingDetector(model, lambda _size: model, print)
    wish = Wish(latency_s, (640,), shared=False, people=1, most=1, has_pose=False)
    conductor = Conductor(meter, wish, detector, sentences.append)
    begin = 1000.0
    for i in range(3 * UNFIT):
        now = begin + i
        for k in range(5):
            meter.detection(now + k / 5, 640, 0.2)
            meter.arrived(now + k / 5)
            meter.latency(now + k / 5, 0.25)
        conductor._plan(1, now + 1)
    assert len(sentences) == told
    assert all("--latency" in sentence for sentence in sentences)
