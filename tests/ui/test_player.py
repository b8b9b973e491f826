from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import opened
from pytestqt.qtbot import QtBot

from ui.document.document import Document
from ui.document.player import FASTEST, SLOWEST, Player


@pytest.fixture
def document(qtbot: QtBot, people_clip: Path) -> Iterator[Document]:
    with opened(qtbot, people_clip) as document:
        yield document


@pytest.fixture
def player(document: Document) -> Player:
    return document.player


def test_playing_ends_at_the_last_frame_and_begins_anew_from_there(
    qtbot: QtBot, player: Player
) -> None:
    seen: list[int] = []
    player.moved.connect(seen.append)
    player.seek(40)
    player.play()
    qtbot.waitUntil(lambda: not player.is_playing)
    assert player.frame == 49
    assert seen == sorted(seen)
    player.play()
    assert player.frame == 0
    player.pause()


def test_what_is_not_shown_between_the_marks_is_counted(qtbot: QtBot, player: Player) -> None:
    player.set_in(10)
    player.set_out(20)
    player.seek(10)
    seen: list[int] = []
    player.moved.connect(seen.append)
    player.set_speed(0.5)
    player.play()
    qtbot.waitUntil(lambda: not player.is_playing)
    assert set(seen) <= set(range(11, 21))
    assert player.frame == 20
    assert len(set(seen)) + player.left_out == 10


def test_backwards_goes_to_the_first_frame(qtbot: QtBot, player: Player) -> None:
    player.seek(8)
    player.shuttle(-1)
    assert player.speed == -1
    qtbot.waitUntil(lambda: not player.is_playing)
    assert player.frame == 0


def test_uneven_frames_last_as_long_as_they_do(qtbot: QtBot, uneven_clip: Path) -> None:
    with opened(qtbot, uneven_clip) as document:
        clock = document.player.clock
        assert [clock.at(t) for t in (0, 0.039, 0.04, 0.1599, 0.16, 0.3, 0.32, 9)] == [
            0, 0, 1, 2, 3, 4, 5, 5,
        ]  # fmt: skip
        assert clock.end_of(2) == pytest.approx(0.16)
        assert clock.moved(0, 0.01) == 1
        assert clock.moved(4, -0.1) == 2


@pytest.mark.parametrize("speed", [4.0, -4.0])
def test_fast_play_ends_at_the_end_however_many_frames_it_leaves_out(
    qtbot: QtBot, player: Player, speed: float
) -> None:
    player.set_in(4)
    player.set_out(45)
    player.set_speed(speed)
    assert player.stride == 2
    player.seek(4 if speed > 0 else 45)
    player.play()
    qtbot.waitUntil(lambda: not player.is_playing)
    assert player.frame == (45 if speed > 0 else 4)


def test_a_loop_stays_between_the_marks(qtbot: QtBot, player: Player) -> None:
    player.set_in(5)
    player.set_out(8)
    player.set_loops(True)
    player.seek(5)
    seen: list[int] = []
    player.moved.connect(seen.append)
    player.play()
    qtbot.waitUntil(lambda: seen.count(5) >= 2)
    player.pause()
    assert set(seen) <= {5, 6, 7, 8}


def test_shuttling_doubles_turns_and_has_an_end(player: Player) -> None:
    player.seek(25)
    speeds = []
    for way in (1, 1, 1, 1, -1, -1):
        player.shuttle(way)
        speeds.append(player.speed)
    assert speeds == [1, 2, 4, FASTEST, -1, -2]
    player.pause()
    player.toggle()
    assert player.speed == 2
    player.pause()
    player.set_speed(0.01)
    assert player.speed == SLOWEST


def test_shuttling_in_large_steps_begins_faster_and_quadruples(player: Player) -> None:
    player.seek(25)
    speeds = []
    for way in (1, -1, -1):
        player.shuttle(way, 4.0)
        speeds.append(player.speed)
    player.pause()
    assert speeds == [2, -2, -FASTEST]


def test_a_mark_takes_the_other_one_away_where_they_would_cross(player: Player) -> None:
    player.set_in(10)
    player.set_out(20)
    assert player.marked == range(10, 21)
    player.set_in(30)
    assert player.marked == range(30, 50)
    player.set_out(12)
    assert player.marked == range(13)
    player.clear_marks()
    assert player.marked == range(50)


def test_stepping_pauses_and_stops_at_the_ends(player: Player) -> None:
    player.seek(48)
    player.play()
    player.step(1)
    assert (player.frame, player.is_playing) == (49, False)
    player.step(1)
    assert player.frame == 49
    player.step(-100)
    assert player.frame == 0
