"""What every broken input must come to: success, or one sentence of the promised kind. In time."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command import called

from sdpose_track.errors import LONGEST, SdposeError, one_line

SECONDS = 60
"""No case takes longer; the slowest sound one takes two."""


class HangError(BaseException):
    """A case took too long. Nothing catches it."""


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    """Raise HangError where a block does not end; where there is no alarm, wait for pytest's."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise HangError

    handler = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def tried_out(
    case: object, work: Callable[[], object], kind: type[SdposeError], names: str = ""
) -> str:
    """Do `work`; return the sentence of its refusal, which has `names` in it; empty if it is done.

    Fails, naming the `case`, at anything but success and an error of the `kind`.
    """
    try:
        with in_time():
            work()
    except kind as error:
        sentence = str(error)
        assert_plain(case, sentence)
        assert names in sentence, (case, sentence)
        return sentence
    except BaseException as error:
        error.add_note(f"case: {case}")
        raise
    return ""


def assert_plain(case: object, sentence: str) -> None:
    assert sentence, case
    assert sentence == one_line(sentence), (case, sentence)
    assert len(sentence) <= LONGEST + len("sdpose-track: "), (case, sentence)


def assert_answers(case: object, codes: tuple[int, ...], *words: str | Path) -> int:
    """Run a command; it must do it, or refuse it in one sentence with one of the exit `codes`."""
    try:
        with in_time():
            done = called(*words)
    except BaseException as error:
        error.add_note(f"case: {case}, {words}")
        raise
    assert done.returncode in (0, *codes), (case, words, done.returncode, done.stderr)
    assert "Traceback" not in done.stderr, (case, words, done.stderr)
    assert "\x1b" not in done.stdout + done.stderr, (case, words)
    if done.returncode == 0 and "--json" in words:
        json.loads(done.stdout.splitlines()[-1], parse_constant=lambda _: pytest.fail(f"{case}"))
    if done.returncode > 1:
        lines = [line for line in done.stderr.splitlines() if line.startswith("sdpose-track")]
        assert len(lines) == 1, (case, words, done.stderr)
        assert_plain(case, lines[0])
    return done.returncode
