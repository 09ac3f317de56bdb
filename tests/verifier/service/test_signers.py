"""Whose certificate was revoked signs nothing that counts, and nobody counts as not revoked without a list (T091)."""

import contextlib
from dataclasses import replace

import pytest
from cryptography import x509

from protocol.errors import InvalidRequest
from protocol.exchange import HttpResponse
from runtime.certificates import Authority
from runtime.crl import RevokedCertificate, issue_crl
from tests.support.pki import NOW, Template, make_pki
from tests.support.verifier import PID, answers, issue_held, make_verifier
from verifier.service.signers import MAX_LISTS, PATIENCE, REFRESH, address_of

LIST_URI = "https://agency.example/authority.crl"
HOUR = 3_600
WEEK = 7 * 24 * HOUR
AWAY = "nobody is there"


def signer(uri=LIST_URI, name="Residents' office"):
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(uri)], None, None, None)
    leaf = Template(common_name=name, extensions=((x509.CRLDistributionPoints([point]), False),))
    return make_pki(leaf, types=frozenset({PID}))


PKI = signer()
HELD = issue_held(PKI)
REVOKED = RevokedCertificate(PKI.leaf.certificate.serial_number, NOW - HOUR)


@pytest.fixture
def database_url(tmp_path):
    return f"sqlite:///{tmp_path}/verifier.db"


@pytest.fixture
def counter(database_url):
    made = make_verifier(database_url, PKI.anchors)
    yield made
    made.close()


def publish(counter, *revoked, number=1, lifetime=WEEK, authority=PKI.root, now=None):
    """Put a list where the certificate says that it is; it begins now."""
    authority = Authority(authority.signer, authority.x509)
    begins = counter.clock.now if now is None else now
    der = issue_crl(authority, revoked, number=number, now=begins, lifetime=lifetime)
    counter.network.answers[LIST_URI] = HttpResponse(200, (("content-type", "application/pkix-crl"),), der)


def line(counter, held=HELD):
    """What the verdict says of who signed."""
    made = counter.ask()
    with contextlib.suppress(InvalidRequest):
        counter.receive(made, answers(counter, made, held))
    result = counter.result(made)
    [found] = [line for line in result.verdict.lines if line.check == "trusted_issuer"]
    assert (result.disclosed is not None) == bool(found.passed)
    return found.passed, found.reason


GOOD = (True, "")
GONE = (False, "credential: a certificate was revoked")


def test_a_signer_on_no_list_of_revoked_ones_counts(counter):
    publish(counter, RevokedCertificate(4711, NOW - HOUR))
    assert line(counter) == GOOD


def test_a_revoked_signer_does_not_count(counter):  # T091
    publish(counter, REVOKED)
    assert line(counter) == GONE


def test_without_a_list_a_signer_does_not_count(counter):  # T091
    passed, reason = line(counter)
    assert passed is False
    assert AWAY in reason
    # The next one is told at once, and after a while the list is asked for again
    calls = len(counter.network.calls)
    assert line(counter)[0] is False
    assert len(counter.network.calls) == calls
    publish(counter)
    counter.clock.forward(PATIENCE - 1)
    assert line(counter)[0] is False
    counter.clock.forward(1)
    assert line(counter) == GOOD


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"authority": signer(name="Somebody else").root}, id="of another authority"),
        pytest.param({"now": NOW - 2 * HOUR, "lifetime": HOUR}, id="out of date"),
        pytest.param({"now": NOW + HOUR}, id="from the future"),
    ],
)
def test_a_list_that_says_nothing_here_is_none(counter, how):  # T091
    publish(counter, **how)
    assert line(counter)[0] is False


def test_a_chain_that_names_no_list_is_trusted_by_its_anchor(database_url):
    plain = make_pki(Template(common_name="Residents' office"), types=frozenset({PID}))
    counter = make_verifier(database_url, plain.anchors)
    try:
        assert line(counter, issue_held(plain)) == GOOD
        assert counter.network.calls == []
    finally:
        counter.close()


def test_a_list_answers_for_an_hour_and_then_a_newer_one_does(counter):
    publish(counter)
    assert line(counter) == GOOD
    publish(counter, REVOKED, number=2)
    counter.clock.forward(REFRESH - 1)
    assert line(counter) == GOOD
    assert counter.network.calls == [LIST_URI]
    counter.clock.forward(1)
    assert line(counter) == GONE


def test_a_list_that_holds_answers_while_no_newer_one_can_be_had(counter):
    publish(counter, lifetime=REFRESH + HOUR)
    assert line(counter) == GOOD
    del counter.network.answers[LIST_URI]
    counter.clock.forward(REFRESH)
    assert line(counter) == GOOD
    assert line(counter) == GOOD
    assert counter.network.calls == [LIST_URI, LIST_URI]
    counter.clock.forward(HOUR - 1)
    assert line(counter) == GOOD
    counter.clock.forward(1)
    passed, reason = line(counter)
    assert passed is False
    assert "out of date" in reason or AWAY in reason


def test_an_older_list_than_the_known_one_changes_nothing(counter):  # T091
    publish(counter, REVOKED, number=5)
    assert line(counter) == GONE
    publish(counter, number=4)
    counter.clock.forward(REFRESH)
    assert line(counter) == GONE


def test_a_list_outlives_the_process_that_fetched_it(counter, database_url):
    publish(counter, REVOKED)
    assert line(counter) == GONE
    later = make_verifier(database_url, PKI.anchors, clock=counter.clock, seed=8)
    try:
        assert line(later) == GONE
        assert later.network.calls == []
    finally:
        later.close()


def test_a_kept_list_that_was_tampered_with_is_fetched_again(counter, database_url):
    publish(counter)
    assert line(counter) == GOOD
    lists = counter.store.status_lists
    kept = lists.find(address_of(LIST_URI))
    changed = bytes([kept.sealed[0] ^ 1]) + kept.sealed[1:]
    lists.keep(replace(kept, fetched_at=kept.fetched_at + 1, sealed=changed))
    later = make_verifier(database_url, PKI.anchors, clock=counter.clock, seed=8)
    try:
        publish(later, REVOKED, number=2)
        assert line(later) == GONE
        assert later.network.calls == [LIST_URI]
    finally:
        later.close()


def test_few_lists_are_kept_in_memory(counter):
    signers = counter.verifier.answers.signers
    for number in range(MAX_LISTS + 3):
        uri = f"{LIST_URI}?{number}"
        pki = signer(uri)
        party = pki.anchors.chain(pki.certificates, role=pki.role, now=NOW, at="x5c")
        assert AWAY in counter.run(signers.objection_to(party))
    assert len(signers._known) == len(signers._failed_at) == MAX_LISTS
