"""The witness sees what partners show of their usage logs, and remembers: growth, lies, silence and strangers."""

import pytest

from capabilities.status_publisher.records import EntryState
from protocol.encoding import encode_json
from protocol.errors import NotFound, Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from protocol.sovereignty.partner_directory import KEPT_HEADS, MAX_COCKPITS, verify_partner_directory
from protocol.sovereignty.usage import HOUR
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from registrar.policy import holder_of
from registrar.witnessed import Finding, sight_of
from runtime.access_certificates import AccessTerms, issue_access_certificate
from runtime.driver import drive
from tests.protocol.sovereignty.logs import RECEIVED, VIEWED, Log
from tests.support.announced import COCKPIT, ISSUING, Cockpits, both_of, partner_of, partners_of
from tests.support.pki import DAY, NOW, seeded, seeded_key
from tests.support.registrar import CINEMA, OPERATOR, URL, cinema


@pytest.fixture
def cinema_partner(office):
    return partner_of(office)


def look(partner):
    """Look at a partner as the hour's worker does; how it stands now."""
    office = partner.office
    cockpits = Cockpits({"kino.example": partner})
    return drive(office.registrar.witness.look(only(office)), office.store, cockpits)


def only(office):
    """The one cockpit of the cinema."""
    [cockpit] = office.store.witness.partner(CINEMA)
    return cockpit


def next_hour(partner, *uses):
    partner.office.clock.move(HOUR)
    log = partner.logs["2026"]
    log.add(*uses)
    log.hour()


def directory(office, known=None):
    token = office.run(office.registrar.documents.partners()).token.decode()
    anchors = TrustAnchors((TrustAnchor(office.registrar.context.authority, Role.REGISTRATION_PROVIDER, "register"),))
    return verify_partner_directory(token, anchors=anchors, now=office.clock.now, known=known).says


def listed(office):
    [partner] = directory(office).partners
    [cockpit] = partner.cockpits
    return cockpit


def test_a_partner_is_listed_from_the_moment_of_its_registration(office, cinema_partner):
    assert listed(office).cockpit_endpoint == cinema_partner.endpoint
    assert listed(office).heads == ()


def test_heads_are_taken_in_while_the_log_grows_and_the_newest_six_stay(office, cinema_partner):
    for number in range(KEPT_HEADS + 2):
        next_hour(cinema_partner, *([RECEIVED, VIEWED] if number == 0 else []))
        assert look(cinema_partner).finding == ""
    sizes = [head.tree.size for head in sight_of(only(office)).witnessed.heads]
    assert sizes == [64 * number for number in range(4, 4 + KEPT_HEADS)]
    assert only(office).reached_at == office.clock.now


def test_every_log_is_fetched_the_first_time_and_then_those_since_the_last_year(cinema_partner):
    cinema_partner.logs["2025"] = Log(year="2025", seed=5).hour()
    assert {head.log for head in sight_of(look(cinema_partner)).witnessed.heads} == {"2025", "2026"}
    cinema_partner.asked.clear()
    look(cinema_partner)
    assert cinema_partner.asked == ["head?log=2027", "head?log=2026"]
    # Well into the new year the log of the old one is closed
    cinema_partner.logs["2027"] = Log(year="2027", seed=7).hour()
    look(cinema_partner)
    cinema_partner.office.clock.move(40 * DAY)
    cinema_partner.asked.clear()
    look(cinema_partner)
    assert cinema_partner.asked == ["head?log=2027"]


def test_a_forked_log_is_a_finding_for_ever(office, cinema_partner):
    look(cinema_partner)
    honest = cinema_partner.logs["2026"]
    cinema_partner.logs["2026"] = Log(seed=2).hour()
    office.clock.move(HOUR)
    broken = look(cinema_partner)
    assert (broken.finding, broken.broken_since) == (Finding.BROKEN, office.clock.now)
    known = sight_of(broken)
    assert len(known.evidence) == 2
    assert [head.tree for head in known.witnessed.heads] == [honest.head().tree]
    # What is shown later heals nothing
    cinema_partner.logs["2026"] = honest.hour()
    office.clock.move(HOUR)
    healed = look(cinema_partner)
    assert (healed.finding, healed.broken_since, healed.evidence) == ("", broken.broken_since, broken.evidence)
    assert listed(office).broken_since == broken.broken_since


def test_a_log_that_did_not_grow_out_of_what_was_seen_is_a_finding_with_its_proof(office, cinema_partner):
    look(cinema_partner)
    cinema_partner.logs["2026"] = Log(seed=2).hour().hour()
    office.clock.move(HOUR)
    broken = look(cinema_partner)
    assert broken.finding == Finding.BROKEN
    assert len(sight_of(broken).evidence) == 3
    assert [head.tree.size for head in sight_of(broken).witnessed.heads] == [64]


def test_a_log_that_became_shorter_is_a_finding(office, cinema_partner):
    next_hour(cinema_partner)
    look(cinema_partner)
    cinema_partner.logs["2026"] = Log().hour()
    office.clock.move(HOUR)
    assert look(cinema_partner).broken_since == office.clock.now


def test_an_old_head_from_some_cache_is_no_lie(office, cinema_partner):
    next_hour(cinema_partner)
    look(cinema_partner)
    cinema_partner.logs["2026"] = Log().hour()
    cinema_partner.age = HOUR
    seen = look(cinema_partner)
    assert (seen.finding, seen.broken_since) == (Finding.STALE, None)


def test_a_head_that_was_kept_for_too_long_counts_for_nothing(cinema_partner):
    cinema_partner.age = 2 * HOUR + 1
    seen = look(cinema_partner)
    assert (seen.finding, seen.heads) == (Finding.STALE, "[]")


def test_the_signature_of_a_stranger_counts_for_nothing(office, cinema_partner):
    stranger = partner_of(
        office, number=701, identifier="NTRDE-HRB 5", trade_name="Other", cockpit_endpoint="https://kino.example/other"
    )
    cinema_partner.key, cinema_partner.chain = stranger.key, stranger.chain
    seen = look(cinema_partner)
    assert (seen.finding, seen.heads, seen.broken_since) == (Finding.STRANGER, "[]", None)


@pytest.mark.parametrize("end", ["revoked", "rests"])
def test_a_certificate_that_holds_no_more_signs_no_head(office, cinema_partner, end):
    """T091"""
    [certificate] = office.store.certificates_of(CINEMA)
    if end == "revoked":
        office.run(office.registrar.certificates.revoke(certificate.id, OPERATOR))
    else:
        office.run(office.registrar.parties.suspend(CINEMA, "x", OPERATOR))
    assert look(cinema_partner).finding == Finding.STRANGER


def test_an_intermediary_signs_for_whoever_it_speaks_for(office):
    speaker = partner_of(
        office, number=702, identifier="NTRDE-HRB 7", is_intermediary=True, cockpit_endpoint=None, trade_name="Speaker"
    )
    partner = partner_of(office, intermediary={"identifier": "NTRDE-HRB 7", "name": "Speaker"})
    partner.key, partner.chain = speaker.key, speaker.chain
    assert look(partner).finding == ""


def test_an_intermediary_that_only_applied_changes_nothing(office):
    office.run(office.registrar.parties.apply(cinema(identifier="NTRDE-HRB 7", is_intermediary=True, uses=None)))
    assert look(partner_of(office, intermediary={"identifier": "NTRDE-HRB 7", "name": "Speaker"})).finding == ""


def test_a_certificate_of_our_authority_that_nobody_was_given_signs_no_head(office, cinema_partner):
    """T091"""
    terms = AccessTerms(f"{URL}/practices", f"{URL}/access.crl", f"{URL}/access.cer", days=1)
    authority, key = office.registrar.context.access_authority, seeded_key(705)
    leaf = issue_access_certificate(
        authority, key.public_key, holder_of(cinema()), terms, now=NOW, random_bytes=seeded(705)
    )
    cinema_partner.key, cinema_partner.chain = key, (leaf,)
    assert look(cinema_partner).finding == Finding.STRANGER


@pytest.mark.parametrize("second", [Finding.GONE, Finding.NO_PROOF])
def test_of_several_findings_the_first_is_told(office, cinema_partner, second):
    look(cinema_partner)
    next_hour(cinema_partner)
    cinema_partner.logs["2027"] = cinema_partner.logs["2026"]  # another log than was asked for
    if second is Finding.GONE:
        del cinema_partner.logs["2026"]
    else:
        cinema_partner.answers["consistency"] = HttpResponse(404, (), b"")
    assert look(cinema_partner).finding == Finding.STRANGER
    cinema_partner.logs.pop("2027")
    assert look(cinema_partner).finding == second


def test_a_head_that_is_served_as_something_else_is_none(cinema_partner):
    good = cinema_partner.respond(HttpRequest("GET", f"{COCKPIT}/head?log=2026"))
    cinema_partner.answers["head"] = HttpResponse(200, (("content-type", "text/html"),), good.body)
    assert look(cinema_partner).finding == Finding.UNREADABLE


def test_every_round_that_ended_is_counted_and_nobody_is_a_partner_who_never_was(office):
    witness = office.registrar.witness
    for rounds in range(3):
        assert office.store.witness.rounds_ended() == rounds
        hour = office.run(witness.take_hour("worker"))
        assert office.run(witness.end_hour(hour, "worker"))
        office.clock.move(HOUR)
    with pytest.raises(NotFound):
        office.run(witness.partner("NTRDE-HRB 9"))


@pytest.mark.parametrize(
    ("path", "answer", "finding"),
    [
        ("head", Unreachable("no answer in time"), Finding.UNREACHABLE),
        ("head", HttpResponse(500, (), b""), Finding.UNREACHABLE),
        ("head", HttpResponse(302, (("location", "https://evil.example"),), b""), Finding.UNREACHABLE),
        ("head", HttpResponse(404, (), b""), Finding.GONE),
        ("head", HttpResponse(200, (("content-type", "text/html"),), b"x"), Finding.UNREADABLE),
        ("head", HttpResponse(200, (("content-type", "application/jwt"),), b"\xff"), Finding.UNREADABLE),
        ("head", HttpResponse(200, (("content-type", "application/jwt"),), b"a.b.c"), Finding.UNREADABLE),
        ("consistency", Unreachable("no answer in time"), Finding.UNREACHABLE),
        ("consistency", HttpResponse(404, (), b""), Finding.NO_PROOF),
        ("consistency", HttpResponse(200, (("content-type", "application/json"),), b"{"), Finding.NO_PROOF),
        (
            "consistency",
            HttpResponse(
                200,
                (("content-type", "application/json"),),
                encode_json({"log": "2026", "from": 0, "to": 64, "consistency": []}),
            ),
            Finding.NO_PROOF,
        ),
    ],
)
def test_who_does_not_answer_has_not_lied(office, cinema_partner, path, answer, finding):
    look(cinema_partner)
    before = only(office)
    next_hour(cinema_partner)
    cinema_partner.answers[path] = answer
    seen = look(cinema_partner)
    assert (seen.finding, seen.broken_since, seen.heads) == (finding, None, before.heads)
    assert (seen.looked_at, seen.reached_at) == (office.clock.now, NOW)
    cinema_partner.answers.clear()
    assert look(cinema_partner).finding == ""


def test_whoever_rests_is_removed_or_gives_up_its_cockpit_stays_listed_with_its_past(office, cinema_partner):
    look(cinema_partner)
    heads = listed(office).heads
    office.run(office.registrar.parties.suspend(CINEMA, "x", OPERATOR))
    assert listed(office).heads == heads
    assert office.store.witness.due(before=NOW + DAY, limit=9) == ()
    office.run(office.registrar.parties.resume(CINEMA, OPERATOR))
    assert len(office.store.witness.due(before=NOW + DAY, limit=9)) == 1
    office.run(office.registrar.parties.remove(CINEMA, "x", OPERATOR))
    assert listed(office).heads == heads


def test_an_endpoint_that_is_given_up_is_called_no_more_and_a_new_one_takes_its_place(office):
    """What was seen at the old one stays listed: nobody begins again quietly."""
    key = office.register(cinema(cockpit_endpoint=COCKPIT))
    [partner] = partners_of(office, key, 700)
    look(partner)
    for changed, active in ((None, [False]), ("https://kino.example/new", [True, False])):
        office.run(office.registrar.parties.propose(key, cinema(cockpit_endpoint=changed)))
        office.approve(CINEMA)
        assert [cockpit.active for cockpit in office.store.witness.partner(CINEMA)] == active
    [listed] = directory(office).partners
    new, old = listed.cockpits
    assert (new.cockpit_endpoint, new.heads) == ("https://kino.example/new", ())
    assert (old.cockpit_endpoint, old.heads) == (COCKPIT, (partner.logs["2026"].head(),))
    assert [due.cockpit_endpoint for due in office.store.witness.due(before=NOW + DAY, limit=9)] == [
        new.cockpit_endpoint
    ]


def test_a_change_of_the_endpoint_alone_ends_no_certificate(office):
    key = office.register(cinema(cockpit_endpoint="https://kino.example/cockpit"))
    stage = office.run(office.registrar.parties.registered(key))
    office.run(office.registrar.certificates.registrations(stage, "test"))
    office.run(office.registrar.parties.propose(key, cinema(cockpit_endpoint="https://kino.example/new")))
    office.approve(CINEMA)
    assert {given.state for given in office.store.certificates_of(CINEMA)} == {EntryState.VALID}


def test_the_first_of_two_looks_counts(office, cinema_partner):
    stored = only(office)
    after = look(cinema_partner)
    late = office.run(office.registrar.witness.note_slow(stored))
    assert late == stored
    assert only(office) == after
    # Also where nothing grew between the two
    office.clock.move(HOUR)
    again = look(cinema_partner)
    assert office.run(office.registrar.witness.note_slow(after)) == after
    assert only(office) == again


def test_heads_of_logs_that_closed_long_ago_are_thinned_to_the_last(office, cinema_partner):
    """Otherwise the heads of eleven years would be more than anybody reads of one partner."""
    for _ in range(3):
        next_hour(cinema_partner)
        look(cinema_partner)
    assert len(listed(office).heads) == 3
    office.clock.move(700 * DAY)
    cinema_partner.logs["2028"] = Log(year="2028", seed=8).hour()
    stored = only(office)
    office.run(office.registrar.witness.note_slow(stored))
    assert [head.tree.size for head in listed(office).heads] == [4 * 64]


def look_at_both(office, both):
    """Look at everything that is due in this hour; what was found, by address."""
    found = {}
    for cockpit in office.store.witness.due(before=office.clock.now + 1, limit=9):
        seen = drive(office.registrar.witness.look(cockpit), office.store, Cockpits(both))
        found[seen.cockpit_endpoint] = seen.finding
    return found


def test_who_issues_and_asks_is_one_partner_and_each_of_its_logs_is_looked_at(office):
    _, both = both_of(office)
    assert look_at_both(office, both) == {COCKPIT: "", ISSUING: ""}
    [partner] = directory(office).partners
    assert partner.organisation.identifier == CINEMA
    heads = {cockpit.cockpit_endpoint: cockpit.heads for cockpit in partner.cockpits}
    asking, issuing = (both[host].logs["2026"].head() for host in ("kino.example", "karten.kino.example"))
    assert asking != issuing
    assert heads == {COCKPIT: (asking,), ISSUING: (issuing,)}


def test_a_lie_in_one_log_is_no_lie_in_the_other_and_stays_with_its_own(office):
    _, both = both_of(office)
    look_at_both(office, both)
    issuing = both["karten.kino.example"]
    issuing.logs["2026"] = Log(seed=9).hour()
    both["kino.example"].logs["2026"].hour()
    office.clock.move(HOUR)
    assert look_at_both(office, both) == {COCKPIT: "", ISSUING: Finding.BROKEN}
    broken = {cockpit.cockpit_endpoint: cockpit.broken_since for cockpit in directory(office).partners[0].cockpits}
    assert broken == {COCKPIT: None, ISSUING: office.clock.now}


def test_one_log_in_the_place_of_the_other_is_seen(office):
    """Both are signed by the same party: a log belongs to its address."""
    _, both = both_of(office)
    look_at_both(office, both)
    both["kino.example"].logs, both["karten.kino.example"].logs = (
        both["karten.kino.example"].logs,
        both["kino.example"].logs,
    )
    office.clock.move(HOUR)
    assert look_at_both(office, both) == {COCKPIT: Finding.BROKEN, ISSUING: Finding.BROKEN}


def test_a_cockpit_that_is_given_up_while_another_stays_keeps_its_past_and_its_lie(office):
    key, both = both_of(office)
    look_at_both(office, both)
    both["karten.kino.example"].logs["2026"] = Log(seed=9).hour()
    office.clock.move(HOUR)
    look_at_both(office, both)
    addresses = ["https://kino.example", "https://karten.kino.example"]
    office.run(office.registrar.parties.propose(key, cinema(cockpit_endpoint=COCKPIT, addresses=addresses)))
    office.approve(CINEMA)
    office.clock.move(HOUR)
    assert look_at_both(office, both) == {COCKPIT: ""}
    [partner] = directory(office).partners
    assert [cockpit.broken_since for cockpit in partner.cockpits] == [None, office.clock.now - HOUR]


def test_of_more_cockpits_than_there_is_room_for_those_are_listed_that_are_there_or_broken(office):
    key, both = both_of(office)
    both["karten.kino.example"].logs["2026"] = Log(seed=9).hour()
    for _ in range(2):
        look_at_both(office, both)
        both["karten.kino.example"].logs["2026"] = Log(seed=8).hour()
        office.clock.move(HOUR)
    endpoint = ""
    for number in range(MAX_COCKPITS):
        endpoint = f"https://kino.example/{number}"
        office.run(office.registrar.parties.propose(key, cinema(cockpit_endpoint=endpoint)))
        office.approve(CINEMA)
    assert len(office.store.witness.partner(CINEMA)) == MAX_COCKPITS + 2
    [partner] = directory(office).partners
    assert len(partner.cockpits) == MAX_COCKPITS
    assert partner.cockpits[0].cockpit_endpoint == endpoint
    assert (partner.cockpits[1].cockpit_endpoint, partner.cockpits[1].broken_since is None) == (ISSUING, False)
