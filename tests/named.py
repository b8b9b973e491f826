"""Exports of sessions whose people have names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import sessions

from sdpose_track.export import ExportOptions, export
from sdpose_track.session.view import View


def exported(
    folder: Path,
    name: str,
    script: sessions.Script,
    names: Mapping[int, str],
    options: ExportOptions | None = None,
) -> Path:
    """Do as `sessions.exported`, after somebody called the people `names`."""
    with sessions.view_of(folder / "clip.sdpose", script) as view:
        repairs = replace(view.repairs, names=dict(names))
        again = View(view.recording, view.smoothing, repairs=repairs)
        return export(again, name, folder / "out", "clip", options)
