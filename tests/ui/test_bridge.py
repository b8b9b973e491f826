from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from functools import partial

import pytest
from pytestqt.qtbot import QtBot

from sdpose_track.errors import SourceError
from ui.bridge import Doorbell, Lane


@pytest.fixture
def lane(qtbot: QtBot) -> Iterator[Lane]:
    lane = Lane("test")
    yield lane
    lane.close()


def test_work_is_done_elsewhere_and_answered_here(qtbot: QtBot, lane: Lane) -> None:
    done: list[tuple[str, str]] = []
    lane.ask(
        lambda: threading.current_thread().name,
        lambda name: done.append((name, threading.current_thread().name)),
    )
    qtbot.waitUntil(lambda: bool(done))
    assert done == [("sdpose-test", "MainThread")]


def test_answers_come_in_the_order_of_the_questions(qtbot: QtBot, lane: Lane) -> None:
    answers: list[int] = []
    for number in range(50):
        lane.ask(partial(int, number), answers.append)
    qtbot.waitUntil(lambda: len(answers) == 50)
    assert answers == list(range(50))


def test_of_a_topic_only_the_newest_question_is_answered(qtbot: QtBot, lane: Lane) -> None:
    gate, worked, answers = threading.Event(), list[int](), list[int]()

    def work(number: int) -> int:
        worked.append(number)
        gate.wait(5)
        return number

    lane.ask(lambda: work(0), answers.append, topic="seek")
    qtbot.waitUntil(lambda: worked == [0])  # under way: its answer is dropped
    for number in (1, 2, 3):
        lane.ask(partial(work, number), answers.append, topic="seek")
    gate.set()
    qtbot.waitUntil(lambda: bool(answers))
    assert worked == [0, 3]
    assert answers == [3]


def test_an_error_of_the_library_is_told_as_a_sentence(qtbot: QtBot, lane: Lane) -> None:
    def fail() -> None:
        raise SourceError("clip.mp4 is not there; check the path.")

    with qtbot.waitSignal(lane.refused) as told:
        lane.ask(fail)
    assert told.args == ["clip.mp4 is not there; check the path."]
    own: list[str] = []
    lane.ask(fail, failed=lambda error: own.append(str(error)))
    qtbot.waitUntil(lambda: bool(own))


def test_a_bug_is_raised_here_and_what_came_after_is_answered(qtbot: QtBot, lane: Lane) -> None:
    gate, answers = threading.Event(), list[int]()

    def fail() -> None:
        gate.wait(5)
        raise ZeroDivisionError

    with qtbot.captureExceptions() as bugs:
        lane.ask(fail)
        lane.ask(lambda: 7, answers.append)
        gate.set()
        qtbot.waitUntil(lambda: answers == [7])
    assert [kind for kind, _, _ in bugs] == [ZeroDivisionError]


def test_whoever_hears_an_answer_and_raises_takes_none_from_others(
    qtbot: QtBot, lane: Lane
) -> None:
    gate, answers = threading.Event(), list[int]()

    def stumble(_answer: bool) -> None:
        raise ZeroDivisionError

    with qtbot.captureExceptions() as bugs:
        lane.ask(lambda: gate.wait(5), stumble)
        lane.ask(lambda: 7, answers.append)
        gate.set()
        qtbot.waitUntil(lambda: answers == [7])
    assert [kind for kind, _, _ in bugs] == [ZeroDivisionError]


def test_an_answer_is_not_kept_until_the_next_question(qtbot: QtBot, lane: Lane) -> None:
    heard: list[weakref.ref[set[int]]] = []
    lane.ask(lambda: set(range(3)), lambda large: heard.append(weakref.ref(large)))
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.waitUntil(lambda: heard[0]() is None)


def test_a_closed_lane_ends_its_thread_does_the_last_thing_and_hears_nothing(qtbot: QtBot) -> None:
    lane, last, answers = Lane("test"), list[str](), list[int]()
    lane.ask(lambda: 1, answers.append)
    lane.close(lambda: last.append(threading.current_thread().name))
    lane.close()
    lane.ask(lambda: 2, answers.append)
    assert last == ["sdpose-test"]
    assert not [t for t in threading.enumerate() if t.name == "sdpose-test"]
    qtbot.wait(1)
    assert answers == []


def test_rings_from_many_threads_are_heard_and_few(qtbot: QtBot) -> None:
    bell, heard = Doorbell(), list[int]()
    bell.rung.connect(lambda: heard.append(1))

    def ring() -> None:
        for _ in range(500):
            bell.ring()

    threads = [threading.Thread(target=ring) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    qtbot.waitUntil(lambda: bool(heard))
    assert len(heard) == 1  # this thread was busy all the while
    bell.ring()
    qtbot.waitUntil(lambda: len(heard) == 2)
