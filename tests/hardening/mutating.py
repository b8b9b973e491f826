"""Broken copies of sound files: bytes, texts and JSON values, changed by chance from a seed.

Nothing of this program may enter: what a file is for, the tests know.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
"""Where counters and lengths turn over."""
DIGITS = "9" * 10_000
"""More than Python makes an int of (sys.set_int_max_str_digits)."""
DEPTH = 100_000
"""Deeper than any parser that calls itself."""
TOKENS = (
    "NaN", "Infinity", "-Infinity", "null", "true", "-1", "-0", "0", "1e999", "-1e308", "1e-400",
    "0.1", "2147483648", "9223372036854775808", "-9223372036854775809", DIGITS, "1" * 400,
    '""', "[]", "{}", '"\\ud800"', '"\\u0000"', '"\\u202e"', '"../../x"', "[" * DEPTH,
    '{"a":' * DEPTH, '"x"', "\ufeff", "\x1b[31m", "'", "#", "=", "\n", "\r", ",", ":", "\u0661",
    "1_0", " 1 ", "%s", "~", "\u2028",
)  # fmt: skip
"""What a text is given in the place of a word."""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, -0.0, 1e308, 1e-320, float("nan"), float("inf"), 2**31,
    2**53 + 1, 2**63, -(2**63) - 1, 10**400, 10**4200, "", "x", "0", "1/0", "-1/2", "nan", "\ud800",
    "a\0b", "a\nb", "../" * 40, "\x1b[2J", "é" * 5000, [], {}, [[]], [None], {"": None}, [0] * 5,
    ["a", 1],
)  # fmt: skip
"""What a JSON value is replaced by."""

_Change = Callable[[bytearray, random.Random, bytes], None]


def broken(data: bytes, dice: random.Random, other: bytes = b"") -> bytes:
    """Return `data` with one to four changes; some of them put a piece of `other` in."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        dice.choice(_CHANGES)(out, dice, other)
    return bytes(out)


def broken_text(text: str, dice: random.Random) -> bytes:
    """Return a text with one to three of its words replaced, or broken as bytes are."""
    if dice.random() < 0.3:
        return broken(text.encode(), dice)
    for _ in range(dice.choice((1, 1, 2, 3))):
        start = dice.randrange(len(text) + 1)
        stop = min(len(text), start + dice.choice((0, 1, 1, 2, 5, 20)))
        text = text[:start] + dice.choice(TOKENS) + text[stop:]
    return text.encode("utf-8", "surrogatepass")


def broken_json(value: Any, dice: random.Random) -> Any:
    """Return a JSON value, in which one member somewhere is another, gone, or there twice."""
    if not isinstance(value, dict | list) or not value or dice.random() < 0.15:
        return dice.choice(VALUES)
    out: Any = dict(value) if isinstance(value, dict) else list(value)
    key = dice.choice(list(out)) if isinstance(out, dict) else dice.randrange(len(out))
    kind = dice.random()
    if kind < 0.1:
        del out[key]
    elif kind < 0.15 and isinstance(out, list):
        out.insert(key, out[key])
    elif kind < 0.2 and isinstance(out, dict):
        out[dice.choice(("", "x", "\ud800", "a\0b", "__class__"))] = out.pop(key)
    else:
        out[key] = broken_json(out[key], dice)
    return out


def as_text(value: Any) -> bytes:
    """Return a JSON value as bytes, also one that JSON does not know."""
    return json.dumps(value).encode()


def _flip(out: bytearray, dice: random.Random, _other: bytes) -> None:
    if out:
        out[_place(out, dice)] ^= 1 << dice.randrange(8)


def _replace(out: bytearray, dice: random.Random, _other: bytes) -> None:
    if out:
        out[_place(out, dice)] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))


def _number(out: bytearray, dice: random.Random, _other: bytes) -> None:
    size = dice.choice((1, 2, 4, 8))
    order = "big" if dice.random() < 0.5 else "little"
    at = _place(out, dice)
    number = dice.choice(NUMBERS) % (1 << 8 * size)
    out[at : at + size] = number.to_bytes(size, order)  # type: ignore[arg-type]


def _cut(out: bytearray, dice: random.Random, _other: bytes) -> None:
    del out[_place(out, dice) :]


def _remove(out: bytearray, dice: random.Random, _other: bytes) -> None:
    at = _place(out, dice)
    del out[at : at + _length(dice)]


def _twice(out: bytearray, dice: random.Random, _other: bytes) -> None:
    at = _place(out, dice)
    out[at:at] = out[at : at + _length(dice)]


def _insert(out: bytearray, dice: random.Random, _other: bytes) -> None:
    at = _place(out, dice)
    out[at:at] = dice.randbytes(_length(dice))


def _overwrite(out: bytearray, dice: random.Random, other: bytes) -> None:
    at, size = _place(out, dice), _length(dice)
    source = other or bytes(out)
    begin = dice.randrange(len(source) + 1)
    piece = (
        source[begin : begin + size] if dice.random() < 0.7 else bytes([dice.randrange(256)]) * size
    )
    out[at : at + len(piece)] = piece


_CHANGES: Sequence[_Change] = (
    _flip, _flip, _replace, _replace, _number, _number, _cut, _remove, _twice, _insert, _overwrite,
)  # fmt: skip


def _place(out: bytearray, dice: random.Random) -> int:
    """Return a place in `out`: half of the time near its beginning, where headers are."""
    most = len(out) if dice.random() < 0.5 else min(len(out), 256)
    return dice.randrange(max(most, 1))


def _length(dice: random.Random) -> int:
    return dice.choice((1, 2, 4, 8, 16, 64, 512, 4096))
