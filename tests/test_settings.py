"""What can be wished of a run, and in which words it is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from sdpose_track.errors import SettingsError
from sdpose_track.settings import TrackSettings, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", Fraction(0)),
        ("12.5", Fraction(25, 2)),
        ("1:02", Fraction(62)),
        ("1:00:01.250", Fraction(14405, 4)),
    ],
)
def test_times_are_exact(text: str, seconds: Fraction) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:60", "1:2:3:4", "1e9", "nan", "٣", "5s"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="is no time"):
        parse_time(text)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"device": "gpu"}, "--device gpu: expected auto, cpu"),
        ({"precision": "int8"}, "--precision int8: expected one of"),
        ({"batch": 0}, "--batch 0"),
        ({"max_people": 0}, "--max-people 0"),
        ({"confidence": 1.0}, "--conf 1.0"),
        ({"confidence": float("nan")}, "--conf nan"),
        ({"start": Fraction(-1)}, "--start -1"),
        ({"start": Fraction(2), "end": Fraction(2)}, "--end 2: expected more than --start 2"),
    ],
)
def test_a_wish_that_cannot_work_is_told_with_its_option(
    wish: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        TrackSettings(**wish)
