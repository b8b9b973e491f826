"""`sdpose-track models`: which there are, where they lie, whether they are whole, and fetch one."""

from __future__ import annotations

import argparse
import sys

from tqdm import tqdm

from sdpose_track.checkpoints.fetching import Plan, carry_out, plan
from sdpose_track.checkpoints.finding import (
    Verdict,
    begun,
    check,
    home,
    how_to_get,
    lacking,
    locate,
    own_path,
    places,
    verify,
)
from sdpose_track.checkpoints.layout import some
from sdpose_track.checkpoints.manifest import Checkpoint, manifest, named
from sdpose_track.cli.screen import Screen
from sdpose_track.closing import Closing
from sdpose_track.errors import CheckpointError, SettingsError


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Do what is asked. Returns the exit code."""
    if options.action == "list":
        if options.name is not None:
            raise SettingsError(f"models list {options.name}: it lists all; leave the name out")
        return _list()
    if options.action == "verify":
        return _verify(options.name, screen)
    if options.name is None:
        raise SettingsError(
            f"models {options.action}: give the NAME of a model; models list shows them"
        )
    if options.action == "where":
        return _where(options.name)
    return _fetch(options.name, screen)


def _list() -> int:
    width = max(map(len, manifest()))
    for entry in manifest().values():
        least = "" if entry.is_sized else ">"
        size = least + _size(entry.bytes)
        print(f"{entry.name:{width}}  {_state(entry.name):11}  {size:>8}  {entry.summary}")
    return 0


def _state(name: str) -> str:
    if locate(name) is not None:
        return "here"
    return "partly here" if begun(name) is not None else "not here"


def _where(name: str) -> int:
    if name not in manifest():
        print(own_path(name))
        return 0
    entry, path, folder = named(name), locate(name), begun(name)
    if path is None and folder is not None:
        absent = some(lacking(entry, folder))
        raise CheckpointError(f"{name} is at {folder} and lacks {absent}; {how_to_get(entry)}")
    if path is None:
        looked = ", ".join(str(p) for p in places(entry))
        raise CheckpointError(f"{name} is not here; looked in {looked}; {how_to_get(entry)}")
    print(path)
    return 0


def _verify(name: str | None, screen: Screen) -> int:
    names = [name] if name is not None else [n for n in manifest() if _state(n) != "not here"]
    for each in names:
        print(_told(verify(each)))
    if not names:
        screen.say("no model is here")
    return 0


def _told(verdict: Verdict) -> str:
    weights = verdict.weights
    parts = []
    if verdict.unchecked:
        count = len(verdict.unchecked)
        parts.append(f"{count} unchecked, for no sha256 of {some(verdict.unchecked)} is known")
    if verdict.against_receipt:
        parts.insert(0, f"{verdict.against_receipt} as they were fetched")
    state = "there" if verdict.unchecked else "whole"
    if not parts:
        return f"{weights.name}: {state}, {weights.path}"
    if verdict.against_manifest:
        parts.insert(0, f"{verdict.against_manifest} as in the manifest")
    return f"{weights.name}: {state}, {weights.path} (files: {'; '.join(parts)})"


def _fetch(name: str, screen: Screen) -> int:
    entry = named(name)
    verdict = _whole(entry)
    if verdict is not None:
        screen.say(f"{name} is here and whole: nothing to fetch")
    else:
        if entry.repository is None:
            raise CheckpointError(_no_address(entry))
        _bring(plan(entry), screen)
        verdict = check(entry)
    print(_told(verdict))
    return 0


def _whole(entry: Checkpoint) -> Verdict | None:
    try:
        verdict = check(entry)
    except CheckpointError:
        return None
    return None if verdict.unchecked else verdict


def _no_address(entry: Checkpoint) -> str:
    if entry.wheel is not None:
        return f"{entry.name} is not fetched but installed: {how_to_get(entry)}"
    file = entry.files[0]
    return (
        f"{entry.name} cannot be fetched, for no address of it is known here: get"
        f" {entry.file_name} ({file.bytes} bytes, sha256 {file.sha256}) from where you trust and"
        f" put it into {home(entry).parent}"
    )


def _bring(task: Plan, screen: Screen) -> None:
    entry = task.entry
    here = f", of which {_size(task.here)} are here" if task.here else ""
    screen.say(f"{entry.name}: {entry.summary}")
    screen.say(f"from     {task.source.address} at {task.source.commit[:12]}")
    screen.say(f"to       {task.folder} ({_size(task.free)} free)")
    screen.say(f"size     {_size(task.total)} in {len(task.files)} file(s){here}")
    screen.say(f"licence  {entry.license}")
    for path in _unexpected(task):
        screen.say(f"note: {path} has another size than when this version was made")
    try:
        with _Bar(task.total, task.here) as bar:
            carry_out(task, bar.show)
    except KeyboardInterrupt:
        screen.say(f"what was fetched stays; sdpose-track models fetch {entry.name} goes on")
        raise


def _unexpected(task: Plan) -> list[str]:
    expected = {file.path: file.bytes for file in task.entry.files}
    return [f.path for f in task.files if expected[f.path] not in (None, f.bytes)]


class _Bar(Closing):
    """Bytes of all files on one bar, on a terminal only."""

    def __init__(self, total: int, done: int) -> None:
        self._bar = tqdm(
            total=total,
            initial=done,
            unit="B",
            unit_scale=True,
            leave=False,
            disable=sys.stderr is None or not sys.stderr.isatty(),
            file=sys.stderr,
            dynamic_ncols=True,
        )

    def show(self, path: str, done: int) -> None:
        self._bar.set_description_str(path, refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
