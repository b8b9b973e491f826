"""Real files whose content is known, and a check of what each test leaves behind."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import hypothesis
import numpy as np
import pytest
from clips import PTS_MS
from threads import engine_threads

from sdpose_track.cli.demo import make_clip

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest_plugins = ["windows", "trying", "undisturbed"]

# A run tells of the change that is tested, not of chance: others with --hypothesis-profile default.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile("same")

SHARED = Path(__file__).resolve().parents[2] / "shared"
MEDIA = SHARED / "media"


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real clips beside the checkout; the test is skipped where it is absent."""
    if not MEDIA.is_dir():
        pytest.skip("the real clips (../shared/media) are not beside this checkout")
    return MEDIA


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own, so that they neither use nor leave anything of the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDPOSE_TRACK_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def people_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 720×540 H.264 clip of 50 frames of real people, from the photographs of ultralytics."""
    path = tmp_path_factory.mktemp("clips") / "people.mp4"
    make_clip(path, seconds=1)
    return path


@pytest.fixture(scope="session")
def uneven_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 64×48 H.264 file of six frames at `PTS_MS`; frame i is grey of level 40·i."""
    path = tmp_path_factory.mktemp("clips") / "uneven.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0", "crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for i, pts in enumerate(PTS_MS):
            grey = np.full((48, 64, 3), 40 * i, dtype=np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, format="rgb24")
            picture.pts, picture.time_base = pts, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture(autouse=True)
def nothing_left_behind(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fail a test that leaves an engine thread running, or logs an error it did not announce."""
    yield
    deadline = time.monotonic() + 2
    while (left := engine_threads()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"still running after the test: {left}"
    errors = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    if "logs_errors" not in request.keywords:
        assert not errors
