"""Two models, one filter: late answers at their own time, lasting errors learned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_models import HEIGHT, ONE, TALL, lag_s, moving_body, off, show

from sdpose_track.records import Float32, Provenance
from sdpose_track.skeletons import COCO17, WHOLEBODY133
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.fusing import Fuser, FuseSettings
from sdpose_track.smooth.kalman import LiveSmoother

ALONE = FuseSettings(smooth=SmoothSettings(), fast_noise=SmoothSettings().noise, bias=0.0)


@pytest.mark.parametrize(("delay_s", "share"), [(0.1, 0.7), (0.4, 0.87)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fused_is_nearer_to_the_truth_than_either_model_alone(
    delay_s: float, share: float, seed: int
) -> None:
    body = moving_body(seed=seed)
    shown = show(body, Fuser(COCO17), delay_s)
    fused = off(shown.fused, body.truth)
    assert fused < share * off(shown.fast_alone, body.truth)
    assert fused < 0.5 * off(shown.slow_held, body.truth)


def test_fused_does_not_lag_where_the_slow_model_held_does() -> None:
    body = moving_body()
    shown = show(body, Fuser(COCO17), 0.4)
    assert lag_s(shown.fused, body) <= 1 / 30
    assert lag_s(shown.slow_held, body) >= 0.4


def test_a_late_answer_counts_as_if_it_had_come_in_time() -> None:
    body = moving_body(seconds=2)
    in_time, late = Fuser(COCO17), Fuser(COCO17)
    for i, now in enumerate(body.times.tolist()):
        for fuser in (in_time, late):
            fuser.update(i, now, ONE, body.fast[i][None], TALL)
        if i == 30:
            in_time.late(30, ONE, body.slow[30][None, :, :2], body.slow[30][None, :, 2])
        if i == 42:
            assert not np.allclose(in_time.now.keypoints, late.now.keypoints)
            assert late.late(30, ONE, body.slow[30][None, :, :2], body.slow[30][None, :, 2])
    np.testing.assert_array_equal(in_time.now.keypoints, late.now.keypoints)
    np.testing.assert_array_equal(in_time.now.doubt, late.now.doubt)


def test_answers_may_come_in_another_order_than_their_frames() -> None:
    body = moving_body(seconds=1)
    ahead, back = Fuser(COCO17), Fuser(COCO17)
    for i, now in enumerate(body.times.tolist()):
        for fuser in (ahead, back):
            fuser.update(i, now, ONE, body.fast[i][None], TALL)
    for fuser, order in ((ahead, (10, 20)), (back, (20, 10))):
        for i in order:
            fuser.late(i, ONE, body.slow[i][None, :, :2], body.slow[i][None, :, 2])
    np.testing.assert_array_equal(ahead.now.keypoints, back.now.keypoints)


def test_the_fast_model_alone_is_filtered_as_the_live_view_is() -> None:
    body = moving_body(seconds=3)
    fuser, smoother = Fuser(COCO17, ALONE), LiveSmoother()
    for i, now in enumerate(body.times.tolist()):
        points = body.fast[i][None]
        fused = fuser.update(i, now, ONE, points, TALL)
        expected, origin = smoother.update(now, ONE, points[..., :2], points[..., 2], TALL)
        np.testing.assert_array_equal(fused.keypoints, expected)
        np.testing.assert_array_equal(fused.provenance, origin)


def test_each_keypoint_says_which_model_measured_it() -> None:
    body = moving_body(seconds=1)
    fuser = Fuser(COCO17)
    points = body.fast[0][None].copy()
    points[0, 3] = (np.nan, np.nan, 0)
    first = fuser.update(0, 0.0, ONE, points, TALL)
    assert first.provenance[0, 0] == Provenance.MEASURED_FAST
    assert np.isnan(first.keypoints[0, 3]).all()
    fuser.late(0, ONE, body.slow[0][None, :, :2], body.slow[0][None, :, 2])
    assert (fuser.now.provenance == Provenance.MEASURED).all()
    assert fuser.now.scores[0, 3] == pytest.approx(0.95)
    later = fuser.update(1, 1 / 30, ONE, None, TALL)
    assert (later.provenance == Provenance.PREDICTED).all()
    assert np.isfinite(later.keypoints).all()


def test_an_answer_about_a_frame_long_past_changes_nothing() -> None:
    body = moving_body(seconds=6)
    fuser = Fuser(COCO17)
    for i, now in enumerate(body.times.tolist()):
        fuser.update(i, now, ONE, body.fast[i][None], TALL)
    before = fuser.now
    assert not fuser.late(3, ONE, body.slow[3][None, :, :2], body.slow[3][None, :, 2])
    assert fuser.now is before


def test_an_answer_about_somebody_unknown_is_left_out() -> None:
    body = moving_body(seconds=1)
    one, both = Fuser(COCO17), Fuser(COCO17)
    ids = np.array([9, 1], np.int32)
    answers = np.stack([body.slow[5] + 50, body.slow[0]])
    for fuser in (one, both):
        fuser.update(0, 0.0, ONE, body.fast[0][None], TALL)
    one.late(0, ONE, answers[1:, :, :2], answers[1:, :, 2])
    both.late(0, ids, answers[:, :, :2], answers[:, :, 2])
    np.testing.assert_array_equal(one.now.keypoints, both.now.keypoints)


def test_people_may_come_and_go_between_question_and_answer() -> None:
    body = moving_body(seconds=1)
    fuser = Fuser(COCO17)
    pair = np.array([4, 1], np.int32)
    fuser.update(0, 0.0, pair, np.stack([body.fast[0]] * 2), np.repeat(TALL, 2))
    fuser.update(1, 1 / 30, ONE, body.fast[1][None], TALL)
    fuser.update(2, 2 / 30, np.array([7], np.int32), body.fast[2][None] + 80, TALL)
    slow = np.stack([body.slow[0]] * 2)
    assert fuser.late(0, pair, slow[..., :2], slow[..., 2])
    assert fuser.now.keypoints.shape == (1, 17, 2)
    np.testing.assert_allclose(fuser.now.keypoints[0], body.fast[2][:, :2] + 80, atol=1e-3)


def test_hands_move_with_their_wrists_between_two_looks_of_the_slow_model() -> None:
    fuser = Fuser(WHOLEBODY133)
    wrist, hand = WHOLEBODY133.index("left_wrist"), WHOLEBODY133.group("left_hand")
    slow = np.full((1, 133, 2), 200, np.float32)
    slow[0, wrist], slow[0, hand.start : hand.stop] = (300, 300), (330, 310)
    sure = np.full((1, 133), 0.9, np.float32)

    def look(i: int, x: float) -> Float32:
        fast = np.full((1, 17, 3), (200, 200, 0.9), np.float32)
        fast[0, wrist, :2] = (x, 300)
        points: Float32 = fuser.update(i, i / 30, ONE, fast, TALL).keypoints[0]
        return points

    assert np.isnan(look(0, 300)[hand.start : hand.stop]).all()
    fuser.late(0, ONE, slow, sure)
    for i in range(1, 30):
        points = look(i, 300 + 4 * i)
    np.testing.assert_allclose(points[hand.start], (330 + 4 * 29, 310), atol=0.02 * HEIGHT)
    assert (fuser.now.provenance[0, hand.start : hand.stop] == Provenance.PREDICTED).all()
    assert fuser.now.scores[0, hand.start] == pytest.approx(0.9)


def test_one_wild_answer_of_the_fast_model_teaches_no_lasting_error() -> None:
    body = moving_body(seconds=2)
    fuser = Fuser(COCO17)
    for i, now in enumerate(body.times.tolist()):
        points = body.truth[i]
        fast = np.concatenate([points, np.full((17, 1), 0.9)], axis=1).astype(np.float32)[None]
        if i == 20:
            fast[0, 5, :2] += 150
        fuser.update(i, now, ONE, fast, TALL)
        if i == 24:
            fuser.late(20, ONE, body.truth[20][None].astype(np.float32), fast[..., 2])
    assert np.linalg.norm(fuser.now.keypoints[0, 5] - body.truth[-1, 5]) < 0.01 * HEIGHT


@given(seed=st.integers(0, 10_000), frames=st.integers(1, 25))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_what_is_shown_is_finite_or_missing(seed: int, frames: int) -> None:
    rng = np.random.default_rng(seed)
    fuser = Fuser(COCO17)
    for i in range(frames):
        ids = rng.choice(6, rng.integers(0, 4), replace=False).astype(np.int32) + 1
        points = rng.uniform(-50, 2000, (ids.size, 17, 3)).astype(np.float32)
        points[..., 2] = rng.uniform(-0.2, 1.4, points.shape[:2])
        points[rng.random(points.shape[:2]) < 0.3] = np.nan
        heights = rng.choice([0.0, 3.0, 400.0, np.nan], ids.size).astype(np.float32)
        given_points = points if rng.random() < 0.8 else None
        now = i / 30 if rng.random() < 0.9 else i / 30 + 5
        fused = fuser.update(i, now, ids, given_points, heights)
        if rng.random() < 0.5:
            asked = rng.integers(0, i + 1)
            who = rng.choice(6, rng.integers(1, 4), replace=False).astype(np.int32) + 1
            late = rng.uniform(0, 2000, (who.size, 17, 2)).astype(np.float32)
            late[rng.random(late.shape[:2]) < 0.3] = np.nan
            fuser.late(int(asked), who, late, rng.random((who.size, 17)).astype(np.float32))
            fused = fuser.now
        known = np.isfinite(fused.keypoints).all(axis=-1)
        assert not np.isinf(fused.keypoints).any()
        assert (fused.scores[~known] == 0).all()
        assert np.isfinite(fused.scores).all()
        assert np.isfinite(fused.doubt).all()


def followed(
    truth: Float32, wrong: tuple[float, float], keypoint: int, fuser: Fuser, every: int = 12
) -> Float32:
    """Return what is shown of (F, K, 2) `truth`, where the fast model has `keypoint` wrong.

    The slow model looks at every so many frames, and answers when it is asked for the next one.
    """
    sure = np.full((1, truth.shape[1]), 0.9, np.float32)
    shown, asked = [], 0
    for i, points in enumerate(truth):
        fast = np.concatenate([points[:17], np.full((17, 1), 0.8)], axis=1).astype(np.float32)
        fast[keypoint, :2] += wrong
        if i - asked >= every:
            assert fuser.late(asked, ONE, truth[asked][None], sure)
            asked = i
        shown.append(fuser.update(i, i / 30, ONE, fast[None], TALL).keypoints[0])
    return np.stack(shown)


def test_a_hand_that_turns_about_its_wrist_is_followed() -> None:
    wrist, hand = WHOLEBODY133.index("left_wrist"), WHOLEBODY133.group("left_hand")
    truth = np.full((120, 133, 2), 200, np.float32)
    angles = np.interp(np.arange(120), [30, 45], [0, np.pi])
    truth[:, wrist] = 300
    palm = 300 + 55 * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    truth[:, hand.start : hand.stop] = palm[:, None]
    shown = followed(truth, (0, 0), wrist, Fuser(WHOLEBODY133))
    off_by = np.linalg.norm(shown[75:, hand.start] - truth[75:, hand.start], axis=-1)
    assert off_by.max() < 0.03 * HEIGHT


def test_a_great_error_that_two_looks_confirm_is_taken_off_and_forgotten_as_fast() -> None:
    ankle = COCO17.index("left_ankle")
    truth = np.full((90, 17, 2), 200, np.float32)
    fuser = Fuser(COCO17)
    shown = followed(truth, (60, 0), ankle, fuser)
    assert np.linalg.norm(shown[15:24, ankle] - 200, axis=-1).min() > 0.08 * HEIGHT
    assert np.linalg.norm(shown[40:, ankle] - 200, axis=-1).max() < 0.08 * HEIGHT
    sure = np.full((1, 17), 0.9, np.float32)
    right = np.concatenate([truth[0], np.full((17, 1), 0.8)], axis=1).astype(np.float32)[None]
    for i in range(90, 110):
        fuser.update(i, i / 30, ONE, right, TALL)
        if i == 99:
            fuser.late(i, ONE, truth[:1], sure)
    assert np.linalg.norm(fuser.now.keypoints[0, ankle] - 200) < 0.03 * HEIGHT


def test_of_somebody_away_for_long_nothing_is_known() -> None:
    body = moving_body(seconds=1)
    known, stranger = Fuser(COCO17), Fuser(COCO17)
    known.update(0, 0.0, ONE, body.fast[0][None], TALL)
    known.late(0, ONE, body.slow[0][None, :, :2] + 8, body.slow[0][None, :, 2])
    back, new = (f.update(1, 30.0, ONE, body.fast[20][None], TALL) for f in (known, stranger))
    np.testing.assert_array_equal(back.keypoints, new.keypoints)
    np.testing.assert_array_equal(back.doubt, new.doubt)
