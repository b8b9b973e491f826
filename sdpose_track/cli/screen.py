"""What a person sees while a command runs: messages and one progress bar, all on stderr."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Any

from tqdm import tqdm

from sdpose_track.errors import one_line

_unread = suppress(OSError)
"""The terminal is gone, say: nobody reads what is shown, which is no reason to stop the work."""


class Screen(logging.Handler):
    """Writes messages above the progress bar; the bar is drawn on a terminal only."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._bar: Any = None
        self._told: set[str] = set()

    def install(self) -> None:
        """Show the library's log messages as sentences, and others' only if they are errors."""
        logging.getLogger().addHandler(self)
        logging.getLogger("sdpose_track").setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        """Show a log message, once: a source is read more than once."""
        if record.name.startswith("sdpose_track") or record.levelno >= logging.ERROR:
            self.note(self.format(record))

    def note(self, text: str) -> None:
        """Write a line, if it was not written before."""
        if text not in self._told:
            self._told.add(text)
            self.say(text)

    def say(self, text: str) -> None:
        """Write a line."""
        with _unread:
            if self._bar is not None:
                self._bar.clear()
            if sys.stderr is not None:
                sys.stderr.write("\n".join(map(one_line, text.split("\n"))) + "\n")
                sys.stderr.flush()

    def begin(self, label: str, total: int | None, done: int = 0) -> None:
        """Begin a bar of `total` frames of which `done` are there; None shows a count only."""
        self.end()
        with _unread:
            self._bar = tqdm(
                total=total,
                initial=done,
                desc=label,
                unit="frame",
                leave=False,
                disable=not self.is_terminal,
                file=sys.stderr,
                dynamic_ncols=True,
                mininterval=0.2,
            )

    @property
    def is_terminal(self) -> bool:
        """Lines can be rewritten."""
        return sys.stderr is not None and sys.stderr.isatty()

    def status(self, text: str) -> None:
        """Show a line that the next one replaces; on a terminal only."""
        with _unread:
            if self._bar is None:
                self._bar = tqdm(
                    bar_format="{desc}",
                    leave=False,
                    disable=not self.is_terminal,
                    file=sys.stderr,
                    dynamic_ncols=True,
                )
            self._bar.set_description_str(text)

    def advance(self, done: int, people: int | None = None) -> None:
        """Move the bar to `done` frames, with the number of people in view."""
        if self._bar is None:
            return
        with _unread:
            if people is not None:
                self._bar.set_postfix_str(f"{people} people", refresh=False)
            self._bar.update(done - self._bar.n)

    def end(self) -> None:
        """Take the bar away."""
        bar, self._bar = self._bar, None
        if bar is not None:
            with _unread:
                bar.close()

    def remove(self) -> None:
        """Take the bar away and show no more messages."""
        self.end()
        logging.getLogger().removeHandler(self)
