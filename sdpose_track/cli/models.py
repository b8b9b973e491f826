"""`sdpose-track models`: which there are, where they lie, whether they are whole."""

from __future__ import annotations

import argparse

from sdpose_track.checkpoints import find, locate, manifest, places, verify
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import CheckpointError, SettingsError


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Do what is asked. Returns the exit code."""
    if options.action == "fetch":
        raise SettingsError("models fetch is not there yet; it comes with SDPose")
    if options.action == "list":
        return _list()
    if options.action == "where":
        if options.name is None:
            raise SettingsError("models where: give the NAME of a model; models list shows them")
        return _where(options.name)
    return _verify(options.name, screen)


def _list() -> int:
    for entry in manifest().values():
        state = "here" if locate(entry.name) is not None else "not here"
        print(f"{entry.name:14} {state:9} {entry.bytes / 1e6:8.1f} MB  {entry.summary}")
    return 0


def _where(name: str) -> int:
    if name not in manifest():
        print(find(name, "detector").path)
        return 0
    path = locate(name)
    if path is None:
        looked = ", ".join(str(p.parent) for p in places(manifest()[name]))
        raise CheckpointError(f"{name} is not here; looked in {looked}")
    print(path)
    return 0


def _verify(name: str | None, screen: Screen) -> int:
    names = [name] if name is not None else [n for n in manifest() if locate(n) is not None]
    for each in names:
        print(f"{each}: whole, {verify(each)}")
    if not names:
        screen.say("no model is here")
    return 0
