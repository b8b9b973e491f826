"""Which picture file is which frame: natural order, numbered sequences and their gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.sources.picture_file import SUFFIXES

_LAST_NUMBER = re.compile(r"(\d+)(?=\D*$)")
_FIELD = re.compile(r"%(?:0(\d+))?d")
_MOST_SPREAD = 2  # numbers that span more than this times their count are no sequence

Slots = list[Path | None]
"""The file of each frame index; None where the sequence has a gap."""


def is_pattern(spec: str) -> bool:
    """Tell whether `spec` has a number field: `%d` or `%04d`."""
    return _FIELD.search(spec) is not None


def of_folder(folder: Path, name: str) -> Slots:
    """Return the pictures of `folder` in natural order, with the gaps of a numbered sequence.

    Raises:
        SourceError: there is no picture in it.
    """
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    if not found:
        raise SourceError(f"{name} is a folder without pictures; choose another folder, or a file.")
    found.sort(key=_natural)
    numbers = {int(match[0]): path for path in found if (match := _LAST_NUMBER.search(path.stem))}
    frames = {_LAST_NUMBER.sub("#", path.stem) + path.suffix for path in found}
    if len(frames) > 1 or len(numbers) < len(found):
        return list(found)
    return _with_gaps(numbers)


def of_pattern(spec: str) -> Slots:
    """Return the pictures that the pattern `spec` names, from the smallest existing number.

    Raises:
        SettingsError: the pattern has not exactly one number field in its last part.
        SourceError: no file fits it.
    """
    pattern = Path(spec)
    fields = _FIELD.findall(pattern.name)
    if len(fields) != 1 or is_pattern(str(pattern.parent)):
        raise SettingsError(
            f"{spec} must have exactly one number field, %d or such as %04d, in the file name; "
            "for example shot_%04d.png."
        )
    before, after = _FIELD.split(pattern.name)[0], _FIELD.split(pattern.name)[-1]
    width = int(fields[0] or 0)
    shape = re.compile(f"{re.escape(before)}(\\d+){re.escape(after)}")
    try:
        names = [path.name for path in pattern.parent.iterdir()]
    except OSError as error:
        raise SourceError(
            f"The folder of the pattern {spec} cannot be read; check its name."
        ) from error
    matches = (shape.fullmatch(name) for name in names)
    texts = [match[1] for match in matches if match and match[1] == f"{int(match[1]):0{width}d}"]
    if not texts:
        raise SourceError(f"No picture fits the pattern {spec}; check its folder and numbers.")
    return _with_gaps({int(text): pattern.parent / f"{before}{text}{after}" for text in texts})


def _with_gaps(numbers: dict[int, Path]) -> Slots:
    first, last = min(numbers), max(numbers)
    if last - first + 1 > _MOST_SPREAD * len(numbers):
        return [numbers[number] for number in sorted(numbers)]
    return [numbers.get(number) for number in range(first, last + 1)]


def _natural(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Order `10.png` after `9.png`."""
    return list(_chunks(re.split(r"(\d+)", path.name.casefold()))), path.name


def _chunks(parts: Iterable[str]) -> Iterable[tuple[int, int, str]]:
    for part in parts:
        yield (0, int(part), "") if part.isdecimal() else (1, 0, part)
