"""The annotated video, decoded again: its times, its sound and its colours are the source's."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import sessions
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from export_clips import MS, RATE, UNEVEN, kinds, make_clip, packets, pattern, pictures, spoil
from PIL import Image

from sdpose_track.errors import OutputError, SettingsError, SourceError
from sdpose_track.export import ExportOptions, export
from sdpose_track.export.media.sound import Sound
from sdpose_track.records import SourceInfo
from sdpose_track.render.overlay import Style
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


def annotated(
    folder: Path,
    script: sessions.Script,
    options: ExportOptions | None = None,
    format_name: str = "video",
) -> Path:
    return sessions.exported(folder, format_name, script, options)


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


def remuxed(clip: Path, path: Path, dropped: range) -> Path:
    """Write `clip` as `path` without the sound packets whose numbers are `dropped`."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        heard = 0
        for packet in source.demux():
            if packet.dts is None:
                continue
            is_sound = packet.stream.type == "audio"
            heard += is_sound
            if not (is_sound and heard - 1 in dropped):
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    return path


def test_a_pause_in_sound_that_is_coded_anew_stays(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mkv", sound="mp2")
    clip = remuxed(whole, tmp_path / "clip.mkv", range(15, 30))  # 0.36 s to 0.72 s
    with av.open(str(annotated(tmp_path, script_of(clip)))) as container:
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    loud = [samples[round(s * RATE) :][:2400].std() for s in (0.2, 0.5, 1.0)]

    assert loud == pytest.approx([0.21, 0, 0.21], abs=0.03)


def with_sound(path: Path, codec: str, layout: str = "mono", rate: int = RATE) -> Path:
    """Write a few pictures, and noise of a second, 10 ms at a time."""
    silent = make_clip(path.with_stem("silent"), UNEVEN[:3], sound=None)
    with av.open(str(silent)) as source, av.open(str(path), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        audio = target.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(audio, AudioStream)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        count = rate // 100
        for i in range(100):
            shape = 1, count * audio.layout.nb_channels
            noise = np.random.default_rng(i).integers(-9000, 9000, shape, np.int16)
            frame = av.AudioFrame.from_ndarray(noise, format="s16", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, i * count, Fraction(1, rate)
            target.mux(audio.encode(frame))
        target.mux(audio.encode(None))
    return path


def samples_of(path: Path) -> list[bytes]:
    """Return the samples of uncompressed sound, by packets."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray().tobytes() for frame in container.decode(audio=0)]


@pytest.mark.parametrize("codec", ["pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le"])
def test_a_pause_in_pcm_beside_prores_stays_and_no_sample_changes(
    codec: str, tmp_path: Path
) -> None:
    whole = with_sound(tmp_path / "whole.mkv", codec, "stereo")
    clip = remuxed(whole, tmp_path / "clip.mkv", range(20, 60))
    before = samples_of(clip)
    path = annotated(tmp_path, script_of(clip), format_name="video-prores")
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name == codec

    pause = bytes(40 * len(before[0]))
    assert b"".join(samples_of(path)) == b"".join([*before[:20], pause, *before[20:]])


def test_a_pause_in_planar_sound_of_many_channels_harms_nothing(tmp_path: Path) -> None:
    whole = with_sound(tmp_path / "whole.mkv", "wavpack", "9 channels")
    clip = remuxed(whole, tmp_path / "clip.mkv", range(1, 2))
    path = annotated(tmp_path, script_of(clip), format_name="video-prores")

    assert kinds(path) == ["video", "audio"]


@pytest.mark.parametrize(
    ("name", "layout", "channels"), [("clip.mkv", "9 channels", 9), ("clip.mov", "5.1.2", 8)]
)
def test_a_video_whose_sound_no_encoder_takes_has_none_and_it_is_said(
    name: str, layout: str, channels: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = with_sound(tmp_path / name, "pcm_s16le", layout)
    with caplog.at_level(logging.WARNING, "sdpose_track"):
        made = annotated(tmp_path, script_of(clip))

    assert kinds(made) == ["video"]
    assert len(pictures(made)) == 3
    assert [record.getMessage() for record in caplog.records] == [
        f"{name}: the sound (pcm_s16le, {channels} channels at 48000 Hz) "
        "cannot be put into MP4; the video has none."
    ]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed on Linux")
def test_sound_that_no_encoder_takes_is_closed_at_once(tmp_path: Path) -> None:
    clip = with_sound(tmp_path / "clip.mkv", "pcm_s16le", "9 channels")
    sound = Sound(clip, Fraction(0), whole=True)
    with av.open(str(tmp_path / "made.mp4"), "w") as made:
        sound.attach(made)
        held = [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()]

    assert str(clip) not in held


def test_sound_that_cannot_be_copied_for_its_rate_becomes_aac(tmp_path: Path) -> None:
    made = annotated(
        tmp_path, script_of(with_sound(tmp_path / "clip.mkv", "libmp3lame", rate=11025))
    )
    with av.open(str(made)) as container:
        context = container.streams.audio[0].codec_context
        assert (context.name, context.sample_rate) == ("aac", 11025)


def test_sound_whose_channels_change_on_the_way_does_not_end_the_video(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stereo = with_sound(tmp_path / "stereo.mkv", "mp2", "stereo")
    mono = with_sound(tmp_path / "mono.mkv", "mp2", "mono")
    clip = tmp_path / "clip.mkv"
    with av.open(str(stereo)) as first, av.open(str(mono)) as second, av.open(str(clip), "w") as to:
        streams = [to.add_stream_from_template(stream) for stream in first.streams]
        for source, later in ((first, 0), (second, 1000)):
            for packet in source.demux():
                if packet.dts is not None and (source is first or packet.stream.type == "audio"):
                    packet.stream = streams[packet.stream.index]
                    packet.pts = packet.dts = packet.dts + later
                    to.mux(packet)
    with caplog.at_level(logging.WARNING, "sdpose_track"):
        made = annotated(tmp_path, script_of(clip))

    assert len(pictures(made)) == 3
    assert len(packets(made, "audio").times) >= RATE // 1024
    assert "the sound is damaged" in caplog.text


@pytest.mark.parametrize("rate", [4000, RATE, 192000])
def test_sound_whose_rate_or_layout_aac_has_not_becomes_what_is_nearest(
    rate: int, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mkv"  # which does not name the places of uncompressed channels
    with av.open(str(clip), "w") as container:
        video = container.add_stream("libx264", rate=25)
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=rate, layout="stereo")
        for i in range(25):
            picture = av.VideoFrame.from_ndarray(pattern(i % 10), format="bgr24")
            container.mux(video.encode(picture))
        container.mux(video.encode())
        wave = np.zeros((1, 2 * rate), np.int16)
        wave[:, rate:] = 8000  # from half a second on
        sound = av.AudioFrame.from_ndarray(wave, format="s16", layout="stereo")
        sound.sample_rate = rate
        container.mux(audio.encode(sound))
    with av.open(str(annotated(tmp_path, script_of(clip)))) as container:
        stream = container.streams.audio[0]
        made = stream.codec_context.sample_rate, stream.layout.name
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(stream)])

    assert made == ({4000: 7350, 192000: 96000}.get(rate, rate), "stereo")
    assert int((samples > 0.12).argmax()) / made[0] == pytest.approx(0.5, abs=0.005)


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


# -- a constant rate -------------------------------------------------------------------------------


def shades(path: Path) -> list[int]:
    """Return which of the pictures of `export_clips.pattern` each picture of a file is."""
    return [round((float(image[-8:, -8:].mean()) - 20) / 20) for image in pictures(path)]


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(10), Fraction(30000, 1001)])
def test_at_a_constant_rate_each_moment_shows_the_nearest_picture(
    rate: Fraction, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    path = annotated(tmp_path, without_people(script_of(clip)), ExportOptions(rate=rate))
    made = packets(path, "video")
    off = [[abs(i / rate - p * MS) for p in UNEVEN] for i in range(len(made.times))]

    assert made.times == [i / rate for i in range(int(rate) + 1)]
    assert set(made.durations) == {1 / rate}
    for picture, distances in zip(shades(path), off, strict=True):
        assert distances[picture] == min(distances)


def test_the_rate_of_a_source_makes_its_times_exact(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", (0, 33, 67, 100, 133, 167), sound=None)
    made = packets(annotated(tmp_path, script_of(clip), ExportOptions(rate=Fraction(30))), "video")

    assert made.times == [Fraction(i, 30) for i in range(6)]
    assert set(made.durations) == {Fraction(1, 30)}


def test_sound_stays_in_its_place_at_a_constant_rate(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", [p + 5000 for p in UNEVEN], sound_from=Fraction(5))
    made = annotated(tmp_path, script_of(clip), ExportOptions(rate=Fraction(24)))
    source, copy = packets(clip, "audio"), packets(made, "audio")

    assert copy.data == source.data
    assert all(abs(a - b - 5) <= MS for a, b in zip(source.times, copy.times, strict=True))
    assert packets(made, "video").times[0] == 0


def test_sound_is_cut_where_a_range_at_a_constant_rate_ends(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    made = annotated(tmp_path, script_of(clip, 3, 7), ExportOptions(rate=Fraction(20)))
    video, audio = packets(made, "video"), packets(made, "audio")

    assert video.times == [Fraction(i, 20) for i in range(4)]
    assert Fraction(4, 20) - Fraction(1024, RATE) <= audio.times[-1] < Fraction(4, 20)


def test_people_at_a_constant_rate_are_those_of_the_picture(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=(640, 480), sound=None)
    path = annotated(tmp_path, script_of(clip), ExportOptions(rate=Fraction(10)))
    meta = json.loads(path.with_name(f"{path.name}.meta.json").read_text())
    nose = sessions.points(1, 9)[0].round().astype(int)

    found = pictures(path)[9][nose[1], nose[0]].astype(int)  # 0.9 s is nearest to frame 9, at 1 s
    assert found[2] - found[0] > 80
    assert meta["retimed"]["between"] == "nearest"
    assert meta["tracks"][0]["frames_present"] == 11


def test_a_lost_frame_at_a_constant_rate_leaves_the_picture_before(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mov", codec="png", sound=None)
    whole = without_people(script_of(clip))
    spoil(clip, packets(clip, "video").data[4:5])
    script = replace(whole, lost=frozenset({4}))
    path = annotated(tmp_path, script, ExportOptions(rate=Fraction(25)))

    assert shades(path)[4:7] == [3, 3, 3]
    assert len(packets(path, "video").times) == 26


# -- codecs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "name", "tag"),
    [("h264", "h264", "avc1"), ("h265", "hevc", "hvc1"), ("av1", "libdav1d", "av01")],
)
def test_every_codec_keeps_pictures_times_and_sound(
    codec: str, name: str, tag: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    script = without_people(script_of(clip))
    path = annotated(tmp_path, script, ExportOptions(codec=codec))
    made = packets(path, "video")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        found = context.name, context.codec_tag

    assert found == (name, tag)
    assert made.times == [p * MS for p in UNEVEN]
    assert made.durations[:-1] == [(b - a) * MS for a, b in pairwise(UNEVEN)]
    assert shades(path) == list(range(len(UNEVEN)))
    assert packets(path, "audio").data == packets(clip, "audio").data
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
def test_a_better_quality_takes_more_bytes(codec: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", UNEVEN[:3], sound=None)
    script = script_of(clip)
    sizes = [
        annotated(tmp_path, script, ExportOptions(codec=codec, quality=quality)).stat().st_size
        for quality in (10, 45)
    ]

    assert sizes[0] > 1.1 * sizes[1]


def test_a_codec_that_there_is_not_is_told(tmp_path: Path) -> None:
    script = script_of(make_clip(tmp_path / "clip.mp4", UNEVEN[:2], sound=None))

    for format_name in ("video", "crops"):
        with pytest.raises(SettingsError, match="codec vp9: choose h264, h265 or av1"):
            annotated(tmp_path, script, ExportOptions(codec="vp9"), format_name)


def test_a_quality_that_a_codec_does_not_have_is_told(tmp_path: Path) -> None:
    script = script_of(make_clip(tmp_path / "clip.mp4", UNEVEN[:2], sound=None))

    with pytest.raises(SettingsError, match="quality 60: h264 has qualities from 0, best, to 51"):
        annotated(tmp_path, script, ExportOptions(quality=60))
    assert annotated(tmp_path, script, ExportOptions(codec="av1", quality=60)).exists()


@pytest.mark.parametrize("size", [(96, 64), (17, 33)])
def test_prores_is_422_hq_with_ten_bits(size: tuple[int, int], tmp_path: Path) -> None:
    for i in range(3):
        image = np.full((size[1], size[0], 3), 60 + 40 * i, np.uint8)
        Image.fromarray(image).save(tmp_path / f"shot_{i}.png")
    script = without_people(script_of(tmp_path / "shot_%d.png"))
    path = annotated(tmp_path, script, format_name="video-prores")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        found = context.name, context.codec_tag, context.profile, context.pix_fmt

    assert path.name == "clip_annotated_raw.mov"
    assert found == ("prores", "apch", "HQ", "yuv422p10le")
    assert [round(float(image.mean())) for image in pictures(path)] == [60, 100, 140]


@pytest.mark.parametrize(
    ("sound", "kept"), [("aac", "aac"), ("pcm_s16le", "pcm_s16le"), ("flac", "pcm_s16le")]
)
def test_sound_beside_prores_is_copied_or_becomes_pcm(
    sound: str, kept: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = make_clip(tmp_path / "clip.mkv", sound=sound)
    path = annotated(tmp_path, script_of(clip), format_name="video-prores")
    source, copy = packets(clip, "audio"), packets(path, "audio")
    with av.open(str(path)) as container:
        audio = container.streams.audio[0]
        assert audio.codec_context.name == kept
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio)])

    assert packets(path, "video").times == [p * MS for p in UNEVEN]
    assert ("becomes PCM" in caplog.text) == (kept != sound)
    assert abs(copy.times[0] - source.times[0]) <= MS
    assert len(samples) / RATE == pytest.approx(1.2, abs=0.05)


def test_trails_are_drawn_where_asked_for(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=(640, 480), sound=None)
    script = script_of(clip)
    moved: sessions.People = {i: (sessions.person(1, 8 * i),) for i in range(10)}
    script = replace(script, people=moved)
    plain = Style(skeleton=False, ids=False)
    without = pictures(annotated(tmp_path, script, ExportOptions(style=plain)))
    style = replace(plain, trails=True)
    made = pictures(annotated(tmp_path, script, ExportOptions(style=style)))
    changed = [np.abs(a.astype(int) - b).max() > 60 for a, b in zip(made, without, strict=True)]

    assert not changed[0]
    assert all(changed[2:])


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
