"""Numbers as people read them. Only pure functions from a value to a text may enter."""

from __future__ import annotations

from fractions import Fraction

from PyQt6.QtGui import QKeySequence

_UNITS = ("B", "kB", "MB", "GB", "TB")


def timecode(seconds: Fraction | float) -> str:
    """Return a time as `H:MM:SS.mmm`, rounded to the nearest millisecond."""
    thousandths = round(abs(Fraction(seconds)) * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 and (hours or minutes or thousandths) else ""
    return f"{sign}{hours}:{minutes:02}:{thousandths // 1000:02}.{thousandths % 1000:03}"


def frames_per_second(rate: Fraction | float) -> str:
    """Return a rate with at most two decimals: `25`, `29.97`."""
    return f"{float(rate):.2f}".rstrip("0").rstrip(".")


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Return a count with its noun: `1 frame`, `1,200 frames`; `many` is an irregular plural."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def bytes_text(size: int) -> str:
    """Return a size in bytes in the unit that suits it: `812 B`, `4.7 MB`."""
    amount, unit = float(size), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    decimals = 1 if unit and amount < 99.95 else 0
    return f"{amount:.{decimals}f} {_UNITS[unit]}"


def native_keys(keys: QKeySequence) -> str:
    """Return a shortcut as this system writes it: `Ctrl+O`, on a Mac `⌘O`; empty if it has none."""
    return keys.toString(QKeySequence.SequenceFormat.NativeText)


def capital(sentence: str) -> str:
    """Return a sentence with a capital at its beginning, unless that is the name of a file."""
    first = sentence.split(" ", 1)[0]
    return sentence[:1].upper() + sentence[1:] if first.isalpha() else sentence
