"""A video file as a source: the right pixels at the right index and time, whatever is wrong."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream
from clips import PTS_MS, Coding, Shape, Stamps, UInt8, drifting, encode, encode_flat
from PIL import Image

from sdpose_track.errors import SourceError
from sdpose_track.records import Frame, FrameState
from sdpose_track.sources.geometry import MAX_SIDE
from sdpose_track.sources.source import Damage
from sdpose_track.sources.timing import regular_rate
from sdpose_track.sources.video_file import VideoFile

B_FRAMES = Coding(options={"bf": "3", "g": "20"})
CODECS = {
    "b_frames.mp4": B_FRAMES,
    "b_frames.mkv": B_FRAMES,
    "b_frames.ts": B_FRAMES,
    "b_frames.avi": B_FRAMES,
    "open_gop.mp4": Coding(options={"x264-params": "open-gop=1:keyint=20:bframes=3"}),
    "refresh.mp4": Coding(options={"x264-params": "intra-refresh=1:keyint=20"}),
    "all_key.mp4": Coding(options={"g": "1"}),
    "ten_bit.mp4": Coding(options={"bf": "3", "g": "20"}, pixel_format="yuv420p10le"),
    "hevc.mkv": Coding("libx265", {"x265-params": "keyint=20:bframes=4:log-level=none"}),
    "mpeg1.mpg": Coding("mpeg1video", {"bf": "2", "g": "12"}),
    "mpeg2.ts": Coding("mpeg2video", {"bf": "2", "g": "12"}),
    "mpeg4.avi": Coding("mpeg4", {"bf": "2", "g": "12"}),
    "vp9.webm": Coding("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "g": "20"}),
    "jpegs.avi": Coding("mjpeg", pixel_format="yuvj420p"),
    "prores.mov": Coding("prores_ks", pixel_format="yuv422p10le"),
    "raw.h264": B_FRAMES,
    "moving.gif": Coding("gif", pixel_format="rgb8"),
}
COUNT = 64


@pytest.fixture(scope="module")
def pictures() -> list[UInt8]:
    return drifting(COUNT)


@pytest.fixture(params=CODECS)
def clip(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    pictures: list[UInt8],
) -> Path:
    return encode(tmp_path / request.param, pictures, CODECS[request.param])


def alike(one: Frame, other: Frame) -> bool:
    same_place = (one.index, one.pts, one.time) == (other.index, other.pts, other.time)
    return same_place and np.array_equal(one.image, other.image)


def difference(one: UInt8, other: UInt8) -> float:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


def test_every_frame_comes_once_in_order_with_its_own_picture(
    clip: Path, pictures: list[UInt8]
) -> None:
    with VideoFile(clip) as video:
        frames = list(video.frames())
        assert [frame.index for frame in frames] == list(range(COUNT))
        assert video.info.frame_count == COUNT
        assert video.damaged == Damage()
        assert [frame.pts for frame in frames] == video.times()
        assert video.info.first_pts == frames[0].pts
        assert frames[0].time == 0
        assert all(b.time - a.time == frames[1].time for a, b in pairwise(frames))
    for frame in frames[::9]:
        shown = frame.image[:, :, ::-1]
        errors = [difference(shown, other) for other in pictures]
        assert int(np.argmin(errors)) == frame.index


def test_starting_anywhere_gives_what_the_whole_pass_gives(clip: Path) -> None:
    with VideoFile(clip) as video:
        whole = list(video.frames())
        for start in (1, 19, 20, 21, 40, 41, COUNT - 1):
            part = list(video.frames(start))
            assert [f.index for f in part] == list(range(start, COUNT))
            assert all(alike(a, b) for a, b in zip(part, whole[start:], strict=True))
        assert list(video.frames(COUNT)) == []
        assert video.damaged == Damage()


def test_reading_in_random_order_gives_what_the_whole_pass_gives(clip: Path) -> None:
    with VideoFile(clip) as video:
        whole = list(video.frames())
        order = random.Random(7).sample(range(COUNT), 24)
        for index in (*order, 30, 31, 32, 31, 31):
            assert alike(video.read(index), whole[index])


def test_reading_does_not_disturb_a_pass_that_is_under_way(clip: Path) -> None:
    with VideoFile(clip) as video:
        whole = list(video.frames())
        under_way = video.frames()
        begun = [next(under_way) for _ in range(5)]
        video.read(40)
        rest = list(under_way)
    assert all(alike(a, b) for a, b in zip([*begun, *rest], whole, strict=True))


def test_images_are_contiguous_read_only_bgr(uneven_clip: Path) -> None:
    with VideoFile(uneven_clip) as video:
        for frame in video.frames():
            assert frame.image.shape == (48, 64, 3)
            assert frame.image.dtype == np.uint8
            assert frame.image.flags.c_contiguous
            assert not frame.image.flags.writeable


def test_uneven_times_are_kept_exactly(uneven_clip: Path) -> None:
    with VideoFile(uneven_clip) as video:
        times = [frame.time for frame in video.frames()]
        assert times == [Fraction(ms, 1000) for ms in PTS_MS]
        assert video.info.is_vfr
        assert [round(float(f.image.mean()) / 40) for f in video.frames()] == list(range(6))


def test_a_late_first_time_stamp_is_time_zero(tmp_path: Path, pictures: list[UInt8]) -> None:
    late = [5000 + 40 * i for i in range(10)]
    path = tmp_path / "late.mkv"
    encode(path, pictures[:10], Coding(options={"bf": "0"}), stamps=Stamps(late, Fraction(1, 1000)))
    with VideoFile(path) as video:
        frames = list(video.frames())
        assert video.info.first_pts == frames[0].pts == 5000
        assert [f.time for f in frames] == [Fraction(i, 25) for i in range(10)]
        assert video.read(3).time == Fraction(3, 25)


def test_frames_that_an_edit_list_cuts_away_are_not_counted(
    tmp_path: Path, pictures: list[UInt8]
) -> None:
    coding = Coding(options={"bf": "0", "g": "20"})
    path = encode(tmp_path / "trimmed.mp4", pictures[:30], coding, stamps=Stamps(trimmed=10))
    with VideoFile(path) as video:
        frames = list(video.frames())
        assert [f.index for f in frames] == list(range(20))
        assert video.info.frame_count == 20
        assert frames[0].time == 0
        errors = [difference(frames[0].image[:, :, ::-1], other) for other in pictures]
        assert int(np.argmin(errors)) == 10
        for index in (12, 3, 0):
            assert alike(video.read(index), frames[index])


def test_time_stamps_that_begin_anew_do_not_hide_frames(
    tmp_path: Path, pictures: list[UInt8]
) -> None:
    coding = Coding("mpeg2video", {"bf": "0", "g": "5"})
    late = encode(tmp_path / "late.ts", pictures[:20], coding, stamps=Stamps(range(500, 520)))
    early = encode(tmp_path / "early.ts", pictures[20:40], coding)
    path = tmp_path / "joined.ts"
    path.write_bytes(late.read_bytes() + early.read_bytes())
    with VideoFile(path) as video:
        frames = list(video.frames())
        assert [f.index for f in frames] == list(range(40))
        assert "no usable time stamps" in video.info.notes[0]
        assert [f.time for f in frames] == [Fraction(i, 25) for i in range(40)]
        assert alike(video.read(25), frames[25])


def test_no_frame_has_an_index_outside_the_file(uneven_clip: Path) -> None:
    with VideoFile(uneven_clip) as video:
        for index in (-1, 6):
            with pytest.raises(SourceError, match="has no frame"):
                video.read(index)
        with pytest.raises(SourceError, match="has no frame"):
            next(video.frames(-1))


def test_one_decoding_thread_gives_the_same_frames(tmp_path: Path, pictures: list[UInt8]) -> None:
    path = encode(tmp_path / "clip.mp4", pictures, B_FRAMES)
    with VideoFile(path) as many, VideoFile(path, decode_threads=1) as one:
        assert all(alike(a, b) for a, b in zip(many.frames(), one.frames(), strict=True))


Q16 = 1 << 16
MATRICES: dict[tuple[int, ...], tuple[int, bool, Callable[[UInt8], UInt8]]] = {
    (Q16, 0, 0, Q16): (0, False, lambda p: p),
    (0, Q16, -Q16, 0): (90, False, lambda p: np.rot90(p, -1)),
    (-Q16, 0, 0, -Q16): (180, False, lambda p: p[::-1, ::-1]),
    (0, -Q16, Q16, 0): (270, False, lambda p: np.rot90(p, 1)),
    (-Q16, 0, 0, Q16): (0, True, lambda p: p[:, ::-1]),
    (Q16, 0, 0, -Q16): (180, True, lambda p: p[::-1]),
    (0, Q16, Q16, 0): (270, True, lambda p: p.transpose(1, 0, 2)),
    (0, -Q16, -Q16, 0): (90, True, lambda p: p[::-1, ::-1].transpose(1, 0, 2)),
}


@pytest.mark.parametrize("turn", MATRICES)
def test_a_display_matrix_turns_and_mirrors(turn: tuple[int, ...], tmp_path: Path) -> None:
    a, b, c, d = turn
    matrix = (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    rotation, mirrored, upright = MATRICES[turn]
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[:24, :32] = (250, 20, 20)
    stored[24:, :32] = (20, 250, 20)
    plain = encode(tmp_path / "plain.mp4", [stored] * 2)
    turned = encode(tmp_path / "turned.mp4", [stored] * 2, shape=Shape(matrix=matrix))
    with VideoFile(plain) as reference, VideoFile(turned) as video:
        assert (video.info.rotation, video.info.mirrored) == (rotation, mirrored)
        expected = upright(reference.read(0).image)
        assert np.array_equal(video.read(0).image, expected)
        assert (video.info.height, video.info.width) == expected.shape[:2]


def test_pictures_with_exif_are_turned_as_it_says(tmp_path: Path) -> None:
    jpeg, turned = io.BytesIO(), Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (64, 32)).save(jpeg, "JPEG", exif=turned)
    path = tmp_path / "camera.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuvj420p"
        for i in range(3):
            packet = av.Packet(jpeg.getvalue())
            packet.stream, packet.pts, packet.dts = stream, i, i
            packet.time_base = Fraction(1, 25)
            container.mux(packet)
    with VideoFile(path) as video:
        assert (video.info.width, video.info.height, video.info.rotation) == (32, 64, 90)
        assert [frame.image.shape for frame in video.frames()] == [(64, 32, 3)] * 3


def test_wide_pixels_are_made_square(tmp_path: Path) -> None:
    half = np.zeros((48, 64, 3), np.uint8)
    half[:, 32:] = 255
    path = encode(tmp_path / "wide.mp4", [half] * 2, shape=Shape(aspect=Fraction(2)))
    with VideoFile(path) as video:
        assert (video.info.width, video.info.height) == (128, 48)
        assert video.info.pixel_aspect == 2
        image = video.read(0).image
        assert image[:, :60].mean() < 10
        assert image[:, 68:].mean() > 245


def test_an_insane_pixel_aspect_is_ignored(tmp_path: Path) -> None:
    grey = np.full((48, 64, 3), 90, np.uint8)
    path = encode(tmp_path / "insane.mp4", [grey] * 2, shape=Shape(aspect=Fraction(40)))
    with VideoFile(path) as video:
        assert (video.info.width, video.info.height) == (64, 48)


MATRIX_OF = {1: (0.2126, 0.0722), 2: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


def expected_bgr(yuv: tuple[int, int, int], colorspace: int, *, full: bool, bits: int) -> UInt8:
    """Return the colour by the definition in ITU-R BT.601, 709 and 2020."""
    red, blue = MATRIX_OF[colorspace]
    unit = 1 << (bits - 8)
    top = (1 << bits) - 1
    y = yuv[0] / top if full else (yuv[0] - 16 * unit) / (219 * unit)
    u, v = ((value - 128 * unit) / (top if full else 224 * unit) for value in yuv[1:])
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    g = (y - red * r - blue * b) / (1 - red - blue)
    return np.asarray(np.clip(np.array((b, g, r)) * 255, 0, 255), dtype=np.uint8)


@pytest.mark.parametrize("colorspace", MATRIX_OF)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuv444p"])
def test_matrix_and_range_of_the_file_are_honoured(
    colorspace: int, full: bool, pixel_format: str, tmp_path: Path
) -> None:
    bits = 10 if "10" in pixel_format else 8
    y, u, v = (value << (bits - 8) for value in (120, 90, 180))
    path = tmp_path / "flat.mp4"
    encode_flat(
        path,
        (y, u, v),
        pixel_format=pixel_format,
        colorspace=colorspace,
        color_range=2 if full else 1,
    )
    with VideoFile(path) as video:
        shown = video.read(1).image.reshape(-1, 3).astype(int)
    wanted = expected_bgr((y, u, v), colorspace, full=full, bits=bits).astype(int)
    assert np.abs(shown - wanted).max() <= 2


def test_a_colour_matrix_that_nothing_can_convert_still_gives_a_picture(tmp_path: Path) -> None:
    path = encode_flat(tmp_path / "odd.mp4", (120, 128, 128), colorspace=8)
    with VideoFile(path) as video:
        assert len(list(video.frames())) == 3


def test_a_video_above_the_limit_of_size_is_refused_with_the_limit(tmp_path: Path) -> None:
    wide = np.zeros((2, MAX_SIDE + 16, 3), np.uint8)
    path = encode(tmp_path / "wide.mkv", [wide], Coding("ffv1"))
    with pytest.raises(SourceError, match="more than the limit of 16384"):
        VideoFile(path)


def test_a_file_that_vanishes_says_so(tmp_path: Path, pictures: list[UInt8]) -> None:
    path = encode(tmp_path / "gone.mp4", pictures[:3])
    with VideoFile(path) as video:
        path.unlink()
        with pytest.raises(SourceError, match="is not there any more"):
            next(video.frames())


def damaged_copy(path: Path, pictures: list[UInt8]) -> Path:
    """Write a clip whose packets from a third on are noise, its index whole."""
    whole = bytearray(encode(path, pictures, Coding(options={"g": "20", "bf": "0"})).read_bytes())
    third = len(whole) // 3
    noise = np.random.default_rng(1).integers(0, 256, third // 2, np.uint8)
    whole[third : third + noise.size] = noise.tobytes()
    path.write_bytes(whole)
    return path


def test_what_is_damaged_is_counted_and_nothing_is_renumbered(
    tmp_path: Path, pictures: list[UInt8]
) -> None:
    path = damaged_copy(tmp_path / "damaged.mp4", pictures)
    with VideoFile(path) as video:
        frames = list(video.frames())
        told = [lost.index for frame in frames for lost in frame.lost_before]
        shown = [frame.index for frame in frames]
        ending = COUNT - 1 - max(shown)
        assert sorted(shown + told) == list(range(COUNT - ending))
        assert video.damaged.lost == len(told) + ending
        assert video.damaged.concealed == sum(f.state is FrameState.CONCEALED for f in frames)
        assert video.damaged.lost + video.damaged.concealed > 0
        assert [frame.pts for frame in frames] == [video.times()[i] for i in shown]
        for lost in (told or range(COUNT - ending, COUNT))[:1]:
            with pytest.raises(SourceError, match="damaged"):
                video.read(lost)
        assert video.read(0).state is FrameState.WHOLE


@pytest.mark.parametrize(
    ("rate", "unit"), [(24, 1000), (30, 1000), (60, 1000), (15, 100), (60, 90000)]
)
def test_rounded_time_stamps_are_regular_at_their_exact_rate(rate: int, unit: int) -> None:
    stamps = [round(i * unit / rate) for i in range(200)]
    assert regular_rate(stamps, Fraction(1, unit), [Fraction(rate)]) == (Fraction(rate), False)


def test_one_long_pause_is_variable_and_one_in_a_thousand_is_not() -> None:
    def paused(count: int) -> list[int]:
        return [i * 40 + (400 if i > count // 2 else 0) for i in range(count)]

    assert regular_rate(paused(20), Fraction(1, 1000), [])[1]
    assert regular_rate(paused(1000), Fraction(1, 1000), []) == (Fraction(25), False)


# What ../shared/media/malformed/MANIFEST.md expects: frames that come, width, height.
MALFORMED = {
    "truncated_half_faststart.mp4": (24, 640, 360),
    "starts_mid_gop.ts": (24, 640, 360),
    "corrupt_middle.mp4": (72, 640, 360),
    "corrupt_middle.avi": (70, 640, 360),
    "zero_hole_middle.mp4": (72, 640, 360),
    "lying_frame_count.mp4": (72, 640, 360),
    "size_change_midstream.ts": (48, 640, 360),
    "real_failing_audio.mp4": (280, 640, 360),
    "good_reference.mp4": (72, 640, 360),
    "odd_321x241_yuv444.mp4": (30, 321, 241),
    "tiny_2x2.mp4": (5, 2, 2),
    "extreme_aspect_2560x64.mp4": (10, 2560, 64),
    "huge_real_8192x8192_2f.mp4": (2, 8192, 8192),
    "huge_header_60000.avi": (72, 640, 360),
    "all_black_no_people.mp4": (50, 640, 360),
    "fps_1000.mp4": (72, 640, 360),
    "editlist_trim.mp4": (48, 640, 360),
    "rot_tag_270.mp4": (72, 360, 640),
    "matrix_hflip.mp4": (72, 640, 360),
    "real_decord_rot90_3f.mov": (3, 320, 568),
    "alpha_prores4444.mov": (8, 320, 180),
    "real_transparent.webm": (150, 200, 200),
    "raw_no_container.h264": (72, 640, 360),
    "two_video_streams.mkv": (72, 640, 360),
    "mp4_named.avi": (72, 640, 360),
    "no_extension": (72, 640, 360),
    "-leading-dash.mp4": (72, 640, 360),
}
DAMAGED = {
    "truncated_half_faststart.mp4": (1, False),
    "corrupt_middle.mp4": (0, True),
    "corrupt_middle.avi": (2, True),
    "zero_hole_middle.mp4": (0, True),
}
SAID = {
    "truncated_half_faststart.mp4": "breaks off",
    "raw_no_container.h264": "frames per second are assumed",
    "size_change_midstream.ts": "frames per second are assumed",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_odd_and_damaged_files_give_what_the_manifest_expects(name: str, media: Path) -> None:
    count, width, height = MALFORMED[name]
    lost, concealed = DAMAGED.get(name, (0, False))
    with VideoFile(media / "malformed" / "video" / name) as video:
        shown = 0
        for frame in video.frames():
            assert frame.image.shape == (height, width, 3)
            assert frame.time == (frame.pts - video.info.first_pts) * video.info.time_base
            shown += 1
        assert shown == count
        assert video.info.frame_count == count + lost
        assert video.damaged.lost == lost
        assert (video.damaged.concealed > 0) == concealed
        assert SAID.get(name, "") in " ".join(video.info.notes)
        assert bool(video.info.notes) == (name in SAID)


# What ../shared/media/MANIFEST.md says: frames, width, height, rate (None where it is uneven).
VIDEOS = {
    "tud_campus.mp4": (71, 640, 480, Fraction(25)),
    "asl_book.mkv": (109, 640, 480, Fraction(30)),
    "store_aisle_3p.gif": (67, 480, 270, Fraction(15)),
    "mmpose_street_5frames.mp4": (5, 960, 540, Fraction(5)),
    "tai_chi_single.mp4": (300, 340, 256, Fraction(30000, 1001)),
    "chaplin_bw_audio.mp4": (241, 640, 360, Fraction(25)),
    "anime_girl_bust.gif": (48, 256, 256, Fraction(277, 12)),
    "derived/bedroom_hevc.mp4": (60, 640, 360, Fraction(30)),
    "derived/bedroom_hevc_10bit.mp4": (60, 640, 360, Fraction(30)),
    "derived/bedroom_vp9.webm": (60, 640, 360, Fraction(30)),
    "derived/bedroom_vp8.webm": (60, 640, 360, Fraction(30)),
    "derived/bedroom_av1.mkv": (60, 640, 360, Fraction(30)),
    "derived/bedroom_mpeg4.avi": (60, 640, 360, Fraction(30)),
    "derived/bedroom_mpeg2.ts": (60, 640, 360, Fraction(30)),
    "derived/bedroom_wmv2.wmv": (60, 640, 360, Fraction(30)),
    "derived/bedroom_mjpeg.mov": (60, 640, 360, Fraction(30)),
    "derived/bedroom_prores_12f.mov": (12, 320, 180, Fraction(30)),
    "derived/bedroom.gif": (40, 240, 136, Fraction(10)),
    "derived/bedroom_sar2.mp4": (45, 640, 360, Fraction(30)),
    "derived/bedroom_23976_start5s.mkv": (48, 480, 270, Fraction(24000, 1001)),
    "derived/bedroom_fragmented.mp4": (60, 640, 360, Fraction(30)),
    "derived/bedroom_interlaced.mpg": (60, 640, 360, Fraction(15)),
    "derived/juggle_portrait_upright.mp4": (96, 406, 720, Fraction(24)),
    "derived/juggle_rot90_phone.mp4": (96, 406, 720, Fraction(24)),
    "derived/juggle_rot270_phone.mov": (96, 406, 720, Fraction(24)),
    "derived/juggle_rot180.mp4": (96, 406, 720, Fraction(24)),
    "derived/juggle_vfr.mp4": (76, 640, 360, None),
    "derived/juggle_vfr.mkv": (76, 640, 360, None),
    "derived/chaplin_vp9_opus.webm": (100, 640, 360, Fraction(25)),
    "derived/chaplin_h264_aac_faststart.mp4": (100, 640, 360, Fraction(25)),
}
AUDIO = {
    "chaplin_bw_audio.mp4": "mp3",
    "derived/chaplin_vp9_opus.webm": "opus",
    "derived/chaplin_h264_aac_faststart.mp4": "aac",
}


@pytest.mark.parametrize("name", VIDEOS)
def test_real_clips_are_read_whole_and_anywhere(name: str, media: Path) -> None:
    count, width, height, rate = VIDEOS[name]
    with VideoFile(media / "videos" / name) as video:
        frames = list(video.frames())
        assert [frame.index for frame in frames] == list(range(count))
        assert frames[-1].image.shape == (height, width, 3)
        assert video.damaged == Damage()
        assert video.info.is_vfr == (rate is None)
        assert rate in (None, video.info.rate)
        assert video.info.audio_codec == AUDIO.get(name)
        assert not video.info.notes
        middle = count // 2
        assert alike(next(video.frames(middle)), frames[middle])
        for index in (count - 1, 0, middle):
            assert alike(video.read(index), frames[index])


@pytest.mark.parametrize(
    ("name", "rotation"),
    [
        ("juggle_rot90_phone.mp4", 90),
        ("juggle_rot270_phone.mov", 270),
        ("juggle_rot180.mp4", 180),
    ],
)
def test_turned_copies_show_the_upright_picture(name: str, rotation: int, media: Path) -> None:
    derived = media / "videos" / "derived"
    with (
        VideoFile(derived / "juggle_portrait_upright.mp4") as upright,
        VideoFile(derived / name) as turned,
    ):
        assert turned.info.rotation == rotation
        for index in (0, 50, 95):
            one, other = upright.read(index).image, turned.read(index).image
            assert difference(one, other) < 5  # two encodings of one picture
            assert difference(one, other[::-1, ::-1]) > 20
            assert difference(one, other[:, ::-1]) > 20


def test_pixels_agree_with_opencv(media: Path) -> None:
    path = media / "videos" / "derived" / "juggle_rot90_phone.mp4"
    capture = cv2.VideoCapture(str(path))
    with VideoFile(path) as video:
        for frame in video.frames():
            there, image = capture.read()
            assert there
            assert np.array_equal(frame.image, image)
    capture.release()


def test_a_mirror_matrix_mirrors(media: Path) -> None:
    folder = media / "malformed" / "video"
    with (
        VideoFile(folder / "good_reference.mp4") as plain,
        VideoFile(folder / "matrix_hflip.mp4") as mirrored,
    ):
        assert (mirrored.info.rotation, mirrored.info.mirrored) == (0, True)
        assert np.array_equal(mirrored.read(30).image, plain.read(30).image[:, ::-1])


def test_a_size_change_is_scaled_to_the_first_size_and_said_once(
    media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = media / "malformed" / "video" / "size_change_midstream.ts"
    with VideoFile(path) as video:
        frames = list(video.frames())
    assert [r.getMessage().count("480 × 270") for r in caplog.records] == [1]
    assert difference(frames[23].image, frames[24].image) < 60
    assert frames[40].image[:, -8:].mean() > 1


def test_trimmed_away_frames_are_not_frames(media: Path) -> None:
    folder = media / "malformed" / "video"
    with VideoFile(folder / "editlist_trim.mp4") as trimmed:
        assert trimmed.info.duration == 2
        assert trimmed.read(0).time == 0
