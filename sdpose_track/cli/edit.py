"""`sdpose-track edit`: repairs identities and keypoints of a session, without the viewer."""

from __future__ import annotations

import argparse
import json
import re
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError, one_line
from sdpose_track.repair.edits import LAST_FRAME, Delete, Edit, Lock, Merge, Place, Rename, Swap
from sdpose_track.repair.edits import to_json as edit_to_json
from sdpose_track.repair.repairs import Repairs
from sdpose_track.repair.rules import fold
from sdpose_track.repair.wording import in_words
from sdpose_track.session.facts import RawFacts
from sdpose_track.session.history import History
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.settings import parse_time

_VERBS = {"undo": "undone: ", "redo": "done again: "}


def run(options: argparse.Namespace, _screen: Screen) -> int:
    """Repair, and say what changed. Returns the exit code."""
    if options.action == "log":
        return _log(options)
    with Repairing.open(options.session) as session:
        changed = _ACTIONS.get(options.action, _apply)(session, options)
        if options.json:
            state = (session.history, session.repairs, session.facts)
            print(json.dumps(_told(options, changed, *state), allow_nan=False))
        else:
            verb = _VERBS.get(options.action, "")
            print("\n".join(one_line(f"{verb}{in_words(edit)}") for edit in changed))
    return 0


def _log(options: argparse.Namespace) -> int:
    """List the repairs; this writes nothing, so it may be done at any time."""
    with Recording.open(options.session) as recording:
        facts = RawFacts(recording)
        history = recording.history()
        repairs = fold(history.held, facts)
        if options.json:
            print(json.dumps(_told(options, (), history, repairs, facts), allow_nan=False))
        else:
            print("\n".join(map(one_line, _log_lines(history, repairs))))
    return 0


def _apply(session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    edits = _EDITS[options.action](session, options)
    session.apply(*edits)
    return edits


def _swap(session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    return (Swap(options.first, options.second, _frame(session, options.frame, 0)),)


def _merge(_session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    return tuple(Merge(options.into, other) for other in options.other)


def _split(session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    return (session.split(options.id, _frame(session, options.frame, 0)),)


def _delete(session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    first = _frame(session, getattr(options, "from"), 0)
    return (Delete(options.id, first, _frame(session, options.to, LAST_FRAME)),)


def _rename(_session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    return (Rename(options.id, options.name.strip()),)


def _lock(_session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    return (Lock(options.id, locked=options.action == "lock"),)


def _place(session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    frame = _frame(session, options.frame, 0)
    place = Place(options.id, frame, options.keypoint, options.x, options.y, options.blend)
    return (place,)


def _undo(session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    return session.undo(_count(options))[::-1]


def _redo(session: Repairing, options: argparse.Namespace) -> tuple[Edit, ...]:
    return session.redo(_count(options))


_EDITS: dict[str, Callable[[Repairing, argparse.Namespace], tuple[Edit, ...]]] = {
    "swap": _swap,
    "merge": _merge,
    "split": _split,
    "delete": _delete,
    "rename": _rename,
    "lock": _lock,
    "unlock": _lock,
    "place": _place,
}
_ACTIONS: dict[str, Callable[[Repairing, argparse.Namespace], tuple[Edit, ...]]] = {
    "undo": _undo,
    "redo": _redo,
}


def _count(options: argparse.Namespace) -> int:
    count = 1 if options.count is None else int(options.count)
    if count < 1:
        raise SettingsError(f"{options.action} {count}: expected 1 or more")
    return count


def _frame(session: Repairing, text: str | None, otherwise: int) -> int:
    """Return the frame index in `120`, or that of the first frame at `4.5s` or `0:00:04.5`."""
    if text is None:
        return otherwise
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    if not (text.endswith("s") or ":" in text):
        raise SettingsError(f"{text!r} is no frame: expected an index (120) or a time (4.5s)")
    seconds = float(parse_time(text.removesuffix("s")))
    times, frames = session.recording.frame_times(), session.recording.indices()
    return frames.start + bisect_left(times, seconds - 1e-9)


def _log_lines(history: History, repairs: Repairs) -> list[str]:
    misfits = dict(repairs.misfits)
    marks = [
        f"  (left out: {misfits[n]})" if n in misfits else "" if n <= history.done else "  (undone)"
        for n in range(1, len(history.edits) + 1)
    ]
    lines = [
        f"{number:4}  {in_words(edit)}{mark}"
        for number, (edit, mark) in enumerate(zip(history.edits, marks, strict=True), start=1)
    ]
    return lines or ["no repairs"]


def _told(
    options: argparse.Namespace,
    changed: tuple[Edit, ...],
    history: History,
    repairs: Repairs,
    facts: RawFacts,
) -> dict[str, Any]:
    return {
        "session": options.session,
        "action": options.action,
        "changed": [_described(edit) for edit in changed],
        "log": [_described(edit) for edit in history.edits],
        "held": history.done,
        "left_out": [{"number": number, "why": why} for number, why in repairs.misfits],
        "people": [
            {
                "track_id": shown,
                "name": repairs.names.get(shown),
                "locked": shown in repairs.locked,
                "first": int(frames[0]),
                "last": int(frames[-1]),
                "frames": int(frames.size),
            }
            for shown in repairs.people(facts)
            for frames in (repairs.presence(shown, facts),)
        ],
    }


def _described(edit: Edit) -> dict[str, Any]:
    kind, values = edit_to_json(edit)
    if values.get("last") == LAST_FRAME:
        values["last"] = None
    return {"kind": kind, **values, "says": in_words(edit)}
