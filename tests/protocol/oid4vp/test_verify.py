"""The verifier's story: seven lines for every answer, and yes only where each of them holds."""

import contextlib
import hashlib
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dcql.query import DcqlQuery
from protocol.encoding import encode_base64url, encode_json
from protocol.errors import InvalidRequest, InvalidTransactionData, ProtocolError
from protocol.exchange import run
from protocol.oid4vp.response import AuthorizationResponse
from protocol.oid4vp.verify import Check, CheckName, VerificationPolicy, _Lines, verify_response
from protocol.sdjwt.key_binding import KeyBinding
from protocol.sdjwt.present import present_sd_jwt
from protocol.status.check import Status, StatusReport
from protocol.trust.anchors import TrustAnchor, TrustAnchors, TrustedIdentifier
from tests.protocol.oid4vp.samples import NONCE, QUERY, SAN_DNS, STATE, Peer, asked
from tests.protocol.sdjwt.samples import CLAIMS, FRAME, HEADER, HOLDER, PKI, STRANGER, VCT, hidden, issued, kb_jwt, read
from tests.support.pki import DAY, LEAF, NOW, make_pki

PID = QUERY["credentials"][0]
CARD = {"id": "card", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:example:card"]}, "claims": [{"path": ["n"]}]}
ASKED = [("given_name",), ("address", "locality")]
CARD_CREDENTIAL = issued(
    {"vct": "urn:example:card", "cnf": {"jwk": STRANGER.public_key.to_jwk()}, "n": 1, "m": 2}, FRAME
)
GOOD = {"given_name": "Erika", "address": {"locality": "Köln"}}
ANCHORS = PKI.anchors
ITEM = encode_base64url(encode_json({"type": "payment", "credential_ids": ["pid"], "amount": 5}))
TYPES = {"payment": lambda item: None}


def shown(*paths, credential=None, signer=HOLDER, bound=True, **changes):
    """A presentation of these claims, bound to our request."""
    usual = {"audience": str(SAN_DNS), "nonce": NONCE, "issued_at": NOW}
    binding = KeyBinding(signer, **{**usual, **changes}) if bound else None
    return present_sd_jwt(read(credential or issued()), paths or ASKED, binding=binding)


def bound_by_hand(*paths, credential=None, **changes):
    """A presentation with any key binding at all."""
    before = present_sd_jwt(read(credential or issued()), paths or ASKED, binding=None)
    return kb_jwt(before, **{"aud": str(SAN_DNS), "nonce": NONCE, **changes})


def query(*credentials, **members):
    return DcqlQuery.from_dict({"credentials": [*(credentials or (PID,))], **members})


def status(found=Status.VALID, reason="as it is"):
    """A look-up that always finds this; it has no request to send."""

    def status_of(credential):
        yield from ()
        return StatusReport(found, None, NOW, NOW, reason)

    return status_of


VALID = status()


def verify(vp_token, *, asked_query=None, anchors=ANCHORS, policy=None, status_of=VALID, now=NOW, **request):
    """What is found out about an answer."""
    tokens = {id_: (items,) if isinstance(items, str | dict) else tuple(items) for id_, items in vp_token.items()}
    exchange = verify_response(
        AuthorizationResponse(tokens, STATE),
        asked(dcql_query=asked_query or query(), **request),
        anchors=anchors,
        policy=policy or VerificationPolicy(),
        status_of=status_of,
        now=now,
    )
    return run(exchange, Peer())


def lines(found):
    """The seven lines in order: + yes, - no, . neither."""
    assert [check.name for check in found.checks] == list(CheckName)
    for check in found.checks:
        assert bool(check.reason) is (check.passed is not True)
    return "".join({True: "+", False: "-", None: "."}[check.passed] for check in found.checks)


def refused(found):
    """The lines of an answer that was not accepted, which gives away no claim."""
    assert found.accepted is False
    assert (found.claims, found.surplus) == ({}, {})
    return lines(found)


def reason(found, name):
    return next(check.reason for check in found.checks if check.name is name)


def test_an_answer_that_stands_every_question_is_accepted():
    found = verify({"pid": shown()})
    assert (found.accepted, lines(found)) == (True, "+++++++")
    assert found.claims == {"pid": (GOOD,)}
    assert (found.issuers, found.surplus, found.holders) == ({"pid": ("Issuing desk",)}, {}, 1)
    assert found.checks == tuple(Check(name, True) for name in CheckName)


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
    looked_up = []

    def status_of(credential):
        looked_up.append(credential.status.idx)
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


# Without holder binding


UNBOUND = {**PID, "require_cryptographic_holder_binding": False}


@pytest.mark.parametrize(
    "presentation",
    [
        pytest.param(shown(bound=False), id="no key binding"),
        pytest.param(shown(bound=False, credential=issued(cnf=...)), id="no key"),
        pytest.param(shown(), id="a key binding that nobody asked for"),
    ],
)
def test_holder_binding_is_asked_unless_the_query_says_otherwise(presentation):
    found = verify({"pid": presentation}, asked_query=query(UNBOUND))
    assert (found.accepted, lines(found)) == (True, "+..++++")
    assert reason(found, CheckName.HOLDER_BOUND) == reason(found, CheckName.THIS_REQUEST) == "was not asked"
    assert found.claims == {"pid": (GOOD,)}


@pytest.mark.parametrize("order", [("bound", "unbound"), ("unbound", "bound")], ids=str)
def test_binding_that_was_asked_of_one_credential_is_not_spared_by_another(order):
    by_name = {"bound": {**PID, "id": "bound"}, "unbound": {**UNBOUND, "id": "unbound"}}
    both = query(*[by_name[name] for name in order])
    loose = shown(bound=False)
    assert lines(verify({"bound": shown(), "unbound": loose}, asked_query=both)) == "+++++++"
    assert refused(verify({"bound": loose, "unbound": loose}, asked_query=both)) == "+-.+++."


# Several presentations


MANY = {**PID, "multiple": True}


def test_several_presentations_are_verified_one_by_one():
    found = verify({"pid": [shown(), shown()]}, asked_query=query(MANY))
    assert (found.accepted, lines(found)) == (True, "+++++++")
    assert found.claims == {"pid": (GOOD, GOOD)}
    assert found.issuers == {"pid": ("Issuing desk", "Issuing desk")}


@pytest.mark.parametrize("first", [True, False], ids=["the first", "the last"])
@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (shown(credential=issued(signer=STRANGER)), "-++++++"),
        (shown(bound=False), "+-+++++"),
        (shown(nonce="another-n0nce-0123456789"), "++-++++"),
        (shown(credential=issued(exp=NOW - 60)), "++++-++"),
    ],
    ids=["authentic", "bound", "request", "time"],
)
def test_one_bad_presentation_spoils_the_answer(bad, expected, first):
    presentations = [bad, shown()] if first else [shown(), bad]
    found = verify({"pid": presentations}, asked_query=query(MANY))
    assert refused(found) == expected[:-1] + "."
    assert found.issuers == {"pid": ("Issuing desk",)}


def test_the_first_reason_is_told():
    bad = [shown(issued_at=NOW - 301), shown(nonce="another-n0nce-0123456789")]
    found = verify({"pid": bad}, asked_query=query(MANY))
    assert "just now" in reason(found, CheckName.THIS_REQUEST)


def test_a_question_that_nobody_answered_is_no_yes():
    """Whatever a later change forgets to ask, silence accepts nothing."""
    answers = _Lines()
    for name_ in CheckName:
        assert not answers.passed
        answers.note(name_, passed=True)
    assert answers.passed


def test_one_revoked_credential_spoils_the_answer():
    reports = iter([Status.VALID, Status.INVALID, Status.VALID])

    def status_of(credential):
        yield from ()
        return StatusReport(next(reports), None, NOW, NOW, "revoked")

    assert refused(verify({"pid": [shown()] * 3}, asked_query=query(MANY), status_of=status_of)) == "+++++-."


def test_several_holders_are_counted():
    """T187."""
    other = issued(cnf={"jwk": STRANGER.public_key.to_jwk()})
    two = [shown(), shown(credential=other, signer=STRANGER)]
    assert verify({"pid": two}, asked_query=query(MANY)).holders == 2
    assert verify({"pid": [shown(), shown()]}, asked_query=query(MANY)).holders == 1
    card = shown(("n",), credential=CARD_CREDENTIAL, signer=STRANGER)
    assert verify({"pid": shown(), "card": card}, asked_query=query(PID, CARD)).holders == 2
    unbound = shown(bound=False, credential=issued(cnf=...))
    assert verify({"pid": unbound}, asked_query=query(UNBOUND)).holders == 0


# More than was asked


def test_what_nobody_asked_is_dropped_and_flagged():
    """T189."""
    found = verify({"pid": shown(*ASKED, ("family_name",), ("nationalities", 0), ("age_equal_or_over", "18"))})
    assert found.accepted
    assert found.claims == {"pid": (GOOD,)}
    assert set(found.surplus["pid"]) == {("family_name",), ("nationalities", 0), ("age_equal_or_over", "18")}


def test_surplus_is_told_once_for_all_presentations_of_a_query():
    found = verify({"pid": [shown(*ASKED, ("family_name",))] * 2}, asked_query=query(MANY))
    assert found.surplus == {"pid": (("family_name",),)}


def test_a_query_without_claims_gets_none():
    """T169."""
    none = query({name: value for name, value in PID.items() if name != "claims"})
    found = verify({"pid": shown(("given_name",))}, asked_query=none)
    assert (found.accepted, found.claims, found.surplus) == (True, {"pid": ({},)}, {"pid": (("given_name",),)})


# No answer to this request at all


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(STATE, "another-state", id="T178 another state"),
        pytest.param(STATE, None, id="T178 no state"),
        pytest.param(STATE, STATE + "x", id="T178 a longer state"),
        pytest.param(None, "x", id="T178 a state where there was none"),
        pytest.param(STATE, "\ud800", id="T178 no text"),
        pytest.param(STATE, "\u00fc", id="T178 non-ASCII"),
    ],
)
def test_another_state_belongs_to_no_request(ours, theirs):
    response = AuthorizationResponse({"pid": (shown(),)}, theirs)
    exchange = verify_response(
        response, asked(state=ours), anchors=ANCHORS, policy=VerificationPolicy(), status_of=VALID, now=NOW
    )
    with pytest.raises(InvalidRequest, match="state"):
        run(exchange, Peer())


def test_where_there_is_no_state_none_is_needed():
    response = AuthorizationResponse({"pid": (shown(),)})
    exchange = verify_response(
        response, asked(state=None), anchors=ANCHORS, policy=VerificationPolicy(), status_of=VALID, now=NOW
    )
    assert run(exchange, Peer()).accepted


@pytest.mark.parametrize(
    "vp_token",
    [
        pytest.param({"other": shown()}, id="T176 an unknown id"),
        pytest.param({"pid": shown(), "other": shown()}, id="T176 an unknown id beside a known one"),
        pytest.param({"pid": [shown(), shown()]}, id="T176 more than one"),
    ],
)
def test_an_answer_of_another_shape_finds_nothing_out(vp_token):
    with pytest.raises(InvalidRequest, match="vp_token"):
        verify(vp_token)


# Transactions


def payment(*items, **options):
    policy = VerificationPolicy(transaction_data_types=TYPES)
    return verify({"pid": shown(**options)}, policy=policy, transaction_data=items)


def test_a_transaction_is_authorised_by_its_hash():
    named = encode_base64url(
        encode_json({"type": "payment", "credential_ids": ["pid"], "transaction_data_hashes_alg": ["sha-384"]})
    )
    assert payment(ITEM, transaction_data_hashes=(digest(ITEM),)).accepted
    both = payment(named, transaction_data_hashes=(digest(named, "sha-384"),), transaction_data_hashes_alg="sha-384")
    assert both.accepted
    unnamed = payment(named, transaction_data_hashes=(digest(named, "sha-384"),))
    assert refused(unnamed) == "++-++.."


def digest(item, name="sha-256"):
    return encode_base64url(hashlib.new(name.replace("-", ""), item.encode()).digest())


OTHER_ITEM = encode_base64url(encode_json({"type": "payment", "credential_ids": ["pid"], "amount": 6}))


@pytest.mark.parametrize(
    "hashes",
    [
        pytest.param((), id="T190 missing"),
        pytest.param((digest(ITEM),), id="T190 one missing"),
        pytest.param((digest(OTHER_ITEM), digest(ITEM)), id="T190 other order"),
        pytest.param((digest(ITEM), "A" * 43), id="T190 another transaction"),
        pytest.param((digest(ITEM, "sha-512"), digest(OTHER_ITEM, "sha-512")), id="T190 another hash"),
        pytest.param((digest(ITEM), digest(OTHER_ITEM), digest(ITEM)), id="T190 one more"),
    ],
)
def test_a_transaction_that_was_not_authorised_is_not_accepted(hashes):
    assert refused(payment(ITEM, OTHER_ITEM, transaction_data_hashes=hashes)) == "++-++.."


def test_the_transaction_is_carried_by_the_credential_that_it_names():
    """T190."""
    card = shown(("n",), credential=CARD_CREDENTIAL, signer=STRANGER)
    hashed = shown(("n",), credential=CARD_CREDENTIAL, signer=STRANGER, transaction_data_hashes=(digest(ITEM),))
    options = {
        "asked_query": query(PID, CARD),
        "policy": VerificationPolicy(transaction_data_types=TYPES),
        "transaction_data": (ITEM,),
    }
    good = shown(transaction_data_hashes=(digest(ITEM),))
    assert verify({"pid": good, "card": card}, **options).accepted
    assert not verify({"pid": shown(), "card": hashed}, **options).accepted
    with pytest.raises(InvalidRequest, match="transaction"):
        verify({"card": hashed}, **options)


def test_a_transaction_of_ours_has_a_type_that_we_know():
    with pytest.raises(InvalidTransactionData):
        verify({"pid": shown()}, transaction_data=(ITEM,))


# No luck


PRESENTED = shown()


def test_no_flipped_bit_is_ever_accepted():
    chosen = random.Random(7)
    for _ in range(150):
        at = chosen.randrange(len(PRESENTED))
        flipped = chr(ord(PRESENTED[at]) ^ 1 << chosen.randrange(7))
        found = verify({"pid": PRESENTED[:at] + flipped + PRESENTED[at + 1 :]})
        assert "-" in refused(found)


PARTS = PRESENTED.split("~")


@settings(max_examples=100)
@given(st.lists(st.sampled_from([*PARTS, *issued().split("~"), "", "e30.e30.AA"]), max_size=6), st.sampled_from("~.: "))
def test_no_other_arrangement_is_ever_accepted(parts, between):
    text = between.join(parts)
    if text != PRESENTED:
        assert "-" in refused(verify({"pid": text}))


@settings(max_examples=100)
@given(st.data())
def test_nothing_is_accepted_for_another_request(data):
    name = data.draw(st.sampled_from(["nonce", "client_id", "now"]))
    other = {
        "nonce": st.text("abc-._~", min_size=1).filter(lambda text: text != NONCE),
        "client_id": st.text("abc.", min_size=1).map(lambda text: replace(SAN_DNS, identifier=text)),
        "now": st.integers(0, 2**33).filter(lambda now: not NOW - 60 <= now <= NOW + 300),
    }[name]
    with contextlib.suppress(ProtocolError):
        value = data.draw(other)
        request = asked(nonce=value) if name == "nonce" else asked(client_id=value) if name == "client_id" else asked()
        exchange = verify_response(
            AuthorizationResponse({"pid": (PRESENTED,)}, STATE),
            request,
            anchors=ANCHORS,
            policy=VerificationPolicy(),
            status_of=VALID,
            now=value if name == "now" else NOW,
        )
        refused(run(exchange, Peer()))


PRESENTATIONS = st.lists(
    st.text(max_size=20) | st.sampled_from([PRESENTED, issued()]) | st.dictionaries(st.text(max_size=3), st.none()),
    max_size=3,
)


@settings(max_examples=100)
@given(
    st.dictionaries(st.sampled_from(["pid", "card", "other"]), PRESENTATIONS),
    st.none() | st.text(max_size=5) | st.just(STATE),
    st.sampled_from([query(), query(MANY, CARD), query(UNBOUND)]),
)
def test_no_answer_escapes_the_error_family(vp_token, state, asked_query):
    answer = AuthorizationResponse({id_: tuple(items) for id_, items in vp_token.items()}, state)
    exchange = verify_response(
        answer,
        asked(dcql_query=asked_query),
        anchors=ANCHORS,
        policy=VerificationPolicy(),
        status_of=VALID,
        now=NOW,
    )
    with contextlib.suppress(ProtocolError):
        found = run(exchange, Peer())
        texts = [item for items in vp_token.values() for item in items]
        assert not found.accepted or PRESENTED in texts or asked_query == query(UNBOUND)
