"""Every format streams: long recordings need no more memory than short ones, or little more."""

from __future__ import annotations

from pathlib import Path

import pytest
from long_sessions import export_alone, long_session
from test_export import EACH

from sdpose_track.skeletons import COCO17, WHOLEBODY133

MOST_MB = 300


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return long_session(tmp_path_factory.mktemp("long") / "bodies.sdpose", COCO17)


@pytest.fixture(scope="module")
def whole_bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return long_session(tmp_path_factory.mktemp("long") / "whole.sdpose", WHOLEBODY133)


@EACH
@pytest.mark.full_size
def test_ten_thousand_frames_of_five_people_need_less_than_300_mb(
    name: str, bodies: Path, tmp_path: Path
) -> None:
    _, megabytes = export_alone(bodies, name, tmp_path)
    assert megabytes < MOST_MB


@pytest.mark.slow
@pytest.mark.parametrize("name", ["csv", "kinematics", "kinematics-parquet"])
def test_ten_thousand_frames_of_five_whole_bodies_do_too(
    name: str, whole_bodies: Path, tmp_path: Path
) -> None:
    _, megabytes = export_alone(whole_bodies, name, tmp_path)
    assert megabytes < MOST_MB
