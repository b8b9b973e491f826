"""The annotated video, decoded again: its times, its sound and its colours are the source's."""

from __future__ import annotations

import logging
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import sessions
from export_clips import MS, RATE, UNEVEN, kinds, make_clip, packets, pattern, pictures, spoil
from PIL import Image

from sdpose_track.errors import OutputError, SourceError
from sdpose_track.export import ExportOptions, export
from sdpose_track.records import SourceInfo
from sdpose_track.sources import open_source


def script_of(path: Path, first: int = 0, stop: int | None = None) -> sessions.Script:
    """Return a session of the frames `first` to `stop` of a file, with one person in each."""
    with open_source(str(path)) as source:
        times = source.times() or [frame.pts for frame in source.frames()]
        info = source.info
    chosen = times[first:stop]
    people: sessions.People = {
        i: (sessions.person(1, i),) for i in range(first, first + len(chosen))
    }
    return sessions.Script(info, chosen, people, first=first)


def annotated(folder: Path, script: sessions.Script, options: ExportOptions | None = None) -> Path:
    with sessions.view_of(folder / "clip.sdpose", script) as view:
        return export(view, "video", folder / "out", "clip", options)


def without_people(script: sessions.Script) -> sessions.Script:
    return replace(script, people={})


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_every_picture_keeps_its_time_and_duration(suffix: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / f"clip.{suffix}")
    path = annotated(tmp_path, script_of(clip))
    made = packets(path, "video")
    with open_source(str(clip)) as source:
        duration = source.info.duration

    assert made.times == [p * MS for p in UNEVEN]
    assert made.durations[:-1] == [(b - a) * MS for a, b in pairwise(UNEVEN)]
    assert made.times[-1] + made.durations[-1] == duration
    assert len(pictures(path)) == len(UNEVEN)


def test_a_clip_that_starts_late_starts_at_zero(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", [p + 5000 for p in UNEVEN], sound_from=Fraction(5))
    made = annotated(tmp_path, script_of(clip))
    source, copy = packets(clip, "audio"), packets(made, "audio")

    assert packets(made, "video").times == [p * MS for p in UNEVEN]
    assert copy.data == source.data
    # Matroska rounds to milliseconds, MP4 counts samples.
    shifts = [a - b for a, b in zip(source.times, copy.times, strict=True)]
    assert all(abs(shift - 5) <= MS for shift in shifts)


@pytest.mark.parametrize("lost", [0, 4])
def test_a_lost_frame_is_left_out_and_the_times_stay(lost: int, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mov", codec="png", sound=None)
    whole = script_of(clip)
    spoil(clip, packets(clip, "video").data[lost : lost + 1])
    people = {i: p for i, p in whole.people.items() if i != lost}
    script = replace(whole, people=people, lost=frozenset({lost}))
    told: list[tuple[int, int]] = []
    options = ExportOptions(progress=lambda done, total: told.append((done, total)))
    made = packets(annotated(tmp_path, script, options), "video")

    assert made.times == [p * MS for i, p in enumerate(UNEVEN) if i != lost]
    assert told[-1] == (len(UNEVEN), len(UNEVEN))


def test_only_the_frames_of_a_range_are_written_and_the_sound_is_cut(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    made = annotated(tmp_path, script_of(clip, 3, 7))
    video, audio = packets(made, "video"), packets(made, "audio")
    whole = packets(clip, "audio")

    assert video.times == [(p - 160) * MS for p in UNEVEN[3:7]]
    assert video.times[-1] + video.durations[-1] == (500 - 160) * MS
    start = whole.data.index(audio.data[0])
    assert audio.data == whole.data[start : start + len(audio.data)]
    assert audio.times[0] == pytest.approx(whole.times[start] - 160 * MS, abs=1 / RATE)
    assert whole.times[start] + whole.durations[start] > 160 * MS
    assert whole.times[start - 1] + whole.durations[start - 1] <= 160 * MS
    assert (500 - 160) * MS - Fraction(1024, RATE) <= audio.times[-1] < (500 - 160) * MS


# -- sound -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "ac3", "flac", "alac"])
def test_sound_is_copied_byte_by_byte_and_keeps_its_times(codec: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", sound=codec)
    source = packets(clip, "audio")
    copy = packets(annotated(tmp_path, script_of(clip)), "audio")

    assert copy.data == source.data
    assert copy.times == source.times
    assert copy.durations[:-1] == source.durations[:-1]


@pytest.mark.parametrize("offset", [Fraction(-1, 8), Fraction(1, 4)])
def test_sound_that_begins_before_or_after_the_picture_keeps_its_distance(
    offset: Fraction, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "clip.mkv", [p + 1000 for p in UNEVEN], sound_from=1 + offset)
    source = packets(clip, "audio")
    made = annotated(tmp_path, script_of(clip))
    copy = packets(made, "audio")

    assert copy.data == source.data
    assert abs(copy.times[0] - (source.times[0] - 1)) <= MS
    assert packets(made, "video").times[0] == 0


def test_sound_that_mp4_players_do_not_expect_becomes_aac_and_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = make_clip(tmp_path / "clip.mkv", sound="mp2")
    with caplog.at_level(logging.WARNING, "sdpose_track"):
        made = annotated(tmp_path, script_of(clip))

    with av.open(str(made)) as container:
        audio = container.streams.audio[0]
        assert audio.codec_context.name == "aac"
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio)])
    assert "becomes AAC" in caplog.text
    assert len(samples) / RATE == pytest.approx(1.2, abs=0.15)
    assert samples[2000:-4000].std() == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_a_clip_without_sound_has_none_afterwards(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", sound=None)

    assert kinds(annotated(tmp_path, script_of(clip))) == ["video"]


def test_damaged_sound_is_said_and_does_not_harm_the_picture(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = make_clip(tmp_path / "clip.mkv", sound="mp2")
    script = script_of(clip)
    spoil(clip, packets(clip, "audio").data[3:-3])
    with caplog.at_level(logging.WARNING, "sdpose_track"):
        made = annotated(tmp_path, script)

    assert packets(made, "video").times == [p * MS for p in UNEVEN]
    assert len(pictures(made)) == len(UNEVEN)
    assert "the sound is damaged" in caplog.text


# -- pictures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(96, 64), (1280, 720)])
def test_colours_are_those_of_the_source(size: tuple[int, int], tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", UNEVEN[:3], size, sound=None)
    made = pictures(annotated(tmp_path, without_people(script_of(clip))))
    with open_source(str(clip)) as source:
        truth = [frame.image for frame in source.frames()]

    for ours, theirs in zip(made, truth, strict=True):
        difference = ours.astype(float) - theirs
        assert np.abs(difference.mean(axis=(0, 1))).max() < 1.5
        assert np.abs(difference).mean() < 2


def test_people_are_drawn_where_they_are(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=(640, 480), sound=None)
    made = pictures(annotated(tmp_path, script_of(clip)))
    nose = sessions.points(1, 4)[0].round().astype(int)

    found = made[4][nose[1], nose[0]].astype(int)
    assert found[2] - found[0] > 80  # orange in a grey corner, its chroma at half resolution


@pytest.mark.parametrize("size", [(2, 2), (3, 1), (17, 33), (31, 16)])
def test_small_and_odd_sizes_are_padded(size: tuple[int, int], tmp_path: Path) -> None:
    names = []
    for i in range(3):
        names.append(tmp_path / f"shot_{i:03d}.png")
        Image.fromarray(np.full((size[1], size[0], 3), 60 + 40 * i, np.uint8)).save(names[-1])
    script = script_of(tmp_path / "shot_%03d.png")
    made = pictures(annotated(tmp_path, without_people(script)))

    assert len(made) == 3
    assert made[0].shape[0] % 2 == made[0].shape[1] % 2 == 0
    for i, image in enumerate(made):
        assert image.mean() == pytest.approx(60 + 40 * i, abs=2)


def test_an_animation_keeps_its_uneven_times(tmp_path: Path) -> None:
    frames = [Image.fromarray(pattern(i)[..., ::-1]) for i in range(4)]
    frames[0].save(
        tmp_path / "clip.gif", save_all=True, append_images=frames[1:], duration=[50, 200, 30, 100]
    )
    made = packets(annotated(tmp_path, script_of(tmp_path / "clip.gif")), "video")

    assert made.times == [t * MS for t in (0, 50, 250, 280)]
    assert made.times[-1] + made.durations[-1] == 380 * MS


def test_one_picture_makes_a_video_of_one_frame(tmp_path: Path) -> None:
    Image.fromarray(pattern(0)).save(tmp_path / "one.png")

    assert len(pictures(annotated(tmp_path, script_of(tmp_path / "one.png")))) == 1


# -- what can go wrong -----------------------------------------------------------------------------


def test_a_source_beside_the_session_is_found(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    script = script_of(clip)
    moved = replace(script, source=replace(script.source, name="clip.mp4"))

    assert annotated(tmp_path, moved).exists()


def test_a_missing_source_is_told_in_a_sentence(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    script = script_of(clip)
    clip.unlink()

    with pytest.raises(SourceError, match=r"clip\.mp4 is not there any more; .*put it back"):
        annotated(tmp_path, script)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("size", [(96, 64), (64, 64)])
def test_another_video_in_the_place_of_the_source_is_noticed(
    size: tuple[int, int], tmp_path: Path
) -> None:
    script = script_of(make_clip(tmp_path / "clip.mp4"))
    make_clip(tmp_path / "clip.mp4", (0, 40, 90, 160, 200, 320, 330, 500, 540, 1000), size)

    with pytest.raises(SourceError, match="not the video that the session was made from"):
        annotated(tmp_path, script)


def test_a_live_source_cannot_be_drawn_on(tmp_path: Path) -> None:
    info: SourceInfo = sessions.source_info("rtsp://camera/1", count=1)

    with pytest.raises(SourceError, match="was live"):
        annotated(tmp_path, sessions.Script(info, [0]))


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_what_stops_a_video_leaves_no_part_and_the_old_one(
    stop: type[BaseException], tmp_path: Path
) -> None:
    script = script_of(make_clip(tmp_path / "clip.mp4"))
    path = annotated(tmp_path, script)
    old = path.read_bytes()

    def fail(done: int, total: int) -> None:
        if done > total // 2:
            raise stop

    with pytest.raises(stop):
        annotated(tmp_path, script, ExportOptions(progress=fail))
    assert path.read_bytes() == old
    assert len(list(path.parent.iterdir())) == 2


def test_a_disk_that_takes_no_more_leaves_no_part(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    with (
        sessions.view_of(tmp_path / "clip.sdpose", script_of(clip)) as view,
        sessions.largest_file(3000),
        pytest.raises(OutputError, match="cannot be written"),
    ):
        export(view, "video", tmp_path / "out", "clip")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_session_without_frames_has_no_video(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")

    with pytest.raises(OutputError, match="no frames yet"):
        annotated(tmp_path, replace(script_of(clip), pts=()))
    assert list((tmp_path / "out").iterdir()) == []


def test_real_sound_is_copied_byte_by_byte(media: Path, tmp_path: Path) -> None:
    clip = media / "videos" / "derived" / "chaplin_h264_aac_faststart.mp4"
    script = script_of(clip)
    made = annotated(tmp_path, script)

    assert packets(made, "audio").data == packets(clip, "audio").data
    assert packets(made, "video").times == [
        (p - script.source.first_pts) * script.source.time_base for p in script.pts
    ]
