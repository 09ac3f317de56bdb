"""HAIP 1.0 §5 and §6, the wallet's side of presenting: for every rule what is answered, and what is refused."""

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs

import pytest

from protocol.encoding import JsonObject, decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.errors import AccessDenied, InvalidRequest, ProtocolError
from protocol.jwe import Jwe, decrypt_jwe
from protocol.jws import sign_jws
from protocol.keys import P256Key, Signer
from protocol.oid4vp.answer import RequestPolicy, wallet_metadata
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.link import PlainRequest, RequestByReference, RequestByValue, read_link
from protocol.oid4vp.request import DIRECT_POST_JWT, SELF_ISSUED, ClientMetadata, EncryptionKey
from protocol.oid4vp.request_object import MEDIA_TYPE, TYP
from protocol.trust.anchors import Role
from tests.support.pki import NOW, Template, make_pki, seeded, seeded_key, self_signed
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import PARTNER, Partner, World, dcql
from wallet.app import open_wallet
from wallet.config import WalletSettings
from wallet.service import Wallet
from wallet.vault.vault import Vault

KEY = P256Key.generate(seeded(70))
BOTH = ("A128GCM", "A256GCM")
METADATA = ClientMetadata((EncryptionKey("k1", KEY.public_key),), BOTH)


@dataclass
class Profile(Partner):
    """A partner that asks as HAIP wants it; `claims` and `header` change what it signs."""

    changes: dict[str, object] = field(
        default_factory=lambda: {"response_mode": DIRECT_POST_JWT, "client_metadata": METADATA}
    )
    claims: dict[str, object] = field(default_factory=dict)  # None takes one out
    header: dict[str, object] = field(default_factory=dict)
    text: str = ""  # in place of what it would sign
    signing: Signer | None = None

    def request_object(self, wallet_nonce=None):
        """What it signs."""
        said = {**self.request(wallet_nonce).to_dict(), "aud": SELF_ISSUED, "iat": NOW - 1, "exp": NOW + 300}
        said = {name: value for name, value in {**said, **self.claims}.items() if value is not None}
        header: JsonObject = {"typ": TYP, "x5c": list(self.pki.x5c), **self.header}
        return self.text or sign_jws(header, encode_json(said), self.signing or self.pki.signer)

    def respond(self, request):
        """Answer one request."""
        if request.url.endswith("/request"):
            self.seen.append(request)
            return answer(self.request_object(_nonce_of(request)), media_type=MEDIA_TYPE)
        return super().respond(request)


def _nonce_of(request):
    return parse_qs(request.body.decode()).get("wallet_nonce", [None])[0]


@pytest.fixture
def world(vault):
    """A wallet that deals with HAIP alone, and holds an identity card. That nobody shows a registration is another rule."""
    world = World(vault)
    world.partner = Profile()
    # What it holds it got before; how HAIP has it receive stands elsewhere
    world.receive()
    world.wallet = Wallet.of(
        replace(world.wallet.context, request_policy=RequestPolicy.haip(), haip=True, strict=False)
    )
    return world


def given(world, link=None):
    """The presentation that the partner finds in the answer."""
    presenting = world.wallet.presenting
    seen = world.run(presenting.look(link or world.partner.link()))
    world.run(presenting.share(seen, seen.default_choice()))
    [form] = world.partner.answers
    assert form.keys() == {"response"}
    jwe = Jwe.from_compact(form["response"], "response")
    return read_json_object(decrypt_jwe(jwe, KEY, encs=BOTH), "response")["vp_token"]["pid"][0]


def refused(world, link=None):
    """That nothing is given, whatever was told to whom."""
    with pytest.raises(ProtocolError):
        world.run(world.wallet.presenting.look(link or world.partner.link()))
    assert all("vp_token" not in form and "response" not in form for form in world.partner.answers)
    assert all(not copy.used_at for copy in world.vault.credentials()[0].copies)


def test_what_keeps_every_rule_is_answered(world):
    assert given(world)


def test_the_setting_turns_all_of_it_on(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    settings = WalletSettings(data=tmp_path, haip=True)
    Vault.create(settings.vault, "correct horse battery").close()
    with open_wallet(settings, "correct horse battery") as opened:
        context = opened.wallet.context
    assert context.request_policy == RequestPolicy.haip()
    assert context.haip
    assert context.strict
    with open_wallet(WalletSettings(data=tmp_path), "correct horse battery") as opened:
        assert opened.wallet.context.request_policy == RequestPolicy()
        assert not opened.wallet.context.strict


# §5: response_type is vp_token


def test_another_response_type_is_refused(world):
    world.partner.claims["response_type"] = "code"
    refused(world)


# §5: x509_hash, and no other prefix


@pytest.mark.parametrize(
    "client_id",
    [
        ClientId(Prefix.X509_SAN_DNS, "library.example"),
        ClientId(Prefix.DECENTRALIZED_IDENTIFIER, "did:web:library.example"),
    ],
    ids=str,
)
def test_a_signed_request_by_another_prefix_is_refused(world, client_id):
    """T160"""
    world.partner.claims["client_id"] = str(client_id)
    refused(world, RequestByReference(client_id, f"{PARTNER}/request").to_link())
    assert world.partner.seen == []


def test_the_wallet_announces_no_other_prefix(world):
    metadata = wallet_metadata({}, world.wallet.context.request_policy.prefixes)
    assert metadata["client_id_prefixes_supported"] == ["x509_hash"]


# §5: the anchor is not in x5c, and the leaf vouches not for itself


def test_a_request_with_the_anchor_in_its_chain_is_refused(world):
    """T083"""
    world.partner.header["x5c"] = [*world.partner.pki.x5c, world.partner.pki.root.certificate.to_x5c()]
    refused(world)


def test_a_request_of_who_vouches_for_themselves_is_refused(world):
    """T083"""
    alone = self_signed(Template(common_name="Alone"), key=seeded_key(71))
    world.partner.header["x5c"] = [alone.certificate.to_x5c()]
    world.partner.signing = alone.signer
    client_id = ClientId.of_certificate(alone.der)
    world.partner.claims["client_id"] = str(client_id)
    refused(world, RequestByReference(client_id, f"{PARTNER}/request").to_link())


def test_a_request_of_whom_nobody_vouches_for_is_refused(world):
    world.partner.pki = make_pki(role=Role.VERIFIER)
    link = world.partner.link()
    world.trusted = False
    refused(world, link)


# §5: DCQL


def test_a_question_in_other_words_than_dcql_is_refused(world):
    world.partner.claims |= {"scope": "pid", "dcql_query": None}
    refused(world)


def test_a_presentation_definition_is_no_question(world):
    world.partner.claims |= {"presentation_definition": {"id": "x"}, "dcql_query": None}
    refused(world)


# §5, §5.1: answers are encrypted: direct_post.jwt, ECDH-ES on P-256, A256GCM rather than A128GCM


def test_a_question_for_an_answer_in_clear_is_refused_and_told(world):
    """T165"""
    world.partner.changes = {}
    refused(world)
    assert [form["error"] for form in world.partner.answers] == ["invalid_request"]


@pytest.mark.parametrize(
    ("encs", "expected"), [(BOTH, "A256GCM"), (("A128GCM",), "A128GCM"), (("A256GCM", "A128GCM"), "A256GCM")]
)
def test_the_stronger_encryption_is_taken_where_there_is_a_choice(world, encs, expected):
    world.partner.changes["client_metadata"] = replace(METADATA, encs=encs)
    given(world)
    head = read_json_object(decode_base64url(world.partner.answers[0]["response"].partition(".")[0]), "header")
    assert (head["alg"], head["enc"], head["kid"]) == ("ECDH-ES", expected, "k1")


def test_another_encryption_is_refused(world):
    """T165"""
    world.partner.changes["client_metadata"] = replace(METADATA, encs=("A128CBC-HS256", "A192GCM"))
    refused(world)


@pytest.mark.parametrize(
    "change", [{"crv": "P-384"}, {"kty": "OKP", "crv": "X25519"}, {"alg": "ECDH-ES+A128KW"}, {"use": "sig"}, None]
)
def test_a_key_of_another_kind_and_no_key_are_refused(world, change):
    """T165"""
    jwk = METADATA.to_dict()["jwks"]["keys"][0]
    keys = [] if change is None else [{**jwk, **change}]
    metadata = {**METADATA.to_dict(), "jwks": {"keys": keys}} if keys else {}
    world.partner.claims["client_metadata"] = metadata
    refused(world)


# §5: trusted authorities by key identifier


def test_who_wants_a_certain_authority_gets_what_it_vouches_for_and_nothing_else(world):
    chain = world.agency.pki.leaf.certificate
    seen = None
    for key_id, answers in ((chain.authority_key_id, True), (b"\x01" * 20, False)):
        authorities = [{"type": "aki", "values": [encode_base64url(key_id)]}]
        world.partner.query = {"credentials": [dcql(("given_name",), trusted_authorities=authorities)]}
        seen = world.run(world.wallet.presenting.look(world.partner.link()))
        assert seen.consent.answerable is answers
    assert seen is not None
    with pytest.raises(AccessDenied):
        seen.default_choice()


# §5.1: a signed request object, fetched from request_uri


def test_a_request_that_comes_in_its_link_is_refused(world):
    refused(world, RequestByValue(world.partner.client_id, world.partner.request_object()).to_link())


def test_an_unsigned_request_is_refused(world):
    """T160"""
    request = replace(world.partner.request(), client_id=ClientId(Prefix.REDIRECT_URI, f"{PARTNER}/response"))
    refused(world, PlainRequest(request).to_link())


def test_a_request_object_that_nobody_signed_is_refused(world):
    """T159"""
    head, body, _ = world.partner.request_object().split(".")
    world.partner.text = f"{encode_base64url(encode_json({'alg': 'none', 'typ': TYP}))}.{body}."
    refused(world)
    world.partner.text = f"{head}.{body}."
    refused(world)


def test_a_request_object_of_another_type_is_refused(world):
    """T159"""
    world.partner.header["typ"] = "JWT"
    refused(world)


@pytest.mark.parametrize("audience", ["https://library.example", f"{PARTNER}/request", None])
def test_a_request_for_another_audience_is_refused(world, audience):
    world.partner.claims["aud"] = audience
    refused(world)


@pytest.mark.parametrize("scheme", ["haip-vp://", "openid4vp://"])
def test_the_profiles_own_scheme_is_understood(world, scheme):
    link = world.partner.link().replace("openid4vp://", scheme)
    assert isinstance(read_link(link), RequestByReference)
    assert given(world, link)


# §5.1: the user goes on where the verifier says


def test_where_the_user_goes_on_is_handed_on(world):
    world.partner.reply = answer({"redirect_uri": "https://library.example/result?response_code=1"})
    presenting = world.wallet.presenting
    seen = world.run(presenting.look(world.partner.link()))
    shared = world.run(presenting.share(seen, seen.default_choice()))
    assert shared.redirect_uri == "https://library.example/result?response_code=1"


def test_where_nobody_can_go_safely_is_not_handed_on(world):
    """T172"""
    world.partner.reply = answer({"redirect_uri": "http://elsewhere.example/"})
    presenting = world.wallet.presenting
    seen = world.run(presenting.look(world.partner.link()))
    assert world.run(presenting.share(seen, seen.default_choice())).redirect_uri is None


# §5.3.2, §6.1: SD-JWT VC, with the holder's signature wherever there is a key


def test_another_format_is_refused(world):
    mdoc = {"id": "pid", "format": "ldp_vc", "meta": {"type_values": [["PID"]]}}
    world.partner.query = {"credentials": [mdoc]}
    refused(world)


@pytest.mark.parametrize("wanted", [True, False])
def test_what_is_bound_to_a_key_is_always_shown_with_its_signature(world, wanted):
    query = dcql(("given_name",), require_cryptographic_holder_binding=wanted)
    world.partner.query = {"credentials": [query]}
    assert not given(world).endswith("~")


# §7: ES256


def test_a_request_signed_in_a_way_that_is_not_accepted_is_refused(world):
    """T001"""
    head, body, _ = world.partner.request_object().split(".")
    weak = encode_base64url(encode_json({"alg": "HS256", "typ": TYP, "x5c": list(world.partner.pki.x5c)}))
    world.partner.text = f"{weak}.{body}.{encode_base64url(b'x' * 32)}"
    with pytest.raises(InvalidRequest):
        world.run(world.wallet.presenting.look(world.partner.link()))
    assert head != weak


# ETSI on top: the registration


def test_who_shows_no_registration_gets_nothing(world):
    """T170: HAIP itself knows no registration; the profile of the EU wants one."""
    world.wallet = Wallet.of(replace(world.wallet.context, strict=True))
    seen = world.run(world.wallet.presenting.look(world.partner.link()))
    assert not seen.consent.answerable
