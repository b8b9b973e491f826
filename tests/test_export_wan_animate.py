"""Pose and face videos for Wan-Animate, decoded again and held against the clip they came from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from export_clips import make_clip
from sessions import strict

from sdpose_track.errors import SourceError
from sdpose_track.export import ExportOptions, export
from sdpose_track.export.formats.wan_faces import cut_face, face_box
from sdpose_track.export.presets import PRESETS
from sdpose_track.records import (
    NO_DETECTIONS,
    Float32,
    FramePoses,
    FrameResult,
    Pose,
    UInt8,
)
from sdpose_track.render.wan_look import draw_wan
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.view import View
from sdpose_track.session.writer import SessionWriter
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.sources import open_source

SIZE = (192, 128)
EVEN = tuple(range(0, 400, 40))
UNEVEN = (0, 40, 80, 160, 200, 240)
TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT = (40, 60, 200), (70, 180, 50), (210, 50, 60)
"""RGB of three quarters of every picture; the fourth is grey and tells the frame."""
People = Mapping[int, tuple[Pose, ...]]


def whole_body(track_id: int, corner: tuple[float, float]) -> Pose:
    """Return somebody whose face covers 24 × 20 pixels from `corner` on."""
    points = np.full((133, 2), np.nan, np.float32)
    points[:17, 0] = corner[0] + 4 * np.arange(17) % 24
    points[:17, 1] = corner[1] + 4 * np.arange(17)
    for i in range(68):
        points[23 + i] = (corner[0] + 24 * (i % 17) / 16, corner[1] + 20 * (i // 17) / 3)
    return pose(track_id, points)


def head(track_id: int, nose: tuple[float, float], scale: float) -> Pose:
    """Return somebody of 17 keypoints who looks at the camera; `scale` is pixels a millimetre."""
    points = np.full((17, 2), np.nan, np.float32)
    away = [(0, 0), (31.5, -35), (-31.5, -35), (70, -20), (-70, -20)]
    points[:5] = np.array(nose) + scale * np.array(away)
    return pose(track_id, points)


def pose(track_id: int, points: Float32) -> Pose:
    scores = np.isfinite(points[:, 0]).astype(np.float32) * np.float32(0.9)
    box = np.array([10, 10, 60, 100], np.float32)
    return Pose(track_id, box, 0.9, points, scores, np.zeros(len(points), np.uint8))


def exported(
    folder: Path,
    people: People,
    options: ExportOptions | None = None,
    skeleton: Skeleton = WHOLEBODY133,
    pts: tuple[int, ...] = EVEN,
) -> Path:
    """Make a clip and a session of it, and export it."""
    clip = make_clip(folder / "clip.mp4", pts, SIZE, sound=None)
    with open_source(str(clip)) as source:
        info = source.info
        stamps = [frame.pts for frame in source.frames()]
    model = ModelRecord("sdpose", "a" * 64)
    header = SessionHeader(info, skeleton.name, model, model, {}, "0.1.0")
    with SessionWriter.create(folder / "clip.sdpose", header) as writer:
        for index, at in enumerate(stamps):
            time = (at - info.first_pts) * info.time_base
            poses = FramePoses(index, at, time, people.get(index, ()))
            writer.append([FrameResult(poses, NO_DETECTIONS, np.empty(0, np.int32))])
        writer.finish({})
    return again(folder, options or ExportOptions(size=SIZE))


def again(folder: Path, options: ExportOptions | None = None) -> Path:
    with Recording.open(folder / "clip.sdpose") as recording:
        view = View(recording, Smoothing.OFF)
        return export(view, "wan-animate", folder / "out", "clip", options)


def decoded(path: Path) -> list[UInt8]:
    with av.open(str(path)) as container:
        return [
            np.asarray(frame.reformat(format="rgb24").to_ndarray())
            for frame in container.decode(video=0)
        ]


def meta(path: Path) -> Any:
    return strict(path.with_name(f"{path.name}.meta.json"))["wan_animate"]


def centre(image: UInt8) -> list[int]:
    return [int(n) for n in image[200:312, 200:312].reshape(-1, 3).mean(axis=0)]


# -- the box of a face -----------------------------------------------------------------------------


def test_the_box_is_that_of_the_models_rule() -> None:
    someone = whole_body(1, (60, 50))
    box = face_box(WHOLEBODY133, someone.keypoints, someone.scores, 0.5, (640, 480))

    grown = math.sqrt(24 * 20 * 1.3 * 24 / 20), math.sqrt(24 * 20 * 1.3 * 20 / 24)
    sides, up_and_down = (grown[0] - 24) / 2, (grown[1] - 20) / 4
    assert box == (
        int(60 - sides), int(50 - 3 * up_and_down), int(84 + sides), int(70 + up_and_down)
    )  # fmt: skip


def test_the_box_ends_at_the_picture() -> None:
    someone = whole_body(1, (-10, -10))

    box = face_box(WHOLEBODY133, someone.keypoints, someone.scores, 0.5, (640, 480))
    assert box is not None
    assert box[:2] == (0, 0)
    gone = whole_body(1, (-100, 50))
    assert face_box(WHOLEBODY133, gone.keypoints, gone.scores, 0.5, (640, 480)) is None


def test_a_face_of_which_less_than_half_is_sure_has_no_box() -> None:
    someone = whole_body(1, (60, 50))
    scores = someone.scores.copy()
    scores[23:57] = 0.4

    assert face_box(WHOLEBODY133, someone.keypoints, scores, 0.5, (640, 480)) is not None
    scores[57] = 0.4
    assert face_box(WHOLEBODY133, someone.keypoints, scores, 0.5, (640, 480)) is None


def test_without_points_of_the_face_the_box_follows_the_head() -> None:
    someone = head(1, (300, 200), 0.5)
    box = face_box(COCO17, someone.keypoints, someone.scores, 0.5, (640, 480))

    assert box is not None
    x1, y1, x2, y2 = box
    assert abs((x1 + x2) / 2 - 300) <= 1
    assert 70 <= x2 - x1 <= 85  # 140 mm, and what the model's rule adds
    assert 0.95 <= (x2 - x1) / (y2 - y1) <= 1.05
    assert y1 < 200 - 35  # above the eyebrows
    assert y2 > 200 + 35  # below the mouth


def test_a_head_from_behind_is_no_face() -> None:
    someone = head(1, (300, 200), 0.5)
    scores = someone.scores.copy()
    scores[:3] = 0

    assert face_box(COCO17, someone.keypoints, scores, 0.5, (640, 480)) is None


def test_a_face_is_stretched_to_a_square_and_turned_to_rgb() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:30, 20:40] = (250, 100, 7)
    face = cut_face(image, (20, 10, 40, 30))

    assert face.shape == (512, 512, 3)
    assert (face == (7, 100, 250)).all()


# -- the files -------------------------------------------------------------------------------------


def test_each_person_has_a_pose_and_a_face_video_of_every_frame(tmp_path: Path) -> None:
    first, second = whole_body(1, (20, 10)), whole_body(7, (130, 10))
    people = {i: (first, second) if i >= 4 else (first,) for i in range(10)}
    path = exported(tmp_path, people)

    assert sorted(p.name for p in path.iterdir()) == ["p1", "p7"]
    for person in path.iterdir():
        assert sorted(p.name for p in person.iterdir()) == ["src_face.mp4", "src_pose.mp4"]
        for file in person.iterdir():
            with av.open(str(file)) as container:
                stream = container.streams.video[0]
                assert stream.base_rate == stream.average_rate == 25
                size = (512, 512) if file.name == "src_face.mp4" else SIZE
                assert (stream.width, stream.height) == size
                assert sum(1 for _ in container.decode(stream)) == 10
    assert meta(path)["people"]["1"] == {
        "folder": "p1",
        "face_box_from": "face points",
        "face_frames": {"found": 10, "where_last": 0, "black": 0},
    }


def test_a_face_is_cut_from_its_own_frame_and_black_where_nobody_is(tmp_path: Path) -> None:
    first, second = whole_body(1, (20, 10)), whole_body(2, (140, 90))
    path = exported(tmp_path, {i: (first, second) if i >= 4 else (first,) for i in range(10)})

    for image in decoded(path / "p1" / "src_face.mp4"):
        assert centre(image) == pytest.approx(TOP_LEFT, abs=6)
    for index, image in enumerate(decoded(path / "p2" / "src_face.mp4")):
        grey = 20 * index + 20 if index >= 4 else 0  # of the quarter that tells the frame
        assert centre(image) == pytest.approx([grey] * 3, abs=6)


def test_the_pose_is_drawn_for_one_person_in_wans_look(tmp_path: Path) -> None:
    first, second = whole_body(1, (20, 10)), whole_body(2, (130, 10))
    path = exported(tmp_path, dict.fromkeys(range(10), (first, second)))
    truth = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    draw_wan(truth, WHOLEBODY133, second.keypoints, second.scores, 0.5)

    found = decoded(path / "p2" / "src_pose.mp4")
    assert len(found) == 10
    assert truth.any()
    assert all(np.array_equal(image, truth) for image in found)


def test_a_face_that_cannot_be_seen_is_cut_where_it_was(tmp_path: Path) -> None:
    seen = whole_body(1, (20, 10))
    points = seen.keypoints.copy()
    points[23:91] = np.nan
    hidden = pose(1, points)
    people = {0: (hidden,), **{i: (seen if i < 6 else hidden,) for i in range(1, 10)}}
    path = exported(tmp_path, people)
    faces = decoded(path / "p1" / "src_face.mp4")

    assert centre(faces[0]) == pytest.approx([0, 0, 0], abs=4)
    assert centre(faces[9]) == pytest.approx(TOP_LEFT, abs=6)
    frames = meta(path)["people"]["1"]["face_frames"]
    assert frames == {"found": 5, "where_last": 4, "black": 1}


def test_of_17_keypoints_the_description_says_that_the_box_is_about_right(tmp_path: Path) -> None:
    someone = head(1, (150, 30), 0.2)
    path = exported(tmp_path, dict.fromkeys(range(10), (someone,)), skeleton=COCO17)

    assert meta(path)["people"]["1"]["face_box_from"] == "nose, eyes and ears, only about right"
    for image in decoded(path / "p1" / "src_face.mp4"):
        assert centre(image) == pytest.approx(TOP_RIGHT, abs=6)


# -- time and size ---------------------------------------------------------------------------------


def test_of_uneven_frames_the_nearest_is_shown_with_its_own_pose(tmp_path: Path) -> None:
    people = {i: (whole_body(1, (140 + 2 * i, 90)),) for i in range(6)}
    path = exported(tmp_path, people, ExportOptions(rate=Fraction(30), size=SIZE), pts=UNEVEN)
    faces, poses = (decoded(path / "p1" / f"src_{kind}.mp4") for kind in ("face", "pose"))
    shown = [0, 1, 2, 2, 3, 3, 4, 5]  # at 0, 33, 67, 100, 133, 167, 200 and 233 ms

    assert len(faces) == len(poses) == 8
    for image, index in zip(faces, shown, strict=True):
        assert centre(image) == pytest.approx([20 * index + 20] * 3, abs=6)
    for image, index in zip(poses, shown, strict=True):
        truth = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        (there,) = people[index]
        draw_wan(truth, WHOLEBODY133, there.keypoints, there.scores, 0.5)
        assert np.array_equal(image, truth)


def test_a_preset_gives_rate_size_and_length(tmp_path: Path) -> None:
    people = dict.fromkeys(range(10), (whole_body(1, (20, 10)),))
    path = exported(tmp_path, people, ExportOptions(preset="wan-animate"))

    with av.open(str(path / "p1" / "src_pose.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 30
        assert (stream.width, stream.height) == PRESETS["wan-animate"].size(*SIZE)
        assert sum(1 for _ in container.decode(stream)) == 11


def test_without_a_size_poses_are_as_large_as_the_model_takes_at_the_rate_of_the_source(
    tmp_path: Path,
) -> None:
    path = exported(tmp_path, {0: (whole_body(1, (20, 10)),)}, ExportOptions())

    with av.open(str(path / "p1" / "src_pose.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 25
        assert (stream.width, stream.height) == PRESETS["wan-animate"].size(*SIZE) != SIZE


def test_somebody_after_the_last_frame_that_is_wanted_has_no_folder(tmp_path: Path) -> None:
    first, second = whole_body(1, (20, 10)), whole_body(2, (130, 10))
    people = {i: (first, second) if i >= 4 else (first,) for i in range(10)}
    path = exported(tmp_path, people, ExportOptions(frames=4, size=SIZE))

    assert [p.name for p in path.iterdir()] == ["p1"]
    assert len(decoded(path / "p1" / "src_face.mp4")) == 4


# -- what goes wrong -------------------------------------------------------------------------------


def test_nobody_is_an_empty_folder_and_needs_no_video(tmp_path: Path) -> None:
    exported(tmp_path, {})
    (tmp_path / "clip.mp4").unlink()
    path = again(tmp_path)

    assert list(path.iterdir()) == []
    assert meta(path)["people"] == {}


def test_a_video_that_is_gone_is_told_in_a_sentence(tmp_path: Path) -> None:
    exported(tmp_path, {0: (whole_body(1, (20, 10)),)})
    (tmp_path / "clip.mp4").unlink()

    with pytest.raises(SourceError, match="is not there any more"):
        again(tmp_path)


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_what_stops_it_leaves_no_part(stop: type[BaseException], tmp_path: Path) -> None:
    told = []

    def fail(done: int, total: int) -> None:
        told.append((done, total))
        raise stop

    first, second = whole_body(1, (20, 10)), whole_body(2, (130, 10))
    with pytest.raises(stop):
        exported(
            tmp_path,
            dict.fromkeys(range(10), (first, second)),
            ExportOptions(progress=fail, rate=Fraction(100)),
        )
    assert told == [(14, 37)]  # in the midst of the first person
    assert list((tmp_path / "out").iterdir()) == []


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    first, second = whole_body(1, (20, 10)), whole_body(2, (130, 10))
    options = ExportOptions(progress=lambda *at: told.append(at), rate=Fraction(100))
    exported(tmp_path, dict.fromkeys(range(10), (first, second)), options)

    assert told == sorted(told)
    assert told[-1] == (37, 37)
    assert len(told) == 4
