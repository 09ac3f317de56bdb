"""Revoked, suspended, unknown: what a status list says becomes a line of the verdict."""

import contextlib
from dataclasses import replace

import pytest

from protocol.credential import IdentifierReference, StatusReference
from protocol.errors import InvalidRequest
from protocol.exchange import HttpResponse
from protocol.formats import FORMATS
from protocol.status.bits import StatusList
from protocol.status.check import Status
from protocol.status.identifier_list import MEDIA_TYPE as IDENTIFIER_MEDIA_TYPE
from protocol.status.identifier_list import sign_identifier_list
from protocol.status.token import MEDIA_TYPE, sign_status_list_token
from tests.support.pki import DAY, NOW, Template, make_pki
from tests.support.verifier import STATUS_URI, USE_CASE, answers, issue_held, make_verifier
from verifier.service.status import MAX_LISTS

GOOD, REVOKED, SUSPENDED, OWN = 3, 5, 6, 7
ENTRIES = {REVOKED: 1, SUSPENDED: 2, OWN: 3}
IDENTIFIERS_URI = "https://agency.example/identifiers/1"
NAMED, UNNAMED = (IdentifierReference(IDENTIFIERS_URI, id_) for id_ in (b"\1" * 16, b"\2" * 16))


def publish(counter, pki, *, issued_at=NOW, ttl=None, uri=STATUS_URI, entries=ENTRIES, x5c=True):
    token = sign_status_list_token(
        StatusList.from_entries(64, 2, entries),
        uri=uri,
        issued_at=issued_at,
        expires_at=None,
        ttl=ttl,
        signer=pki.signer,
        x5c=pki.x5c if x5c else (),
    )
    counter.network.answers[uri] = HttpResponse(200, (("content-type", MEDIA_TYPE),), token.encode())


def publish_identifiers(counter, pki, *, uri=IDENTIFIERS_URI, issued_at=NOW, ttl=None):
    token = sign_identifier_list(
        frozenset((NAMED.id,)),
        uri=uri,
        issued_at=issued_at,
        expires_at=issued_at + DAY,
        ttl=ttl,
        signer=pki.signer,
        chain=pki.certificates,
    )
    counter.network.answers[uri] = HttpResponse(200, (("content-type", IDENTIFIER_MEDIA_TYPE),), token)


def status_line(counter, agency, index):
    """What the verdict on a credential with this index says of its status."""
    made = counter.ask()
    form = answers(counter, made, issue_held(agency, status_index=index))
    with contextlib.suppress(InvalidRequest):
        counter.receive(made, form)
    result = counter.result(made)
    [line] = [line for line in result.verdict.lines if line.check == "status"]
    assert (result.disclosed is not None) == bool(line.passed)
    return line.passed, line.reason


@pytest.mark.parametrize("x5c", [True, False])
@pytest.mark.parametrize(
    ("index", "line"),
    [
        (GOOD, (True, "")),
        (REVOKED, (False, "the credential was revoked")),
        (SUSPENDED, (False, "the credential is suspended")),
        (OWN, (False, "the status is 3, which only its issuer understands")),
        (64, (False, "the status list has no entry for this credential")),
    ],
)
def test_the_list_decides(counter, agency, index, line, x5c):
    publish(counter, agency, x5c=x5c)
    assert status_line(counter, agency, index) == line


def test_a_list_that_cannot_be_had_is_no_good_news(counter, agency):
    """T072: not knowing means not accepted."""
    passed, reason = status_line(counter, agency, GOOD)
    assert passed is False
    assert reason == "the status could not be looked up: nobody is there"


def test_a_list_of_somebody_else_does_not_count(counter, agency):
    """T069: the same authority, and another issuer below it; or an authority that is not trusted."""
    other = agency.root.issue(Template(common_name="Another office"))
    stranger = make_pki(Template(common_name="Residents' office"))
    for signer, x5c in ((other.signer, (other.certificate.to_x5c(),)), (stranger.signer, stranger.x5c)):
        token = sign_status_list_token(
            StatusList.from_entries(64, 2, ENTRIES),
            uri=STATUS_URI,
            issued_at=NOW,
            expires_at=None,
            ttl=None,
            signer=signer,
            x5c=x5c,
        )
        counter.network.answers[STATUS_URI] = HttpResponse(200, (("content-type", MEDIA_TYPE),), token.encode())
        assert status_line(counter, agency, GOOD)[0] is False


def test_a_new_key_of_the_same_issuer_may_sign_its_list(counter, agency):
    """T069: keys change while credentials live."""
    renewed = agency.root.issue(Template(common_name="Residents' office"))
    token = sign_status_list_token(
        StatusList.from_entries(64, 2, ENTRIES),
        uri=STATUS_URI,
        issued_at=NOW,
        expires_at=None,
        ttl=None,
        signer=renewed.signer,
        x5c=(renewed.certificate.to_x5c(),),
    )
    counter.network.answers[STATUS_URI] = HttpResponse(200, (("content-type", MEDIA_TYPE),), token.encode())
    assert status_line(counter, agency, GOOD) == (True, "")


def test_one_list_serves_many_answers(counter, agency):
    """T262: the issuer does not see each presentation."""
    publish(counter, agency)
    for index in (GOOD, REVOKED, GOOD):
        status_line(counter, agency, index)
    assert counter.network.calls == [STATUS_URI]


def test_a_list_is_known_by_its_whole_address_and_no_longer_than_we_want(counter, agency):
    """T214: neither another host nor another query is the same list, and ten years of `ttl` are cut."""
    known = counter.verifier.answers.status_lists
    credential = issue_held(agency)
    lists = {
        STATUS_URI: Status.VALID,
        STATUS_URI + "?tenant=b": Status.INVALID,
        STATUS_URI.replace("agency", "b.agency"): Status.SUSPENDED,
    }

    def status_at(uri):
        exchange = known.status_of(verified(counter, credential, StatusReference(uri, GOOD)), DAY)
        return counter.run(exchange).status

    for uri, status in lists.items():
        entries = {GOOD: {Status.VALID: 0, Status.INVALID: 1, Status.SUSPENDED: 2}[status]}
        publish(counter, agency, uri=uri, entries=entries, ttl=10 * 365 * DAY)
    for _ in range(2):
        assert {uri: status_at(uri) for uri in lists} == lists
    assert sorted(counter.network.calls) == sorted(lists)
    counter.clock.forward(DAY)
    publish(counter, agency, entries={GOOD: 1}, issued_at=counter.clock.now)
    assert status_at(STATUS_URI) is Status.INVALID


def test_a_use_case_says_how_old_a_status_may_be(tmp_path, agency):
    fresh = USE_CASE.replace("[title]", "max_status_age_seconds = 60\n[title]", 1)
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, use_cases=[fresh])
    publish(counter, agency)
    status_line(counter, agency, GOOD)
    counter.clock.forward(59)
    status_line(counter, agency, GOOD)
    assert len(counter.network.calls) == 1
    counter.clock.forward(1)
    publish(counter, agency, issued_at=counter.clock.now)
    assert status_line(counter, agency, GOOD)[0] is True
    assert len(counter.network.calls) == 2
    counter.close()


def test_an_older_list_does_not_bring_a_credential_back(counter, agency, capsys):
    """T071: the newer list stays, and the incident is in the log."""
    publish(counter, agency, issued_at=NOW, ttl=10)
    assert status_line(counter, agency, REVOKED)[0] is False
    counter.clock.forward(20)
    publish(counter, agency, issued_at=NOW - 100, entries={OWN: 3})
    passed, reason = status_line(counter, agency, REVOKED)
    assert passed is False
    assert "an older one is served now" in reason
    assert "an older status list is served" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("places", "status", "asked"),
    [
        ((UNNAMED,), Status.VALID, [IDENTIFIERS_URI]),
        ((NAMED,), Status.INVALID, [IDENTIFIERS_URI]),
        ((StatusReference(STATUS_URI, GOOD), UNNAMED), Status.VALID, [STATUS_URI, IDENTIFIERS_URI]),
        ((StatusReference(STATUS_URI, GOOD), NAMED), Status.INVALID, [STATUS_URI, IDENTIFIERS_URI]),
        ((StatusReference(STATUS_URI, REVOKED), UNNAMED), Status.INVALID, [STATUS_URI]),
    ],
)
def test_a_document_may_be_revoked_by_identifier(counter, agency, places, status, asked):
    """Each list is fetched once for all who ask."""
    publish(counter, agency)
    publish_identifiers(counter, agency)
    known = counter.verifier.answers.status_lists
    credential = verified(counter, issue_held(agency), *places)
    assert [counter.run(known.status_of(credential, DAY)).status for _ in range(2)] == [status] * 2
    assert counter.network.calls == asked


def test_identifiers_of_another_office_do_not_count(counter, agency):
    """T069"""
    other = agency.root.issue(Template(common_name="Another office"))
    publish_identifiers(counter, replace(agency, chain=(other,)))
    known = counter.verifier.answers.status_lists
    report = counter.run(known.status_of(verified(counter, issue_held(agency), UNNAMED), DAY))
    assert report.status is Status.UNKNOWN


def test_what_has_no_status_is_not_looked_up(counter, agency):
    assert status_line(counter, agency, None) == (True, "")
    assert counter.network.calls == []


def test_only_so_many_lists_are_kept(counter, agency):
    """Memory stays bounded, whatever addresses credentials name."""
    known = counter.verifier.answers.status_lists
    credential = issue_held(agency)
    for i in range(MAX_LISTS + 5):
        uri = f"https://agency.example/status/{i}"
        publish(counter, agency, uri=uri)
        report = counter.run(known.status_of(verified(counter, credential, StatusReference(uri, GOOD)), 60))
        assert report.status is Status.VALID
    publish_identifiers(counter, agency)
    assert counter.run(known.status_of(verified(counter, credential, UNNAMED), 60)).status is Status.VALID
    assert len(known._known) == MAX_LISTS
    assert f"https://agency.example/status/{MAX_LISTS + 4}" in known._known
    assert IDENTIFIERS_URI in known._known
    assert "https://agency.example/status/0" not in known._known


def test_lists_take_only_so_much_memory_and_the_newest_stays(counter, agency, monkeypatch):
    known, credential = counter.verifier.answers.status_lists, issue_held(agency)

    def look_up(name):
        uri = f"https://agency.example/status/{name}"
        publish(counter, agency, uri=uri)
        counter.run(known.status_of(verified(counter, credential, StatusReference(uri, GOOD)), 60))
        return [address.rpartition("/")[2] for address in known._known]

    assert look_up("a") == ["a"]
    monkeypatch.setattr("verifier.service.status.MAX_BYTES", 2 * known._size())
    assert [look_up(name) for name in "bc"] == [["a", "b"], ["b", "c"]]
    monkeypatch.setattr("verifier.service.status.MAX_BYTES", 0)
    assert look_up("d") == ["d"]


def verified(counter, held, *references):
    exchange = FORMATS["dc+sd-jwt"].verify_issued(held.raw, anchors=counter.verifier.context.anchors(), now=NOW)
    return counter.run(exchange)._replace(status=references)
