"""From an offer to a kept credential, and everything on the way that must not be kept."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from protocol.encoding import read_json
from protocol.errors import InvalidRequest, ProtocolError, Unreachable
from protocol.exchange import HttpResponse
from protocol.jws import Jws
from protocol.keys import P256Key
from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vci.credential import CredentialRequest
from protocol.oid4vci.metadata import Display
from protocol.oid4vci.offer import TxCode
from tests.support.pki import NOW, make_pki, seeded, seeded_key
from tests.wallet.counterparts import AGENCY, CLAIMS, PID, Agency, World, answer, held

DENIED = answer({"error": "credential_request_denied"}, 400)


def paths(agency):
    """What was asked for, in order."""
    return [urlsplit(request.url).path for request in agency.seen]


def test_a_credential_comes_in_as_many_copies_as_the_issuer_gives(world):
    [kept] = world.receive()
    assert world.vault.credentials() == (kept,)
    assert world.vault.pending() == ()
    assert len(kept.copies) == 3
    assert len({copy.key for copy in kept.copies}) == 3
    assert [copy.used_at for copy in kept.copies] == [0, 0, 0]
    assert (kept.issuer_name, kept.vouched_by) == ("City of Köln", "Test authority")
    assert kept.expires_at == NOW + 100_000
    assert {name: kept.read_claims()[name] for name in CLAIMS} == CLAIMS
    assert world.agency.notifications == [{"notification_id": "notification-1", "event": "credential_accepted"}]
    assert world.actions() == [("received", "done")]
    [entry] = world.vault.log()
    assert (entry.party, entry.party_id, entry.trusted_by) == ("City of Köln", AGENCY, "Test authority")
    assert entry.credentials[0].claims == (
        '["family_name"]',
        '["given_name"]',
        '["birthdate"]',
        '["address","locality"]',
        '["address","postal_code"]',
        '["nationalities",null]',
    )


def test_every_copy_has_the_key_that_it_is_bound_to(world):
    [kept] = world.receive()
    for copy in kept.copies:
        bound = Jws.from_compact(copy.raw.split("~")[0], "credential").peek_claims("credential").object("cnf")
        assert bound.members["jwk"] == copy.signer.public_key.to_jwk()


@pytest.mark.parametrize(("offered", "asked"), [(None, 1), (2, 2), (10, 10), (11, 10), (1000, 10)], ids=str)
def test_no_more_copies_are_asked_for_than_are_of_use(vault, offered, asked):
    world = World(vault, Agency(batch_size=offered))
    [kept] = world.receive()
    assert len(kept.copies) == asked


def test_what_the_user_is_asked_says_who_what_and_why_trusted(world):
    """T156: before anything is asked for in the user's name."""
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    consent = seen.consent
    assert (consent.issuer.title, consent.issuer.trusted_by) == ("City of Köln", "Test authority")
    assert consent.issuer.host == "agency.example"
    [offered] = consent.credentials
    assert (offered.configuration_id, offered.name) == ("pid", "Personal ID")
    assert offered.claims == ("Family name", "Given name", "Date of birth", "Address", "City", "Nationality")
    assert (consent.tx_code, consent.needs_login, consent.left_out) == (None, False, ())
    assert paths(world.agency) == ["/.well-known/openid-credential-issuer", "/.well-known/oauth-authorization-server"]


def test_the_user_is_asked_in_their_language(vault):
    world = World(vault, language="de")
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    assert seen.consent.credentials[0].name == "Personalausweis"
    assert seen.consent.credentials[0].claims[0] == "Nachname"


@pytest.mark.parametrize("agency", [Agency(signed=False), Agency(pki=make_pki())], ids=["unsigned", "stranger"])
def test_an_issuer_whom_nobody_vouches_for_has_no_name_but_its_host(vault, agency):
    """T157: what it calls itself is told apart."""
    world = World(vault, agency, trusted=False)
    issuer = world.run(world.wallet.receiving.look(agency.offer())).consent.issuer
    assert (issuer.name, issuer.trusted_by, issuer.title) == ("", "", "agency.example")
    assert issuer.calls_itself == "The very best agency"


def test_saying_no_asks_for_nothing_and_is_in_the_log(world):
    """T156"""
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    before = len(world.agency.seen)
    world.run(world.wallet.receiving.decline(seen))
    assert len(world.agency.seen) == before
    assert world.actions() == [("declined", "refused")]
    assert world.vault.pending() == ()


def test_nothing_is_kept_before_the_user_saw_the_data(world):
    """T156: a stranger's offer is recognised by whose data is in it, so the data comes before the decision."""
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    pending = world.run(receiving.take(seen))
    arrived = world.run(receiving.fetch(pending, seen.contact))
    assert world.vault.credentials() == ()
    [item] = arrived.credentials
    shown = {claim.label: claim.value for claim in item.shown.claims}
    assert shown["Given name"] == "Erika"
    assert shown["City"] == "Köln"
    assert shown["Nationality"] == "FR"
    assert item.shown.issuer.title == "City of Köln"
    assert item.shown.copies == 3
    world.run(receiving.reject(arrived))
    assert world.vault.credentials() == ()
    assert world.vault.pending() == ()
    assert world.agency.notifications == [{"notification_id": "notification-1", "event": "credential_deleted"}]
    assert world.actions() == [("declined", "refused")]


@pytest.mark.parametrize(
    "link",
    [
        "openid-credential-offer://?credential_offer=" + "x" * 200_000,
        "openid-credential-offer://?credential_offer={}&credential_offer_uri=https://agency.example/offer",
        "openid-credential-offer://?credential_offer_uri=http://agency.example/offer",
        "openid-credential-offer://?credential_offer_uri=https://user@agency.example/offer",
        "openid-credential-offer://?credential_offer_uri=https://192.0.2.1/offer",
        (
            'openid-credential-offer://?credential_offer={"credential_issuer":"http://agency.example",'
            '"credential_configuration_ids":["pid"]}'
        ),
        (
            'openid-credential-offer://?credential_offer={"credential_issuer":"https://agency.example",'
            '"credential_configuration_ids":["pid"],"grants":{"other":{}}}'
        ),
        "https://agency.example/",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_broken_offer_is_refused_before_anything_is_sent(world, link):
    """T147: and a link that names no issuer is nothing that happened to the user's data."""
    with pytest.raises(ProtocolError):
        world.run(world.wallet.receiving.look(link))
    assert world.agency.seen == []
    assert world.actions() == []


@pytest.mark.parametrize(
    ("metadata", "server"),
    [
        ({"credential_issuer": "https://other.example"}, {}),
        ({"credential_issuer": AGENCY + "/"}, {}),
        ({}, {"issuer": "https://other.example"}),
        ({"authorization_servers": ["https://other.example"]}, {}),
    ],
)
def test_metadata_of_somebody_else_ends_it(vault, metadata, server):
    """T148: no mix-up with another issuer or server."""
    world = World(vault, Agency(signed=False, metadata_changes=metadata, server_changes=server))
    with pytest.raises(ProtocolError):
        world.run(world.wallet.receiving.look(world.agency.offer()))
    assert [action for action, _ in world.actions()] == ["failed"]
    assert world.vault.log()[0].party_id == AGENCY


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "mso_mdoc", "type": "doctype"},
        {"format": "something new", "type": None},
        {"key_attestations_required": True},
        {"proof_algorithms": ("ES384",)},
        {"proof_algorithms": ()},
    ],
)
def test_what_this_wallet_cannot_take_is_said_before_it_is_tried(vault, changes):
    world = World(vault, Agency(configurations={"pid": replace(PID, **changes)}))
    with pytest.raises(InvalidRequest, match="nothing that this wallet can take"):
        world.run(world.wallet.receiving.look(world.agency.offer()))
    assert "/token" not in paths(world.agency)


def test_of_an_offer_the_wallet_takes_what_it_can(vault):
    other = replace(PID, format="mso_mdoc", type="doctype", display=(Display("Driving licence"),))
    world = World(vault, Agency(configurations={"mdl": other, "pid": PID}))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    assert seen.consent.left_out == ("Driving licence",)
    assert [offered.configuration_id for offered in seen.consent.credentials] == ["pid"]
    assert [kept.configuration_id for kept in world.receive()] == ["pid"]


def test_the_code_that_came_on_another_way_goes_to_the_issuer(vault):
    world = World(vault, Agency(tx_code="1234"))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    assert seen.consent.tx_code == TxCode(length=4)
    world.receive(tx_code=" 1234 ")
    form = dict(parse_qsl(next(r for r in world.agency.seen if r.url.endswith("/token")).body.decode()))
    assert form["tx_code"] == "1234"
    assert "client_id" not in form


@pytest.mark.parametrize("typed", [None, "", "   ", "123", "12345"])
def test_a_code_that_cannot_be_right_is_not_sent(vault, typed):
    """T157: neither silently nor to count as a try."""
    world = World(vault, Agency(tx_code="1234"))
    with pytest.raises(InvalidRequest, match="nothing was sent"):
        world.receive(tx_code=typed)
    assert "/token" not in paths(world.agency)


def test_a_code_that_nobody_asked_for_is_not_sent(world):
    """T157"""
    world.receive(tx_code="1234")
    form = dict(parse_qsl(next(r for r in world.agency.seen if r.url.endswith("/token")).body.decode()))
    assert "tx_code" not in form


def test_a_wrong_code_is_refused_and_the_right_one_still_works(vault):
    world = World(vault, Agency(tx_code="1234"))
    with pytest.raises(IssuerRefused) as refusal:
        world.receive(tx_code="9999")
    assert refusal.value.reason == "invalid_grant"
    assert world.vault.pending() == ()
    world.receive(tx_code="1234")
    assert world.actions() == [("failed", "the issuer refused: invalid_grant"), ("received", "done")]


@pytest.mark.parametrize(
    "changes", [{"token_type": "Bearer"}, {"token_type": None}, {"expires_in": -1}, {"access_token": ""}]
)
def test_a_token_that_anybody_could_use_is_refused(vault, changes):
    """T153"""
    world = World(vault, Agency(token_changes=changes))
    with pytest.raises(InvalidRequest):
        world.receive()
    assert "/credential" not in paths(world.agency)
    assert world.vault.pending() == ()


def test_the_type_of_a_token_is_read_without_case(vault):
    """T153"""
    world = World(vault, Agency(token_changes={"token_type": "dpop"}))
    assert len(world.receive()) == 1


def test_a_server_that_asks_for_nonces_for_ever_is_left(vault):
    """T154"""
    again = answer({"error": "use_dpop_nonce"}, 400, ("dpop-nonce", "n"))
    world = World(vault, Agency(refuse={"/token": again}))
    with pytest.raises(Unreachable):
        world.receive()
    assert paths(world.agency).count("/token") == 3


STRANGER = seeded_key(77)


def foreign_key(world):
    world.agency.spoil = lambda credentials: [world.agency.issue(STRANGER.public_key)]


def unbound(world):
    world.agency.spoil = lambda credentials: [world.agency.issue(None)]


def one_of_three_foreign(world):
    world.agency.spoil = lambda credentials: [*credentials[:2], world.agency.issue(STRANGER.public_key)]


def other_type(world):
    world.agency.type = "urn:eudi:other:1"


def expired(world):
    world.agency.issued_changes = {"issued_at": NOW - 500, "expires_at": NOW - 100}


def without_signature(credential):
    header, payload, _ = credential.partition("~")[0].split(".")
    return f"{header}.{payload}.~"


def unsigned(world):
    world.agency.spoil = lambda credentials: [without_signature(credential) for credential in credentials]


def wrong_signature(world):
    def spoil(credentials):
        jwt, _, rest = credentials[0].partition("~")
        return [jwt[:-6] + ("A" if jwt[-6] != "A" else "B") + jwt[-5:] + "~" + rest]

    world.agency.spoil = spoil


def broken_digest(world):
    def spoil(credentials):
        parts = credentials[0].split("~")
        return ["~".join([parts[0], "WyJzYWx0IiwgIngiLCAxXQ", *parts[1:]])]

    world.agency.spoil = spoil


def untrusted(world):
    world.agency.issue = Agency(pki=make_pki(key=P256Key.generate(seeded(90)))).issue


def not_entitled(world):
    world.agency.pki = replace(world.agency.pki, types=frozenset(("urn:other",)))


def no_credential(world):
    world.agency.spoil = lambda credentials: ["nothing"]


def twice_the_same(world):
    world.agency.spoil = lambda credentials: [credentials[0], credentials[0]]


def more_than_asked(world):
    world.agency.spoil = lambda credentials: [*credentials, credentials[0]]


def one_says_something_else(world):
    original = world.agency.issue

    def issue(key, *, seed):
        changes = {"claims": {**CLAIMS, "given_name": "Eva"}} if seed == 22 else {}
        return original(key, seed=seed, **changes)

    world.agency.issue = issue


@pytest.mark.parametrize(
    "spoil",
    [
        foreign_key,
        unbound,
        one_of_three_foreign,
        other_type,
        expired,
        unsigned,
        wrong_signature,
        broken_digest,
        untrusted,
        not_entitled,
        no_credential,
        twice_the_same,
        more_than_asked,
        one_says_something_else,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_what_is_not_good_is_not_kept_and_the_issuer_is_told(world, spoil):
    """T150, T151: one bad copy spoils the batch; nothing of it stays, and the log says why."""
    spoil(world)
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    arrived = world.run(world.wallet.receiving.fetch(pending, seen.contact))
    assert arrived.credentials == ()
    assert [failed.name for failed in arrived.failed] == ["Personal ID"]
    assert world.run(world.wallet.receiving.keep(arrived)) == ()
    world.run(world.wallet.receiving.reject(arrived))
    assert world.vault.credentials() == ()
    assert world.vault.pending() == ()
    if spoil is not more_than_asked:  # that is found before there is anything to speak about
        assert world.agency.notifications == [{"notification_id": "notification-1", "event": "credential_failure"}]
    [(action, outcome)] = world.actions()
    assert action == "not kept"
    assert outcome == arrived.failed[0].reason
    assert "Erika" not in outcome


def test_copies_are_matched_with_keys_by_what_is_in_them(world):
    """T151: in whatever order they come."""
    world.agency.spoil = lambda credentials: credentials[::-1]
    [kept] = world.receive()
    assert len(kept.copies) == 3
    test_every_copy_has_the_key_that_it_is_bound_to(world)


def test_fewer_copies_than_asked_for_are_fine(world):
    """T151"""
    world.agency.spoil = lambda credentials: credentials[1:2]
    [kept] = world.receive()
    assert len(kept.copies) == 1


def test_a_credential_that_is_bound_to_no_key_is_kept_as_one_copy(vault):
    configuration = replace(PID, binding_methods=(), proof_algorithms=())
    world = World(vault, Agency(configurations={"pid": configuration}))
    [kept] = world.receive()
    assert [copy.key for copy in kept.copies] == [""]
    world.agency.spoil = lambda credentials: credentials * 2
    assert world.receive() == ()


def test_names_that_a_stranger_gave_are_made_plain(vault):
    """T152: nothing steers a terminal, turns the direction of reading, or fills the screen."""
    nasty = "A\x1b[31m\u202eB\u200b\n<script>" + "x" * 200
    configuration = replace(PID, display=(Display(nasty, "en", nasty),))
    agency = Agency(configurations={"pid": configuration}, claims={**CLAIMS, "given_name": nasty})
    world = World(vault, agency)
    seen = world.run(world.wallet.receiving.look(agency.offer()))
    [kept] = world.receive()
    shown = world.wallet.keeping.shown(kept)
    texts = [
        seen.consent.credentials[0].name,
        seen.consent.credentials[0].description,
        shown.name,
        *(str(claim.value) for claim in shown.claims),
        world.vault.log()[0].credentials[0].name,
    ]
    for text in texts:
        assert not set(text) & set("\x1b\u202e\u200b\n")
        assert len(text) <= 2000
    assert "A [31m B <script>" in texts[0]


@pytest.mark.parametrize("broken", [Unreachable("away"), HttpResponse(503, (), b""), HttpResponse(429, (), b"")])
def test_what_was_cut_off_can_go_on(world, broken):
    """T158: the tokens are sealed; nothing is reported as stored, and the next try needs no new offer."""
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    pending = world.run(receiving.take(seen))
    world.agency.refuse = {"/credential": broken}
    with pytest.raises(Unreachable):
        world.run(receiving.fetch(pending, seen.contact))
    assert world.vault.credentials() == ()
    assert world.wallet.keeping.pending() == (pending,)
    world.agency.refuse = {}
    arrived = world.run(receiving.fetch(world.wallet.keeping.pending()[0]))
    [kept] = world.run(receiving.keep(arrived))
    assert world.vault.credentials() == (kept,)
    assert world.vault.pending() == ()
    assert paths(world.agency).count("/token") == 1


def test_a_wallet_that_was_killed_at_any_request_holds_all_or_nothing(vault, monkeypatch):
    """T158: killed between token and credential, or between credential and store; no half state, nothing lost."""
    total = len(_requests_of_a_receipt(World(vault)))
    for number in range(1, total + 1):
        vault.write(drop=[*vault.credentials(), *vault.pending()])
        world = World(vault)
        done = 0

        class Killed(BaseException):
            pass

        original = world.agency.respond

        def respond(request, *, original=original, number=number):
            nonlocal done
            response = original(request)
            done += 1
            if done == number:
                raise Killed
            return response

        with monkeypatch.context() as patched:
            patched.setattr(world.agency, "respond", respond)
            with pytest.raises(Killed):
                world.receive()
        asked_for_tokens = any(request.url.endswith("/token") for request in world.agency.seen)
        finished = bool(world.agency.notifications)
        if finished:
            assert len(vault.credentials()) == 1
            assert vault.pending() == ()
        else:
            assert vault.credentials() == ()
            # The answer with the tokens is the one thing that cannot be asked for again
            tokens_lost = world.agency.seen[-1].url.endswith("/token")
            assert len(vault.pending()) == (1 if asked_for_tokens and not tokens_lost else 0)
        for pending in vault.pending():
            arrived = world.run(world.wallet.receiving.fetch(pending))
            assert len(world.run(world.wallet.receiving.keep(arrived))) == 1
            assert vault.pending() == ()


def _requests_of_a_receipt(world):
    world.receive()
    return world.agency.seen


def test_what_the_issuer_does_not_give_any_more_is_cleaned_up(world):
    """T158: a key without a credential does not stay."""
    receiving = world.wallet.receiving
    seen = world.run(receiving.look(world.agency.offer()))
    pending = world.run(receiving.take(seen))
    world.agency.refuse = {"/credential": answer({"error": "invalid_token"}, 401)}
    arrived = world.run(receiving.fetch(pending))
    assert arrived.credentials == ()
    assert world.vault.pending() == ()
    assert world.actions() == [("not kept", "the issuer refused: invalid_token")]


def test_what_was_begun_can_be_given_up(world):
    """T158"""
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    world.run(world.wallet.receiving.give_up(pending))
    assert world.vault.pending() == ()
    assert world.actions() == [("declined", "refused")]


def test_a_token_that_expired_is_renewed_once(vault):
    expired = answer({"error": "invalid_token"}, 401)
    world = World(vault, Agency(refresh_token="refresh-1", refuse={"/credential": [expired]}))
    world.receive()
    forms = [dict(parse_qsl(r.body.decode())) for r in world.agency.seen if r.url.endswith("/token")]
    assert [form["grant_type"] for form in forms][1:] == ["refresh_token"]
    assert forms[1]["refresh_token"] == "refresh-1"
    world.agency.refuse = {"/credential": expired}
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    arrived = world.run(world.wallet.receiving.fetch(pending))
    assert arrived.failed[0].reason == "the issuer refused: invalid_token"


def test_renewed_tokens_are_remembered_before_they_are_used(vault):
    """T158: a refresh token that was used up is worth nothing, so the new ones are sealed first."""
    expired = answer({"error": "invalid_token"}, 401)
    world = World(vault, Agency(refresh_token="refresh-1", refuse={"/credential": [expired, Unreachable("away")]}))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    world.agency.refresh_token = None
    world.agency.token_changes = {"access_token": "token-2"}
    with pytest.raises(Unreachable):
        world.run(world.wallet.receiving.fetch(pending))
    [left] = world.vault.pending()
    assert left.read_tokens().access_token == "token-2"
    assert left.read_tokens().refresh_token == "refresh-1"


def test_what_is_refused_does_not_take_the_rest_along(vault):
    second = replace(PID, display=(Display("Second"),))
    world = World(vault, Agency(configurations={"first": PID, "second": second}, refuse={"/credential": [DENIED]}))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    arrived = world.run(world.wallet.receiving.fetch(pending, seen.contact))
    assert [failed.name for failed in arrived.failed] == ["Personal ID"]
    assert [wanted.configuration_id for wanted in world.vault.pending()[0].wanted] == ["second"]
    [kept] = world.run(world.wallet.receiving.keep(arrived))
    assert kept.configuration_id == "second"
    assert world.actions() == [
        ("not kept", "the issuer refused: credential_request_denied"),
        ("received", "done"),
    ]


def test_an_issuer_that_does_not_hear_about_it_changes_nothing(vault):
    world = World(vault, Agency(refuse={"/notification": Unreachable("away")}))
    assert len(world.receive()) == 1
    assert len(vault.credentials()) == 1


def test_what_is_pending_holds_no_code_that_was_spent(vault):
    """T158: only what is needed to go on."""
    world = World(vault, Agency(tx_code="1234"))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen, "1234"))
    assert "code-1" not in pending.offer
    assert "1234" not in pending.offer
    assert pending.read_offer().credential_issuer == AGENCY


def test_a_server_that_wants_to_know_the_wallet_is_told(vault):
    world = World(vault, Agency(server_changes={"pre-authorized_grant_anonymous_access_supported": False}))
    world.receive()
    form = dict(parse_qsl(next(r for r in world.agency.seen if r.url.endswith("/token")).body.decode()))
    assert form["client_id"] == "test-wallet"
    request = read_json(next(r for r in world.agency.seen if r.url.endswith("/credential")).body, "request")
    proof = Jws.from_compact(CredentialRequest.from_dict(request).proofs[0], "proof").peek_claims("proof")
    assert "iss" not in proof.members


def test_a_stored_record_is_what_it_was(vault):
    vault.write(put=[held("x")])
    assert vault.credentials()[0].described().display[0].name == "Personal ID"
