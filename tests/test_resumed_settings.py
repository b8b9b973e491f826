"""The settings of a session that was stopped, rebuilt from the session alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sessions import source_info

from sdpose_track.errors import SettingsError
from sdpose_track.pipeline.events import Event, FrameDone, Outcome
from sdpose_track.pipeline.plan import Run, prepare
from sdpose_track.pipeline.resuming import resumed
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.settings import TrackSettings
from sdpose_track.sources import open_source

CPU: dict[str, Any] = {"device": "cpu", "pose": "yolo11n-pose"}
WISHES: dict[str, dict[str, Any]] = {
    "nothing special": {},
    "a part": {"start": Fraction(1, 5), "end": Fraction(9, 10)},
    "choices": {"confidence": 0.4, "max_people": 2, "precision": "fp32", "detector_size": "960"},
    "a choice of its own": {"detector_size": "auto"},
}
KEY = {
    "start": "0", "end": None, "max_people": None, "confidence": 0.25, "tracker": 1,
    "runtime": "CPU (torch, bf16)", "detector_runtime": "CPU (OpenVINO, fp32)",
    "detector_size": 640,
}  # fmt: skip


def stop_after(run: Run, frames: int) -> None:
    """Run until so many frames are done, then stop."""
    engine, left = run.engine, iter(range(frames - 1))
    assert engine is not None

    def count(event: Event) -> None:
        if isinstance(event, FrameDone) and next(left, None) is None:
            engine.stop()

    engine.events.subscribe(count)
    assert engine.run() is Outcome.CANCELLED


@pytest.mark.parametrize("wish", WISHES)
def test_a_session_stopped_midway_goes_on_under_its_own_settings(
    wish: str, people_clip: Path, tmp_path: Path
) -> None:
    session = tmp_path / "run.sdpose"
    with open_source(str(people_clip)) as source:
        begun = prepare(source, TrackSettings(**CPU, **WISHES[wish]), session)
        stop_after(begun, 6)
    with Recording.open(session) as recording:
        settings = resumed(recording.header)
        stored = len(recording.indices())
        assert 0 < stored < 50
    with open_source(str(people_clip)) as source:
        again = prepare(source, settings, session, resume=True)
        assert again.done == stored
        assert again.header.settings == begun.header.settings
        assert again.engine is not None
        assert again.engine.run() is Outcome.COMPLETED
    with Recording.open(session) as recording:
        assert recording.is_complete
        assert len(recording.indices()) == begun.total


def header(pose: str = "sdpose-body", **settings: Any) -> SessionHeader:
    return SessionHeader(
        source_info("dance.mp4"),
        "coco17",
        ModelRecord("yolo11n-pose", "d" * 64),
        ModelRecord(pose, "p" * 64),
        {**KEY, **settings},
    )


def test_what_sdpose_was_told_is_told_again() -> None:
    look: dict[str, Any] = {
        "crop": "stretch",
        "input": "384x512",
        "latent": "sample",
        "seed": 7,
        "flip_test": True,
    }
    settings = resumed(header(**look))
    assert {name: getattr(settings, name) for name in look} == look
    assert settings.results_key() == {
        **{name: KEY[name] for name in ("start", "end", "max_people", "confidence")},
        **look,
    }


@pytest.mark.parametrize(
    ("runtime", "detector", "device", "precision", "batch"),
    [
        ("CPU (torch, bf16)", "CPU (OpenVINO, fp32)", "cpu", "auto", None),
        ("CPU (torch, fp32)", "CPU (OpenVINO, fp32)", "cpu", "fp32", None),
        ("A GPU (torch, fp16, compiled, --batch 6)", "cuda:1 (torch, fp16)", "cuda:1", "fp16", 6),
    ],
)
def test_device_precision_and_batch_are_those_that_the_models_told(
    runtime: str, detector: str, device: str, precision: str, batch: int | None
) -> None:
    settings = resumed(header(runtime=runtime, detector_runtime=detector))
    assert (settings.device, settings.precision, settings.batch) == (device, precision, batch)


def test_an_older_session_that_tells_no_detector_size_had_the_first() -> None:
    begun = header()
    old = {name: value for name, value in KEY.items() if name not in ("detector_size", "tracker")}
    assert resumed(replace(begun, settings=old)).detector_size == "640"


def test_boxes_and_weights_of_ones_own_have_to_be_given_again() -> None:
    with pytest.raises(SettingsError, match=r"track dance.mp4 --resume --boxes FILE"):
        resumed(header(boxes="d" * 64))
    with pytest.raises(SettingsError, match=r"mine, a file of your own.*--resume --pose FILE"):
        resumed(header("mine"))


@pytest.mark.parametrize("spoiled", [{"start": "soon"}, {"confidence": "high"}, {"seed": [1]}])
def test_settings_that_make_no_sense_are_one_sentence(spoiled: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        resumed(header(**spoiled))
    with pytest.raises(SettingsError, match="does not tell with which settings"):
        resumed(replace(header(), settings={}))
