"""What the canvas shows and how it is looked at, without painting: the widget paints this."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtGui import QFont

from sdpose_track.records import Pose
from ui.canvas.hits import Joint, joint_at, person_at
from ui.canvas.scene import Scene, scene_of, with_keypoint
from ui.canvas.wake import Wake
from ui.canvas.who import Who
from ui.document.document import Document
from ui.document.reading import Kind
from ui.figures.geometry import Lens, Pane, panes_of
from ui.figures.look import Compare, Look, Switch
from ui.figures.overlay import Cast, Site

GAP = 4.0
"""Points between two panes."""
HINT_MS = 150
"""After which it is told that a picture is still being looked for."""
REACH = 9.0
"""Points around the pointer in which something is meant by it."""


class Spot(NamedTuple):
    """A place of the picture under the pointer."""

    kind: Kind
    """Which poses the pane shows."""
    pane: Pane
    x: float
    """Pixel of the picture."""
    y: float


class Stage(QObject):
    """The scene of one document, how it looks, and what the pointer is upon."""

    changed = pyqtSignal()
    """It looks otherwise."""
    scene_changed = pyqtSignal()
    """Another frame, or other people in it."""
    zoom_changed = pyqtSignal(float)
    """Device pixels for one pixel of the picture: 1 is 100 %."""
    look_changed = pyqtSignal()
    placed = pyqtSignal(int, int, str, float, float)
    """A keypoint was put somewhere: track id, frame, name of the keypoint, x and y in pixels."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.who = Who(document.people)
        self.look = Look()
        self.scene: Scene | None = None
        self.lens = Lens((1, 1), (1.0, 1.0))
        self.panes: tuple[Pane, ...] = (Pane(0, 0, 1, 1),)
        self.hovered: int | None = None
        """Whom the pointer is upon."""
        self.under: Joint | None = None
        """The keypoint that a press would take hold of."""
        self.joint: Joint | None = None
        """The keypoint that was chosen, for the keyboard."""
        self.held = False
        """It is being moved."""
        self.is_seeking = False
        """A picture has been looked for so long that it is told."""
        self._size = (1.0, 1.0)
        self._density = 1.0
        self._wakes = {kind: Wake(kind) for kind in Kind}
        self._hint = QTimer(self)
        self._hint.setSingleShot(True)
        self._hint.setInterval(HINT_MS)
        self._hint.timeout.connect(self._tell_seeking)
        self._connect()
        self.look_again()

    def _connect(self) -> None:
        document, people = self.document, self.document.people
        document.player.moved.connect(self._on_moved)
        document.player.playing_changed.connect(self._on_playing)
        document.pictures.arrived.connect(self.look_again)
        document.poses_changed.connect(self._on_poses)
        document.refused.connect(self.look_again)
        document.session_changed.connect(self.look_again)
        document.opened.connect(self._on_opened)
        people.changed.connect(self._on_people)
        people.look_changed.connect(self.changed)
        people.chosen_changed.connect(self._on_chosen)

    @property
    def frame(self) -> int | None:
        """Index of the frame that is shown; None if nothing is open."""
        return None if self.scene is None else self.scene.frame

    # -- what is shown -----------------------------------------------------------------------------

    def look_again(self) -> None:
        """Show what there is to be seen of the frame where the player is."""
        if self.held:
            return
        before, self.scene = self.scene, scene_of(self.document, self.scene)
        scene = self.scene
        late = scene is not None and scene.is_late
        if not late:
            self._hint.stop()
        elif not self._hint.isActive() and not self.is_seeking:
            self._hint.start()
        was_seeking, self.is_seeking = self.is_seeking, self.is_seeking and late
        is_other = before is not None if scene is None else scene.differs(before)
        if is_other:
            self._fit_lens()
            self.scene_changed.emit()
        if is_other or was_seeking != self.is_seeking:
            self.changed.emit()

    def _tell_seeking(self) -> None:
        self.is_seeking = True
        self.changed.emit()

    def _on_moved(self, frame: int) -> None:
        self.release()
        player = self.document.player
        if player.is_playing:
            step = 1 if player.speed > 0 else -1
            for kind in Kind:
                self.document.poses.prepare(frame, kind, step)
        self.look_again()

    def _on_playing(self, _playing: bool) -> None:
        self.release()
        self.changed.emit()  # a picture that stands still is drawn smoothly

    def _on_poses(self) -> None:
        for wake in self._wakes.values():
            wake.forget()
        self.look_again()
        if self.look.trails:
            self.changed.emit()

    def _on_opened(self) -> None:
        self.scene, self.held = None, False
        self.joint = self.under = self.hovered = None
        self.set_lens(self.lens.fitted())
        self.look_again()
        self.changed.emit()

    def _on_people(self) -> None:
        self.who.refresh()
        self.changed.emit()

    def _on_chosen(self) -> None:
        chosen = self.document.people.chosen
        if self.joint is not None and self.joint.track_id not in chosen:
            self.joint = None
        if self.under is not None and self.under.track_id not in chosen:
            self.under = None
        self.changed.emit()

    # -- how it is looked at -----------------------------------------------------------------------

    def resize(self, width: float, height: float, density: float) -> None:
        """Show it in so many points, each of `density` device pixels."""
        self._size, self._density = (width, height), density
        self._fit_lens()

    def _fit_lens(self) -> None:
        self.panes = panes_of(*self._size, len(self.look.compare.panes), GAP)
        size = self.lens.picture if self.scene is None else self.scene.size
        self.set_lens(
            self.lens.over(size, (self.panes[0].width, self.panes[0].height), self._density)
        )

    def set_lens(self, lens: Lens) -> None:
        """Look at another part of the picture, or from nearer."""
        if lens == self.lens:
            return
        before, self.lens = self.lens, lens
        if lens.ratio != before.ratio:
            self.zoom_changed.emit(lens.ratio)
        self.changed.emit()

    def set_look(self, look: Look) -> None:
        """Show other things."""
        if look == self.look:
            return
        self.look = look
        self._fit_lens()
        self.look_changed.emit()
        self.changed.emit()

    def set_switch(self, switch: Switch, on: bool) -> None:
        """Show something, or no longer."""
        self.set_look(self.look.switched(switch, on=on))

    def set_compare(self, compare: Compare) -> None:
        """Show raw poses, smoothed ones, or both."""
        self.set_look(replace(self.look, compare=compare))

    def site(self, pane: Pane, font: QFont) -> Site:
        """Return where a pane is painted."""
        return Site(self.lens, pane, font)

    def cast(self, scene: Scene, kind: Kind) -> Cast | None:
        """Return who is drawn in the pane of `kind`; None without a session."""
        if scene.skeleton is None:
            return None
        people = self.who.drawn(scene.people(kind), self.look)
        is_blended = self.look.compare is Compare.BLENDED and scene.smooth is not None
        ghosts = self.who.drawn(scene.raw or (), self.look) if is_blended else ()
        trails = {}
        is_known = (scene.raw if kind is Kind.RAW else scene.smooth) is not None
        if self.look.trails and is_known:
            made_for = scene.skeleton, self.look.threshold
            clock = self.document.player.clock
            trails = self._wakes[kind].steps(self.document.poses, clock, scene.frame, made_for)
        guises = self.who.guises(people, ghosts, hovered=self.hovered)
        return Cast(scene.skeleton, people, guises, ghosts, trails)

    # -- what is under the pointer -----------------------------------------------------------------

    def spot(self, x: float, y: float, pane: Pane | None = None) -> Spot | None:
        """Return the place of the picture at a point of the canvas; None between the panes.

        `pane` is the one that the pointer came from; points outside of it belong to it then.
        """
        kinds = self.look.compare.panes
        for kind, own in zip(kinds, self.panes, strict=False):
            if own == pane or (pane is None and own.holds(x, y)):
                return Spot(kind, own, *self.lens.to_picture(x - own.x, y - own.y))
        return None

    def person_at(self, spot: Spot) -> int | None:
        """Return the id of who is drawn at a place."""
        scene = self.scene
        if scene is None or scene.skeleton is None:
            return None
        people = self.who.drawn(scene.people(spot.kind), self.look)
        reach = REACH / self.lens.scale
        return person_at(people, scene.skeleton, (spot.x, spot.y), reach, self.look.threshold)

    def joint_at(self, spot: Spot, *, is_any: bool = False) -> Joint | None:
        """Return the keypoint at a place: of those who are chosen, unless of `is_any`."""
        if self.scene is None or not self.look.skeleton:
            return None
        chosen = self.document.people.chosen
        people = [
            pose
            for pose in self.who.drawn(self.scene.people(spot.kind), self.look)
            if is_any or pose.track_id in chosen
        ]
        reach = REACH / self.lens.scale
        return joint_at(people, (spot.x, spot.y), reach, self.look.threshold)

    def pose(self, track_id: int, kind: Kind) -> Pose | None:
        """Return somebody in the frame that is shown."""
        people = () if self.scene is None else self.scene.people(kind)
        return next((pose for pose in people if pose.track_id == track_id), None)

    def hover(self, spot: Spot | None) -> None:
        """The pointer is over a place; None: it has left."""
        person = None if spot is None else self.person_at(spot)
        under = None if spot is None else self.joint_at(spot)
        if under is not None and not self.can_move(under.track_id):
            under = None
        if (person, under) != (self.hovered, self.under):
            self.hovered, self.under = person, under
            self.changed.emit()

    def choose_joint(self, joint: Joint) -> None:
        """Have a keypoint at hand, to be moved by keys."""
        self.joint = joint
        self.changed.emit()

    # -- moving a keypoint -------------------------------------------------------------------------

    def can_move(self, track_id: int) -> bool:
        """Tell whether keypoints of somebody can be moved now."""
        scene, document = self.scene, self.document
        return (
            scene is not None
            and not scene.is_late
            and not document.player.is_playing
            and document.edits.why_not is None
            and not self.who.is_locked(track_id)
        )

    def hold(self, joint: Joint, at: tuple[float, float]) -> None:
        """Show a keypoint at the pixel `at`, until it is placed or released."""
        if self.scene is not None:
            self.held, self.joint = True, joint
            self.scene = with_keypoint(self.scene, joint.track_id, joint.number, at)
            self.changed.emit()

    def place(self, joint: Joint, at: tuple[float, float]) -> None:
        """Put a keypoint at the pixel `at` for good. It stays there till the session says more."""
        scene = self.scene
        if scene is None or scene.skeleton is None or not np.isfinite(at).all():
            return
        self.hold(joint, at)
        self.held = False
        name = scene.skeleton.keypoints[joint.number]
        self.placed.emit(joint.track_id, scene.frame, name, *at)

    def release(self) -> None:
        """Let a keypoint that is held go back to where it was."""
        if self.held:
            self.held = False
            self.look_again()
