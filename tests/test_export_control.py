"""Pose pictures as files and videos, decoded again and held against what was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import sessions
from av.video.reformatter import ColorPrimaries, Colorspace, Interpolation
from PIL import Image
from sessions import exported, largest_file, points, strict

from sdpose_track.errors import OutputError, SettingsError
from sdpose_track.export import FORMATS, ExportOptions, export
from sdpose_track.export.media.constant import (
    ALPHA,
    LOSSLESS,
    Coding,
    compatible,
    constant_video,
)
from sdpose_track.records import UInt8
from sdpose_track.render.openpose_look import draw_openpose
from sdpose_track.skeletons import COCO17

VIDEOS = ("control", "control-mp4", "control-alpha")
FOLDERS = ("control-png", "control-alpha-png")
NAMES = {
    "control": "clip_raw.control.mkv",
    "control-mp4": "clip_raw.control.mp4",
    "control-alpha": "clip_raw.control.mov",
    "control-png": "clip_raw_control",
    "control-alpha-png": "clip_raw_control_alpha",
}
EXACT = Interpolation.AREA | Interpolation.ACCURATE_RND


def short(count: int = 12) -> sessions.Script:
    """Return the first frames of fixture A."""
    script = sessions.fixture_a()
    info = replace(script.source, frame_count=count, duration=Fraction(count, 30))
    people = {i: script.people[i] for i in range(count)}
    return replace(script, source=info, pts=range(count), people=people)


def drawn(script: sessions.Script, size: tuple[int, int] = (640, 480)) -> list[UInt8]:
    """Return the pictures of `script` at its own frames and size."""
    images = []
    for index in range(len(script.pts)):
        image = np.zeros((size[1], size[0], 3), np.uint8)
        for pose in script.people.get(index, ()):
            draw_openpose(image, COCO17, pose.keypoints, pose.scores, 0.3)
        images.append(image)
    return images


def decoded(path: Path, pixels: str) -> Iterator[UInt8]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            picture = frame.reformat(
                format=pixels, interpolation=EXACT, src_colorspace=frame.colorspace
            )
            yield np.asarray(picture.to_ndarray())


def folder_pictures(path: Path) -> list[UInt8]:
    return [np.asarray(Image.open(file)) for file in sorted(path.iterdir())]


def times(path: Path) -> tuple[Fraction, Fraction, list[Fraction]]:
    """Return the rates `r_frame_rate` and `avg_frame_rate` and the times of all pictures."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [(frame.pts or 0) * (frame.time_base or 1) for frame in container.decode(stream)]
        assert stream.base_rate is not None
        assert stream.average_rate is not None
        return stream.base_rate, stream.average_rate, [Fraction(time) for time in found]


# -- what is in the pictures -----------------------------------------------------------------------


def test_the_lossless_video_gives_back_every_byte(tmp_path: Path) -> None:
    script = short()
    found = list(decoded(exported(tmp_path, "control", script), "rgb24"))

    assert len(found) == 12
    for image, truth in zip(found, drawn(script), strict=True):
        assert np.array_equal(image, truth)
    assert found[11].any()


def test_pictures_are_numbered_from_zero_and_exact(tmp_path: Path) -> None:
    script = short()
    path = exported(tmp_path, "control-png", script)

    assert sorted(p.name for p in path.iterdir()) == [f"clip_pose_{i:05d}.png" for i in range(12)]
    for image, truth in zip(folder_pictures(path), drawn(script), strict=True):
        assert np.array_equal(image, truth)


def test_the_compatible_video_is_near_and_says_its_colours(tmp_path: Path) -> None:
    script = short()
    path = exported(tmp_path, "control-mp4", script)

    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert frame.format.name == "yuv420p"
        assert frame.colorspace == Colorspace.ITU709
        assert frame.color_primaries == ColorPrimaries.BT709
    for image, truth in zip(decoded(path, "rgb24"), drawn(script), strict=True):
        error = np.abs(image.astype(int) - truth)
        assert error[truth.any(axis=2)].mean() < 25
        assert error[~truth.any(axis=2)].mean() < 1


def test_a_lower_quality_makes_a_smaller_file(tmp_path: Path) -> None:
    sizes = [
        exported(tmp_path, "control-mp4", short(), ExportOptions(quality=quality)).stat().st_size
        for quality in (4, 10, 40)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_transparent_pictures_are_opaque_exactly_where_something_is_drawn(tmp_path: Path) -> None:
    script = short()
    for image, truth in zip(
        folder_pictures(exported(tmp_path, "control-alpha-png", script)), drawn(script), strict=True
    ):
        assert np.array_equal(image[..., :3], truth)
        assert np.array_equal(image[..., 3], truth.any(axis=2) * 255)


def test_the_transparent_video_keeps_alpha_exactly_and_colours_nearly(tmp_path: Path) -> None:
    script = short(3)
    path = exported(tmp_path, "control-alpha", script)

    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "prores"
        assert container.streams.video[0].codec_context.profile == "4444"
    for image, truth in zip(decoded(path, "rgba"), drawn(script), strict=True):
        shown = truth.any(axis=2)
        assert np.array_equal(image[..., 3], shown * 255)
        assert np.abs(image[..., :3].astype(int) - truth)[shown].max() <= 6


def test_higher_numbers_lie_on_top(tmp_path: Path) -> None:
    upper = replace(sessions.person(2, 0), keypoints=points(1, 0) + np.float32(1))
    script = replace(short(1), people={0: (sessions.person(1, 0), upper)})
    (image,) = folder_pictures(exported(tmp_path, "control-png", script))

    x, y = (int(n) for n in upper.keypoints[0])
    assert image[y, x].tolist() == [255, 0, 0]
    x, y = (int(n) for n in upper.keypoints[11])
    assert image[y, x].tolist() == [0, 85, 255]


def test_each_look_has_limbs_of_its_own_and_says_so(tmp_path: Path) -> None:
    areas = []
    for look, threshold in (("wan", 0.5), ("openpose", 0.3), ("xinsir", 0.3)):
        path = exported(tmp_path, "control-png", short(1), ExportOptions(look=look))
        ((image,), meta) = folder_pictures(path), strict(path.with_name(f"{path.name}.meta.json"))
        areas.append(int(image.any(axis=2).sum()))
        assert meta["control"]["look"] == look
        assert meta["control"]["threshold"] == threshold

    assert 2 * areas[0] < areas[1]
    assert 1.3 * areas[1] < areas[2]


def test_an_unknown_look_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="choose openpose, xinsir or wan"):
        exported(tmp_path, "control", short(1), ExportOptions(look="van"))


# -- sizes -----------------------------------------------------------------------------------------


def test_keypoints_are_scaled_and_the_drawing_is_not(tmp_path: Path) -> None:
    options = ExportOptions(size=(480, 832))
    path = exported(tmp_path, "control-png", short(1), options)
    (image,), truth = folder_pictures(path), points(1, 0)

    assert image.shape == (832, 480, 3)
    assert not image[:236].any()
    x, y = (truth[9] + 0.5) * 0.75 - 0.5 + (0, 236)  # the left wrist, in a picture 360 high
    ys, xs = np.nonzero((image == (0, 255, 85)).all(axis=2))
    assert (xs.max() - xs.min(), ys.max() - ys.min()) == (8, 8)
    assert (xs.mean(), ys.mean()) == (int(x), int(y))
    described = strict(path.with_name(f"{path.name}.meta.json"))["control"]
    assert described["size"] == [480, 832]
    assert described["source_in_it"]["size"] == [480, 360]
    assert described["source_in_it"]["origin"] == [0, 236]


@pytest.mark.parametrize("name", VIDEOS)
def test_odd_sizes_are_kept_or_padded_never_scaled(name: str, tmp_path: Path) -> None:
    path = exported(tmp_path, name, short(2), ExportOptions(size=(321, 241)))
    picture = next(decoded(path, "rgb24"))

    assert picture.shape == ((242, 322, 3) if name == "control-mp4" else (241, 321, 3))
    meta = strict(path.with_name(f"{path.name}.meta.json"))
    assert meta["control"]["size"] == [picture.shape[1], picture.shape[0]]


def test_a_preset_gives_size_rate_and_number_of_frames(tmp_path: Path) -> None:
    script = replace(sessions.fixture_a(), source=sessions.source_info(size=(1280, 720)))
    path = exported(tmp_path, "control", script, ExportOptions(preset="wan"))

    assert path.name == "clip_raw_wan.control.mkv"
    rate, average, moments = times(path)
    assert rate == average == 16
    assert len(moments) == 21  # of 24 moments in 44/30 seconds: 4n + 1
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (832, 480)
    meta = strict(path.with_name(f"{path.name}.meta.json"))
    assert meta["frames"] == 21
    assert meta["retimed"]["fps"] == "16/1"


def test_a_size_of_ones_own_goes_before_that_of_a_preset(tmp_path: Path) -> None:
    options = ExportOptions(preset="wan", size=(320, 192), frames=5)
    path = exported(tmp_path, "control-png", sessions.fixture_a(), options)

    assert [image.shape for image in folder_pictures(path)] == [(192, 320, 3)] * 5


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [Fraction(16), Fraction(24000, 1001), Fraction(30), Fraction(60)])
@pytest.mark.parametrize("name", VIDEOS)
def test_every_picture_of_a_rate_is_there_and_as_long(
    name: str, rate: Fraction, tmp_path: Path
) -> None:
    options = ExportOptions(rate=rate, size=(64, 48), frames=20)
    base, average, moments = times(exported(tmp_path, name, sessions.fixture_a(), options))

    assert base == average == rate
    assert len(moments) == 20
    tick = Fraction(1, 1000) if name == "control" else 0  # Matroska counts milliseconds
    assert all(abs(time - i / rate) <= tick / 2 for i, time in enumerate(moments))


def test_uneven_frames_are_brought_to_a_constant_rate(tmp_path: Path) -> None:
    base, average, moments = times(exported(tmp_path, "control-mp4", sessions.fixture_b()))

    assert base == average == 30
    assert len(moments) == int(Fraction(sessions.UNEVEN_MS[-1], 1000) * 30) + 1
    assert moments == [Fraction(i, 30) for i in range(len(moments))]


def test_a_lost_frame_is_black_and_counted(tmp_path: Path) -> None:
    found = folder_pictures(exported(tmp_path, "control-png", sessions.with_a_lost_frame()))

    assert [bool(image.any()) for image in found] == [True, True, False, True, True, True]


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_black_or_nothing(name: str, tmp_path: Path) -> None:
    path = exported(tmp_path, name, sessions.fixture_c(), ExportOptions(size=(160, 120)))
    images = folder_pictures(path) if name in FOLDERS else list(decoded(path, "rgba"))

    assert path.name == NAMES[name]
    assert len(images) == 5
    assert not any(image[..., :3].any() for image in images if name != "control-mp4")
    if "alpha" in name:
        assert not any(image[..., 3].any() for image in images)


def test_without_frames_there_is_no_video_but_a_folder(tmp_path: Path) -> None:
    empty = sessions.Script(sessions.source_info(count=0), ())

    assert folder_pictures(exported(tmp_path, "control-png", empty)) == []
    with pytest.raises(OutputError, match="no frames yet"):
        exported(tmp_path, "control", empty)


# -- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_what_stops_an_export_leaves_no_part(
    name: str, stop: type[BaseException], tmp_path: Path
) -> None:
    def fail(done: int, total: int) -> None:
        if done >= total // 2:
            raise stop

    with pytest.raises(stop):
        exported(tmp_path, name, short(), ExportOptions(progress=fail, size=(160, 120)))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("coding", [LOSSLESS, compatible(10), ALPHA], ids=VIDEOS)
@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_an_encoder_that_is_stopped_ends_its_threads(
    coding: Coding, stop: type[BaseException], tmp_path: Path
) -> None:
    picture = np.zeros((120, 160, 4 if coding is ALPHA else 3), np.uint8)
    inside = []

    def encode() -> None:
        with constant_video(tmp_path / "part", (160, 120), Fraction(30), coding) as video:
            for _ in range(3):
                video.add(picture)
            inside.append(tasks())
            raise stop

    before = tasks()
    with pytest.raises(stop):
        encode()
    assert inside[0] > before or not before
    assert tasks() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_told_in_a_sentence_and_leaves_no_part(name: str, tmp_path: Path) -> None:
    with (
        sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_a()) as view,
        largest_file(1500),
        pytest.raises(OutputError, match="cannot be written"),
    ):
        export(view, name, tmp_path / "out", "clip", ExportOptions(size=(160, 120)))
    assert list((tmp_path / "out").iterdir()) == []


def test_all_formats_of_pose_pictures_are_tested_here() -> None:
    assert {name for name in FORMATS if name.startswith("control")} == set(NAMES)


def tasks() -> int:
    """Return how many threads the process has, FFmpeg's own included; 0 where that is not told."""
    folder = Path("/proc/self/task")
    return len(list(folder.iterdir())) if folder.is_dir() else 0
