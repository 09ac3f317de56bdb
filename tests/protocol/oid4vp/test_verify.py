"""The verifier's story: seven lines for every answer, and yes only where each of them holds."""

from dataclasses import replace

import pytest

from protocol.oid4vp.verify import Check, CheckName, VerificationPolicy, _Lines
from protocol.status.check import Status, StatusReport
from protocol.trust.anchors import TrustAnchor, TrustAnchors, TrustedIdentifier
from tests.protocol.oid4vp.samples import NONCE, SAN_DNS
from tests.protocol.oid4vp.verifier_side import (
    CARD,
    CARD_CREDENTIAL,
    GOOD,
    PID,
    bound_by_hand,
    lines,
    query,
    reason,
    refused,
    shown,
    status,
    verify,
)
from tests.protocol.sdjwt.samples import CLAIMS, FRAME, HEADER, PKI, STRANGER, VCT, hidden, issued
from tests.support.pki import DAY, LEAF, NOW, make_pki


def test_an_answer_that_stands_every_question_is_accepted():
    found = verify({"pid": shown()})
    assert (found.accepted, lines(found)) == (True, "+++++++")
    assert found.claims == {"pid": (GOOD,)}
    assert (found.issuers, found.surplus, found.holders) == ({"pid": ("Issuing desk",)}, {}, 1)
    as_of = {CheckName.STATUS: NOW}
    assert found.checks == tuple(Check(name, True, as_of=as_of.get(name)) for name in CheckName)


def test_an_answer_is_as_old_as_the_oldest_status_in_it():
    """Two documents, both of which have to hold; one was looked up an hour ago, and a third cannot be taken back at all."""
    found = _Lines()
    found.note(CheckName.STATUS, passed=True, as_of=None)
    found.note(CheckName.STATUS, passed=True, as_of=NOW)
    found.note(CheckName.STATUS, passed=True, as_of=NOW - 3600)
    found.note(CheckName.STATUS, passed=True, as_of=NOW - 60)
    assert Check(CheckName.STATUS, True, "", NOW - 3600) in found.checks()
    found.note(CheckName.STATUS, passed=False, reason="revoked", as_of=NOW - 30)
    assert Check(CheckName.STATUS, False, "revoked", NOW - 30) in found.checks()


def test_a_question_that_nobody_answered_is_no_yes():
    """Whatever a later change forgets to ask, silence accepts nothing."""
    answers = _Lines()
    for name_ in CheckName:
        assert not answers.passed
        answers.note(name_, passed=True)
    assert answers.passed


# Authentic


LONELY = issued().split("~")[0]  # the issuer's token without a disclosure


@pytest.mark.parametrize(
    "presentation",
    [
        pytest.param(shown(credential=issued(signer=STRANGER)), id="signed by somebody else"),
        pytest.param(shown(credential=issued(header={**HEADER, "typ": "JWT"})), id="T045 another type"),
        pytest.param(bound_by_hand().replace("~", f"~{hidden('x', 1)}~", 1), id="T032 one more disclosure"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c~", id="no token"),
        pytest.param(LONELY, id="no tilde"),
        pytest.param(shown(credential=issued(vct=...)), id="T047 no type"),
        pytest.param(shown(credential=issued(header={"typ": "dc+sd-jwt"})), id="T049 nobody's key"),
        pytest.param({"@context": []}, id="an object"),
    ],
)
def test_what_is_not_genuine_is_not_accepted(presentation):
    found = verify({"pid": presentation})
    assert refused(found) == "-......"
    assert found.holders == 0
    assert found.issuers == {}


def test_a_format_that_we_do_not_speak_is_not_accepted():
    """T204."""
    other = query({"id": "pid", "format": "ldp_vc", "meta": {}})
    assert refused(verify({"pid": shown()}, asked_query=other)) == "-......"
    assert refused(verify({"pid": {"@context": "c"}}, asked_query=other)) == "-......"


def test_an_issuer_whose_keys_cannot_be_had_is_not_accepted():
    did = "did:web:issuer.example"
    anchors = TrustAnchors(identifiers=[TrustedIdentifier(did, PKI.role, "University")])
    credential = issued(header={"typ": "dc+sd-jwt", "kid": f"{did}#0"}, iss=did)
    assert refused(verify({"pid": shown(credential=credential)}, anchors=anchors)) == "-......"


# Holder bound


@pytest.mark.parametrize(
    "presentation",
    [
        pytest.param(shown(bound=False), id="T037 no key binding"),
        pytest.param(shown(signer=STRANGER), id="T039 another key"),
        pytest.param(shown(credential=issued(cnf=...)), id="T039 no key in the credential"),
        pytest.param(bound_by_hand(header={"typ": "JWT"}), id="T042 another type"),
    ],
)
def test_what_its_holder_did_not_present_is_not_accepted(presentation):
    assert refused(verify({"pid": presentation})) == "+-.++.."


# This request


@pytest.mark.parametrize(
    "presentation",
    [
        pytest.param(shown(nonce="another-n0nce-0123456789"), id="T040 another nonce"),
        pytest.param(shown(nonce=NONCE[:-1]), id="T040 part of the nonce"),
        pytest.param(bound_by_hand(nonce=...), id="T040 no nonce"),
        pytest.param(shown(audience="x509_san_dns:other.example"), id="T041 another verifier"),
        pytest.param(shown(audience="verifier.example"), id="T041 without the prefix"),
        pytest.param(shown(audience=f"x509_hash:{'A' * 43}"), id="T041 another name of ours"),
        pytest.param(bound_by_hand(aud=[str(SAN_DNS)]), id="T041 a list"),
        pytest.param(shown(issued_at=NOW - 301), id="T043 long ago"),
        pytest.param(shown(issued_at=NOW + 61), id="T043 in the future"),
        pytest.param(bound_by_hand(sd_hash="A" * 43), id="T044 another selection"),
        pytest.param(shown(transaction_data_hashes=("A" * 43,)), id="T190 a transaction that nobody asked"),
    ],
)
def test_what_was_made_for_another_request_is_not_accepted(presentation):
    assert refused(verify({"pid": presentation})) == "++-++.."


# Trusted issuer


ELSEWHERE = make_pki()


@pytest.mark.parametrize(
    "anchors",
    [
        pytest.param(TrustAnchors(), id="nobody is trusted"),
        pytest.param(ELSEWHERE.anchors, id="T049 another authority"),
        pytest.param(TrustAnchors([replace(PKI.anchor, types=frozenset({"urn:other"}))]), id="T186 not for this type"),
    ],
)
def test_what_nobody_vouches_for_is_not_accepted(anchors):
    assert refused(verify({"pid": shown()}, anchors=anchors)) == "...-..."


def test_an_issuer_has_to_be_accepted_for_this_question():
    policy = VerificationPolicy(accepted_issuers=frozenset({"Other authority"}))
    found = verify({"pid": shown()}, policy=policy)
    assert refused(found) == "+++-+.."
    assert "not accepted" in reason(found, CheckName.TRUSTED_ISSUER)
    accepted = VerificationPolicy(accepted_issuers=frozenset({"Other authority", "Test authority"}))
    assert verify({"pid": shown()}, policy=accepted).accepted


def test_the_name_in_a_certificate_is_not_the_name_of_an_authority():
    """T186: an authority that is trusted for something may certify any name at all."""
    weak = make_pki(replace(LEAF, organization="Test authority"), key=PKI.signer)
    anchors = TrustAnchors([PKI.anchor, TrustAnchor(weak.root.certificate, weak.role, "Library cards")])
    credential = issued(header={"typ": "dc+sd-jwt", "x5c": list(weak.x5c)})
    policy = VerificationPolicy(accepted_issuers=frozenset({"Test authority"}))
    assert verify({"pid": shown(credential=credential)}, anchors=anchors).issuers == {"pid": ("Test authority",)}
    assert refused(verify({"pid": shown(credential=credential)}, anchors=anchors, policy=policy)) == "+++-+.."
    assert verify({"pid": shown()}, anchors=anchors, policy=policy).accepted


# Valid now


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param(issued(exp=NOW - 60), id="T046 expired"),
        pytest.param(issued(nbf=NOW + 61), id="T046 not valid yet"),
        pytest.param(issued(iat=NOW + 61), id="T046 from the future"),
    ],
)
def test_what_is_outside_its_time_is_not_accepted(credential):
    assert refused(verify({"pid": shown(credential=credential)})) == "....-.."


def test_the_certificate_has_its_time_too():
    """T081."""
    late = make_pki(replace(LEAF, not_after=NOW), key=PKI.signer)
    credential = issued(header={"typ": "dc+sd-jwt", "x5c": list(late.x5c)})
    assert refused(verify({"pid": shown(credential=credential)}, anchors=late.anchors)) == "....-.."
    assert refused(verify({"pid": shown(issued_at=NOW + 400 * DAY)}, now=NOW + 400 * DAY)) == "....-.."


# Status


@pytest.mark.parametrize("found_status", [Status.INVALID, Status.SUSPENDED, Status.UNKNOWN], ids=str)
def test_what_was_revoked_or_cannot_be_looked_up_is_not_accepted(found_status):
    """T073, T074."""
    found = verify({"pid": shown()}, status_of=status(found_status, "the credential was revoked"))
    assert refused(found) == "+++++-."
    assert reason(found, CheckName.STATUS) == "the credential was revoked"


def test_the_status_is_that_of_this_credential_and_asked_for_nothing_that_is_not_genuine():
    looked_up: list[int] = []

    def status_of(credential):
        looked_up.extend(place.idx for place in credential.status)
        yield from ()
        return StatusReport(Status.VALID, 0, NOW, NOW, "")

    assert verify({"pid": shown()}, status_of=status_of).accepted
    verify({"pid": shown(bound=False)}, status_of=status_of)
    assert looked_up == [7]


# Query complete


@pytest.mark.parametrize(
    ("presentation", "problem"),
    [
        pytest.param(shown(("given_name",)), "claims", id="T188 a claim is missing"),
        pytest.param(shown(credential=issued(vct="urn:other")), "type", id="T047 another type"),
        pytest.param(shown(credential=issued(vct=VCT.upper())), "type", id="T047 only the case differs"),
    ],
)
def test_what_was_not_asked_is_no_answer(presentation, problem):
    found = verify({"pid": presentation})
    assert refused(found) == "++++++-"
    assert problem in reason(found, CheckName.QUERY_COMPLETE)
    assert found.issuers == {"pid": ("Issuing desk",)}


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"claims": [{"path": ["given_name"], "values": ["Max"]}]}, id="T188 values"),
        pytest.param({"trusted_authorities": [{"type": "aki", "values": ["AAAA"]}]}, id="T188 trusted_authorities"),
        pytest.param({"meta": {"vct_values": ["urn:other"]}}, id="T188 vct_values"),
        pytest.param({"claims": [{"path": ["nationalities", None]}]}, id="T188 a path"),
    ],
)
def test_the_filter_of_a_wallet_proves_nothing(members):
    assert refused(verify({"pid": shown()}, asked_query=query({**PID, **members}))) == "++++++-"


def test_a_required_credential_has_to_be_there():
    """T177."""
    both = query(PID, CARD)
    assert refused(verify({"pid": shown()}, asked_query=both)) == "++++++-"
    optional = query(PID, CARD, credential_sets=[{"options": [["pid"]]}, {"options": [["card"]], "required": False}])
    assert verify({"pid": shown()}, asked_query=optional).accepted
    card = shown(("n",), credential=CARD_CREDENTIAL, signer=STRANGER)
    assert refused(verify({"card": card}, asked_query=optional)) == "++++++-"
    assert verify({"pid": shown(), "card": card}, asked_query=both).accepted


def test_an_answer_of_nothing_is_no_answer():
    """T176."""
    assert refused(verify({})) == "......-"
    assert refused(verify({"pid": ()})) == "......-"


def test_an_answer_that_takes_too_long_to_read_is_none():
    """T198."""
    credential = issued({**CLAIMS, "wide": [0] * 100}, FRAME)
    wide = query({**PID, "claims": [{"path": ["wide", None]}] * 600})
    found = verify({"pid": shown(("wide",), credential=credential)}, asked_query=wide)
    assert refused(found) == "++++++-"
    assert "too many steps" in reason(found, CheckName.QUERY_COMPLETE)
