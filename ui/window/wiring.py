"""Which command does what. One table; a command that is missing in it fails at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ui.document.document import Document
from ui.figures.look import Compare, Switch
from ui.look.icons import icon

if TYPE_CHECKING:
    from ui.window.main_window import MainWindow

COMPARE = {
    "compare-smoothed": Compare.SMOOTHED,
    "compare-raw": Compare.RAW,
    "compare-side-by-side": Compare.SIDE_BY_SIDE,
    "compare-blended": Compare.BLENDED,
}
SWITCHES = {
    "show-skeleton": Switch.SKELETON,
    "show-boxes": Switch.BOXES,
    "show-ids": Switch.IDS,
    "show-trails": Switch.TRAILS,
    "show-confidence": Switch.CONFIDENCE,
    "show-only-chosen": Switch.ONLY_CHOSEN,
}
ELSEWHERE = frozenset({"panel-people", "panel-doubts", "panel-plots", "recent"})
"""Commands that the docks and the recent menu connect."""
Does = Callable[[], object]


def wire(window: MainWindow) -> None:
    """Connect every command. Raises KeyError if one is forgotten or not in the table."""
    actions = window.commands_table
    does = {
        **_of_file(window),
        **window.people_panel.acts(),
        **_of_people(window),
        **_of_playing(window.document),
        **_of_view(window),
    }
    forgotten = set(actions) ^ (does.keys() | ELSEWHERE | COMPARE.keys() | SWITCHES.keys())
    if forgotten:
        raise KeyError(f"commands without a deed, or deeds without a command: {forgotten}")
    for name, deed in does.items():
        actions[name].triggered.connect(partial(_call, deed))
    _wire_look(window)
    _wire_state(window)
    _wire_live(window)


def _call(deed: Does, _checked: bool) -> None:
    deed()


def _of_file(window: MainWindow) -> dict[str, Does]:
    talks, work = window.talks, window.work
    return {
        "open": talks.open,
        "open-folder": talks.open_folder,
        "find-video": talks.find_video,
        "close": window.document.leave,
        "track": talks.track,
        "resume": work.resume,
        "pause-job": work.pause_or_go_on,
        "cancel-job": work.cancel,
        "export": talks.export,
        "snapshot": talks.snapshot,
        "quit": window.close,
        "settings": talks.settings,
        "shortcuts": talks.shortcuts,
        "about": talks.about,
    }


def _of_people(window: MainWindow) -> dict[str, Does]:
    commands, doubts = window.commands, window.doubts_panel
    nth = {f"person-{n}": partial(commands.choose_nth, n) for n in range(1, 10)}
    return {
        **nth,
        "next-doubt": doubts.next_doubt,
        "previous-doubt": doubts.previous_doubt,
    }


def _of_playing(document: Document) -> dict[str, Does]:
    player = document.player

    def go_to_mark(mark: int | None) -> None:
        if mark is not None:
            player.seek(mark)

    return {
        "play": player.toggle,
        "pause": player.pause,
        "forwards": partial(player.shuttle, 1),
        "backwards": partial(player.shuttle, -1),
        "forwards-fast": partial(player.shuttle, 1, 4.0),
        "backwards-fast": partial(player.shuttle, -1, 4.0),
        "previous": partial(player.step, -1),
        "next": partial(player.step, 1),
        "back-second": partial(player.jump, -1.0),
        "forward-second": partial(player.jump, 1.0),
        "back-ten": partial(player.jump, -10.0),
        "forward-ten": partial(player.jump, 10.0),
        "first": lambda: player.seek(player.clock.first),
        "last": lambda: player.seek(player.clock.last),
        "slower": partial(player.scale_speed, 1 / 1.1),
        "faster": partial(player.scale_speed, 1.1),
        "half-speed": partial(player.scale_speed, 0.5),
        "double-speed": partial(player.scale_speed, 2.0),
        "usual-speed": partial(player.set_speed, 1.0),
        "mark-in": lambda: player.set_in(player.frame),
        "mark-out": lambda: player.set_out(player.frame),
        "go-in": lambda: go_to_mark(player.mark_in),
        "go-out": lambda: go_to_mark(player.mark_out),
        "clear-marks": player.clear_marks,
        "loop": lambda: player.set_loops(not player.loops),
    }


def _of_view(window: MainWindow) -> dict[str, Does]:
    canvas = window.canvas
    return {
        "zoom-in": canvas.zoom_in,
        "zoom-out": canvas.zoom_out,
        "zoom-fit": canvas.zoom_fit,
        "zoom-full": canvas.zoom_full,
        "full-screen": window.full_screen.toggle,
        "leave-full-screen": window.full_screen.leave,
        "live": window.toggle_live,
        "live-controls": window.live.toggle_controls,
        "live-record": window.live.controls.record.toggle,
        "go-to": window.talks.go_to,
    }


def _wire_look(window: MainWindow) -> None:
    """Let switches and ways to compare show how the canvas looks, and change and remember it."""
    actions, canvas, preferences = window.commands_table, window.canvas, window.preferences
    stored = preferences.switches
    for name, switch in SWITCHES.items():
        actions[name].toggled.connect(partial(canvas.set_switch, switch))
        actions[name].setChecked(stored.get(name, getattr(canvas.look, switch.value)))
    for name, compare in COMPARE.items():
        actions[name].triggered.connect(partial(_call, partial(canvas.set_compare, compare)))
    chosen = preferences.compare if preferences.compare in COMPARE else "compare-smoothed"
    canvas.set_compare(COMPARE[chosen])

    def show() -> None:
        look = canvas.look
        for name, compare in COMPARE.items():
            actions[name].setChecked(look.compare is compare)
        for name, switch in SWITCHES.items():
            actions[name].setChecked(getattr(look, switch.value))
        preferences.switches = {n: getattr(look, s.value) for n, s in SWITCHES.items()}
        preferences.compare = next(n for n, c in COMPARE.items() if c is look.compare)

        window.live.set_look(look)

    show()
    canvas.look_changed.connect(show)


def _wire_state(window: MainWindow) -> None:
    """Let commands show how playing is."""
    actions, player = window.commands_table, window.document.player

    def show_playing(playing: bool) -> None:
        actions["play"].setIcon(icon("pause" if playing else "play"))

    player.playing_changed.connect(show_playing)
    player.marks_changed.connect(lambda: actions["loop"].setChecked(player.loops))


def _wire_live(window: MainWindow) -> None:
    """Let the live page's commands show how it is; elsewhere they are grey, and others there."""
    actions, live, pages = window.commands_table, window.live, window.pages

    def show() -> None:
        is_seen = pages.currentWidget() is live
        actions["live-controls"].setEnabled(is_seen)
        actions["live-controls"].setChecked(not live.controls.isHidden())
        actions["live-record"].setEnabled(is_seen and live.is_running)
        for name in COMPARE:
            actions[name].setEnabled(not is_seen)  # live poses are there once

    show()
    live.changed.connect(show)
    pages.currentChanged.connect(lambda _page: show())
