"""Entries of the usage log, what hides them, and the blocks in which they are appended."""

import hashlib
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError, TooLarge, Unsupported
from protocol.fields import Fields
from protocol.sovereignty.usage import (
    BLIND_SIZE,
    HOUR,
    MAX_ENTRY,
    Action,
    Addressee,
    BlindedEntry,
    UsageEntry,
    Use,
    blind_entry,
    log_of,
    make_block,
    number_use,
    read_log,
)
from tests.support.partners import BANK, RECEIPT, both
from tests.support.pki import DAY, NOW
from tests.support.strategies import almost, flip

WHY = both("Antrag auf Kindergeld", "Application for child benefit")
VIEWED = Use(NOW, Action.VIEWED, {"pid": (("family_name",), ("address", "locality"))}, "clerk, family benefits", WHY)
FORWARDED = replace(VIEWED, action=Action.FORWARDED, to=Addressee("Bank", BANK.identifier))
TO_LANDLORD = replace(FORWARDED, to=Addressee("landlord"))
DELAYED = replace(VIEWED, delayed=both("§ 34 BDSG", "Section 34 of the Data Protection Act"))
EVERY = (VIEWED, FORWARDED, TO_LANDLORD, DELAYED)
NAMES = ("viewed", "forwarded", "to a private person", "delayed")
ENTRY = UsageEntry(RECEIPT, 3, FORWARDED)
WIRE = ENTRY.to_dict()
BLIND = bytes(range(BLIND_SIZE))


def read(members):
    return UsageEntry.from_fields(Fields(members, "entry"))


def draws(seed=1):
    return Random(seed).randbytes


@pytest.mark.parametrize("use", EVERY, ids=NAMES)
def test_an_entry_is_read_as_it_was_written(use):
    entry = UsageEntry(RECEIPT, 0, use)
    assert read(entry.to_dict()) == entry


def test_what_does_not_apply_is_not_written():
    assert set(UsageEntry(RECEIPT, 0, VIEWED).to_dict()) == {"receipt", "n", "at", "action", "claims", "by", "why"}
    assert UsageEntry(RECEIPT, 0, TO_LANDLORD).to_dict()["to"] == {"name": "landlord"}


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"receipt": "1"}, Malformed),
        ({"n": -1}, Malformed),
        ({"n": 2**53}, Malformed),
        ({"n": True}, Malformed),
        ({"at": NOW + 0.5}, Malformed),
        ({"action": "sold"}, Unsupported),
        ({"claims": {}}, Malformed),
        ({"claims": {"pid": [["a"], ["a"]]}}, Malformed),
        ({"by": "<b>clerk</b>"}, Malformed),
        ({"by": " "}, Malformed),
        ({"by": "c" * 257}, Malformed),
        ({"why": None}, Malformed),
        ({"why": {"de": "<script>"}}, Malformed),
        ({"to": None}, Malformed),
        ({"action": "recipient_told", "to": None}, Malformed),
        ({"to": {"identifier": "X"}}, Malformed),
        ({"to": {"name": "\u202eknaB"}}, Malformed),
        ({"delayed": {}}, Malformed),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value.__name__,
)
def test_an_entry_that_says_too_little_is_refused(changes, flaw):
    with pytest.raises(flaw):
        read({**WIRE, **changes})


@given(almost(WIRE))
def test_nothing_but_a_refusal_comes_of_an_entry(members):
    try:
        found = BlindedEntry.from_members(members, BLIND, "entry")
    except ProtocolError:
        return
    assert read(found.entry.to_dict()) == found.entry


def test_a_leaf_is_the_hash_of_the_blind_and_the_one_spelling():
    found = blind_entry(ENTRY, lambda size: BLIND[:size])
    assert (found.entry, found.blind, found.members) == (ENTRY, BLIND, WIRE)
    assert found.leaf == hashlib.sha256(b"\0" + BLIND + rfc8785.dumps(WIRE)).digest()
    again = BlindedEntry.from_members(dict(reversed(WIRE.items())), BLIND, "entry")
    assert again.leaf == found.leaf


def test_members_that_nobody_knows_yet_are_hashed_too():
    known = BlindedEntry.from_members(WIRE, BLIND, "entry")
    more = BlindedEntry.from_members({**WIRE, "place": "1"}, BLIND, "entry")
    assert (more.entry, more.leaf != known.leaf) == (ENTRY, True)


@given(st.integers(0))
def test_another_blind_is_another_leaf(bit):
    assert (
        BlindedEntry.from_members(WIRE, flip(BLIND, bit), "entry").leaf
        != BlindedEntry.from_members(WIRE, BLIND, "").leaf
    )


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_blind_of_another_size_is_refused(size):
    with pytest.raises(Malformed):
        BlindedEntry.from_members(WIRE, bytes(size), "entry")


def test_an_entry_over_its_cap_is_refused():
    room = MAX_ENTRY - len(rfc8785.dumps({**WIRE, "x": ""}))
    BlindedEntry.from_members({**WIRE, "x": "x" * room}, BLIND, "entry")
    with pytest.raises(TooLarge):
        BlindedEntry.from_members({**WIRE, "x": "x" * (room + 1)}, BLIND, "entry")


def test_a_use_that_readers_would_refuse_gets_no_leaf():
    with pytest.raises(Malformed):
        blind_entry(UsageEntry(RECEIPT, 0, replace(FORWARDED, to=None)), draws())


def test_of_uses_that_differ_only_in_their_time_the_first_in_an_hour_is_written():
    start = NOW // HOUR * HOUR
    first = number_use(RECEIPT, replace(VIEWED, at=start), n=4, this_hour=())
    assert first == UsageEntry(RECEIPT, 4, replace(VIEWED, at=start))
    later = replace(VIEWED, at=start + HOUR - 1)
    assert number_use(RECEIPT, later, n=5, this_hour=(first,)) is None
    for other in (
        replace(later, at=start + HOUR),
        replace(later, at=start - 1),
        replace(later, by="search"),
        replace(later, claims={"pid": (("family_name",),)}),
        replace(later, action=Action.USED),
        replace(later, why=both("Anderes", "Other")),
        replace(later, to=Addressee("Bank")),
        replace(later, delayed=WHY),
    ):
        assert number_use(RECEIPT, other, n=5, this_hour=(first,)) == UsageEntry(RECEIPT, 5, other)
    assert number_use("another-0123456789abcdef", later, n=0, this_hour=(first,)) is not None


@pytest.mark.parametrize(("pending", "size"), [(0, 64), (1, 64), (63, 64), (64, 64), (65, 128), (129, 192)])
def test_a_block_is_filled_up_and_holds_all_that_is_pending(pending, size):
    leaves = [hashlib.sha256(b"%d" % i).digest() for i in range(pending)]
    block = make_block(leaves, draws())
    assert (len(block), {len(leaf) for leaf in block}) == (size, {32})
    assert len(set(block)) == size
    assert set(leaves) <= set(block)


def test_each_place_in_a_block_is_as_likely():
    leaf = b"\1" * 32
    random_bytes = draws()
    places = Counter(make_block([leaf], random_bytes).index(leaf) for _ in range(6400))
    assert set(places) == set(range(64))
    assert 50 < min(places.values()) <= max(places.values()) < 160  # 100 ± 6 standard deviations


def test_a_draw_that_would_favour_some_places_is_repeated():
    drawn = iter([b"\xff" * 4, bytes(4)])
    leaves = [b"%032d" % i for i in range(64)]
    used = []

    def random_bytes(size):
        used.append(size)
        return next(drawn, bytes(size))

    make_block(leaves, random_bytes)
    # 64 divides 2**32, 63 does not: the first draw is taken, and none of zeros is repeated
    assert len(used) == 63
    drawn = iter([bytes(4), b"\xff" * 4])
    used.clear()
    make_block(leaves, random_bytes)
    assert len(used) == 64


def test_a_block_belongs_to_the_year_in_which_its_hour_began():
    new_year = 1_798_761_600  # 2027-01-01T00:00:00Z
    assert [log_of(new_year + shift) for shift in (-HOUR, 0, HOUR, 300 * DAY)] == ["2026", "2026", "2027", "2027"]


def test_the_name_of_a_log_is_a_year():
    assert read_log(Fields({"log": "2026"}, "x"), "log") == "2026"
    for name in ("26", "20266", "202a", "²²²²", "../2", 2026):
        with pytest.raises(Malformed):
            read_log(Fields({"log": name}, "x"), "log")
