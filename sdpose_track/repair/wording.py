"""Edits in words, for the log, the command line and the viewer's undo menu."""

from __future__ import annotations

from collections.abc import Callable

from sdpose_track.repair.edits import (
    LAST_FRAME,
    Delete,
    Edit,
    Lock,
    Merge,
    Place,
    Rename,
    Split,
    Swap,
)


def in_words(edit: Edit) -> str:
    """Return what `edit` does, as the rest of a sentence without its full stop."""
    return _WORDS[type(edit)](edit)


def _swap(edit: Swap) -> str:
    return f"persons {edit.first} and {edit.second} exchange ids{_from(edit.frame)}"


def _merge(edit: Merge) -> str:
    return f"person {edit.other} becomes person {edit.into}"


def _split(edit: Split) -> str:
    return f"person {edit.track_id} becomes person {edit.new_id}{_from(edit.frame)}"


def _delete(edit: Delete) -> str:
    if edit.last < LAST_FRAME:
        return f"person {edit.track_id} is removed in frames {edit.first} to {edit.last}"
    return f"person {edit.track_id} is removed{_from(edit.first)}"


def _rename(edit: Rename) -> str:
    called = f"is called {edit.name}" if edit.name else "has no name"
    return f"person {edit.track_id} {called}"


def _lock(edit: Lock) -> str:
    return f"person {edit.track_id} is {'locked' if edit.locked else 'unlocked'}"


def _place(edit: Place) -> str:
    blend = f", blended over {edit.blend_s:g} s" if edit.blend_s else ""
    return (
        f"{edit.keypoint} of person {edit.track_id} is put at ({edit.x:g}, {edit.y:g}) in frame"
        f" {edit.frame}{blend}"
    )


def _from(frame: int) -> str:
    return f" from frame {frame} on" if frame else ""


_WORDS: dict[type[Edit], Callable[..., str]] = {
    Swap: _swap,
    Merge: _merge,
    Split: _split,
    Delete: _delete,
    Rename: _rename,
    Lock: _lock,
    Place: _place,
}
