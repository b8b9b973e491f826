"""The videos of single people, decoded again: who is in them, from when to when, and how large."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import sessions
from export_clips import MS, kinds, make_clip, packets, pictures, spoil

from sdpose_track.errors import SourceError
from sdpose_track.export import ExportOptions, export
from sdpose_track.export.media.windows import follow
from sdpose_track.records import Float32, Pose
from sdpose_track.sources import open_source

SIZE = (320, 240)


def somebody(track_id: int, x: float, y: float, side: float = 40) -> Pose:
    box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2], np.float32)
    where = np.full((17, 2), (x, y), np.float32)
    return Pose(track_id, box, 0.9, where, np.ones(17, np.float32), np.zeros(17, np.uint8))


def script_of(clip: Path, people: sessions.People) -> sessions.Script:
    with open_source(str(clip)) as source:
        return sessions.Script(source.info, source.times() or [], people)


def cropped(
    folder: Path, script: sessions.Script, options: ExportOptions | None = None
) -> dict[str, Path]:
    """Return the files of a `crops` export by name."""
    made = sessions.exported(folder, "crops", script, options)
    return {path.name: path for path in made.iterdir()}


def described(folder: Path) -> dict[str, object]:
    (path,) = (folder / "out").glob("*.meta.json")
    found: dict[str, object] = json.loads(path.read_text())["crops"]
    return found


def test_each_person_has_a_video_from_their_first_frame_to_their_last(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=SIZE)
    people: sessions.People = {i: (somebody(1, 100, 100),) for i in range(10)}
    people |= {i: (*people[i], somebody(4, 200, 120, 60)) for i in (3, 4, 7)}
    made = cropped(tmp_path, script_of(clip, people))
    late = packets(made["clip_p4.mp4"], "video")

    assert sorted(made) == ["clip_p1.mp4", "clip_p4.mp4"]
    assert packets(made["clip_p1.mp4"], "video").times == packets(clip, "video").times
    assert late.times == [(p - 160) * MS for p in (160, 200, 320, 330, 500)]
    assert late.durations[-1] == 40 * MS
    assert kinds(made["clip_p1.mp4"]) == ["video"]
    assert [image.shape for image in pictures(made["clip_p4.mp4"])] == [(76, 76, 3)] * 5
    assert described(tmp_path)["sound"] is False


def test_a_window_shows_what_is_around_the_person_and_black_beyond_the_picture(
    tmp_path: Path,
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=SIZE, sound=None)
    people: sessions.People = {
        i: (somebody(1, 160, 120, 80), somebody(2, 0, 0, 80)) for i in range(10)
    }
    made = cropped(tmp_path, script_of(clip, people))
    middle, corner = (pictures(made[f"clip_p{i}.mp4"])[5].astype(int) for i in (1, 2))

    for y, x, colour in ((20, 20, (200, 60, 40)), (20, 80, (50, 180, 70)), (80, 20, (60, 50, 210))):
        assert np.abs(middle[y, x] - colour).max() < 12
    assert np.abs(corner[75, 75] - (200, 60, 40)).max() < 12
    assert corner[:45].max() < 12
    assert corner[:, :45].max() < 12


def test_a_size_is_filled_at_one_scale(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=SIZE, sound=None)
    people: sessions.People = {i: (somebody(1, 160, 120, 80),) for i in range(10)}
    made = cropped(tmp_path, script_of(clip, people), ExportOptions(size=(64, 128)))
    image = pictures(made["clip_p1.mp4"])[0].astype(int)

    assert image.shape == (128, 64, 3)
    assert np.abs(image[50, 20] - (200, 60, 40)).max() < 12
    assert np.abs(image[78, 20] - (60, 50, 210)).max() < 12
    assert "[100.0, 200.0]" in str(described(tmp_path))


def test_more_people_than_are_filmed_at_once_are_all_complete(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=SIZE, sound=None)
    crowd = tuple(somebody(i, 30.0 * i, 100, 20) for i in range(1, 11))
    told: list[tuple[int, int]] = []
    options = ExportOptions(progress=lambda done, total: told.append((done, total)))
    made = cropped(tmp_path, script_of(clip, dict.fromkeys(range(10), crowd)), options)

    assert len(made) == 10
    assert all(len(pictures(path)) == 10 for path in made.values())
    assert told[-1] == (10, 10)


def test_a_constant_rate_repeats_and_skips_pictures(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=SIZE, sound=None)
    people: sessions.People = {i: (somebody(1, 240, 200, 40),) for i in range(10)}
    options = ExportOptions(rate=Fraction(25))
    (path,) = cropped(tmp_path, script_of(clip, people), options).values()

    assert packets(path, "video").times == [Fraction(i, 25) for i in range(26)]
    assert set(packets(path, "video").durations) == {Fraction(1, 25)}


def test_frames_are_numbered_as_everywhere_in_the_description(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=SIZE)
    whole = script_of(clip, {i: (somebody(1, 100, 100),) for i in range(5, 8)})
    cropped(tmp_path, replace(whole, pts=whole.pts[3:], first=3))
    (path,) = (tmp_path / "out").glob("*.meta.json")
    told = json.loads(path.read_text())

    assert told["tracks"][0]["first"] == 5
    assert told["crops"]["people"][0]["first_frame"] == 5


def test_a_constant_rate_says_that_pictures_are_not_mixed(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=SIZE)
    people: sessions.People = {i: (somebody(1, 100, 100),) for i in range(10)}
    cropped(tmp_path, script_of(clip, people), ExportOptions(rate=Fraction(20)))
    (path,) = (tmp_path / "out").glob("*.meta.json")

    assert json.loads(path.read_text())["retimed"]["between"] == "nearest"


def test_nobody_makes_an_empty_folder(tmp_path: Path) -> None:
    assert cropped(tmp_path, sessions.fixture_c()) == {}


def test_a_missing_source_is_told_in_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    script = script_of(make_clip(tmp_path / "clip.mp4", size=SIZE), {0: (somebody(1, 9, 9),)})
    (tmp_path / "clip.mp4").unlink()

    with pytest.raises(SourceError, match=r"clip\.mp4 is not there any more"):
        cropped(tmp_path, script)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_what_stops_it_leaves_nothing(stop: type[BaseException], tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=SIZE, sound=None)
    script = script_of(clip, {i: (somebody(1, 100, 100),) for i in range(10)})

    def fail(done: int, total: int) -> None:
        if done > total // 2:
            raise stop

    with sessions.view_of(tmp_path / "clip.sdpose", script) as view, pytest.raises(stop):
        export(view, "crops", tmp_path / "out", "clip", ExportOptions(progress=fail))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_lost_frame_is_left_out_and_the_times_stay(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mov", size=SIZE, codec="png", sound=None)
    script = script_of(clip, {i: (somebody(1, 100, 100),) for i in (1, 2, 4, 5)})
    spoil(clip, packets(clip, "video").data[3:4])
    (path,) = cropped(tmp_path, replace(script, lost=frozenset({3}))).values()

    assert packets(path, "video").times == [(p - 40) * MS for p in (40, 80, 200, 320)]
    assert len(pictures(path)) == 4


# -- the window ------------------------------------------------------------------------------------


def boxes_at(middles: npt.NDArray[np.float64], side: float = 100) -> Float32:
    half = np.array([side / 2, side / 2])
    return np.concatenate([middles - half, middles + half], axis=1).astype(np.float32)


def test_a_window_is_calm_and_neither_ahead_nor_behind() -> None:
    seconds = np.arange(100) / 25
    way = np.stack([200 + 80 * seconds, np.full(100, 300.0)], axis=1)
    shaken = way + 8 * (-1.0) ** np.arange(100)[:, None]
    window = follow(seconds, boxes_at(shaken, 96), None, (1280, 720))
    inside = slice(20, -20)

    assert np.abs(window.middles - way)[inside].max() < 1
    assert window.size == (120, 120)
    assert np.abs(np.diff(window.middles, axis=0)[inside] - (3.2, 0)).max() < 0.2


def test_a_window_rests_while_somebody_is_absent() -> None:
    seconds = np.arange(200) / 25
    boxes = boxes_at(np.full((200, 2), 100.0))
    boxes[50:150] = np.nan
    boxes[150:] += 300
    window = follow(seconds, boxes, None, (1280, 720))

    assert np.allclose(window.middles[:130], 100)
    assert np.allclose(window.middles[170:], 400)
    assert (np.diff(window.middles[:, 0]) >= -1e-9).all()


def test_somebody_without_a_box_is_filmed_as_the_whole_picture() -> None:
    window = follow(np.arange(3.0), np.full((3, 4), np.nan, np.float32), None, (64, 48))

    assert window.size == (80, 80)
    assert np.allclose(window.middles, (32, 24))


@pytest.mark.parametrize("size", [None, (32, 32), (64, 64), (200, 100)])
def test_a_cut_keeps_positions_to_a_fraction_of_a_pixel(size: tuple[int, int] | None) -> None:
    rows, columns = np.mgrid[:240, :320]
    spot = 250 * np.exp(-((columns - 153) ** 2 + (rows - 109) ** 2) / 50)
    image = np.stack([spot] * 3, axis=2).astype(np.uint8)
    window = follow(np.zeros(1), boxes_at(np.array([[150.3, 110.6]]), 64), size, (320, 240))
    part = window.cut(image, 0)[..., 0].astype(float)
    high, wide = part.shape

    y, x = (np.average(where, weights=part) for where in np.mgrid[:high, :wide])
    step = window.width / wide
    assert x * step - (window.width - step) / 2 == pytest.approx(153 - 150.3 + 0.5, abs=0.1)
    assert y * step - (window.height - step) / 2 == pytest.approx(109 - 110.6 + 0.5, abs=0.1)
