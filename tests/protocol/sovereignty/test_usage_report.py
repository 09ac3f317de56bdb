"""What a partner reports, and what the wallet believes of it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotForThisRequest,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    RolledBack,
    TooLarge,
)
from protocol.fields import Fields
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.merkle import TreeHead
from protocol.sovereignty.signing import MAX_AHEAD, MAX_OBJECT, sign_as_organisation
from protocol.sovereignty.usage import MAX_ENTRY, Action, UsageEntry, blind_entry
from protocol.sovereignty.usage_report import (
    MAX_ENTRIES,
    MAX_NEWS,
    TYP,
    Asked,
    News,
    PastChanged,
    ReportedEntry,
    Seen,
    UsageReport,
    UsageRequest,
    check_past,
    check_report,
    fill_report,
    sign_usage_report,
    verify_usage_report,
)
from tests.protocol.sovereignty.logs import FORWARDED, RECEIVED, VIEWED, Log
from tests.support.partners import AGENCY, BANK, RECEIPT, both, known_partners, partner_anchors
from tests.support.pki import NOW
from tests.support.strategies import almost, flip

OFFER = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fagency.example%2Fo%2F1"
NEWS = News(NOW, both("Bewilligt", "Granted"), OFFER)


def grown():
    """A log in which two entries stand and one is pending, and the head that was seen before."""
    log = Log(RECEIVED).hour()
    seen = log.head()
    log.add(VIEWED)
    log.hour()
    log.add(FORWARDED)
    return log, seen


LOG, SEEN = grown()
REPORT = replace(LOG.report(seen=64), news=(NEWS,))
ASKED = Asked(RECEIPT, NOW + 290, seen=SEEN, known=(SEEN,), last_report_at=NOW + 10)


def signed(report=REPORT, organisation=AGENCY):
    pki = known_partners()[organisation]
    return sign_usage_report(report, pki.signer, pki.x5c)


def forged(report=REPORT, **changes):
    pki = known_partners()[AGENCY]
    return sign_as_organisation(TYP, {**report.to_claims(), **changes}, pki.signer, pki.x5c)


def verify(text, *, asked=ASKED, now=NOW + 300):
    return verify_usage_report(text, asked, partner=(AGENCY,), anchors=partner_anchors(), now=now)


def test_a_report_is_read_as_it_was_made_and_holds():
    found = verify(signed())
    assert (found.says, found.signed.signer) == (REPORT, AGENCY)
    assert [entry.place is None for entry in found.says.entries] == [False, False, True]
    check_report(found.says, ASKED)


def test_the_first_report_knows_nothing_before():
    check_report(LOG.report(), Asked(RECEIPT, NOW))
    empty = UsageReport(RECEIPT, NOW + 300, ())
    assert verify(signed(empty), asked=Asked(RECEIPT, NOW)).says == empty


OTHER = ReportedEntry(blind_entry(UsageEntry("b" * 22, 0, RECEIVED), bytes))
AHEAD = blind_entry(UsageEntry(RECEIPT, 3, replace(VIEWED, at=NOW + 301 + MAX_AHEAD)), bytes)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(signed(organisation=BANK), NotTrusted, id="somebody else"),
        pytest.param(forged(receipt="b" * 22), NotForThisRequest, id="another receipt"),
        pytest.param(forged(entries=[OTHER.to_dict()]), NotForThisRequest, id="an entry of another receipt"),
        pytest.param(forged(iat=NOW + 290 - MAX_AHEAD - 1), NotValidNow, id="from before the question"),
        pytest.param(forged(iat=NOW + 301 + MAX_AHEAD), NotValidNow, id="from the future"),
        pytest.param(forged(iat=NOW + 9), RolledBack, id="older than the last one"),
        pytest.param(forged(entries=[ReportedEntry(AHEAD).to_dict()]), NotValidNow, id="an entry from the future"),
        pytest.param(forged(entries=[], more=True), Malformed, id="to be asked for forever"),
        pytest.param(forged(more="yes"), Malformed, id="neither more nor not"),
        pytest.param(forged(heads=[SEEN.to_dict(), LOG.head().to_dict()]), Malformed, id="two heads of a log"),
        pytest.param(forged(consistency=["AA"]), Malformed, id="no proof"),
        pytest.param(forged(news=[{"at": NOW}]), Malformed, id="news that say nothing"),
        pytest.param(
            forged(news=[{**NEWS.to_dict(), "offer": "javascript:alert(1)"}]), Malformed, id="an offer that is a script"
        ),
        pytest.param(forged(news=[NEWS.to_dict()] * (MAX_NEWS + 1)), Malformed, id="too many news"),
        pytest.param(forged(x="x" * MAX_OBJECT), TooLarge, id="too large"),
    ],
)
def test_a_report_that_lies_about_itself_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify(text)


@pytest.mark.parametrize("gone", ["log", "index", "inclusion", "blind", "entry"])
def test_a_place_is_named_as_a_whole(gone):
    entry = REPORT.entries[0].to_dict()
    del entry[gone]
    with pytest.raises(Malformed):
        verify(forged(entries=[entry]))


@settings(max_examples=60)
@given(st.integers(0))
def test_any_flipped_bit_is_refused(bit):
    with pytest.raises(ProtocolError):
        verify(flip(signed().encode(), bit).decode("latin-1"))


@given(almost(REPORT.to_claims()))
def test_nothing_but_a_refusal_comes_of_a_report(claims):
    try:
        found = UsageReport.from_fields(Fields(claims, "report"))
    except ProtocolError:
        return
    assert UsageReport.from_fields(Fields(found.to_claims(), "report")) == found


def altered(report, position, **changes):
    """The same, with another entry in a place of the tree."""
    reported = report.entries[position]
    use = replace(reported.blinded.entry.use, **changes)
    blinded = blind_entry(replace(reported.blinded.entry, use=use), lambda _: reported.blinded.blind)
    entries = list(report.entries)
    entries[position] = reported._replace(blinded=blinded)
    return replace(report, entries=tuple(entries))


FORK = Log(replace(RECEIVED, by="another")).hour().hour()
FIRST, SECOND, THIRD = REPORT.entries


@pytest.mark.parametrize(
    ("report", "flaw"),
    [
        pytest.param(replace(REPORT, entries=(SECOND, FIRST, THIRD)), Malformed, id="reordered"),
        pytest.param(replace(REPORT, entries=(FIRST, FIRST)), Malformed, id="one twice"),
        pytest.param(altered(REPORT, 0, action=Action.KEPT), NotAuthentic, id="altered"),
        pytest.param(
            replace(REPORT, entries=(FIRST._replace(place=SECOND.place),)), NotAuthentic, id="in another's place"
        ),
        pytest.param(
            replace(REPORT, entries=(FIRST._replace(place=replace(FIRST.place, log="2025")),)),
            NotAuthentic,
            id="in a log without a head",
        ),
        pytest.param(replace(REPORT, consistency=()), PastChanged, id="no proof of the past"),
        pytest.param(
            replace(REPORT, entries=(), heads=(FORK.head(),), consistency=FORK.growth(64).consistency),
            PastChanged,
            id="a fork",
        ),
        pytest.param(
            replace(REPORT, entries=(), heads=(Log(seed=3).hour().head(),), consistency=()),
            PastChanged,
            id="a fork of the same size",
        ),
        pytest.param(replace(REPORT, entries=(), heads=(LOG.head(63),)), PastChanged, id="shorter"),
        pytest.param(replace(REPORT, entries=(), heads=()), PastChanged, id="gone"),
    ],
)
def test_a_report_that_contradicts_what_is_known_is_refused(report, flaw):
    with pytest.raises(flaw):
        check_report(report, ASKED)


def test_a_report_starts_after_what_is_known():
    check_report(LOG.report(after=0, seen=64), replace(ASKED, after=0))
    with pytest.raises(Malformed):
        check_report(REPORT, replace(ASKED, after=0))


def test_a_log_that_nobody_asked_a_proof_for_does_not_shrink_either():
    closed = LogHead("2025", TreeHead(128, b"\1" * 32))
    asked = replace(ASKED, known=(SEEN, closed))
    check_past(replace(REPORT, heads=(*REPORT.heads, closed)), asked)
    for other in ((), (LogHead("2025", TreeHead(64, b"\1" * 32)),), (LogHead("2025", TreeHead(128, b"\2" * 32)),)):
        with pytest.raises(PastChanged):
            check_past(replace(REPORT, heads=(*REPORT.heads, *other)), asked)


@pytest.mark.parametrize(
    "report",
    [
        replace(REPORT, entries=(SECOND, FIRST)),
        altered(REPORT, 0, action=Action.KEPT),
        replace(REPORT, entries=(), more=True),
        replace(REPORT, receipt="1"),
        replace(REPORT, news=(NEWS,) * (MAX_NEWS + 1)),
    ],
    ids=["reordered", "altered", "forever", "no receipt", "too many news"],
)
def test_a_partner_does_not_sign_what_would_be_refused(report):
    with pytest.raises(ValueError, match=r"."):
        signed(report)


def test_a_report_holds_as_many_entries_as_it_has_room_for():
    log = Log(*([RECEIVED] * 200)).hour()
    entries = log.report().entries
    bare = replace(log.report(), entries=(), news=(NEWS,))
    first = fill_report(bare, entries)
    assert (first.more, 20 < len(first.entries) < 200) == (True, True)
    rest = entries
    for _ in range(20):
        part = fill_report(bare, rest)
        assert len(signed(part)) <= MAX_OBJECT
        rest = rest[len(part.entries) :]
        if not part.more:
            break
    assert rest == ()


def test_a_report_has_at_most_its_cap_of_entries():
    small = [{"entry": {}, "blind": ""}] * (MAX_ENTRIES + 1)
    with pytest.raises(Malformed, match="at most 500"):
        verify(forged(entries=small))


def test_the_largest_entry_fits_into_a_report():
    blinded = LOG.entries[0]
    room = MAX_ENTRY - len(str(blinded.members)) - 100
    large = replace(blinded, members={**blinded.members, "x": "x" * room})
    bare = replace(REPORT, entries=())
    assert len(fill_report(bare, [ReportedEntry(large)]).entries) == 1


@pytest.mark.parametrize(
    "request_", [UsageRequest(), UsageRequest(0), UsageRequest(seen=Seen("2026", 64)), UsageRequest(7, Seen("2026", 0))]
)
def test_a_request_is_read_as_it_was_made(request_):
    assert UsageRequest.from_dict(request_.to_dict()) == request_


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"after": -1},
        {"after": "0"},
        {"seen": []},
        {"seen": {"log": "x", "tree_size": 1}},
        {"seen": {"log": "2026"}},
    ],
)
def test_a_request_that_cannot_be_is_refused(body):
    with pytest.raises(Malformed):
        UsageRequest.from_dict(body)


def test_a_report_that_would_be_too_long_to_read_is_not_made():
    log = Log(RECEIVED).hour()
    log.add(*[replace(VIEWED, at=NOW + 60 + n, why=both("x" * 400, "y" * 400)) for n in range(60)])
    with pytest.raises(ValueError, match=str(MAX_OBJECT)):
        signed(log.report())
    whole = log.report()
    part = fill_report(replace(whole, entries=()), whole.entries)
    assert part.more
    assert len(signed(part)) <= MAX_OBJECT
