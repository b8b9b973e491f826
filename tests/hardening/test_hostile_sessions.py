"""A session is data: whatever a stranger put into one, or beside it, does nothing."""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
import sessions
from command import called, refused
from strangers import Bait, altered, make_endless, plant_journal, watched

from sdpose_track.errors import SdposeError, SessionError, SettingsError
from sdpose_track.repair.edits import Rename
from sdpose_track.session.edit_log import EditLog
from sdpose_track.session.guarding import MOST_EDITS
from sdpose_track.session.its_source import find_source, leads_away, reopened
from sdpose_track.session.place import is_begun
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.session.writer import SessionWriter

Amount = Callable[[int, int], int]
Tried = Callable[[str, int], None]

SCHEMA, CONTENT, BESIDE, SOURCES = (
    "hostile sessions: objects that compute",
    "hostile sessions: content made to fill memory or never to end",
    "hostile sessions: journals, logs and links beside them",
    "hostile sessions: names of their source",
)
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c)"
HUGE = "hex(zeroblob(900000000))"
OBJECTS = {
    "a trigger on edits": "CREATE TRIGGER t AFTER INSERT ON edit BEGIN DELETE FROM pose; END",
    "a trigger on meta": "CREATE TRIGGER t BEFORE INSERT ON meta BEGIN INSERT INTO frame"
    f" SELECT x + 1000, 0, 0 FROM ({ENDLESS} SELECT x FROM c); END",
    "a trigger on frames": "CREATE TRIGGER t AFTER INSERT ON frame BEGIN DELETE FROM frame; END",
    "a view of frames": "ALTER TABLE frame RENAME TO frames; CREATE VIEW frame AS"
    f" {ENDLESS} SELECT x AS idx, x AS pts, 0 AS state FROM c",
    "a view of meta": "ALTER TABLE meta RENAME TO metas; CREATE VIEW meta AS"
    f" {ENDLESS} SELECT x AS key, '1' AS value FROM c",
    "a view": f"CREATE VIEW v AS {ENDLESS} SELECT x FROM c",
    "full text": "CREATE VIRTUAL TABLE t USING fts5(a)",
    "an r-tree": "CREATE VIRTUAL TABLE t USING rtree(id, a, b)",
    "a generated column": "ALTER TABLE edit ADD COLUMN"
    f" more TEXT GENERATED ALWAYS AS ({HUGE}) VIRTUAL",
    "an index of an expression": f"CREATE INDEX i ON edit (length({HUGE}))",
    "a part of an index": f"CREATE INDEX i ON edit (kind) WHERE length({HUGE}) > 1",
    "another index": "CREATE INDEX i ON edit (kind)",
    "a check": "DROP TABLE edit; CREATE TABLE edit (position INTEGER PRIMARY KEY,"
    f" kind TEXT NOT NULL, value TEXT NOT NULL CHECK (length({HUGE}) > 1))",
    "a default": "DROP TABLE edit; CREATE TABLE edit (position INTEGER PRIMARY KEY,"
    f" kind TEXT NOT NULL, value TEXT NOT NULL DEFAULT ({HUGE}))",
    "a reference": "DROP TABLE edit; CREATE TABLE edit (position INTEGER PRIMARY KEY,"
    " kind TEXT NOT NULL, value TEXT NOT NULL REFERENCES pose ON DELETE CASCADE)",
    "a table with row ids": "CREATE TABLE metas (key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "INSERT INTO metas SELECT * FROM meta; DROP TABLE meta; ALTER TABLE metas RENAME TO meta",
    "other spellings": 'CREATE TABLE "x y" (a)',
}


def hard(value: str) -> Any:
    """Return a parameter that only make harden tries."""
    return pytest.param(value, marks=pytest.mark.hardening)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return sessions.write(tmp_path / "clip.sdpose", sessions.fixture_a())


@pytest.mark.parametrize("what", OBJECTS)
def test_a_session_with_anything_that_computes_is_not_touched(
    session: Path, what: str, tried: Tried
) -> None:
    try:
        path = altered(session, "stranger", OBJECTS[what])
    except sqlite3.OperationalError as error:
        pytest.skip(f"SQLite is here without it: {error}")
    before = path.read_bytes()
    for order in (("info", path), ("edit", path, "rename", "1", "Ann")):
        assert "cannot be trusted" in refused(called(*order), 3)
    with pytest.raises(SessionError):
        SessionWriter.resume(path)
    assert path.read_bytes() == before
    tried(SCHEMA, 3)


def test_no_other_declaration_passes_for_one_of_ours(
    session: Path, amount: Amount, tried: Tried
) -> None:
    """Statements are rewritten as a stranger might, by hand in SQLite's own table."""
    more = (
        "CHECK (1)", "DEFAULT 0", "UNIQUE", "COLLATE NOCASE", "--\n, x", "'--\n", '"', "/* */",
        "GENERATED ALWAYS AS (1)", "REFERENCES pose", "(", ")", ",", "AS (SELECT 1)", ";",
        "\N{NO-BREAK SPACE}",
    )  # fmt: skip
    for seed in range(amount(40, 4000)):
        chance = random.Random(seed)
        script = "PRAGMA writable_schema = ON;"
        with closing(sqlite3.connect(session)) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
        name, sql = chance.choice(rows)
        words = re.sub("--.*", "", sql).split(" ")  # in a comment it would mean nothing
        words.insert(chance.randrange(3, len(words) + 1), chance.choice(more))
        text = " ".join(words).replace("'", "''")
        script += f"UPDATE sqlite_master SET sql = '{text}' WHERE name = '{name}'"
        path = altered(session, "rewritten", script)
        with suppress(SessionError):
            Recording.open(path).close()
            pytest.fail(f"seed {seed}: {text}")
        tried(SCHEMA, 1)


@pytest.mark.parametrize(
    "script",
    ["CREATE TABLE sound_2 (frame INTEGER PRIMARY KEY, level REAL)", "ANALYZE"],
    ids=["of a later version", "of SQLite's own"],
)
def test_tables_that_nobody_asks_are_no_harm(script: str, session: Path) -> None:
    path = altered(session, "later", script)
    with Recording.open(path) as recording:
        assert len(recording.indices()) == sessions.FRAMES


CONTENTS = {
    "a huge blob": "UPDATE pose SET keypoints = zeroblob(17000000) WHERE frame = 3",
    "a huge text": "UPDATE meta SET value = zeroblob(17000000) WHERE key = 'settings'",
    "many rows": f"INSERT INTO meta {ENDLESS.replace('c)', 'c WHERE x < 200000)')}"
    " SELECT 'k' || x, '1' FROM c",
    "nested lists": "INSERT INTO meta VALUES ('x', replace(hex(zeroblob(500000)), '00', '['))",
    "many lists": "INSERT INTO meta VALUES"
    " ('x', '[' || replace(hex(zeroblob(2000000)), '00', '[],') || '1]')",
    "infinity": "INSERT INTO meta VALUES ('x', '[1e999]')",
    "a long number": "INSERT INTO meta VALUES ('x', replace(hex(zeroblob(99999)), '00', '9'))",
    "many repairs": f"INSERT INTO edit {ENDLESS.replace('c)', 'c WHERE x < 20000)')} SELECT x + 1,"
    ' \'swap\', \'{"first": 1, "second": 2, "frame": 0}\' FROM c',
    "a long name": 'INSERT INTO edit VALUES (1, \'rename\', \'{"track_id": 1, "name": "\' ||'
    " replace(hex(zeroblob(5000000)), '00', 'a') || '\"}')",
    "texts for times": "UPDATE frame SET pts = 'x' WHERE idx = 3",
    "blobs for times": "UPDATE frame SET pts = x'00' WHERE idx = 3",
    "a text for an id": "UPDATE pose SET track_id = 'x' WHERE track_id = 2",
    "a part of an id": "UPDATE pose SET track_id = 1.5 WHERE track_id = 2",
    "a text for a score": "UPDATE pose SET score = 'nan'",
    "another version": "PRAGMA user_version = 2147483647",
    "a version below 0": "PRAGMA user_version = -1",
}


@pytest.mark.parametrize("what", CONTENTS)
def test_content_made_to_do_harm_is_damage_told_in_one_sentence(
    session: Path, what: str, tried: Tried
) -> None:
    path = altered(session, "stranger", CONTENTS[what])
    refused(called("info", path, "--json"), 3)
    refused(called("export", path, "--format", "csv", "--out", path.with_name("out")), 3)
    assert not list(path.parent.glob("out/*"))
    tried(CONTENT, 2)


@pytest.mark.parametrize(
    "table", ["frame", "sqlite_master", *map(hard, ("edit", "detection", "cue"))]
)
def test_a_table_whose_pages_lead_in_circles_is_given_up(
    session: Path, table: str, tried: Tried
) -> None:
    """300 to the power of 8 rows in 40 kilobytes."""
    rename = json.dumps({"track_id": 1, "name": "Ann"})
    row = {"edit": f"1, 'rename', '{rename}'", "detection": "1, x'', x'', x'', NULL"}
    row["cue"] = "1, NULL, NULL, 0"
    script = f"INSERT INTO {table} VALUES ({row[table]})" if table in row else ""
    path = altered(session, "circles", script)
    make_endless(path, table)
    with suppress(SdposeError), Recording.open(path) as recording:
        for _ in View(recording).frames():
            pass
        for index in recording.indices():
            recording.detections(index)
            recording.cues(index)
    with suppress(SdposeError), EditLog.open(path) as log:
        log.append([Rename(1, "Bob")])
    is_begun(path)
    tried(CONTENT, 3)


def test_no_more_repairs_are_taken_than_will_be_read(session: Path) -> None:
    edits = [Rename(1, str(number)) for number in range(MOST_EDITS)]
    with EditLog.open(session) as log:
        log.append(edits)
        with pytest.raises(SettingsError, match=f"{MOST_EDITS} are the most"):
            log.append([Rename(1, "Ann")])
        log.step(-1)
        log.append([Rename(1, "Ann")])
    with Recording.open(session) as recording:
        assert recording.history().done == MOST_EDITS


@pytest.mark.parametrize("order", ["info", "edit", "export", "resume", "look", "overwrite"])
def test_a_journal_beside_a_session_deletes_nothing(
    session: Path, order: str, tried: Tried
) -> None:
    victim = session.with_name("thesis.txt")
    victim.write_text("years of work")
    plant_journal(session, victim)
    if order == "resume":
        with pytest.raises(SessionError, match="journal lies beside"):
            SessionWriter.resume(session)
    elif order == "look":
        assert is_begun(session)
    elif order == "overwrite":
        header = sessions.write(session.with_name("other.sdpose"), sessions.fixture_a())
        with Recording.open(header) as recording:
            SessionWriter.create(session, recording.header, replace=True).close()
        with Recording.open(session) as recording:
            assert recording.indices() == range(0)
    else:
        more = {"info": (), "edit": ("rename", "1", "Ann"), "export": ("--format", "csv")}[order]
        assert "journal lies beside" in refused(called(order, session, *more), 3)
    assert victim.read_text() == "years of work"
    tried(BESIDE, 1)


def test_sqlite_would_delete_what_the_journal_names(session: Path) -> None:
    """Why the test before is one: without our care the same files do it."""
    victim = session.with_name("thesis.txt")
    victim.write_text("years of work")
    plant_journal(session, victim)
    with closing(sqlite3.connect(session)) as connection:
        connection.execute("SELECT * FROM sqlite_master").fetchall()
    assert not victim.exists()


def test_a_journal_beside_what_a_link_leads_to_is_seen(session: Path, tried: Tried) -> None:
    victim = session.with_name("thesis.txt")
    victim.write_text("years of work")
    plant_journal(session, victim)
    folder = session.with_name("links")
    folder.mkdir()
    link = folder / "link.sdpose"
    link.symlink_to(session)
    refused(called("info", link), 3)
    assert victim.exists()
    tried(BESIDE, 1)


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_log_that_is_a_link_is_not_followed(session: Path, suffix: str, tried: Tried) -> None:
    victim = session.with_name("thesis.txt")
    victim.write_text("years of work")
    session.with_name(f"{session.name}{suffix}").symlink_to(victim)
    with suppress(SdposeError), Recording.open(session) as recording:
        recording.tracks()
    with suppress(SdposeError), EditLog.open(session) as log:
        log.append([Rename(1, "Ann")])
    assert victim.read_text() == "years of work"
    tried(BESIDE, 2)


def test_a_session_is_made_without_a_journal(session: Path) -> None:
    """One that was left by a killed run would look like a stranger's."""
    with Recording.open(session) as recording:
        header = recording.header
    with watched(session.parent) as watch:
        SessionWriter.create(session.with_name("new.sdpose"), header).close()
        made = watch.made()
    assert b"new.sdpose-wal" in made
    assert b"-journal" not in made


def test_a_journal_that_is_about_the_session_alone_is_taken_up(session: Path, tried: Tried) -> None:
    """What a run leaves that is killed where SQLite has no WAL."""
    journal = session.with_name(f"{session.name}-journal")
    plant_journal(session, session.with_name("nothing"))
    for data in (b"", b"\0", journal.read_bytes()[:512], bytes(512)):
        journal.write_bytes(data)
        with Recording.open(session) as recording:
            assert len(recording.indices()) == sessions.FRAMES
        tried(BESIDE, 1)


def test_a_journal_that_is_no_file_is_not_waited_for(session: Path, tried: Tried) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    journal = session.with_name(f"{session.name}-journal")
    os.mkfifo(journal)
    assert "journal lies beside" in refused(called("info", session), 3)
    journal.unlink()
    journal.symlink_to(session)
    assert "journal lies beside" in refused(called("info", session), 3)
    tried(BESIDE, 2)


@pytest.mark.parametrize(
    ("name", "is_away"),
    [
        (r"\\evil\share\clip.mp4", True),
        ("//evil/share/clip.mp4", True),
        (r"\\?\UNC\evil\share\clip.mp4", True),
        (r"\\.\PhysicalDrive0", True),
        (r"\\NAS\films\clip.mp4", False),
        (r"C:\films\clip.mp4", False),
        ("clip.mp4", False),
    ],
)
def test_no_other_computer_is_asked_for_a_source_but_that_of_the_session(
    name: str, is_away: bool, tried: Tried
) -> None:
    folder = PureWindowsPath(r"\\nas\Films\sessions")
    assert leads_away(PureWindowsPath(name), folder) is is_away
    assert not leads_away(PurePosixPath(name), PurePosixPath("/films"))
    tried(SOURCES, 1)


def renamed(session: Path, source: str, kind: str) -> Path:
    """Return a copy of `session` that calls its source `source`, and says nothing of its size."""
    with closing(sqlite3.connect(session)) as connection:
        query = "SELECT value FROM meta WHERE key = 'source'"
        values = json.loads(connection.execute(query).fetchone()[0])
    values |= {"name": source, "kind": kind, "frame_count": None, "size_bytes": None}
    text = json.dumps(values).replace("'", "''")
    return altered(session, "stranger", f"UPDATE meta SET value = '{text}' WHERE key = 'source'")


@pytest.mark.parametrize("kind", ["video", *map(hard, ("pictures", "picture", "nonsense"))])
def test_a_source_that_is_no_plain_file_is_never_opened(
    session: Path, kind: str, tried: Tried
) -> None:
    bait = Bait()
    pipe = session.with_name("pipe.mp4")
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe)
    list_file = session.with_name("list.m3u8")
    secret = session.with_name("secret.ts")
    secret.write_bytes(b"G" * 188 * 99)
    list_file.write_text(f"#EXTM3U\n#EXTINF:1,\n{secret}\n")
    there = f"127.0.0.1:{bait.port}"
    names = (
        "../../etc/passwd", "/etc/passwd", "/dev/zero", "/dev/stdin", "/dev/video0", str(pipe),
        "0", "", ".", "..", "/", "~", "a\0b", "a\nb", "x" * 300, "x" * 5000, "\udcff", "%d", "/%d",
        f"http://{there}/clip.mp4", f"http:/{there}/clip.mp4", f"rtsp://{there}/", f"tcp://{there}",
        f"file://{there}/clip.mp4", f"file:////{there}/clip.mp4", "file:///dev/zero",
        "concat:/etc/passwd|/etc/passwd", "subfile,,start,0,end,9,,:/etc/passwd", "pipe:0", "fd:0",
        "data:video/mp4;base64,AAAA", "lavfi:testsrc", "movie=/etc/passwd", str(list_file),
    )  # fmt: skip
    with watched(secret) as watch, closing(bait):
        for name in names:
            with Recording.open(renamed(session, name, kind)) as recording:
                source = recording.header.source
            with pytest.raises(SdposeError):
                reopened(source, session.parent).close()
        assert not watch.was_opened()
        assert not bait.callers
    tried(SOURCES, len(names))


def test_a_source_beside_the_session_is_found_by_its_name_alone(tmp_path: Path) -> None:
    beside = tmp_path / "clip.mp4"
    beside.touch()
    assert find_source("/nowhere/clip.mp4", tmp_path) == beside
