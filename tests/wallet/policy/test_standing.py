"""What an order holds on to: a sound end, what was sent of one document, what its recipient is registered for."""

from dataclasses import replace

import pytest

from protocol.dcql.match import Candidate, CandidateMatch, ClaimMatch
from protocol.dcql.query import ClaimsQuery
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.forwarding import MAX_USES
from protocol.trust.anchors import TrustAnchors
from protocol.trust.registration import verify_registration
from tests.support.pki import DAY, NOW
from tests.wallet.counterpart_agency import VCT
from tests.wallet.counterparts import held
from tests.wallet.registrar import LIBRARY, Registrar
from wallet.policy.asking import Entry, Registered, Unregistered
from wallet.policy.documents import Document
from wallet.policy.standing import LONGEST, HowLong, Limit, SentPart, held_now, sent_part, terms_of

NAME, TOWN = ("given_name",), ("address", "locality")
OTHER = "urn:other:1"


def match(id_, *paths, type_=VCT):
    """A document that answers with these claims."""
    candidate = Candidate(id_, "dc+sd-jwt", type_, {}, (), holder_bound=True)
    return CandidateMatch(candidate, tuple([ClaimMatch(ClaimsQuery(path), (path,)) for path in paths]), paths)


@pytest.mark.parametrize(
    ("limit", "sound"),
    [
        (Limit(), False),
        (Limit(until=NOW), False),
        (Limit(until=NOW + 1), True),
        (Limit(until=add_months(NOW, LONGEST)), True),
        (Limit(until=add_months(NOW, LONGEST) + 1), False),
        (Limit(at_most=0), False),
        (Limit(at_most=1), True),
        (Limit(at_most=MAX_USES), True),
        (Limit(at_most=MAX_USES + 1), False),
        (Limit(until=NOW, at_most=1), False),
        (Limit(until=NOW + DAY, at_most=0), False),
    ],
    ids=str,
)
def test_an_order_has_an_end_that_lies_ahead_and_is_not_too_far(limit, sound):
    assert limit.is_sound(NOW) is sound


def test_people_choose_once_or_for_some_years():
    assert HowLong.ONCE.limit(NOW) == Limit(at_most=1)
    assert HowLong.YEAR.limit(NOW) == Limit(until=add_months(NOW, 12))
    assert HowLong.THREE_YEARS.limit(NOW) == Limit(until=add_months(NOW, 36))


def test_what_was_sent_of_a_document_is_named_once_each():
    chosen = [match("one", NAME, TOWN), match("two", NAME), match("another", ("birthdate",), type_=OTHER)]
    assert sent_part(chosen, {"one", "two"}) == SentPart(VCT, (NAME, TOWN))


@pytest.mark.parametrize(
    "chosen",
    [
        [],
        [match("another", NAME)],
        [match("one", NAME), match("two", NAME, type_=OTHER)],
        [match("one")],
        [match("one", NAME, ("nationalities", 0))],
    ],
    ids=["nothing", "of another", "of two types", "all or nothing", "one of several"],
)
def test_what_no_order_can_name_is_no_part(chosen):
    assert sent_part(chosen, {"one", "two"}) is None


def test_who_is_not_registered_by_a_certificate_that_was_looked_up_has_no_terms():
    registrar = Registrar()
    anchors = TrustAnchors([registrar.pki.anchor])
    entry = Entry.of_certificate(verify_registration(registrar.certificate(), anchors=anchors, now=NOW))
    terms = terms_of(Registered(entry), VCT, ("Town",))
    assert terms is not None
    assert (terms.organisation.identifier, terms.recipients) == (LIBRARY, ("Town",))
    answered = Registered(replace(entry, certificate=None, answer="as a register signed it"))
    for standing in (Unregistered(), Registered(entry, unchecked=True), answered):
        assert terms_of(standing, VCT, ()) is None


def test_a_document_says_what_its_first_form_says_that_holds():
    def now(*forms, type_=VCT, at=NOW):
        found = held_now(Document(forms), type_, at)
        return None if found is None else found.copy

    old, revoked, good = held("old", expires_at=NOW), held("gone", status="invalid"), held("good", expires_at=NOW + 1)
    suspended, mdoc = held("stopped", status="suspended"), held("mdoc", type=OTHER)
    assert now(old, revoked, suspended, mdoc, good) == good.issuance_of
    assert now(mdoc, held("ever"), type_=OTHER) == mdoc.issuance_of
    assert now(old, revoked, suspended) is None
    assert now(good, at=NOW + 1) is None
    assert held_now(None, VCT, NOW) is None
