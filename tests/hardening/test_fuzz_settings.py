"""What the viewer remembers, and what is typed on the command line: broken by chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from fuzzing import assert_answers, tried_out
from hypothesis import given, settings
from hypothesis import strategies as st
from mutating import TOKENS, broken_text
from PyQt6.QtCore import QByteArray, QSettings
from sessions import fixture_c, write

from sdpose_track.broadcast.address import parse_address
from sdpose_track.broadcast.origins import Origins
from sdpose_track.capture.address import read_spec
from sdpose_track.cli.exporting import parse_choices, parse_people, parse_rate, parse_tuning
from sdpose_track.errors import SettingsError
from sdpose_track.export import ExportOptions
from sdpose_track.export.table import FORMATS
from sdpose_track.settings import parse_time
from ui.preferences import NAME, Preferences

Amount = Callable[[int, int], int]
Tried = Callable[[str, int], None]

_SOUND = ("12.5", "1:02:03.5", "30000/1001", "1,3", "cutoff_hz=8", "layout=coco_17", "size=64x64",
          "frames=12", "127.0.0.1:9000", "[::1]:9000", "https://example.org", "rtsp://a/b", "0",
          "udp://@:5", "file:///tmp/x.mp4", "http://u:p@h:80/x?y=1")  # fmt: skip
_TEXT = st.builds(
    lambda sound, token, at: sound[:at] + token + sound[at:],
    st.sampled_from(_SOUND),
    st.sampled_from([*(t for t in TOKENS if len(t) < 20_000), "", "9", "\0", "\u00b2", "/" * 5000]),
    st.integers(0, 24),
) | st.text(max_size=20)  # fmt: skip


def _every_option(text: str) -> None:
    """Give `text` to everything that reads an option of the command line."""
    formats = list(FORMATS)
    for read in (
        parse_time,
        parse_rate,
        parse_people,
        lambda wish: parse_tuning([wish]),
        lambda wish: parse_choices([wish], formats, ExportOptions()),
        lambda wish: parse_address(wish, "--osc"),
        lambda wish: Origins([wish], "--ws-origin"),
        lambda wish: read_spec(wish, realtime=False),
        lambda wish: read_spec(wish, realtime=True),
    ):
        with suppress(SettingsError):  # whose words are in one line by themselves
            read(text)


def test_whatever_is_typed_is_taken_or_refused(amount: Amount, tried: Tried) -> None:
    count = amount(150, 6000)

    @settings(max_examples=count, derandomize=True, deadline=None, database=None)
    @given(_TEXT)
    def check(text: str) -> None:
        tried_out(text, lambda: _every_option(text), SettingsError)

    check()
    tried("options as they are typed, nine kinds each", count)


@pytest.mark.parametrize("name", ["x" * 5000, "a\nb", "\x1b[2J", "\u202egpj", "a\ud800"])
def test_names_that_no_file_has_are_told_in_one_line(name: str, tmp_path: Path) -> None:
    session = tmp_path / f"{name}.sdpose"
    for words in (
        ("info", session),
        ("edit", session, "undo"),
        ("export", session, "--format", "csv"),
    ):
        try:
            assert assert_answers(name[:9], (3,), *words) == 3
        except AssertionError:
            if len(name) < 1000:  # a sentence that names such a file is as long as its name
                raise
    assert not list(tmp_path.iterdir())


def test_a_session_that_lists_nobody_is_exported_whatever_is_chosen(
    tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    session, count = write(tmp_path / "empty.sdpose", fixture_c()), amount(20, 600)
    options = ("--fps", "--people", "--start", "--end", "--set", "--tune", "--smooth", "--facing")
    for seed in range(count):
        dice = random.Random(seed)
        text = broken_text(dice.choice(_SOUND), dice).decode(errors="surrogateescape")[:150]
        words = ("export", session, "--format", "csv", "--out", tmp_path / "out")
        assert_answers(seed, (2, 3), *words, f"{dice.choice(options)}={text}")
        assert {p.name for p in tmp_path.iterdir()} <= {session.name, "out"}, seed
    tried("export with broken options", count)


def _everything(preferences: Preferences) -> None:
    """Ask for all that is remembered, and change some of it."""
    for value in (
        preferences.theme, preferences.smoothing, preferences.picture_bytes, preferences.switches,
        preferences.compare, preferences.geometry, preferences.state, preferences.recent,
        preferences.keys, preferences.choices("run"), preferences.folder("open"),
    ):  # fmt: skip
        assert value is None or value is not NotImplemented
    preferences.add_recent("/tmp/a.mp4")
    preferences.set_folder("open", "/tmp")
    preferences.sync()


def test_broken_preferences_are_as_if_never_stored(
    tmp_path: Path, amount: Amount, tried: Tried, qapp: object
) -> None:
    format_, scope = QSettings.Format.IniFormat, QSettings.Scope.UserScope
    old = Path(QSettings(format_, scope, NAME, NAME).fileName()).parents[1]
    QSettings.setPath(format_, scope, str(tmp_path))
    try:
        sound = Preferences()
        sound.add_recent("/tmp/b.mp4")
        sound.set_choices("run", {"pose": "auto", "export": ["csv"]})
        sound.keys = {"play": ("Space",)}
        sound.switches = {"boxes": True}
        sound.picture_bytes = 1 << 30
        sound.geometry = sound.state = QByteArray(b"\1\2\3")
        sound.sync()
        (file,) = tmp_path.rglob("*.ini")
        text, count = file.read_text(encoding="utf-8"), amount(60, 3000)
        for seed in range(count):
            file.write_bytes(broken_text(text, random.Random(seed)))
            tried_out(seed, lambda: _everything(Preferences()), SettingsError)
    finally:
        QSettings.setPath(format_, scope, str(old))
    tried("preferences of the viewer", count)
