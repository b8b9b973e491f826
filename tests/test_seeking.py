"""Reading frames in any order: the pixels of one pass over all, and a search that is ended."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from clips import Coding, UInt8, drifting, encode
from PIL import Image

from sdpose_track.errors import SourceError
from sdpose_track.records import Frame
from sdpose_track.sources import Source, open_source
from sdpose_track.sources.video_file import VideoFile

COUNT = 64
CALLS = (0, 0, 1, 3, 9, 24)
H264 = {
    "pyramid": {"bf": "3", "g": "30"},
    "deep": {"bf": "7", "g": "60", "x264-params": "b-adapt=0"},
    "no_b_frames": {"bf": "0", "g": "30"},
    "one_gop": {"bf": "3", "g": "600"},
    "open_gop": {"x264-params": "open-gop=1:keyint=20:bframes=3"},
    "refresh": {"x264-params": "intra-refresh=1:keyint=20"},
    "interlaced": {"x264-params": "interlaced=1:keyint=30:bframes=3"},
    "slices": {"x264-params": "slices=4:keyint=30:bframes=3"},
}
CONTAINERS = ("mp4", "mkv", "ts", "avi", "h264")
MOST_PIXELS = 24_000_000
"""Of a clip that is held in memory whole."""


class NewerWish(Exception):  # noqa: N818 it is no error
    """Another frame is wanted now."""


@pytest.fixture(scope="module")
def pictures() -> list[UInt8]:
    return drifting(COUNT)


def same(one: Frame, other: Frame) -> bool:
    parts = [(f.index, f.pts, f.time, f.state) for f in (one, other)]
    return parts[0] == parts[1] and np.array_equal(one.image, other.image)


def end_after(calls: int) -> Callable[[], None]:
    """Return what ends a search when it is called so many times."""
    left = iter(range(calls))

    def looked() -> None:
        if next(left, None) is None:
            raise NewerWish

    return looked


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("how", H264)
@pytest.mark.parametrize("threads", [0, 1])
def test_every_way_of_referring_gives_the_pixels_of_the_whole_pass(
    container: str, how: str, threads: int, tmp_path: Path, pictures: list[UInt8]
) -> None:
    path = encode(tmp_path / f"clip.{container}", pictures, Coding(options=H264[how]))
    with VideoFile(path, decode_threads=threads) as video:
        whole = {frame.index: frame for frame in video.frames()}
        order = random.Random(11).choices(range(COUNT), k=40)
        for index in order:
            for near in (index, index + 1, index + 4):
                if near in whole:
                    assert same(video.read(near), whole[near])
        for start in order[:5]:
            part = list(video.frames(start))
            assert [f.index for f in part] == list(range(start, COUNT))
            assert all(same(f, whole[f.index]) for f in part)


def test_pictures_that_nothing_refers_to_are_not_decoded_on_the_way(
    tmp_path: Path, pictures: list[UInt8]
) -> None:
    path = encode(tmp_path / "clip.mp4", pictures, Coding(options=H264["one_gop"]))
    decoded = []
    with VideoFile(path) as video:
        decoder = video._decoder(by_frame=True, leave_out=True)  # shows what came out on the way
        found = decoder.reach(60, lambda: decoded.append(decoder.current))
        decoder.close()
    assert found is not None
    assert found.index == 60
    on_the_way = {picture.index for picture in decoded if picture is not None}
    assert 10 <= len(on_the_way) <= 45


@pytest.fixture(params=["clip.mp4", "clip.avi", "moving.gif", "moving.webp", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path, pictures: list[UInt8]) -> Source:
    path = tmp_path / request.param
    if path.suffix == ".webp":
        stills = [Image.fromarray(p) for p in pictures]
        stills[0].save(path, save_all=True, append_images=stills[1:], duration=40, lossless=True)
    elif path.suffix == ".gif":
        encode(path, pictures, Coding("gif", pixel_format="rgb8"))
    elif path.suffix:
        encode(path, pictures, Coding(options=H264["pyramid"]))
    else:
        path.mkdir()
        for i, picture in enumerate(pictures):
            Image.fromarray(picture).save(path / f"{i:03}.png")
    return open_source(str(path))


def test_a_search_that_is_ended_leaves_the_source_as_it_was(source: Source) -> None:
    chance = random.Random(3)
    with source:
        whole = {frame.index: frame for frame in source.frames()}
        ended = 0
        for _ in range(40):
            try:
                source.read(chance.randrange(COUNT), end_after(chance.choice(CALLS)))
            except NewerWish:
                ended += 1
            index = chance.randrange(COUNT)
            assert same(source.read(index), whole[index])
            assert same(source.read(min(index + 1, COUNT - 1)), whole[min(index + 1, COUNT - 1)])
        assert ended > 2


def test_a_search_looked_at_before_anything_is_decoded_can_be_ended(source: Source) -> None:
    with source:
        source.read(5)
        with pytest.raises(NewerWish):
            source.read(20, end_after(0))
        with pytest.raises(NewerWish):
            source.read(21, end_after(0))
        assert source.read(20).index == 20


def test_one_search_ended_again_and_again_gets_to_its_frame(
    tmp_path: Path, pictures: list[UInt8]
) -> None:
    path = encode(tmp_path / "clip.mp4", pictures, Coding(options=H264["one_gop"]))
    with VideoFile(path) as video:
        wanted = list(video.frames())[50]
        for calls in range(1, COUNT + 9):
            for target in (50, 40, 45):
                try:
                    found = video.read(target, end_after(calls))
                except NewerWish:
                    continue
                assert found.index == target
        assert same(video.read(50), wanted)


def anywhere(source: Source, count: int = 24) -> None:
    """Check frames of a clip, read in random order, against those of one pass over it."""
    with source:
        info = source.info
        most = MOST_PIXELS // (info.width * info.height)
        whole = {}
        for frame in source.frames():
            whole[frame.index] = frame
            if len(whole) >= most:
                break
        end = max(whole) + 1
        order = random.Random(5).choices(range(end), k=count)
        for index in (i for start in order for i in (start, start + 1) if i < end):
            if index in whole:
                assert same(source.read(index), whole[index]), index
            else:
                with pytest.raises(SourceError, match=r"damaged|missing"):
                    source.read(index)


PAINTED_OVER = ("corrupt_middle.avi", "corrupt_middle.mp4", "zero_hole_middle.mp4")
"""With what FFmpeg conceals their damage depends on what it decoded before."""


def readable(folder: str, media: Path) -> list[Path]:
    """Return the files in `folder` that are a source."""
    found = []
    for path in sorted(p for p in (media / folder).rglob("*") if p.is_file()):
        try:
            open_source(str(path)).close()
        except SourceError:
            continue
        if path.name not in PAINTED_OVER:
            found.append(path)
    return found


@pytest.mark.parametrize("folder", ["videos", "malformed/video"])
def test_real_and_damaged_clips_give_the_same_pixels_anywhere(folder: str, media: Path) -> None:
    found = readable(folder, media)
    assert len(found) > 20
    for path in found:
        anywhere(open_source(str(path)), 10)


@pytest.mark.parametrize("seed", range(12))
def test_damage_anywhere_in_a_stream_gives_the_same_pixels_anywhere(
    seed: int, tmp_path: Path, pictures: list[UInt8]
) -> None:
    chance = random.Random(seed)
    container = chance.choice(["mp4", "mkv", "ts"])
    path = encode(
        tmp_path / f"clip.{container}", pictures, Coding(options=H264["one_gop"] | {"crf": "8"})
    )
    data = bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data) // 4, len(data) * 3 // 4)
        data[at : at + 40] = chance.randbytes(40)
    path.write_bytes(data)
    anywhere(VideoFile(path, decode_threads=1))  # several paint over damage as chance will have it
