"""The catalogue as everybody gets it: signed, the same for all, true now, and never older than what was read before."""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.encoding import encode_base64url, sha256
from protocol.errors import Conflict, NotTrusted, RolledBack, Unavailable
from protocol.sovereignty.catalogue import verify_catalogue
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from registrar.policy import DAY, USUAL_LIFETIMES
from registrar.service.documents import DocumentService
from registrar.service.numbered import Numbered
from registrar.session import proposal_id
from tests.support.announced import announce, entry, hand_in, partner_of
from tests.support.pki import NOW
from tests.support.registrar import CINEMA, OPERATOR, agency, cinema, make_office, use

GIVEN = {"issuer": "https://buergeramt.example", "credential_configuration_id": "id", "vct": "urn:eudi:pid:1"}


@pytest.fixture
def key(office):
    return office.register(cinema())


def anchors_of(office):
    return TrustAnchors((TrustAnchor(office.registrar.context.authority, Role.REGISTRATION_PROVIDER, "register"),))


def token(office, documents=None):
    return office.run((documents or office.registrar.documents).catalogue()).token.decode()


def read(office, known_seq=None, documents=None):
    text = token(office, documents)
    return verify_catalogue(text, anchors=anchors_of(office), now=office.clock.now, known_seq=known_seq).says


def ids(office):
    return [service.id for service in read(office).services]


def another_worker(office):
    return DocumentService(office.registrar.context, Numbered(office.registrar.context))


def test_an_empty_catalogue_is_there_from_the_first_day(office):
    says = read(office)
    assert (says.seq, says.issued_at, says.expires_at, says.services) == (1, NOW, NOW + USUAL_LIFETIMES.catalogue, ())


def test_a_service_is_in_it_from_the_moment_of_the_decision(office, key):
    assert hand_in(office, key, entry()).status == 200
    assert ids(office) == []
    line = office.run(office.registrar.offerings.line("film-club"))
    office.run(office.registrar.offerings.approve("film-club", proposal_id(line.offering.proposed), OPERATOR))
    says = read(office, known_seq=1)
    [service] = says.services
    assert says.seq == 2
    assert service.to_dict() == entry()


def test_who_rests_or_is_removed_is_out_at_once_and_back_when_they_go_on(office, key):
    """T090"""
    announce(office, key, entry())
    parties = office.registrar.parties
    office.run(parties.suspend(CINEMA, "x", OPERATOR))
    assert ids(office) == []
    office.run(parties.resume(CINEMA, OPERATOR))
    assert ids(office) == ["film-club"]
    office.run(parties.remove(CINEMA, "x", OPERATOR))
    assert ids(office) == []
    assert not office.run(office.registrar.offerings.line("film-club")).offering.proposed


def test_a_registration_that_does_not_cover_it_any_more_takes_it_out_and_says_so(office, key):
    announce(office, key, entry(), entry(id="snacks", needs=None))
    other = [{"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [["family_name"]]}]
    office.run(office.registrar.parties.propose(key, cinema(uses=[use(credentials=other)])))
    assert ids(office) == ["film-club", "snacks"]
    office.approve(CINEMA)
    assert ids(office) == ["snacks"]
    [told] = [one for one in office.call("GET", "/api/application/services", key=key).json() if one["state"] == "out"]
    assert told["reason"].startswith("film-club: needs data that its registered purpose does not ask for: pid")
    assert ("service out", "film-club") in [(one.action, one.detail) for one in office.store.audit(limit=9)]
    # Covered again, it comes back by a decision only
    office.run(office.registrar.parties.propose(key, cinema()))
    office.approve(CINEMA)
    assert ids(office) == ["snacks"]


def test_what_somebody_gives_who_issues_no_more_is_left_out(office, key):
    office.register(agency())
    announce(office, key, entry(gives=[GIVEN]))
    assert [len(service.gives) for service in read(office).services] == [1]
    office.run(office.registrar.parties.suspend(agency().identifier, "x", OPERATOR))
    assert [len(service.gives) for service in read(office).services] == [0]
    office.run(office.registrar.parties.resume(agency().identifier, OPERATOR))
    assert [len(service.gives) for service in read(office).services] == [1]


@pytest.mark.parametrize(
    "changed",
    [
        {"provides": [{"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:de:1"]}]},
        {"addresses": ["https://elsewhere.example"]},
    ],
    ids=["another type", "another host"],
)
def test_what_somebody_gives_is_left_out_where_they_are_not_registered_for_it_any_more(office, key, changed):
    issuing = office.register(agency())
    announce(office, key, entry(gives=[GIVEN]))
    office.run(office.registrar.parties.propose(issuing, agency(**changed)))
    office.approve(agency().identifier)
    assert [len(service.gives) for service in read(office).services] == [0]


def test_it_is_published_when_something_changes_and_before_it_expires(office, key):
    """T088"""
    first = token(office)
    office.clock.move(DAY)
    office.register(agency())
    assert token(office) == first
    office.clock.move(3 * DAY)
    assert read(office, known_seq=1).seq == 2
    announce(office, key, entry())
    assert read(office, known_seq=2).seq == 3
    with pytest.raises(RolledBack):
        verify_catalogue(first, anchors=anchors_of(office), now=office.clock.now, known_seq=3)


def test_nobody_else_publishes_it(office, tmp_path):
    stranger = make_office(f"sqlite:///{tmp_path}/other.db", seed=50)
    try:
        with pytest.raises(NotTrusted):
            verify_catalogue(token(stranger), anchors=anchors_of(office), now=NOW, known_seq=None)
    finally:
        stranger.close()


def test_no_worker_goes_back_behind_one_whose_clock_is_ahead(stored_office):
    """T088: the one renewed what was half over for it, and for the other it is not."""
    office = stored_office
    ahead = another_worker(office)
    assert read(office).seq == 1
    office.clock.move(USUAL_LIFETIMES.catalogue // 2)
    assert read(office, documents=ahead).seq == 2
    office.clock.move(-60)
    assert read(office, known_seq=2).seq == 2


def test_a_worker_that_starts_anew_serves_what_was_published(office, key):
    """T088: after a crash as well."""
    announce(office, key, entry())
    assert token(office, another_worker(office)) == token(office)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(["announce", "suspend", "resume", "withdraw", "late", "ask 0", "ask 1"]), max_size=14))
def test_whatever_happens_in_whichever_worker_the_number_never_runs_back(tmp_path_factory, deeds):
    """T088"""
    office = make_office(f"sqlite:///{tmp_path_factory.mktemp('numbers')}/registrar.db")
    key = office.register(cinema())
    workers, seen = [another_worker(office) for _ in range(2)], 0
    texts: dict[int, str] = {}
    try:
        for deed in [*deeds, "ask 0", "ask 1"]:
            match deed.split():
                case ["ask", worker]:
                    says = read(office, known_seq=seen, documents=workers[int(worker)])
                    text = token(office, workers[int(worker)])
                    assert texts.setdefault(says.seq, text) == text
                    seen = max(seen, says.seq)
                    shown = office.store.services.find("film-club")
                    on = shown is not None and shown.offering.state == "announced"
                    registered = office.store.party(CINEMA).state == "registered"
                    assert [service.id for service in says.services] == (["film-club"] if on and registered else [])
                case ["late"]:
                    office.clock.move(USUAL_LIFETIMES.catalogue // 2)
                case ["announce"] if hand_in(office, key, entry()).status == 200:
                    offering = office.store.services.find("film-club").offering
                    if offering.proposed:
                        proposal = proposal_id(offering.proposed)
                        office.run(office.registrar.offerings.approve("film-club", proposal, OPERATOR))
                case ["suspend"] if office.store.party(CINEMA).state == "registered":
                    office.run(office.registrar.parties.suspend(CINEMA, "x", OPERATOR))
                case ["resume"] if office.store.party(CINEMA).state == "suspended":
                    office.run(office.registrar.parties.resume(CINEMA, OPERATOR))
                case ["withdraw"]:
                    office.call("DELETE", "/api/application/services/film-club", key=key)
    finally:
        office.close()


def test_a_full_catalogue_takes_no_more(office, key, monkeypatch):
    """T244"""
    announce(office, key, entry())
    monkeypatch.setattr("registrar.service.offerings.MAX_ANNOUNCED", 1)
    with pytest.raises(Unavailable):
        announce(office, key, entry(id="snacks"))
    monkeypatch.setattr("registrar.service.offerings.MAX_ANNOUNCED", 2)
    monkeypatch.setattr("registrar.service.offerings.MAX_ANNOUNCED_BYTES", 900)
    with pytest.raises(Unavailable):
        announce(office, key, entry(id="snacks"))
    assert ids(office) == ["film-club"]


def test_a_directory_that_is_full_keeps_those_who_have_room(office, monkeypatch):
    """T244"""
    partner_of(office)
    partner_of(office, number=703, identifier="NTRDE-HRB 9", cockpit_endpoint="https://kino.example/b")
    monkeypatch.setattr("registrar.service.documents.MAX_DIRECTORY_BYTES", 150)
    partners = office.registrar.documents._partners()
    assert [partner.organisation.identifier for partner in partners] == [CINEMA]


@pytest.mark.parametrize("address", ["/catalogue", "/partners"])
def test_everybody_gets_the_same_bytes(office, key, address):
    announce(office, key, entry())
    plain, again = office.call("GET", address), office.call("GET", address)
    assert plain.body == again.body
    assert plain.headers["content-type"] == "application/jwt"
    assert plain.headers["cache-control"] == "public, max-age=60"
    assert plain.headers["etag"] == f'W/"{encode_base64url(sha256(plain.body))}"'
    assert "set-cookie" not in plain.headers
    with office.browser() as client:
        tags = {"etag": plain.headers["etag"], "hash": plain.headers["etag"].removeprefix("W/"), "any": '"x", *'}
        for known in tags.values():
            answer = client.get(address, headers={"if-none-match": known})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", plain.headers["etag"])
        assert client.get(address, headers={"if-none-match": '"other"'}).status_code == 200
        for asked, packed in (("gzip, br", True), ("br", False), ("gzip;q=0", False), ("identity", False)):
            with client.stream("GET", address, headers={"accept-encoding": asked}) as answer:
                raw = b"".join(answer.iter_raw())
                assert (answer.headers.get("content-encoding") == "gzip") is packed
                assert answer.headers["vary"] == "accept-encoding"
            assert (gzip.decompress(raw) if packed else raw) == plain.body


def test_a_decision_counts_only_where_the_checks_still_pass(office, key):
    office.register(agency())
    assert hand_in(office, key, entry(gives=[GIVEN])).status == 200
    office.run(office.registrar.parties.remove(agency().identifier, "x", OPERATOR))
    line = office.run(office.registrar.offerings.line("film-club"))
    with pytest.raises(Conflict, match="not registered here"):
        office.run(office.registrar.offerings.approve("film-club", proposal_id(line.offering.proposed), OPERATOR))
    assert ids(office) == []
