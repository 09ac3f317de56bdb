"""Making, fetching, watching and withdrawing offers."""

from urllib.parse import parse_qs, urlsplit

import pytest

from issuer.service.offers import GrantKind, OfferOrder
from issuer.session.stages import PRE_AUTHORIZED_CODE
from protocol.encoding import decode_base64url, encode_json
from protocol.errors import Conflict, CredentialRequestDenied, InvalidCredentialRequest, InvalidGrant, NotFound
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.oid4vci.offer import resolve_offer
from runtime.conversation import Load, SessionKey
from tests.support.issuer import ACTOR, IDENTIFIER, TestWallet


def reference_of(made):
    return urlsplit(made.page).path.split("/")[2]


def test_an_offer_by_value_says_everything(desk):
    made = desk.offer("member", "badge", tx_code=True, by_reference=False)
    parameters = parse_qs(urlsplit(made.uri).query)
    assert set(parameters) == {"credential_offer"}
    offer = run(resolve_offer(made.uri), perform=lambda _: None)
    assert offer == made.offer
    assert offer.credential_issuer == IDENTIFIER
    assert offer.credential_configuration_ids == ("member", "badge")
    assert offer.tx_code is not None
    assert (offer.tx_code.input_mode, offer.tx_code.length) == ("numeric", 6)
    assert made.tx_code is not None
    assert len(made.tx_code) == 6
    assert made.tx_code not in made.uri


def test_an_offer_by_reference_is_fetched_as_often_as_asked(desk):
    """T137: fetching changes nothing"""
    made = desk.offer(tx_code=True)
    uri = parse_qs(urlsplit(made.uri).query)["credential_offer_uri"][0]
    reference = uri.removeprefix(f"{IDENTIFIER}/offers/")
    assert made.offer.pre_authorized_code not in made.uri

    def serve(request):
        assert isinstance(request, HttpRequest)
        assert request.url == uri
        offer = desk.run(desk.issuer.offers.fetch(reference))
        return HttpResponse(200, (("content-type", "application/json"),), encode_json(offer.to_dict()))

    for _ in range(3):
        assert run(resolve_offer(made.uri), serve) == made.offer
    assert desk.run(desk.issuer.offers.state(made.id)) == "offered"


def test_an_offer_to_log_in_carries_an_issuer_state_and_no_code(desk):
    made = desk.offer(grant=GrantKind.AUTHORIZATION_CODE, tx_code=True)
    assert made.offer.pre_authorized_code is None
    assert made.offer.issuer_state
    assert (made.tx_code, made.offer.tx_code) == (None, None)
    assert desk.run(desk.issuer.offers.fetch(reference_of(made))) == made.offer


@pytest.mark.parametrize("names", [(), ("member", "member"), ("member", "diploma")])
def test_only_what_is_issued_here_is_offered(desk, names):
    order = OfferOrder(names, "anna", GrantKind.PRE_AUTHORIZED_CODE, False, True, ACTOR)
    with pytest.raises(InvalidCredentialRequest):
        desk.run(desk.issuer.offers.make(order))


def test_nothing_is_offered_to_somebody_whom_the_register_does_not_know(desk):
    with pytest.raises(CredentialRequestDenied):
        desk.offer(subject="clara")


def test_nothing_is_offered_that_the_register_cannot_fill(desk):
    """T145: the reason names the claim, not the value"""
    desk.register.put({"bodo": {"points": 3}})
    with pytest.raises(CredentialRequestDenied, match="given_name"):
        desk.offer(subject="bodo")


@pytest.mark.parametrize("end", ["redeemed", "expired", "withdrawn"])
def test_an_offer_that_is_over_is_not_found(desk, end):
    """T137"""
    made = desk.offer()
    match end:
        case "redeemed":
            TestWallet(desk).redeem(made)
        case "expired":
            desk.clock.move(desk.issuer.context.policy.lifetimes.offer)
        case _:
            desk.run(desk.issuer.offers.withdraw(made.id, ACTOR))
    with pytest.raises(NotFound):
        desk.run(desk.issuer.offers.fetch(reference_of(made)))
    with pytest.raises(NotFound):
        desk.run(desk.issuer.offers.link(reference_of(made)))
    for state in (desk.issuer.offers.state(made.id), desk.issuer.offers.state_of_reference(reference_of(made))):
        assert desk.run(state) == end


def test_an_unknown_offer_is_not_found(desk):
    """T137"""
    for exchange in (
        desk.issuer.offers.fetch("x"),
        desk.issuer.offers.state("x"),
        desk.issuer.offers.state_of_reference("x"),
        desk.issuer.offers.withdraw("x", ACTOR),
    ):
        with pytest.raises(NotFound):
            desk.run(exchange)


def test_the_state_follows_the_wallet(desk):
    wallet = TestWallet(desk)
    made = desk.offer()
    seen = [desk.run(desk.issuer.offers.state(made.id))]
    tokens = wallet.redeem(made)
    seen.append(desk.run(desk.issuer.offers.state(made.id)))
    issued = wallet.issue(tokens)
    seen.append(desk.run(desk.issuer.offers.state(made.id)))
    wallet.notify(tokens, issued.notification_id or "", "credential_accepted")
    seen.append(desk.run(desk.issuer.offers.state(made.id)))
    assert seen == ["offered", "redeemed", "issued", "accepted"]


def test_a_withdrawn_offer_gives_no_token(desk):
    """T112"""
    made = desk.offer()
    desk.run(desk.issuer.offers.withdraw(made.id, ACTOR))
    desk.run(desk.issuer.offers.withdraw(made.id, ACTOR))
    with pytest.raises(InvalidGrant):
        TestWallet(desk).redeem(made)


def test_an_expired_offer_gives_no_token(desk):
    """T112"""
    made = desk.offer()
    desk.clock.move(600)
    with pytest.raises(InvalidGrant):
        TestWallet(desk).redeem(made)


def test_an_offer_that_was_taken_up_cannot_be_taken_back(desk):
    wallet = TestWallet(desk)
    made = desk.offer()
    wallet.issue(wallet.redeem(made))
    with pytest.raises(Conflict):
        desk.run(desk.issuer.offers.withdraw(made.id, ACTOR))


def test_what_became_of_an_offer_can_be_asked_for_a_month(desk):
    made = desk.offer()
    desk.clock.move(29 * 86_400)
    desk.sweep()
    assert desk.run(desk.issuer.offers.state(made.id)) == "expired"
    desk.clock.move(2 * 86_400)
    desk.sweep()
    with pytest.raises(NotFound):
        desk.run(desk.issuer.offers.state(made.id))


def test_codes_are_long_fresh_and_kept_as_digests_only(desk):
    """T117"""
    made = [desk.offer(tx_code=True) for _ in range(50)]
    codes = [offer.offer.pre_authorized_code or "" for offer in made]
    references = [reference_of(offer) for offer in made]
    for secrets in (codes, references):
        assert len(set(secrets)) == 50
        assert all(len(decode_base64url(secret)) == 32 for secret in secrets)
    with desk.store.database.reading() as connection:
        dump = "".join(
            str(tuple(row))
            for table in ("sessions", "session_keys", "spent_values", "events")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        )
    assert not [secret for secret in (*codes, *references) if secret in dump]
    assert not [offer for offer in made if f'"{offer.tx_code}"' in dump]
    stage = desk.store.load(Load(SessionKey.of(PRE_AUTHORIZED_CODE, codes[0]), NotFound("missing")))
    assert stage.id == made[0].id


def test_transaction_codes_have_six_digits_and_differ(desk):
    codes = [desk.offer(tx_code=True).tx_code or "" for _ in range(30)]
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    assert len(set(codes)) > 20


def test_a_fixed_transaction_code_is_for_tests(desk):
    fixed = desk.with_context(fixed_tx_code="123456")
    assert fixed.offer(tx_code=True).tx_code == "123456"
    assert fixed.offer(tx_code=False).tx_code is None
