"""A view of some frames: each is as in a view of all, whatever lies around them."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from command import called, refused, told
from export_clips import MS, RATE, UNEVEN, make_clip, packets
from sessions import Script, person, source_info, write

from sdpose_track.errors import SessionError, SettingsError
from sdpose_track.export import FORMATS, ExportOptions, destination, export
from sdpose_track.records import FramePoses, Pose, TrackArrays
from sdpose_track.repair.edits import Place, Swap
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.session.spans import between
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.smooth.pieces import CHUNK
from sdpose_track.sources import open_source

FIRST, COUNT = 40, 2 * CHUNK + 60
GAP = range(CHUNK + 100, CHUNK + 112)
"""Frames in which person 2 is not seen, shorter than what is filled."""
SHORT = range(300, 340)
"""Frames in which person 3 is seen."""
WITH_PICTURES = {"video", "video-prores", "crops", "wan-animate", "sleap"}
"""Formats that need the pictures of the session, or a package that may be missing."""
RANGES = (
    range(FIRST, 90),
    range(200, 330),
    range(320, CHUNK + 20),
    range(CHUNK, 2 * CHUNK),
    range(GAP.start + 2, GAP.stop - 3),
    range(COUNT - 1, COUNT + 70),
)


def walking(track_id: int, index: int, rng: np.random.Generator) -> Pose:
    """Return a person who goes to and fro, with a pixel of noise."""
    still = person(track_id, 0)
    away = np.array([150 * np.sin(index / 40), 20 * np.cos(index / 15)])
    where = still.keypoints + away + rng.normal(0, 1, still.keypoints.shape)
    box = np.concatenate([where.min(axis=0), where.max(axis=0)])
    return Pose(track_id, box, 0.9, where, still.scores, still.provenance)


def is_seen(track_id: int, index: int) -> bool:
    return {1: True, 2: index not in GAP, 3: index in SHORT}[track_id]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three chunks that begin with frame 40, of an uneven recording that somebody repaired."""
    rng = np.random.default_rng(5)
    people = {
        i: tuple(walking(t, i, rng) for t in (1, 2, 3) if is_seen(t, i))
        for i in range(FIRST, COUNT)
    }
    pts = [i * 33 + 5 * (i % 3) for i in range(FIRST, COUNT)]
    info = source_info(time_base=Fraction(1, 1000), count=COUNT, is_vfr=True)
    script = Script(info, pts, people, first=FIRST)
    path = write(tmp_path_factory.mktemp("range") / "clip.sdpose", script)
    with Repairing.open(path) as session:
        session.apply(Place(1, CHUNK - 2, "nose", 400, 300, 0.5))
        session.apply(Swap(1, 2, CHUNK + 300))
    return path


def check_same(some: TrackArrays, whole: TrackArrays, frames: range) -> None:
    inside = (whole.indices >= frames.start) & (whole.indices < frames.stop)
    assert some.indices.tolist() == whole.indices[inside].tolist()
    for name in ("boxes", "keypoints", "scores", "provenance", "times"):
        np.testing.assert_array_equal(getattr(some, name), getattr(whole, name)[inside])


def check_alike(some: FramePoses, whole: FramePoses) -> None:
    assert (some.index, some.pts, some.time) == (whole.index, whole.pts, whole.time)
    assert [p.track_id for p in some.people] == [p.track_id for p in whole.people]
    for one, other in zip(some.people, whole.people, strict=True):
        # How many are computed side by side moves the last bits.
        np.testing.assert_allclose(one.keypoints, other.keypoints, rtol=0, atol=1e-3)
        assert one.provenance.tolist() == other.provenance.tolist()


@pytest.mark.parametrize("smoothing", list(Smoothing))
def test_every_number_is_that_of_the_view_of_all(path: Path, smoothing: Smoothing) -> None:
    with Recording.open(path) as recording:
        everything = View(recording, smoothing)
        frames = {frame.index: frame for frame in everything.frames()}
        for wish in RANGES:
            view = View(recording, smoothing, frames=wish)
            there = range(max(wish.start, FIRST), min(wish.stop, COUNT))
            assert view.indices == there
            passed = list(view.frames())
            assert [frame.index for frame in passed] == list(there)
            for frame in passed:
                check_alike(frame, frames[frame.index])
            for index in (there[0], there[len(there) // 2], there[-1]):
                check_alike(view.frame(index), frames[index])
            present = {p.track_id for i in there for p in frames[i].people}
            assert view.track_ids == tuple(sorted(present))
            for track in view.tracks():
                check_same(track, everything.track(track.track_id), there)
                check_same(view.track(track.track_id), everything.track(track.track_id), there)
            np.testing.assert_array_equal(
                view.times, everything.times[there.start - FIRST : there.stop - FIRST]
            )


def test_spans_are_those_inside_the_range(path: Path) -> None:
    with Recording.open(path) as recording:
        spans = {s.track_id: s for s in View(recording, frames=range(320, 400)).spans}
        assert (spans[3].first, spans[3].last, spans[3].frames) == (320, 339, 20)
        assert (spans[1].first, spans[1].last, spans[1].frames) == (320, 399, 80)
        filled = {s.track_id: s for s in View(recording, frames=RANGES[4]).spans}
        assert (filled[2].first, filled[2].last) == (RANGES[4][0], RANGES[4][-1])
        raw = View(recording, Smoothing.OFF, frames=RANGES[4])
        assert raw.track_ids == (1,)
        assert len(raw.track(2)) == 0


def test_a_stretch_ends_where_the_range_ends(path: Path) -> None:
    with Recording.open(path) as recording:
        view = View(recording, frames=range(345, CHUNK + 9))
        stretch = view.stretch(400)
        assert stretch.frames == range(345, CHUNK)
        assert sorted(stretch.people) == [1, 2]
        assert stretch.people[1].indices.tolist() == list(range(345, CHUNK))
        assert view.stretch(CHUNK).frames == range(CHUNK, CHUNK + 9)
        with pytest.raises(SessionError, match="no frame 344"):
            view.frame(344)


def test_a_range_without_a_stored_frame_is_refused_in_one_sentence(path: Path) -> None:
    with Recording.open(path) as recording:
        for nothing in (range(FIRST), range(COUNT, COUNT + 5), range(80, 80)):
            with pytest.raises(SettingsError, match=f"it has 40 to {COUNT - 1}"):
                View(recording, frames=nothing)


def test_the_label_tells_the_frames_where_there_are_others(path: Path) -> None:
    with Recording.open(path) as recording:
        assert View(recording, frames=range(120, 241)).label == "smooth_f120-240"
        assert View(recording, people=[1], frames=range(50, 61)).label == "smooth_p1_f50-60"
        assert View(recording, frames=range(COUNT + 9)).label == "smooth"
        absent = View(recording, Smoothing.OFF, people=[3], frames=range(400, 500))
        assert (absent.label, absent.track_ids) == ("raw_p3_f400-499", ())
        with pytest.raises(SettingsError, match="no person 9"):
            View(recording, people=[9], frames=range(50, 60))


def test_the_end_of_a_time_range_is_left_out_and_its_start_is_not(path: Path) -> None:
    times = [Fraction(i * 33 + 5 * (i % 3), 1000) for i in range(FIRST, COUNT)]
    with Recording.open(path) as recording:
        for start, end in ((60, 70), (41, 42), (100, 700)):
            assert between(recording, times[start], times[end]) == range(FIRST + start, FIRST + end)
            later = Fraction(1, 3000)
            assert between(recording, times[start] + later, times[end] + later) == range(
                FIRST + start + 1, FIRST + end + 1
            )
        assert between(recording, Fraction(0), None) == range(FIRST, COUNT)
        assert between(recording, times[-1], None) == range(COUNT - 1, COUNT)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - WITH_PICTURES))
def test_every_format_writes_a_range_under_a_name_of_its_own(
    name: str, path: Path, tmp_path: Path
) -> None:
    with Recording.open(path) as recording:
        written = export(View(recording, frames=range(310, 330)), name, tmp_path, "clip")
        assert written.exists()
        assert written != destination(View(recording), name, tmp_path, "clip")


def test_the_command_writes_the_frames_of_the_range_beside_the_whole_export(
    path: Path, tmp_path: Path
) -> None:
    def rows(name: str) -> list[list[str]]:
        with (tmp_path / name).open(newline="", encoding="utf-8") as file:
            return list(csv.reader(file))

    told(called("export", path, "--format", "csv", "--out", tmp_path, "--json"))
    done = told(called(
        "export", path, "--format", "csv", "--out", tmp_path,
        "--start", "0:00:10", "--end", "11.5", "--json",
    ))  # fmt: skip
    times = {i: i * 33 + 5 * (i % 3) for i in range(FIRST, COUNT)}
    there = [i for i, ms in times.items() if 10_000 <= ms < 11_500]
    name = f"clip_smooth_f{there[0]}-{there[-1]}.csv"
    assert done["exports"] == [str(tmp_path / name)]
    assert done["frames"] == len(there)
    head, *whole = rows("clip_smooth.csv")
    at = head.index("frame")
    assert rows(name) == [head, *(row for row in whole if int(row[at]) in there)]
    meta = json.loads((tmp_path / f"{name}.meta.json").read_text())
    assert meta["source"]["first_frame"] == there[0]
    assert meta["source"]["frames"] == len(there)


def test_each_person_of_a_range_has_their_own_export(path: Path, tmp_path: Path) -> None:
    done = told(called(
        "export", path, "--format", "csv", "--out", tmp_path, "--each", "--start", "12", "--json",
    ))  # fmt: skip
    first = next(i for i in range(FIRST, COUNT) if i * 33 + 5 * (i % 3) >= 12_000)
    assert [Path(p).name for p in done["exports"]] == [
        f"clip_smooth_p{i}_f{first}-{COUNT - 1}.csv" for i in (1, 2)
    ]


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        (("--start", "0:59:00"), "--start and --end choose no frame"),
        (("--end", "0"), "--start and --end choose no frame"),
        (("--start", "5", "--end", "5"), "--start and --end choose no frame"),
        (("--start", "soon"), "--start 'soon' is no time"),
        (("--start", ""), "--start '' is no time"),
    ],
)
def test_a_range_that_cannot_be_is_refused_and_nothing_is_written(
    wishes: tuple[str, ...], sentence: str, path: Path, tmp_path: Path
) -> None:
    done = called("export", path, "--format", "csv", "--out", tmp_path / "out", *wishes)
    assert sentence in refused(done, 2)
    assert not (tmp_path / "out").exists()


def filmed(
    tmp_path: Path, frames: range, name: str = "video", options: ExportOptions | None = None
) -> Path:
    """Return the export `name` of some frames of a clip with sound."""
    clip = make_clip(tmp_path / "clip.mp4")
    with open_source(str(clip)) as source:
        info, times = source.info, source.times() or []
    script = Script(info, times, {i: (person(1, i),) for i in range(len(times))})
    with Recording.open(write(tmp_path / "clip.sdpose", script)) as recording:
        return export(View(recording, frames=frames), name, tmp_path / "out", "clip", options)


def test_nobody_in_a_range_is_said_of_the_range(path: Path, tmp_path: Path) -> None:
    done = called("export", path, "--format", "csv", "--out", tmp_path, "--end", "2",
                  "--people", "3")  # fmt: skip
    assert "nobody is in this part of clip.mp4" in done.stderr
    assert done.returncode == 0


def test_a_video_of_a_range_begins_at_zero_with_the_sound_of_its_time(tmp_path: Path) -> None:
    path = filmed(tmp_path, range(3, 7))
    video, sound = packets(path, "video"), packets(path, "audio")
    whole = packets(tmp_path / "clip.mp4", "audio")
    assert path.name == "clip_annotated_smooth_f3-6.mp4"
    assert video.times == [(p - UNEVEN[3]) * MS for p in UNEVEN[3:7]]
    assert video.times[-1] + video.durations[-1] == (UNEVEN[7] - UNEVEN[3]) * MS
    start = whole.data.index(sound.data[0])
    assert sound.data == whole.data[start : start + len(sound.data)]
    late = [b - a for a, b in zip(sound.times, whole.times[start:], strict=False)]
    assert all(abs(shift - UNEVEN[3] * MS) <= Fraction(1, RATE) for shift in late)
    end = (UNEVEN[7] - UNEVEN[3]) * MS
    assert end - Fraction(1024, RATE) <= sound.times[-1] < end


def test_a_video_of_a_range_at_a_constant_rate_is_cut_with_its_sound(tmp_path: Path) -> None:
    path = filmed(tmp_path, range(3, 7), options=ExportOptions(rate=Fraction(20)))
    video, sound = packets(path, "video"), packets(path, "audio")
    assert video.times == [Fraction(i, 20) for i in range(4)]
    assert Fraction(4, 20) - Fraction(1024, RATE) <= sound.times[-1] < Fraction(4, 20)


def test_a_video_of_a_person_begins_with_the_range(tmp_path: Path) -> None:
    folder = filmed(tmp_path, range(3, 7), "crops")
    assert folder.name == "clip_smooth_f3-6_crops"
    video = packets(folder / "clip_p1.mp4", "video")
    assert video.times == [(p - UNEVEN[3]) * MS for p in UNEVEN[3:7]]
