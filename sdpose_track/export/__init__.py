"""Writes a view of a session in the formats that other programs load.

`table` says which there are, `formats` has a module for each. `clock` brings people to a constant
rate and `axes` to other units: neither is done anywhere else. What a format needs is imported when
it is first used.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from sdpose_track.errors import SettingsError
from sdpose_track.export.files import check_folder, replacing, sweep, write_json
from sdpose_track.export.job import Job
from sdpose_track.export.options import ExportOptions
from sdpose_track.export.presets import PRESETS
from sdpose_track.export.table import FORMATS, Format
from sdpose_track.session.view import View

__all__ = ["FORMATS", "ExportOptions", "Format", "destination", "export", "find_format"]


def export(
    view: View, format_name: str, folder: Path, stem: str, options: ExportOptions | None = None
) -> Path:
    """Write `view` into `folder` as `FORMATS[format_name]`, and a `.meta.json` beside it.

    What was there before is replaced only when the new export is complete, whatever stops it.

    Args:
        view: The frames and people to write.
        format_name: A key of `FORMATS`.
        folder: Made if it is not there.
        stem: How file names begin, such as the name of the video without its suffix.
        options: What can be chosen; None for the defaults. A format looks at what concerns it.

    Returns:
        The file, or the folder of files, that was written.

    Raises:
        SettingsError: there is no such format, choice, or usable stem, or the format needs a
            package that is not installed.
        SourceError: the video of the session is needed and cannot be read.
        OutputError: `folder` cannot be written.
    """
    options = options or ExportOptions()
    path = destination(view, format_name, folder, stem, options)
    chosen = find_format(format_name)
    wishes = _concerning(chosen, options)
    label = _label(view, chosen, options)
    write = chosen.load()
    job = Job(view, stem, wishes, needs_rate=chosen.needs_rate)
    sweep(folder, stem)
    if chosen.is_folder:
        check_folder(path, chosen.own_files(stem))
    with (
        replacing(chosen.meta_path(folder, stem, label)) as meta,
        replacing(path, is_folder=chosen.is_folder) as part,
    ):
        write(job, part)
        write_json(meta, job.described())
    return path


def destination(
    view: View, format_name: str, folder: Path, stem: str, options: ExportOptions | None = None
) -> Path:
    """Return the file or folder that `export` would write; nothing is written.

    Raises SettingsError as `export` does for the format and the stem.
    """
    chosen = find_format(format_name)
    if Path(stem).name != stem or stem == ".." or "\0" in stem:
        raise SettingsError(f"{stem!r} cannot begin a file name; leave out the folder")
    return chosen.path(folder, stem, _label(view, chosen, options or ExportOptions()))


def find_format(name: str) -> Format:
    """Return the format called `name`.

    Raises SettingsError if there is none such, or a package that it needs is not installed.
    """
    if name not in FORMATS:
        near = difflib.get_close_matches(name, FORMATS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FORMATS)}"
        raise SettingsError(f"no format is named {name!r}; {hint}")
    found = FORMATS[name]
    if found.needs is not None and find_spec(found.needs) is None:
        raise SettingsError(
            f"{name} needs the package {found.needs}: pip install 'sdpose-track[{name}]'"
        )
    return found


def _concerning(chosen: Format, options: ExportOptions) -> ExportOptions:
    """Return `options` without what would cut or retime a format that it does not concern."""
    if "preset" in chosen.choices and options.preset is not None:
        return replace(options, rate=options.rate or PRESETS[options.preset].rate)
    frames = options.frames if "frames" in chosen.choices else None
    return replace(options, preset=None, frames=frames)


def _label(view: View, chosen: Format, options: ExportOptions) -> str:
    """Return what tells this export from others of the session: `smooth`, `raw_p1_wan_24fps`."""
    parts = [view.label]
    if options.look != ExportOptions().look and "look" in chosen.choices:
        parts.append(options.look)
    if options.preset is not None and "preset" in chosen.choices:
        parts.append(options.preset)
    if options.rate is not None:
        parts.append(f"{float(options.rate):.6g}fps")
    return "_".join(parts)
