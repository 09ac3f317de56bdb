"""From a request to an answer: what is shown, what is given away, and what never is."""

from dataclasses import replace

import pytest

from protocol.encoding import JsonObject, encode_base64url, encode_json, read_json_object
from protocol.errors import (
    AccessDenied,
    Conflict,
    InvalidRequest,
    InvalidTransactionData,
    ProtocolError,
    Unreachable,
)
from protocol.exchange import HttpResponse, run
from protocol.formats import format_of
from protocol.jwe import Jwe, decrypt_jwe
from protocol.keys import P256Key
from protocol.oid4vp.answer import Delivered, Uncertain
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.link import PlainRequest, RequestByReference
from protocol.oid4vp.request import DIRECT_POST_JWT, ClientMetadata, EncryptionKey, VerifierInfo
from protocol.sdjwt.key_binding import ExpectedBinding
from protocol.trust.anchors import Role
from tests.support.pki import DAY, NOW, Template, make_pki, seeded, seeded_key
from tests.wallet.counterparts import PARTNER, UNSIGNED, VCT, Agency, Partner, World, answer, dcql
from wallet.policy.presenting import Caution


@pytest.fixture
def world(vault):
    """A wallet that holds an identity card in three copies."""
    world = World(vault)
    world.receive()
    return world


def look(world):
    """What the user is asked."""
    return world.run(world.wallet.presenting.look(world.partner.link()))


def asking(world, *credentials, **sets):
    """Have the partner ask for these credentials."""
    world.partner.query = {"credentials": list(credentials), **sets}
    return world


def verified(world, presentation, **changes):
    """What the partner finds in a presentation, or the error that it finds."""
    request = world.partner.request()
    expected = ExpectedBinding(**{"audience": str(request.client_id), "nonce": request.nonce, "now": NOW, **changes})
    exchange = format_of("dc+sd-jwt").verify_presented(
        presentation, anchors=world.anchors(), expected=expected, now=NOW
    )
    return run(exchange, world.perform)


def test_the_partner_gets_what_it_asked_for_bound_to_its_request(world):
    shared = world.present()
    assert shared.delivery == Delivered(None)
    [presentation] = world.partner.presented()
    credential = verified(world, presentation)
    assert credential.claims["given_name"] == "Erika"
    assert credential.disclosed == (("given_name",),)
    assert world.partner.answers[0]["state"] == "state-of-at-least-22-characters"


@pytest.mark.parametrize(
    ("paths", "disclosed"),
    [
        ((), ()),
        ((("given_name",),), (("given_name",),)),
        ((("address", "locality"),), (("address",), ("address", "locality"))),
        ((("nationalities", 1),), (("nationalities", 0),)),  # the other element is not even counted
        ((("nationalities", None),), (("nationalities", 0), ("nationalities", 1))),
    ],
)
def test_nothing_but_what_was_asked_is_disclosed(world, paths, disclosed):
    """T169: and nothing at all where nothing was asked."""
    asking(world, dcql(*paths))
    world.present()
    [presentation] = world.partner.presented()
    assert set(verified(world, presentation).disclosed) == set(disclosed)


def test_the_user_sees_exactly_what_the_partner_gets(world):
    """T169: label and value of each claim, and nothing that is not shown travels."""
    asking(world, dcql(("birthdate",), ("address",), ("nationalities", None)))
    seen = look(world)
    [question] = seen.consent.questions
    [choice] = question.choices
    assert [(claim.label, claim.value) for claim in choice.claims] == [
        ("Date of birth", "1990-03-07"),
        ("City", "Köln"),
        ("Address · postal_code", "51147"),
        ("Nationality", "DE"),
        ("Nationality", "FR"),
    ]
    assert (choice.name, choice.issuer, choice.cautions) == ("Personal ID", "City of Köln", ())
    assert question.required
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    claims = verified(world, world.partner.presented()[0]).claims
    assert {name for name in claims if name not in {"iat", "exp", "vct", "cnf"}} == {
        "birthdate",
        "address",
        "nationalities",
    }


def test_what_cannot_be_left_out_is_shown_too(vault):
    """T169: claims that the issuer did not make disclosable go along with every presentation."""
    agency = Agency(claims={**Agency().claims, "place_of_birth": {"country": "DE"}})
    world = asking(World(vault, agency), dcql(("given_name",)))
    world.receive()
    [choice] = look(world).consent.questions[0].choices
    assert [(claim.path, claim.value, claim.asked) for claim in choice.claims] == [
        (("given_name",), "Erika", True),
        (("place_of_birth", "country"), "DE", False),
    ]


def test_the_user_sees_who_asks_and_why_they_are_trusted(world):
    seen = look(world)
    asker = seen.consent.asker
    assert (asker.name, asker.host, asker.trusted_by) == ("City library", "library.example", "Test authority")
    assert not seen.consent.encrypted
    assert not seen.consent.repeated
    assert not seen.consent.needs_thought
    assert seen.consent.purpose == ""


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "To lend you books."),
        ("de", "Um Ihnen Bücher zu leihen."),
        ("fr", "Um Ihnen Bücher zu leihen."),
    ],
)
def test_the_user_sees_what_for(vault, language, expected):
    data: JsonObject = {
        "purpose": [
            {"lang": "de-DE", "value": "Um Ihnen Bücher\x1b zu leihen."},
            {"lang": "en", "value": "To lend you books."},
        ]
    }
    world = World(vault, language=language)
    world.partner.changes = {
        "verifier_info": (VerifierInfo("other", "no token"), VerifierInfo("registration_cert", data))
    }
    assert look(world).consent.purpose == expected


def test_looking_gives_nothing_away(world):
    look(world)
    assert world.partner.answers == []
    assert [entry.action for entry in world.vault.log()] == ["received"]
    assert all(not copy.used_at for copy in world.vault.credentials()[0].copies)


def test_every_partner_gets_another_copy(world):
    """T171: copies have keys of their own, so partners cannot tell that they met the same person."""
    keys = set()
    for number in range(3):
        world.partner.changes = {"nonce": f"nonce-of-at-least-22-characters-{number}"}
        world.present()
        presented = world.partner.presented()[0]
        keys.add(verified(world, presented, nonce=world.partner.request().nonce).holder_key)
    assert len(keys) == 3
    assert all(copy.used_at for copy in world.vault.credentials()[0].copies)


def test_when_all_copies_were_shown_the_user_is_told(world):
    """T171: and the one that was shown longest ago is shown again."""
    for number in range(3):
        world.now = NOW + number
        world.partner.changes = {"nonce": f"nonce-of-at-least-22-characters-{number}"}
        world.present()
    first = world.vault.credentials()[0].copies[0].raw
    world.partner.changes = {"nonce": "nonce-of-at-least-22-characters-9"}
    seen = look(world)
    assert seen.consent.questions[0].choices[0].cautions == (Caution.SHOWN_BEFORE,)
    assert seen.consent.needs_thought
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.partner.presented()[0].startswith(first.split("~")[0])


def test_a_copy_counts_as_shown_before_it_leaves(world):
    """T171: killed after the sending and before anything else, it is marked and in the log already."""

    class Killed(BaseException):
        pass

    original = world.partner.respond

    def respond(request):
        original(request)
        if request.url.endswith("/response"):
            raise Killed

        return original(request)

    seen = look(world)
    world.partner.respond = respond
    with pytest.raises(Killed):
        world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    [kept] = world.vault.credentials()
    assert [bool(copy.used_at) for copy in kept.copies] == [True, False, False]
    assert world.actions()[-1] == ("sharing", "begun")


def test_two_presentations_cannot_share_the_last_copy(vault):
    """T171: who comes second gives nothing away and is told why."""
    world = World(vault, Agency(batch_size=None))
    world.receive()
    one, other = look(world), look(world)
    world.run(world.wallet.presenting.share(one, one.default_choice()))
    with pytest.raises(Conflict, match="nothing was sent"):
        world.run(world.wallet.presenting.share(other, other.default_choice()))
    assert len(world.partner.answers) == 1
    assert [entry.action for entry in vault.log()] == ["received", "sharing", "shared"]


def test_a_credential_that_was_deleted_meanwhile_is_not_shown(world):
    seen = look(world)
    world.run(world.wallet.keeping.forget(world.vault.credentials()[0]))
    with pytest.raises(ProtocolError):
        world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.partner.answers == []


def test_the_log_says_who_got_which_claims_and_never_what_they_say(world):
    """T263"""
    asking(world, dcql(("address", "locality"), ("given_name",)))
    shared = world.present()
    entry = world.vault.log()[shared.log_number - 1]
    assert (entry.action, entry.party, entry.trusted_by) == ("sharing", "City library", "Test authority")
    assert entry.party_id == str(world.partner.client_id)
    assert [(item.name, item.type, item.claims) for item in entry.credentials] == [
        ("Personal ID", VCT, ('["given_name"]', '["address","locality"]'))
    ]
    assert world.vault.log()[-1].completes == shared.log_number
    assert "Erika" not in repr(world.vault.log())
    assert "Köln" not in repr([item.credentials for item in world.vault.log()])


def test_saying_no_is_told_to_the_partner_and_gives_nothing_away(world):
    seen = look(world)
    world.run(world.wallet.presenting.decline(seen))
    [form] = world.partner.answers
    assert form["error"] == "access_denied"
    assert "vp_token" not in form
    assert world.actions()[-1] == ("declined", "refused")
    assert all(not copy.used_at for copy in world.vault.credentials()[0].copies)


def test_having_nothing_looks_like_saying_no(world):
    """T168: and an answer is impossible, whatever is chosen."""
    refused = look(world)
    world.run(world.wallet.presenting.decline(refused))
    asking(world, dcql(("given_name",), vct="urn:other"))
    seen = look(world)
    assert not seen.consent.answerable
    with pytest.raises(AccessDenied):
        seen.default_choice()
    with pytest.raises(AccessDenied):
        world.run(world.wallet.presenting.share(seen, {"pid": ()}))
    world.run(world.wallet.presenting.decline(seen))
    assert world.partner.answers[0] == world.partner.answers[1]
    assert world.actions()[-1] == ("declined", "nothing held answers")


@pytest.mark.parametrize("choice", [{}, {"pid": ()}, {"pid": ("other",)}, {"other": ("x",)}])
def test_a_choice_that_does_not_answer_is_refused(world, choice):
    """T168: no empty or partial answer."""
    seen = look(world)
    with pytest.raises((InvalidRequest, KeyError)):
        world.run(world.wallet.presenting.share(seen, choice))
    assert world.partner.answers == []
    assert [entry.action for entry in world.vault.log()] == ["received"]


def test_what_is_optional_is_left_out_unless_it_is_chosen(world):
    """T168: nothing optional is chosen for the user."""
    asking(
        world,
        dcql(("given_name",), query_id="name"),
        dcql(("birthdate",), query_id="born"),
        dcql(("given_name",), query_id="missing", vct="urn:other"),
        credential_sets=[
            {"options": [["name"]]},
            {"options": [["born"]], "required": False},
            {"options": [["missing"]], "required": False},
        ],
    )
    seen = look(world)
    assert seen.default_choice().keys() == {"name"}
    assert [(way.options, way.required) for way in seen.consent.ways] == [
        ((("name",),), True),
        ((("born",),), False),
        ((), False),
    ]
    held_id = world.vault.credentials()[0].id
    world.run(world.wallet.presenting.share(seen, {"name": (held_id,), "born": (held_id,)}))
    presented = read_json_object(world.partner.answers[-1]["vp_token"].encode(), "vp_token")
    assert presented.keys() == {"name", "born"}
    assert [bool(copy.used_at) for copy in world.vault.credentials()[0].copies] == [True, False, False]


def test_the_user_chooses_between_several_that_fit(world):
    world.agency.claims = {**world.agency.claims, "given_name": "Max"}
    world.receive()
    seen = look(world)
    [question] = seen.consent.questions
    assert [choice.claims[0].value for choice in question.choices] == ["Erika", "Max"]
    second = question.choices[1].held_id
    world.run(world.wallet.presenting.share(seen, {"pid": (second,)}))
    assert verified(world, world.partner.presented()[0]).claims["given_name"] == "Max"


def test_without_a_need_for_it_the_holder_does_not_sign(world):
    asking(world, dcql(("given_name",), require_cryptographic_holder_binding=False))
    world.present()
    assert world.partner.presented()[0].endswith("~")


def test_an_answer_is_encrypted_to_the_partner_where_that_is_asked(world):
    """T165"""
    key = P256Key.generate(seeded(70))
    metadata = ClientMetadata((EncryptionKey("k1", key.public_key),), ("A256GCM",))
    world.partner.changes = {"response_mode": DIRECT_POST_JWT, "client_metadata": metadata}
    seen = look(world)
    assert seen.consent.encrypted
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    [form] = world.partner.answers
    assert form.keys() == {"response"}
    opened = read_json_object(
        decrypt_jwe(Jwe.from_compact(form["response"], "response"), key, encs=("A256GCM",)), "response"
    )
    assert verified(world, opened["vp_token"]["pid"][0]).claims["given_name"] == "Erika"


def test_where_encryption_is_impossible_nothing_is_sent_in_clear(world):
    """T165"""
    metadata = ClientMetadata((EncryptionKey("k1", seeded_key(70).public_key),), ("A128CBC-HS256",))
    world.partner.changes = {"response_mode": DIRECT_POST_JWT, "client_metadata": metadata}
    with pytest.raises(InvalidRequest):
        look(world)
    assert [form.get("error") for form in world.partner.answers] == ["invalid_request"]
    assert "vp_token" not in world.partner.answers[0]
    assert world.actions()[-1][0] == "failed"


def test_what_is_not_understood_is_not_authorised(world):
    """T166"""
    item = encode_base64url(encode_json({"type": "urn:payment", "credential_ids": ["pid"]}))
    world.partner.changes = {"transaction_data": (item,)}
    with pytest.raises(InvalidTransactionData):
        look(world)
    assert [form.get("error") for form in world.partner.answers] == ["invalid_transaction_data"]
    assert world.actions()[-1][0] == "failed"


def stranger(world):
    world.partner.pki = make_pki(Template(dns_names=("library.example",)), role=Role.VERIFIER)
    trusted = world.anchors()
    world.trusted = False
    assert trusted


def not_a_verifier(world):
    world.partner.pki = replace(world.partner.pki, role=Role.ISSUER)


def certificate_that_ended(world):
    world.partner.pki = make_pki(Template(dns_names=("library.example",), not_after=NOW - DAY), role=Role.VERIFIER)


def another_identifier(world):
    world.partner.changes = {"client_id": ClientId.from_text("x509_san_dns:library.example")}


def answer_elsewhere(world):
    world.partner.changes = {"response_uri": "https://elsewhere.example/response"}


def wrong_wallet_nonce(world):
    world.partner.changes = {"wallet_nonce": "another"}


@pytest.mark.parametrize(
    "spoil",
    [stranger, not_a_verifier, certificate_that_ended, another_identifier, answer_elsewhere, wrong_wallet_nonce],
    ids=lambda spoil: spoil.__name__,
)
def test_a_request_that_cannot_be_believed_is_shown_to_the_user_alone(world, spoil):
    """T159, T163: nothing is posted to whoever wrote it, and the log says that it happened."""
    spoil(world)
    with pytest.raises(ProtocolError):
        look(world)
    assert world.partner.answers == []
    [*_, last] = world.vault.log()
    assert (last.action, last.party, last.trusted_by) == ("failed", "", "")
    assert last.party_id.startswith("x509_")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://library.example/",
        "openid4vp://?client_id=&request_uri=https://library.example/request",
        "openid4vp://?client_id=library&request_uri=https://library.example/request",
        "openid4vp://?client_id=unknown:library&request_uri=https://library.example/request",
        "openid4vp://?client_id=x509_san_dns:library.example&request_uri=http://library.example/request",
        "openid4vp://?client_id=x509_san_dns:library.example&nonce=n&response_type=vp_token",
        (
            "openid4vp://?client_id=redirect_uri:https://library.example/response"
            "&request_uri=https://library.example/request"
        ),
    ],
)
def test_a_link_of_nobody_known_is_refused(world, link):
    """T160, T164: no "unknown, continue?"."""
    with pytest.raises(ProtocolError):
        world.run(world.wallet.presenting.look(link))
    assert world.partner.seen == []
    assert world.partner.answers == []


def test_a_request_without_a_signature_is_taken_only_where_a_test_says_so(world):
    """T160: and then nobody vouches for it, and an error is not posted to it."""
    request = replace(
        world.partner.request(),
        client_id=ClientId.from_text(f"redirect_uri:{PARTNER}/response"),
        wallet_nonce=None,
    )
    link = PlainRequest(request).to_link()
    with pytest.raises(InvalidRequest, match="not accepted"):
        world.run(world.wallet.presenting.look(link))
    open_world = World(world.vault, agency=world.agency, partner=world.partner, prefixes=UNSIGNED)
    seen = open_world.run(open_world.wallet.presenting.look(link))
    assert (seen.consent.asker.title, seen.consent.asker.trusted_by) == ("library.example", "")
    assert seen.consent.needs_thought
    open_world.run(open_world.wallet.presenting.decline(seen))
    assert world.partner.answers == []
    open_world.run(open_world.wallet.presenting.share(seen, seen.default_choice()))
    assert len(world.partner.answers) == 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (HttpResponse(500, (), b"<html>"), "500"),
        (HttpResponse(302, (("location", "https://elsewhere.example/"),), b""), "302"),
        (answer("<html>", media_type="text/html"), "JSON"),
        (answer({"redirect_uri": "javascript:alert(1)"}), "redirect_uri"),
        (answer({"redirect_uri": "http://elsewhere.example/"}), "redirect_uri"),
        (answer({"redirect_uri": "https://elsewhere.example/" + "x" * 100_000}), ""),
        (Unreachable("no answer in time"), "no answer"),
    ],
)
def test_what_became_of_an_answer_that_is_not_confirmed_is_unknown(world, reply, reason):
    """T172: it counts as seen, and nothing is opened."""
    world.partner.reply = reply
    shared = world.present()
    assert isinstance(shared.delivery, Uncertain)
    assert reason in shared.delivery.reason
    assert shared.redirect_uri is None
    assert world.actions()[-1] == ("shared", "unknown")
    assert world.vault.credentials()[0].copies[0].used_at


def test_where_to_go_on_is_told_and_not_opened(world):
    """T172"""
    world.partner.reply = answer({"redirect_uri": "https://library.example/done#response_code=1"})
    before = len(world.partner.seen)
    shared = world.present()
    assert shared.redirect_uri == "https://library.example/done#response_code=1"
    assert len(world.partner.seen) == before + 2
    assert world.actions()[-1] == ("shared", "done")


def test_the_same_request_again_is_called_repeated(world):
    """T175: also after the wallet was closed, because the log knows it."""
    first = look(world)
    assert not first.consent.repeated
    world.run(world.wallet.presenting.share(first, first.default_choice()))
    again = World(world.vault, agency=world.agency, partner=world.partner)
    seen = look(again)
    assert seen.consent.repeated
    assert seen.consent.needs_thought
    world.partner.changes = {"nonce": "another-nonce-of-at-least-22"}
    assert not look(again).consent.repeated


def test_a_request_that_was_declined_is_no_repetition(world):
    """T175: no data was given for it."""
    world.run(world.wallet.presenting.decline(look(world)))
    assert not look(world).consent.repeated


def test_a_log_that_cannot_be_believed_cannot_say_that_it_is_new(world):
    """T175: a damaged log does not lock the user out, but makes every request one to think about."""
    world.vault._connection.execute("DELETE FROM records WHERE kind = 'log'")
    assert look(world).consent.repeated
    world.present()


def test_what_expired_is_offered_to_nobody_and_the_user_sees_why(world):
    """T174"""
    world.now = NOW + 200_000
    world.partner.pki = replace(world.partner.pki)
    seen = world.run(world.wallet.presenting._match(_verified_request(world)))
    assert not seen.consent.answerable
    assert [(item.name, item.reason) for item in seen.consent.unusable] == [("Personal ID", Caution.EXPIRED)]


def _verified_request(world):
    """A request that was verified while it was good."""
    now, world.now = world.now, NOW
    verified_request = look(world).verified
    world.now = now
    return verified_request


def test_what_lost_its_trust_is_offered_to_nobody_and_the_user_sees_why(world):
    """T174"""
    world.agency.pki = make_pki()
    seen = look(world)
    assert not seen.consent.answerable
    assert [(item.name, item.reason) for item in seen.consent.unusable] == [("Personal ID", Caution.NOT_TRUSTED)]
    asking(world, dcql(("x",), vct="urn:other"))
    assert look(world).consent.unusable == ()


@pytest.mark.parametrize(("status", "caution"), [("invalid", Caution.REVOKED), ("suspended", Caution.SUSPENDED)])
def test_what_was_revoked_is_not_offered_without_a_warning(world, status, caution):
    """T174"""
    [kept] = world.vault.credentials()
    world.vault.write(put=[replace(kept, status=status)])
    seen = look(world)
    assert seen.consent.questions[0].choices[0].cautions == (caution,)
    assert seen.consent.needs_thought


def test_what_is_damaged_is_offered_to_nobody_and_the_user_sees_why(world):
    """T215, T174"""
    world.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = 'credential'")
    seen = look(world)
    assert not seen.consent.answerable
    assert [item.reason for item in seen.consent.unusable] == [Caution.DAMAGED]


def test_a_question_that_takes_too_long_is_refused(vault):
    """T198: and it is in the log."""
    world = World(vault, Agency(batch_size=None, claims={"nationalities": [f"X{i}" for i in range(400)]}))
    world.receive()
    claims = [{"path": ["nationalities", None], "values": ["DE"], "id": f"c{i}"} for i in range(70)]
    asking(world, {**dcql(), "claims": claims, "claim_sets": [[claim["id"]] for claim in claims]})
    with pytest.raises(InvalidRequest, match="too many steps"):
        look(world)
    assert world.actions()[-1] == ("failed", "dcql_query: takes too many steps to evaluate")
    assert world.partner.answers == []


def test_a_request_by_get_is_fine_too(world):
    link = RequestByReference(world.partner.client_id, f"{PARTNER}/request").to_link()
    seen = world.run(world.wallet.presenting.look(link))
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert verified(world, world.partner.presented()[0]).claims["given_name"] == "Erika"


def test_two_partners_in_a_row_do_not_mix(world):
    """T173: each consent is about one request, and its answer goes there."""
    first = look(world)
    world.partner.changes = {"nonce": "another-nonce-of-at-least-22", "state": "another-state-of-at-least-22"}
    second = look(world)
    world.run(world.wallet.presenting.share(second, second.default_choice()))
    assert world.partner.answers[-1]["state"] == "another-state-of-at-least-22"
    world.run(world.wallet.presenting.share(first, first.default_choice()))
    assert world.partner.answers[-1]["state"] == "state-of-at-least-22-characters"


def test_a_partner_and_its_double_have_different_requests():
    one, other = Partner().request(), replace(Partner().request(), nonce="another-nonce-of-at-least-22")
    from wallet.policy.presenting import request_digest  # noqa: PLC0415 - only for this one

    assert request_digest(one) == request_digest(one)
    assert request_digest(one) != request_digest(other)
    assert request_digest(one) != request_digest(replace(one, client_id=ClientId.from_text("x509_san_dns:a.example")))
