"""The video of a session, found again: where it was, beside the session, or where a user says."""

from __future__ import annotations

from pathlib import Path

import pytest
from export_clips import UNEVEN, make_clip

from sdpose_track.errors import SourceError
from sdpose_track.records import SourceInfo
from sdpose_track.session.its_source import find_source, reopened
from sdpose_track.sources import open_source


def of(path: Path) -> SourceInfo:
    with open_source(str(path)) as source:
        return source.info


def test_a_video_moved_with_its_session_is_found_beside_it(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", sound=None)
    then, folder = of(clip), tmp_path / "poses"
    folder.mkdir()
    assert find_source(then.name, folder) == clip
    moved = clip.rename(folder / clip.name)
    assert find_source(then.name, folder) == moved
    with reopened(then, folder) as source:
        assert source.info.name == str(moved)


def test_a_video_is_taken_from_where_a_user_says_it_is(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", sound=None)
    then = of(clip)
    moved = clip.rename(tmp_path / "another name.mp4")
    with pytest.raises(SourceError, match="put it back or beside the session"):
        reopened(then, tmp_path / "poses")
    with reopened(then, tmp_path / "poses", moved) as source:
        assert source.read(3).index == 3


def test_another_video_is_refused_also_where_a_user_says_it_is(tmp_path: Path) -> None:
    then = of(make_clip(tmp_path / "clip.mp4", sound=None))
    other = make_clip(tmp_path / "other.mp4", UNEVEN[:4], sound=None)
    with pytest.raises(SourceError, match="not the video that the session was made from"):
        reopened(then, tmp_path, other)
