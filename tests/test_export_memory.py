"""Every format streams: long recordings need no more memory than short ones, or little more."""

from __future__ import annotations

from pathlib import Path

import pytest
from long_sessions import export_alone, long_session
from test_export import EACH

from sdpose_track.skeletons import COCO17, WHOLEBODY133

MOST_MB = 300
FEW, MANY = 1000, 3000
MOST_MORE_MB = 40
"""What 2000 frames of five whole bodies may cost; all their 1.3 million rows would need more."""
PER_KEYPOINT = pytest.mark.parametrize("name", ["csv", "kinematics", "kinematics-parquet"])


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return long_session(tmp_path_factory.mktemp("long") / "bodies.sdpose", COCO17)


@pytest.fixture(scope="module")
def whole_bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return long_session(tmp_path_factory.mktemp("long") / "whole.sdpose", WHOLEBODY133)


@pytest.fixture(scope="module")
def shorter(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("shorter")
    few, many = (
        long_session(folder / f"{frames}.sdpose", WHOLEBODY133, frames) for frames in (FEW, MANY)
    )
    return few, many


@EACH
@pytest.mark.full_size
def test_ten_thousand_frames_of_five_people_need_less_than_300_mb(
    name: str, bodies: Path, tmp_path: Path
) -> None:
    _, megabytes = export_alone(bodies, name, tmp_path)
    assert megabytes < MOST_MB


@pytest.mark.full_size
@PER_KEYPOINT
def test_ten_thousand_frames_of_five_whole_bodies_do_too(
    name: str, whole_bodies: Path, tmp_path: Path
) -> None:
    _, megabytes = export_alone(whole_bodies, name, tmp_path)
    assert megabytes < MOST_MB


@PER_KEYPOINT
def test_three_times_as_many_frames_need_little_more_memory(
    name: str, shorter: tuple[Path, Path], tmp_path: Path
) -> None:
    few, many = (export_alone(session, name, tmp_path / session.stem)[1] for session in shorter)
    assert many - few < MOST_MORE_MB
