"""The hand-over to a thread: the newest wins, failures are told once, and it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from broadcasting import eventually, message, person

from sdpose_track.broadcast.message import PoseMessage
from sdpose_track.broadcast.sender import STEADY, Newest, Notice, Sender, unheard


class Outlet(Sender):
    """Delivers to a function and keeps what went through."""

    def __init__(self, deliver: Callable[[PoseMessage], None], notice: Notice = unheard) -> None:
        super().__init__("outlet", "the outlet", notice)
        self._deliver_to = deliver
        self.delivered: list[PoseMessage] = []
        self.ended = 0
        self._start()

    def _deliver(self, message: PoseMessage) -> None:
        self._deliver_to(message)
        self.delivered.append(message)

    def _end(self) -> None:
        self.ended += 1


def lockstep(outlet: Outlet, messages: list[PoseMessage], heard: list[int]) -> None:
    """Send each message after the one before has been tried."""
    for each in messages:
        before = len(heard)
        outlet.send(each)
        eventually(lambda: len(heard) > before)  # noqa: B023  awaited in the same turn


def test_while_one_is_being_sent_only_the_newest_waits() -> None:
    gate, busy = threading.Event(), threading.Event()

    def slow(_: PoseMessage) -> None:
        busy.set()
        assert gate.wait(20)

    with Outlet(slow) as outlet:
        outlet.send(message(0))
        assert busy.wait(20)
        for frame in range(1, 100):
            outlet.send(message(frame))
        assert outlet.left_out == 98
        gate.set()

    assert [m.frame for m in outlet.delivered] == [0, 99]


def test_who_left_in_a_message_that_was_left_out_is_told_with_the_next() -> None:
    newest = Newest()
    newest.put(message(1, [person(1)], gone=(2, 3)))
    newest.put(message(2, [person(3)], gone=(1,)))

    taken = newest.take()

    assert taken is not None
    assert taken.frame == 2
    assert taken.gone == (1, 2)  # 3 is back


def test_closing_delivers_what_waits_ends_the_thread_and_may_be_done_twice() -> None:
    outlet = Outlet(lambda _: None)
    outlet.send(message(7))
    outlet.close()
    outlet.close()
    outlet.send(message(8))

    assert [m.frame for m in outlet.delivered] == [7]
    assert outlet.ended == 1
    assert outlet.left_out == 0


def test_a_failure_is_told_once_and_its_end_once() -> None:
    tried: list[int] = []
    told: list[str] = []
    broken = range(3, 8)

    def deliver(each: PoseMessage) -> None:
        try:
            if each.frame in broken:
                raise OSError(101, "Network is unreachable")
        finally:
            tried.append(each.frame)

    with Outlet(deliver, told.append) as outlet:
        lockstep(outlet, [message(i) for i in range(8 + STEADY - 1)], tried)
        (sentence,) = told
        assert sentence.startswith("the outlet fails (Network is unreachable); the run goes on")
        lockstep(outlet, [message(50)], tried)

    assert told[1:] == ["the outlet works again"]


def test_a_flapping_network_is_told_once() -> None:
    tried: list[int] = []
    told: list[str] = []

    def deliver(each: PoseMessage) -> None:
        tried.append(each.frame)
        if each.frame % 2:
            raise OSError(105, "No buffer space available")

    with Outlet(deliver, told.append) as outlet:
        lockstep(outlet, [message(i) for i in range(40)], tried)

    assert len(told) == 1


def test_an_error_without_words_is_told_by_its_name() -> None:
    told: list[str] = []

    def deliver(_: PoseMessage) -> None:
        raise TimeoutError

    with Outlet(deliver, told.append) as outlet:
        outlet.send(message())

    assert told[0].startswith("the outlet fails (TimeoutError)")


@pytest.mark.parametrize("threads", [8])
def test_every_message_of_many_threads_is_delivered_or_counted(threads: int) -> None:
    each = 500

    def send_all() -> None:
        for frame in range(each):
            outlet.send(message(frame))

    with Outlet(lambda _: None) as outlet:
        crowd = [threading.Thread(target=send_all) for _ in range(threads)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()

    assert len(outlet.delivered) + outlet.left_out == threads * each
