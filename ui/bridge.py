"""Where threads meet Qt, and the only such place: what another thread made is told in this one.

Qt's event queue has no bound, so nothing is queued there but a bell with one ring in flight; what
was made waits in plain Python until the thread of the window fetches it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from PyQt6.QtCore import QObject, Qt, pyqtSignal

from sdpose_track.errors import DeviceError, SdposeError
from sdpose_track.pipeline.events import Event, Finished, FrameDone, Listeners

T = TypeVar("T")
Failed = Callable[[SdposeError], None]


class Doorbell(QObject):
    """Calls into the thread that this object lives in: rings from anywhere are heard as one."""

    rung = pyqtSignal()
    _pressed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._ringing = False
        queued = Qt.ConnectionType.QueuedConnection
        self._pressed.connect(self._answer, queued)  # type: ignore[call-arg]  # not in the stubs

    def ring(self) -> None:
        """Let `rung` be sent soon. From any thread."""
        with self._lock:
            if self._ringing:
                return
            self._ringing = True
        self._pressed.emit()

    def _answer(self) -> None:
        with self._lock:
            self._ringing = False
        self.rung.emit()


class _Task(NamedTuple):
    work: Callable[[], Any]
    done: Callable[[Any], None] | None
    failed: Failed | None
    fell: Callable[[], None] | None
    topic: str | None
    generation: int


class _Answer(NamedTuple):
    task: _Task
    value: Any
    error: BaseException | None


class Lane(QObject):
    """One thread that does what it is asked, one after another; answers come back in this one.

    An error that the library raises on purpose goes to `failed` of what was asked, or to
    `refused`, and so does that there is no memory; any other is a bug and is raised here, where the
    crash handler finds it.
    """

    refused = pyqtSignal(str)
    """A sentence for the user."""

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        """`name` is that of the thread, which begins with the first question."""
        super().__init__(parent)
        self._name = name
        self._turn = threading.Condition()
        self._tasks: deque[_Task] = deque()
        self._answers: deque[_Answer] = deque()
        self._closing = False
        self._last: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None
        self._generations: dict[str, int] = {}
        self._bell = Doorbell(self)
        self._bell.rung.connect(self._deliver)

    def ask(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Failed | None = None,
        *,
        fell: Callable[[], None] | None = None,
        topic: str | None = None,
    ) -> None:
        """Do `work` on the lane's thread, then call `done` or `failed` here; `fell` after a bug.

        Of one `topic` only the newest question counts: one that waits is replaced, and the answer
        of one that is under way is dropped. Asked of a closed lane, nothing happens.
        """
        with self._turn:
            if self._closing:
                return
            if topic is not None:
                self._forget(topic)
            generation = self._generations.get(topic, 0) if topic is not None else 0
            self._tasks.append(_Task(work, done, failed, fell, topic, generation))
            self._turn.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"sdpose-{self._name}")
            self._thread.start()

    def forget(self, *topics: str) -> None:
        """Drop what was asked of `topics`, and the answers to it."""
        with self._turn:
            for topic in topics:
                self._forget(topic)

    def _forget(self, topic: str) -> None:
        self._generations[topic] = self._generations.get(topic, 0) + 1
        self._tasks = deque(task for task in self._tasks if task.topic != topic)

    def close(self, last: Callable[[], None] | None = None) -> None:
        """Drop what waits, do `last` on the thread, and wait for its end. Safe to call again."""
        with self._turn:
            if not self._closing:
                self._closing = True
                self._last = last
            self._tasks.clear()
            self._turn.notify()
        if self._thread is not None:
            self._thread.join()
        self._answers.clear()

    # -- on the lane's thread ----------------------------------------------------------------------

    def _run(self) -> None:
        while (task := self._next()) is not None:
            value, error = None, None
            try:
                value = task.work()
            except BaseException as raised:  # noqa: BLE001  boundary: told in the window's thread
                error = raised
            self._answers.append(_Answer(task, value, error))
            del task, value, error  # large, or of the window: not to be kept until the next one
            self._bell.ring()
        if self._last is not None:
            self._last()

    def _next(self) -> _Task | None:
        with self._turn:
            while not self._tasks and not self._closing:
                self._turn.wait()
            return None if self._closing else self._tasks.popleft()

    # -- in the window's thread --------------------------------------------------------------------

    def _deliver(self) -> None:
        try:
            while self._answers:
                self._tell(*self._answers.popleft())
        finally:
            if self._answers:  # somebody has raised: what is left is delivered all the same
                self._bell.ring()

    def _tell(self, task: _Task, value: Any, error: BaseException | None) -> None:
        if task.topic is not None and self._generations.get(task.topic) != task.generation:
            return
        if error is None:
            if task.done is not None:
                task.done(value)
            return
        sentence = _sentence(error)
        if sentence is None:
            if task.fell is not None:
                task.fell()
            raise _as_fault(error, self._name)
        if task.failed is not None:
            task.failed(sentence)
        else:
            self.refused.emit(str(sentence))


def _sentence(error: BaseException) -> SdposeError | None:
    if isinstance(error, MemoryError):
        return DeviceError("the memory of this machine is full; close other programs and try again")
    return error if isinstance(error, SdposeError) else None


def _as_fault(error: BaseException, name: str) -> Exception:
    """Return what a slot may raise: a SystemExit would end the program without a word."""
    if isinstance(error, Exception):
        return error
    fault = RuntimeError(f"{type(error).__name__} on the thread {name}")
    fault.__cause__ = error
    return fault


class EngineBridge(QObject):
    """Re-sends the events of an engine in the thread that this object lives in."""

    advanced = pyqtSignal(int, object)
    """Frames done so far, and the newest FramePoses; frames that it overtook are counted only."""
    finished = pyqtSignal(object)
    """Finished: once, after the last `advanced`."""

    def __init__(self, events: Listeners, done: int = 0, parent: QObject | None = None) -> None:
        """Listen to `events`; `done` frames were there before."""
        super().__init__(parent)
        self._lock = threading.Lock()
        self._done = done
        self._newest: FrameDone | None = None
        self._end: Finished | None = None
        self._bell = Doorbell(self)
        self._bell.rung.connect(self._tell)
        self._unsubscribe = events.subscribe(self._on_event)

    def disconnect_engine(self) -> None:
        """Hear no more from the engine. Call before this object is deleted."""
        self._unsubscribe()

    def _on_event(self, event: Event) -> None:
        """Keep what is new; on an engine thread."""
        with self._lock:
            if isinstance(event, FrameDone):
                self._done += 1 + len(event.result.lost_before)
                self._newest = event
            else:
                self._end = event
        self._bell.ring()

    def _tell(self) -> None:
        with self._lock:
            done, newest, end = self._done, self._newest, self._end
            self._newest = self._end = None
        if newest is not None:
            self.advanced.emit(done, newest.result.poses)
        if end is not None:
            self.finished.emit(end)
