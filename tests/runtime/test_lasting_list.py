"""Lines that outlive a database: durable or not said to be, read past whatever is none, gone with their year."""

import os
import re
from pathlib import Path

import pytest

from protocol.errors import Unavailable
from runtime.lasting_list import MAX_LINE, LastingList
from tests.support.pki import DAY, NOW

ID, OTHER = "A" * 22, "B" * 22


@pytest.fixture
def kept(tmp_path):
    return LastingList(tmp_path / "kept", re.compile(r"[A-Za-z~]{16,600}"))


def test_what_was_written_is_there_for_its_owner_alone_and_durable(kept, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda opened: synced.append(Path(f"/proc/self/fd/{opened}").readlink()))
    kept.note((ID, OTHER), NOW)
    assert list(kept.lines()) == [ID, OTHER]
    [file] = kept.folder.iterdir()
    assert (file.stat().st_mode & 0o077, kept.folder.stat().st_mode & 0o077) == (0, 0)
    assert synced == [file, kept.folder]


def test_lines_are_read_whatever_a_crash_or_somebody_else_left_there(kept):
    kept.note((ID,), NOW + DAY)
    [file] = kept.folder.iterdir()
    with file.open("a", encoding="utf-8") as opened:
        opened.write("../../etc\n\numlaut-ä-und-noch-mehr\n" + OTHER[:20])
    kept.note((OTHER,), NOW + DAY)
    (kept.folder / "notes.txt").write_text(f"{'D' * 22}\n")
    assert list(kept.lines()) == [ID, OTHER]
    assert list(kept.portions(1)) == [(ID,), (OTHER,)]


def test_no_part_of_a_line_that_is_too_long_is_one_and_what_comes_after_it_is(kept):
    kept.note((ID,), NOW)
    [file] = kept.folder.iterdir()
    file.write_text("C" * MAX_LINE + "\n" + "D" * (2 * MAX_LINE + 100) + "\n" + OTHER + "\n" + "E" * 22)
    assert list(kept.lines()) == ["C" * MAX_LINE, OTHER]


@pytest.mark.parametrize("line", ["short", f"{ID}\n{OTHER}", "ä" * 22, "~" * 22, "C" * 513])
def test_what_is_no_line_is_not_written(kept, line):
    with pytest.raises(ValueError, match="no line of this list"):
        kept.note((ID, line), NOW)
    assert not kept.folder.exists()


def test_a_year_that_is_over_goes_as_a_whole(kept):
    kept.note((ID,), NOW)
    kept.note((OTHER,), NOW + 400 * DAY)
    kept.forget_before(NOW)
    assert list(kept.lines()) == [ID, OTHER]
    kept.forget_before(NOW + 380 * DAY)
    assert list(kept.lines()) == [OTHER]


def test_a_folder_that_is_none_yet_is_empty_and_one_that_cannot_be_is_said(kept, tmp_path):
    assert list(kept.lines()) == []
    kept.forget_before(NOW)
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        LastingList(tmp_path / "file" / "folder", kept.line).note((ID,), NOW)


def test_half_of_it_written_is_not_written(kept, monkeypatch):
    written = os.write
    monkeypatch.setattr(os, "write", lambda opened, content: written(opened, content[:10]))
    with pytest.raises(Unavailable):
        kept.note((ID,), NOW)
