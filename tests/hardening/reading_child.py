"""Reads files whole, one after another, in a process of its own: what FFmpeg or Pillow take it down
with is then not the test's. Names come by stdin, one a line; what became of each goes to stdout.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
import warnings

from sdpose_track.errors import SdposeError
from sdpose_track.sources import Source, open_source

ENOUGH = 300
"""Frames after which a file is known to be read."""


def main() -> None:
    """Read until there are no more names."""
    warnings.simplefilter("error")
    logging.disable()
    for line in sys.stdin:
        answer = {"fault": "", "refused": "", **_tried(json.loads(line))}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


def _tried(name: str) -> dict[str, str]:
    try:
        with open_source(name) as source:
            return {"fault": _fault_of(source)}
    except SdposeError as error:
        return {"refused": str(error)}
    except Exception:  # noqa: BLE001 whatever it is, it is the answer
        return {"fault": traceback.format_exc()}


def _fault_of(source: Source) -> str:
    """Return what of the promises of `Source` is not kept; empty where all are."""
    info = source.info
    count, shown, last, before = info.frame_count or 0, 0, -1, None
    for frame in source.frames():
        if frame.index <= last or frame.image.shape != (info.height, info.width, 3):
            return f"frame {frame.index} of {frame.image.shape} after frame {last}: {info}"
        if before is not None and frame.time <= before:
            return f"frame {frame.index} at {frame.time} s after {before} s: {info}"
        last, before, shown = frame.index, frame.time, shown + 1
        if shown == ENOUGH:
            return ""
    lost = source.damaged.lost
    # A stream without time stamps may hold more pictures than packets.
    is_told = shown + lost >= count if info.notes else shown + lost == count
    return "" if shown and is_told else f"{shown} shown and {lost} lost of {count}: {info}"


if __name__ == "__main__":
    main()
