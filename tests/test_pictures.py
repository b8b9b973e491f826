"""Pictures, sequences of them and animations as sources."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import UInt8
from PIL import Image

from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.sources import Damage, open_source

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def quarters(width: int = 60, height: int = 40) -> UInt8:
    """Return an RGB picture whose four quarters differ, so that no turn is unseen."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = RED
    picture[: height // 2, width // 2 :] = GREEN
    picture[height // 2 :, : width // 2] = BLUE
    return picture


def save_levels(folder: Path, numbers: list[int], name: str = "shot_{:04d}.png") -> Path:
    """Write a grey picture of level 10·n for each number n."""
    folder.mkdir(exist_ok=True)
    for n in numbers:
        Image.fromarray(np.full((40, 60, 3), 10 * n, np.uint8)).save(folder / name.format(n))
    return folder


def levels(spec: Path | str) -> dict[int, int]:
    """Return index → picture level of what is shown."""
    with open_source(str(spec)) as source:
        return {frame.index: round(float(frame.image.mean()) / 10) for frame in source.frames()}


@pytest.mark.parametrize("tag", range(1, 9))
def test_exif_turns_a_picture_upright(tag: int, tmp_path: Path) -> None:
    stored = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
        8: lambda p: np.rot90(p, -1),
    }[tag](quarters())
    exif = Image.Exif()
    exif[0x0112] = tag
    path = tmp_path / "turned.png"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif)
    with open_source(str(path)) as source:
        assert np.array_equal(source.read(0).image[:, :, ::-1], quarters())
        assert (source.info.width, source.info.height) == (60, 40)


def test_what_is_transparent_becomes_black(tmp_path: Path) -> None:
    rgba = np.dstack([quarters(), np.full((40, 60), 255, np.uint8)])
    rgba[:20, :30, 3] = 0
    rgba[:20, 30:, 3] = 51
    Image.fromarray(rgba).save(tmp_path / "clear.png")
    with open_source(str(tmp_path / "clear.png")) as source:
        image = source.read(0).image
    assert image[5, 5].tolist() == [0, 0, 0]
    assert image[5, 40].tolist() == [0, 51, 0]
    assert image[30, 5].tolist() == [255, 0, 0]


def test_sixteen_bits_are_scaled_to_eight(tmp_path: Path) -> None:
    grey = np.tile(np.linspace(0, 65535, 60).astype(np.uint16), (40, 1))
    Image.fromarray(grey).save(tmp_path / "deep.png")
    with open_source(str(tmp_path / "deep.png")) as source:
        row = source.read(0).image[7, :, 0]
    assert np.abs(row.astype(int) - np.linspace(0, 255, 60)).max() <= 1


@pytest.mark.parametrize("mode", ["CMYK", "P", "L", "1", "LA", "YCbCr"])
def test_every_mode_becomes_bgr(mode: str, tmp_path: Path) -> None:
    white = Image.new("RGB", (60, 40), (255, 255, 255)).convert(mode)
    suffix = "tif" if mode in ("CMYK", "YCbCr") else "png"
    white.save(tmp_path / f"white.{suffix}")
    with open_source(str(tmp_path / f"white.{suffix}")) as source:
        image = source.read(0).image
    assert image.shape == (40, 60, 3)
    assert image.min() >= 254


def test_a_picture_is_one_frame_at_time_zero(tmp_path: Path) -> None:
    Image.fromarray(quarters()).save(tmp_path / "one.png")
    with open_source(str(tmp_path / "one.png")) as source:
        frames = list(source.frames())
        assert [(f.index, f.pts, f.time) for f in frames] == [(0, 0, Fraction(0))]
        assert not frames[0].image.flags.writeable
        assert source.info.kind == "picture"
        assert source.info.frame_count == 1


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:200], lambda data: data[: len(data) // 2], lambda _: b"no picture"],
)
def test_a_damaged_picture_is_refused(damage: object, tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save(path)
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SourceError, match=r"broken\.jpg is no picture that can be read"):
        open_source(str(path))


def test_a_picture_above_the_limit_is_refused_with_the_limit(tmp_path: Path) -> None:
    wide, bomb = tmp_path / "wide.png", tmp_path / "bomb.png"
    Image.new("1", (16400, 2)).save(wide)
    Image.new("1", (16000, 16000)).save(bomb)
    for path in (wide, bomb):
        with pytest.raises(SourceError, match="limit of 16384"):
            open_source(str(path))


def test_a_large_picture_below_the_limit_is_read(tmp_path: Path) -> None:
    Image.new("L", (9600, 9400), 9).save(tmp_path / "large.png")
    with open_source(str(tmp_path / "large.png")) as source:
        assert source.read(0).image.shape == (9400, 9600, 3)


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    save_levels(tmp_path / "shots", [2, 9, 10, 1], "a{}.png")
    (tmp_path / "shots" / "notes.txt").write_text("no picture")
    (tmp_path / "shots" / "._a1.png").write_bytes(b"what another system leaves")
    assert levels(tmp_path / "shots") == {0: 1, 1: 2, 2: 9, 3: 10}


def test_a_missing_number_is_a_lost_frame_that_keeps_its_index(tmp_path: Path) -> None:
    folder = save_levels(tmp_path / "shots", [3, 4, 6, 7])
    with open_source(str(folder)) as source:
        frames = list(source.frames())
        assert [f.index for f in frames] == [0, 1, 3, 4]
        assert [(x.index, x.pts) for x in frames[2].lost_before] == [(2, 2)]
        assert source.damaged == Damage(lost=1)
        assert source.info.frame_count == 5
        assert any("1 of the 5 numbers" in note for note in source.info.notes)
        with pytest.raises(SourceError, match="missing or damaged"):
            source.read(2)
        assert source.read(3).time == Fraction(3, 25)
        assert [f.index for f in source.frames(2)] == [3, 4]


def test_an_unreadable_picture_in_a_sequence_is_a_lost_frame(tmp_path: Path) -> None:
    folder = save_levels(tmp_path / "shots", [1, 2, 3, 4])
    (folder / "shot_0001.png").write_bytes(b"")
    (folder / "shot_0003.png").write_bytes(b"broken")
    with open_source(str(folder)) as source:
        frames = list(source.frames())
        assert [f.index for f in frames] == [1, 3]
        assert [[x.index for x in f.lost_before] for f in frames] == [[0], [2]]
        assert source.damaged == Damage(lost=2)


def test_a_sequence_without_one_readable_picture_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "shots"
    folder.mkdir()
    for n in range(3):
        (folder / f"{n}.png").write_bytes(b"broken")
    with pytest.raises(SourceError, match="not one of its pictures can be read"):
        open_source(str(folder))


@pytest.mark.parametrize(
    "names", [["a1.png", "b7.png"], ["1.png", "900.png"], ["a1.png", "a01.png"], ["x.png", "y.png"]]
)
def test_names_that_are_no_numbered_sequence_are_numbered_by_position(
    names: list[str], tmp_path: Path
) -> None:
    for name in names:
        Image.fromarray(quarters()).save(tmp_path / name)
    with open_source(str(tmp_path)) as source:
        assert [f.index for f in source.frames()] == [0, 1]
        assert source.info.frame_count == 2


def test_the_assumed_rate_gives_the_times_and_is_said(tmp_path: Path) -> None:
    folder = save_levels(tmp_path / "shots", [1, 2, 3])
    with open_source(str(folder), picture_rate=Fraction(24000, 1001)) as source:
        assert [f.time for f in source.frames()] == [Fraction(1001 * i, 24000) for i in range(3)]
        assert source.info.duration == Fraction(3003, 24000)
        assert source.times() == [0, 1, 2]
        assert "23.976" in source.info.notes[0]


def test_a_pattern_names_its_numbers_from_the_smallest_on(tmp_path: Path) -> None:
    save_levels(tmp_path / "shots", [7, 8, 10])
    save_levels(tmp_path / "shots", [9], "shot_{}.png")
    save_levels(tmp_path / "shots", [11], "other_{:04d}.png")
    assert levels(tmp_path / "shots" / "shot_%04d.png") == {0: 7, 1: 8, 3: 10}
    assert levels(tmp_path / "shots" / "shot_%d.png") == {0: 9}


def test_a_pattern_that_nothing_fits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No picture fits the pattern"):
        open_source(str(tmp_path / "shot_%04d.png"))
    with pytest.raises(SourceError, match="folder of the pattern"):
        open_source(str(tmp_path / "nowhere" / "shot_%04d.png"))


@pytest.mark.parametrize("pattern", ["a_%d_%d.png", "%d/a_%04d.png"])
def test_a_pattern_with_two_numbers_is_a_wrong_setting(pattern: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="exactly one number field"):
        open_source(str(tmp_path / pattern))


def test_a_sequence_with_a_gap_and_another_size_keeps_numbers_and_says_so(media: Path) -> None:
    with open_source(str(media / "malformed" / "image" / "sequence_with_gap")) as source:
        frames = list(source.frames())
        assert [f.index for f in frames] == [0, 1, 2, 4, 5, 6]
        assert [x.index for x in frames[3].lost_before] == [3]
        assert {f.image.shape for f in frames} == {frames[0].image.shape}
        assert any("different sizes" in note for note in source.info.notes)


def test_another_shape_is_letterboxed_into_the_first(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), RED).save(tmp_path / "a1.png")
    Image.new("RGB", (40, 40), RED).save(tmp_path / "a2.png")
    with open_source(str(tmp_path)) as source:
        image = source.read(1).image
    assert image.shape == (40, 60, 3)
    assert image[:, :10].max() == image[:, 50:].max() == 0
    assert image[:, 10:50, 2].min() == 255


DURATIONS = [100, 40, 40, 250]


@pytest.mark.parametrize("suffix", ["webp", "png"])
def test_an_animation_keeps_the_duration_of_each_frame(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"moving.{suffix}"
    pictures = [Image.new("RGB", (60, 40), (50 * i, 50 * i, 50 * i)) for i in range(4)]
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=DURATIONS, lossless=True
    )
    with open_source(str(path)) as source:
        frames = list(source.frames())
        assert [round(float(f.image.mean()) / 50) for f in frames] == [0, 1, 2, 3]
        assert [f.time for f in frames] == [Fraction(ms, 1000) for ms in (0, 100, 140, 180)]
        assert source.times() == [0, 100, 140, 180]
        assert source.info.kind == "animation"
        assert source.info.duration == Fraction(430, 1000)
        assert source.info.is_vfr
        for index in (3, 0, 2, 2, 1):
            assert np.array_equal(source.read(index).image, frames[index].image)
        assert [f.index for f in source.frames(2)] == [2, 3]


def test_an_animation_that_vanishes_says_so_and_is_read_when_it_is_back(tmp_path: Path) -> None:
    path, away = tmp_path / "moving.webp", tmp_path / "away.webp"
    pictures = [Image.new("RGB", (60, 40), (50 * i, 50 * i, 50 * i)) for i in range(4)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=40, lossless=True)
    with open_source(str(path)) as source:
        path.rename(away)
        for ask in (lambda: source.read(2), lambda: list(source.frames())):
            with pytest.raises(SourceError, match=r"moving\.webp is not there any more"):
                ask()
        away.rename(path)
        assert round(float(source.read(2).image.mean()) / 50) == 2


def test_the_still_of_an_animated_png_is_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    pictures = [Image.new("RGB", (60, 40), (50 * i, 0, 0)) for i in range(3)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], default_image=True)
    with open_source(str(path)) as source:
        assert [int(f.image[0, 0, 2]) for f in source.frames()] == [50, 100]


# What ../shared/media/malformed/MANIFEST.md expects of image/: frames, width, height.
IMAGES = {
    "animated.png": (3, 160, 90),
    "cmyk.jpg": (1, 640, 360),
    "gray_16bit.png": (1, 640, 360),
    "odd_321x241.png": (1, 321, 241),
    "ok.webp": (1, 640, 360),
    "palette.png": (1, 640, 360),
    "progressive.jpg": (1, 640, 360),
}


@pytest.mark.parametrize("name", IMAGES)
def test_odd_pictures_look_as_opencv_shows_them(name: str, media: Path) -> None:
    count, width, height = IMAGES[name]
    path = media / "malformed" / "image" / name
    with open_source(str(path)) as source:
        frames = list(source.frames())
    assert len(frames) == count
    assert frames[0].image.shape == (height, width, 3)
    shown = cv2.imread(str(path))
    assert shown is not None
    assert np.abs(shown.astype(int) - frames[0].image).mean() < 2


@pytest.mark.parametrize("name", ["header_only.jpg", "truncated_half.jpg", "zero_byte.jpg"])
def test_broken_pictures_are_refused_by_name(name: str, media: Path) -> None:
    with pytest.raises(SourceError, match=name) as caught:
        open_source(str(media / "malformed" / "image" / name))
    assert caught.value.exit_code == 3


def test_animated_webp_is_read_with_its_times(media: Path) -> None:
    with open_source(str(media / "videos" / "derived" / "bedroom_anim.webp")) as source:
        frames = list(source.frames())
        assert source.info.kind == "animation"
        assert source.info.rate == 30
        assert len(frames) == source.info.frame_count == 30
