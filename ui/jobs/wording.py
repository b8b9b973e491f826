"""The library's sentences in the words of the window. Only pure functions and names may enter.

The library names options as they are typed; who looks at a dialog sees them under other names.
"""

from __future__ import annotations

import re

LABELS = {
    "--pose": "Pose model",
    "--detector": "Detector",
    "--detector-size": "Detector size",
    "--device": "Device",
    "--precision": "Precision",
    "--batch": "Batch",
    "--input": "Input size",
    "--flip-test": "Flip test",
    "--max-people": "People at most",
    "--conf": "Confidence",
    "--start": "Begin",
    "--end": "End",
    "--out": "Folder",
    "--fps": "Rate",
    "--people": "People",
    "--resume": "Resume",
    "--overwrite": "Start anew",
    "--smooth": "Smoothing",
    "--facing": "Facing",
    "--latency": "Latency budget",
    "--size": "Picture",
    "--rate": "Picture",
    "--osc": "OSC",
    "--ws": "WebSocket",
    "--record": "Record",
    "--insecure-tls": "Accept any certificate",
}
"""What an option is called beside its control."""

_COMMAND = "sdpose-track "
_OPTION = re.compile(r"--[a-z]+(?:-[a-z]+)*")


def in_words(sentence: str) -> str:
    """Return a sentence of the library with the labels of the window in the place of options.

    A command to be typed, which ends a sentence, stays as it is.
    """
    told, command, typed = sentence.partition(_COMMAND)
    return _OPTION.sub(lambda found: LABELS.get(found.group(), found.group()), told) + (
        command + typed
    )


def option_of(sentence: str) -> str | None:
    """Return the option that a sentence is about, such as `--conf`; None where it names none."""
    found = _OPTION.search(sentence.partition(_COMMAND)[0])
    return found.group() if found else None


def time_text(seconds: float) -> str:
    """Return a time that is only roughly known: `8 s`, `3 min`, `1 h 20 min`."""
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, rest = divmod(round(minutes / 5) * 5, 60)
    return f"{hours:,} h {rest} min" if rest and hours < 10 else f"{hours:,} h"
