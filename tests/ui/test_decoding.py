from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from pytestqt.qtbot import QtBot

from sdpose_track.records import FrameState
from sdpose_track.sources import open_source
from ui.document.decoding import AHEAD, Decoding

FRAMES = 90


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1000×600, one key frame, noise that moves: 90 frames."""
    path = tmp_path_factory.mktemp("clips") / "long_gop.mp4"
    noise = np.random.default_rng(0).integers(0, 255, (75, 125, 3), np.uint8).repeat(8, 0)
    noise = noise.repeat(8, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 1000, 600, "yuv420p"
        stream.gop_size = FRAMES
        for i in range(FRAMES):
            picture = av.VideoFrame.from_ndarray(np.roll(noise, 5 * i, 1), format="bgr24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture
def decoding(clip: Path) -> Iterator[Decoding]:
    decoding = Decoding(lambda: open_source(str(clip)), lambda: None, 64 << 20)
    decoding.rest(on=True)
    yield decoding
    decoding.stop()
    decoding.join()


def has(decoding: Decoding, index: int) -> bool:
    picture = decoding.get(index)
    return picture is not None and not picture.is_sketch


def test_those_after_a_frame_are_decoded_ahead_and_no_more(
    qtbot: QtBot, decoding: Decoding
) -> None:
    decoding.wish(10, 1)
    qtbot.waitUntil(lambda: all(has(decoding, i) for i in range(10, 11 + AHEAD)))
    assert not has(decoding, 12 + AHEAD)


def test_backwards_a_run_is_decoded_before_the_frame(qtbot: QtBot, decoding: Decoding) -> None:
    decoding.wish(60, -1)
    qtbot.waitUntil(lambda: all(has(decoding, i) for i in range(60 - AHEAD, 61)))


def test_every_other_frame_is_decoded_where_play_is_fast(qtbot: QtBot, decoding: Decoding) -> None:
    decoding.wish(10, 2)
    qtbot.waitUntil(lambda: all(has(decoding, 10 + 2 * k) for k in range(AHEAD + 1)))
    assert not has(decoding, 13)


def test_no_more_is_kept_than_is_allowed(qtbot: QtBot, clip: Path) -> None:
    one = 4 * 1000 * 600
    decoding = Decoding(lambda: open_source(str(clip)), lambda: None, 5 * one)
    decoding.rest(on=True)
    try:
        for index in (0, 30, 60, 89):
            decoding.wish(index, 1)
            qtbot.waitUntil(partial(has, decoding, index))
        assert sum(has(decoding, i) for i in range(FRAMES)) <= 6
    finally:
        decoding.stop()
        decoding.join()


def test_a_far_frame_is_sketched_at_once_and_exact_soon(qtbot: QtBot, clip: Path) -> None:
    told: list[tuple[bool, float]] = []
    wanted = 80

    def tell() -> None:  # on the thread that decodes
        picture = decoding.get(wanted)
        if picture is not None and picture.pixels is not None:
            off = np.abs(picture.pixels[..., :3].astype(int) - truth).mean()
            told.append((picture.is_sketch, float(off)))

    with open_source(str(clip)) as source:
        truth = source.read(wanted).image.astype(int)
        black = float(truth.mean())
    decoding = Decoding(lambda: open_source(str(clip)), tell, 64 << 20)
    try:
        decoding.wish(0)
        qtbot.waitUntil(lambda: decoding.sketched == FRAMES, timeout=20_000)
        decoding.wish(wanted)
        qtbot.waitUntil(lambda: bool(told) and not told[-1][0])
        (was_sketch, off), *_ = told
        assert was_sketch
        assert 0 < off < black / 5
        assert told[-1] == (False, 0.0)
    finally:
        decoding.stop()
        decoding.join()


def test_nothing_is_sketched_while_others_need_the_processor(
    qtbot: QtBot, decoding: Decoding
) -> None:
    decoding.wish(0)
    qtbot.waitUntil(lambda: has(decoding, 3))
    assert decoding.sketched == 0


def test_a_frame_that_is_lost_is_known_to_be(qtbot: QtBot, media: Path) -> None:
    path = media / "malformed" / "video" / "truncated_half_faststart.mp4"
    decoding = Decoding(lambda: open_source(str(path)), lambda: None, 64 << 20)
    try:
        decoding.wish(24)
        qtbot.waitUntil(lambda: has(decoding, 24) and has(decoding, 23))
        lost, whole = decoding.get(24), decoding.get(23)
        assert lost is not None
        assert lost.state is FrameState.LOST
        assert lost.image is None
        assert whole is not None
        assert whole.image is not None
    finally:
        decoding.stop()
        decoding.join()


def test_the_next_frame_is_decoded_however_little_may_be_kept(qtbot: QtBot, clip: Path) -> None:
    decoding = Decoding(lambda: open_source(str(clip)), lambda: None, 1)
    try:
        decoding.wish(10, 1)
        qtbot.waitUntil(lambda: has(decoding, 10) and has(decoding, 11))
    finally:
        decoding.stop()
        decoding.join()


def test_sketches_are_made_as_soon_as_nobody_else_needs_the_processor(
    qtbot: QtBot, decoding: Decoding
) -> None:
    decoding.wish(0)
    qtbot.waitUntil(lambda: has(decoding, 3))
    decoding.rest(on=False)
    qtbot.waitUntil(lambda: decoding.sketched > 0)


def test_a_source_that_goes_away_ends_the_sketches_only(
    qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(clip, tmp_path / "gone.mp4"))
    decoding = Decoding(lambda: open_source(str(path)), lambda: None, 64 << 20)
    try:
        qtbot.waitUntil(lambda: decoding.source is not None)
        path.unlink()
        decoding.wish(0)
        qtbot.waitUntil(lambda: all(has(decoding, i) for i in range(4)))
        shutil.copy(clip, path)
        decoding.wish(40)
        qtbot.waitUntil(lambda: has(decoding, 40))
        shown = decoding.get(40)
        assert shown is not None
        assert shown.image is not None
        assert decoding.is_alive
    finally:
        decoding.stop()
        decoding.join()


def test_what_was_stopped_keeps_no_pictures(qtbot: QtBot, decoding: Decoding) -> None:
    decoding.wish(0)
    qtbot.waitUntil(lambda: has(decoding, 3))
    decoding.stop()
    decoding.join()
    assert decoding.nearest(0) is None
