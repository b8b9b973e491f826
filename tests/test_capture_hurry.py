from __future__ import annotations

from sdpose_track.capture.hurry import Hurry

STEP = 0.04
GOP = 25


def fed(hurry: Hurry, seconds: float, share: float, began: float = 0.0) -> list[str]:
    """Feed packets while nothing was decoded for `share` of the time."""
    found = ["DEFAULT"]
    for i in range(round(seconds / STEP)):
        came = i % GOP == 1 or found[-1] != "NONKEY"
        found.append(hurry.skip(began + i * STEP, share * STEP, came=came))
    return found[1:]


def test_nothing_is_left_out_while_there_is_time() -> None:
    assert set(fed(Hurry(), 20, 0.2)) == {"DEFAULT"}


def test_more_and_more_is_left_out_while_packets_pile_up() -> None:
    hurry = Hurry()
    found = fed(hurry, 10, 0.0)
    assert list(dict.fromkeys(found)) == ["DEFAULT", "NONREF", "NONKEY"]
    assert found[-1] == "NONKEY"


def test_a_short_burst_leaves_nothing_out() -> None:
    hurry = Hurry()
    assert set(fed(hurry, 1.0, 0.0) + fed(hurry, 10, 0.5, began=1.0)) == {"DEFAULT"}


def test_what_was_left_out_is_decoded_again_from_a_key_frame_on() -> None:
    hurry = Hurry()
    fed(hurry, 10, 0.0)
    found = fed(hurry, 20, 0.9, began=10)
    changes = [i for i in range(1, len(found)) if found[i] != found[i - 1]]
    assert [found[i] for i in changes] == ["NONREF", "DEFAULT"]
    assert changes[0] % GOP == 1
