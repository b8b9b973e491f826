"""Writes a view of a session in the formats that other programs load.

To add a format: write a module with `write(job, part)`, and add one line to `FORMATS`. Modules are
imported when first used, so what a format needs costs nothing otherwise.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from sdpose_track.errors import SettingsError
from sdpose_track.export.files import check_folder, replacing, write_json
from sdpose_track.export.job import ExportOptions, Job
from sdpose_track.session.view import View

__all__ = ["FORMATS", "ExportOptions", "Format", "export", "find_format"]

Writer = Callable[[Job, Path], None]
"""What a format's module offers as its `write`: the part to fill is a new file or empty folder."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format that sessions can be exported in."""

    name: str
    summary: str
    module: str
    pattern: str
    """File name of `{stem}` and `{label}`, see `View.label`; `{drawn}` leaves `smooth` unsaid."""
    meta: str = "{name}.meta.json"
    """File name of the description beside it."""
    is_folder: bool = False

    def path(self, folder: Path, stem: str, label: str) -> Path:
        """Return where an export of this format goes."""
        drawn = "" if label == "smooth" else f"_{label}"
        return folder / self.pattern.format(stem=stem, label=label, drawn=drawn)

    def meta_path(self, folder: Path, stem: str, label: str) -> Path:
        """Return where the description of an export of this format goes."""
        name = self.path(folder, stem, label).name
        return folder / self.meta.format(name=name, stem=stem, label=label)

    def load(self) -> Writer:
        """Import the format's module and return its `write`."""
        return cast("Writer", import_module(self.module).write)


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format(
            "openpose",
            "a folder of OpenPose JSON files, one a frame",
            f"{__name__}.openpose_json",
            "{stem}_{label}_json",
            is_folder=True,
        ),
        Format(
            "coco",
            "COCO keypoint annotations with track ids",
            f"{__name__}.coco_json",
            "{stem}_{label}.coco.json",
        ),
        Format(
            "csv",
            "a table with one row a frame, person and keypoint",
            f"{__name__}.csv_rows",
            "{stem}_{label}.csv",
        ),
        Format(
            "npz",
            "numpy arrays over frames, people and keypoints",
            f"{__name__}.npz_native",
            "{stem}_{label}.poses.npz",
            meta="{stem}_{label}.poses.json",
        ),
        Format(
            "kinematics",
            "a table of joint angles, bones, speeds and contacts, one row a frame and person",
            f"{__name__}.kinematics_csv",
            "{stem}_{label}.kinematics.csv",
        ),
        Format(
            "kinematics-parquet",
            "the same table as a Parquet file",
            f"{__name__}.kinematics_parquet",
            "{stem}_{label}.kinematics.parquet",
        ),
        Format(
            "video",
            "the video with the people drawn into it, and its sound",
            f"{__name__}.video",
            "{stem}_annotated{drawn}.mp4",
        ),
    )
}


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
        options: What can be chosen; None for the defaults.

    Returns:
        The file, or the folder of files, that was written.

    Raises:
        SettingsError: there is no such format, layout, or usable stem.
        SourceError: the video of the session is needed and cannot be read.
        OutputError: `folder` cannot be written.
    """
    chosen = find_format(format_name)
    if Path(stem).name != stem:
        raise SettingsError(f"{stem!r} cannot begin a file name; leave out the folder")
    label = view.label
    path = chosen.path(folder, stem, label)
    write = chosen.load()
    job = Job(view, stem, options or ExportOptions())
    if chosen.is_folder:
        check_folder(path)
    with (
        replacing(chosen.meta_path(folder, stem, label)) as meta,
        replacing(path, is_folder=chosen.is_folder) as part,
    ):
        write(job, part)
        write_json(meta, job.described())
    return path


def find_format(name: str) -> Format:
    """Return the format called `name`. Raises SettingsError if there is none such."""
    if name in FORMATS:
        return FORMATS[name]
    near = difflib.get_close_matches(name, FORMATS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FORMATS)}"
    raise SettingsError(f"no format is named {name!r}; {hint}")
