"""The whole pipeline with SDPose in the pose seat, as a user runs it."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from checkpoints_made import made_folder
from command import refused, sdpose, told
from killing import EXPORTS, begin, contents, end_at, stored

from sdpose_track import Recording, Smoothing, View

SMALL = ("--input", "384x512", "--precision", "fp32")


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_folder(tmp_path_factory.mktemp("made") / "body")


@pytest.fixture(scope="module")
def wholebody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "wholebody"
    return made_folder(folder, (32, 32, 32, 32), 133)


def test_a_video_is_tracked_with_the_body_checkpoint(
    body: Path, people_clip: Path, tmp_path: Path
) -> None:
    done = sdpose(
        "track",
        people_clip,
        "--pose",
        body,
        *SMALL,
        "--end",
        "0.1",
        *EXPORTS,
        "--json",
        cwd=tmp_path,
    )
    result = told(done)
    assert result["pose_model"] == "body"
    assert result["detector"] == "yolo11n-pose"
    assert result["device"] == "CPU (torch, fp32)"
    with Recording.open(Path(tmp_path / result["session"])) as recording:
        assert recording.header.skeleton == "coco17"
        view = View(recording, Smoothing.OFF)
        for track in recording.tracks():
            person = view.track(track.track_id)
            found = person.scores > 0
            assert np.isfinite(person.keypoints[found]).all()
            assert np.isnan(person.keypoints[~found]).all()


def test_a_video_is_tracked_and_exported_with_the_whole_body(
    wholebody: Path, people_clip: Path, tmp_path: Path
) -> None:
    wishes = ("--pose", wholebody, *SMALL, "--end", "0.04", "--annotate", "--export", "openpose")
    result = told(sdpose("track", people_clip, *wishes, "--json", cwd=tmp_path))
    with Recording.open(tmp_path / result["session"]) as recording:
        assert recording.header.skeleton == "wholebody133"
    folder = next(tmp_path / e for e in result["exports"] if e.endswith("_json"))
    (frame,) = (json.loads(path.read_text()) for path in folder.iterdir())
    for person in frame["people"]:
        assert len(person["face_keypoints_2d"]) == 70 * 3
        assert len(person["hand_left_keypoints_2d"]) == 21 * 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_run_goes_on_to_the_same_results(
    body: Path, people_clip: Path, tmp_path: Path
) -> None:
    wishes = ("--pose", str(body), *SMALL, "--end", "0.2")
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    told(sdpose("track", people_clip, *wishes, *EXPORTS, "--json", cwd=tmp_path / "whole"))

    session = tmp_path / "killed" / "people_poses" / "people.sdpose"
    process = begin(people_clip, tmp_path / "killed", *wishes)
    end_at(process, session, 2, signal.SIGKILL)
    if process.stderr is not None:
        process.stderr.close()
    assert process.returncode == -signal.SIGKILL, "the clip is too short for this machine"
    assert stored(session) >= 2

    resume = ("--resume", *EXPORTS, "--json")
    told(sdpose("track", people_clip, *wishes, *resume, cwd=tmp_path / "killed"))
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_a_session_is_not_resumed_with_another_look(
    body: Path, people_clip: Path, tmp_path: Path
) -> None:
    wishes = ("--pose", body, "--precision", "fp32", "--end", "0.04", "--resume")
    assert sdpose("track", people_clip, *wishes, "--input", "384x512", cwd=tmp_path).returncode == 0
    done = sdpose("track", people_clip, *wishes, "--input", "576x768", cwd=tmp_path)
    assert "was made with another input" in refused(done, 2)
