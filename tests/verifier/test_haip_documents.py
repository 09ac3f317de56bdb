"""HAIP 1.0 §6, §6.1.1, §7 and §8, the verifier's side: which documents and status lists it takes, and which it refuses."""

from dataclasses import dataclass

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.encoding import decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.errors import InvalidRequest
from protocol.exchange import HttpResponse
from protocol.jws import sign_jws
from protocol.keys import P256Key
from protocol.sdjwt.issue import Frame, issue_sd_jwt
from protocol.status.bits import StatusList
from protocol.status.token import MEDIA_TYPE, sign_status_list_token
from protocol.trust.anchors import Role, TrustAnchors, TrustedIdentifier
from tests.support.pki import NOW, Template, seeded, seeded_key, self_signed
from tests.support.verifier import (
    CLAIMS,
    DISCLOSABLE,
    PID,
    QUERY,
    STATUS_URI,
    Counter,
    Held,
    answer_form,
    answers,
    issue_held,
    make_verifier,
    present,
    request_of,
)
from verifier.app import open_store, open_verifier
from verifier.config import VerifierSettings
from verifier.installation import SIGNING, NewVerifier, set_up_verifier

ISSUER = "https://agency.example"
UNBOUND = {"credentials": [{**QUERY["credentials"][0], "require_cryptographic_holder_binding": False}]}


@pytest.fixture
def make(tmp_path, agency):
    """Verifiers that believe the agency by its certificates, and by its address as well."""
    anchors = TrustAnchors(agency.anchors.anchors, [TrustedIdentifier(ISSUER, Role.ISSUER, "Residents' office")])
    made: list[Counter] = []

    def verifier(*, haip):
        made.append(make_verifier(f"sqlite:///{tmp_path}/{len(made)}.db", anchors, haip=haip))
        return made[-1]

    yield verifier
    for one in made:
        one.close()


@pytest.fixture
def counter(make):
    return make(haip=True)


def verdict(counter, held):
    """Whether an answer is accepted; if not, the check that it did not stand."""
    made = counter.ask()
    return judged(counter, made, answers(counter, made, held))


def judged(counter, made, form):
    try:
        counter.receive(made, form)
    except InvalidRequest as error:
        assert counter.result(made).state == "refused"
        return error.description.split(": ")[1].split(" ")[0]
    assert counter.result(made).state == "accepted"
    return "accepted"


# §6.1.1: by certificate, which neither is the anchor nor vouches for itself


def written_by_hand(agency, **changes):
    """A credential with other claims and header than ours writes; None takes one out."""
    holder = seeded_key(12)
    claims = {**CLAIMS, "vct": PID, "iat": NOW - 5, "exp": NOW + 1000, "cnf": {"jwk": holder.public_key.to_jwk()}}
    header = {"typ": "dc+sd-jwt", "x5c": list(agency.x5c), **changes.pop("header", {})}
    raw = issue_sd_jwt(
        {name: value for name, value in {**claims, **changes}.items() if value is not None},
        Frame.of(DISCLOSABLE),
        header={name: value for name, value in header.items() if value is not None},
        signer=changes.pop("signer", agency.signer),
        random_bytes=seeded(31),
    )
    return Held(raw, holder)


def publish_keys(counter, agency):
    """The agency's keys at its address, for credentials that say `iss`."""
    found = encode_json({"issuer": ISSUER, "jwks": {"keys": [agency.signer.public_key.to_jwk()]}})
    json = (("content-type", "application/json"),)
    counter.network.answers[f"{ISSUER}/.well-known/jwt-vc-issuer"] = HttpResponse(200, json, found)


def test_a_document_says_by_certificate_who_signed_it(make, agency):
    """Without the profile, another way to trust is good as well."""
    by_address = written_by_hand(agency, iss=ISSUER, header={"x5c": None})
    for haip, found in ((True, "trusted_issuer"), (False, "accepted")):
        counter = make(haip=haip)
        publish_keys(counter, agency)
        assert verdict(counter, by_address) == found
        assert verdict(counter, written_by_hand(agency)) == "accepted"


def test_the_anchor_does_not_come_with_a_document(counter, agency):
    """T083"""
    chain = [*agency.x5c, agency.root.certificate.to_x5c()]
    assert verdict(counter, written_by_hand(agency, header={"x5c": chain})) == "trusted_issuer"


def test_a_signer_does_not_vouch_for_itself(counter, agency):
    """T083"""
    alone = self_signed(Template(common_name="Residents' office"), agency.signer).certificate.to_x5c()
    assert verdict(counter, written_by_hand(agency, header={"x5c": [alone]})) == "trusted_issuer"


# §6.1: what stands in `cnf` and `status`; SD-JWT in compact form


@pytest.mark.parametrize("cnf", [{"kid": "did:key:z1"}, {}])
def test_the_holder_s_key_stands_in_the_document_itself(counter, agency, cnf):
    assert verdict(counter, written_by_hand(agency)) == "accepted"
    assert verdict(counter, written_by_hand(agency, cnf=cnf)) == "authentic"


def test_a_status_is_kept_in_a_list(counter, agency):
    publish(counter, agency)
    listed = {"status_list": {"idx": 3, "uri": STATUS_URI}}
    assert verdict(counter, written_by_hand(agency, status=listed)) == "accepted"
    assert verdict(counter, written_by_hand(agency, status={"other": listed["status_list"]})) == "authentic"


def test_another_way_of_writing_a_presentation_is_refused(counter, held):
    made = counter.ask()
    request = request_of(counter, made)
    as_json = encode_json({"payload": "e30", "signatures": []}).decode()
    assert judged(counter, made, answer_form(request, {"pid": [as_json]})) == "authentic"


# §6.1: status lists say by certificate who signed them


@dataclass
class Signs:
    """A key, and the certificates that come with what it signs."""

    signer: P256Key
    x5c: tuple[str, ...]


def publish(counter, signs):
    token = sign_status_list_token(
        StatusList.from_entries(64, 2, {}),
        uri=STATUS_URI,
        issued_at=NOW,
        expires_at=NOW + 600,
        ttl=300,
        signer=signs.signer,
        x5c=tuple(signs.x5c),
    )
    counter.network.answers[STATUS_URI] = HttpResponse(200, (("content-type", MEDIA_TYPE),), token.encode())


def test_a_status_list_says_by_certificate_who_signed_it(make, agency):
    held = issue_held(agency, status_index=3)
    for haip, found in ((True, "status"), (False, "accepted")):
        counter = make(haip=haip)
        publish(counter, Signs(agency.signer, ()))
        assert verdict(counter, held) == found
    strict = make(haip=True)
    publish(strict, agency)
    assert verdict(strict, held) == "accepted"


def test_a_status_list_brings_neither_the_anchor_nor_one_that_vouches_for_itself(counter, agency):
    """T083"""
    held = issue_held(agency, status_index=3)
    alone = self_signed(Template(common_name="Residents' office"), agency.signer).certificate.to_x5c()
    for x5c in ((*agency.x5c, agency.root.certificate.to_x5c()), (alone,)):
        publish(counter, Signs(agency.signer, x5c))
        assert verdict(counter, held) == "status"
    publish(counter, agency)
    assert verdict(counter, held) == "accepted"


# §6.1.1.1: what is bound to a key comes with the holder's signature, asked for or not


def presented(counter, held, query, *, bare=False, **other):
    """The verdict on a presentation for a query, perhaps without the holder's signature."""
    made = counter.ask(use_case=None, query=DcqlQuery.from_dict(query))
    request = request_of(counter, made)
    text = present(request, held, **other)
    return judged(counter, made, answer_form(request, {"pid": [text[: text.rindex("~") + 1] if bare else text]}))


def test_what_is_bound_comes_signed_even_where_nobody_asked(make, held):
    strict, lenient = make(haip=True), make(haip=False)
    assert presented(strict, held, UNBOUND) == "accepted"
    assert presented(strict, held, UNBOUND, bare=True) == "holder_bound"
    assert presented(strict, held, UNBOUND, nonce="of another request, long enough") == "this_request"
    assert presented(lenient, held, UNBOUND, bare=True) == "accepted"


def test_what_is_bound_to_no_key_needs_no_signature_where_nobody_asked(counter, agency):
    unbound = written_by_hand(agency, cnf=None)
    assert presented(counter, unbound, UNBOUND, bare=True) == "accepted"
    assert presented(counter, unbound, QUERY, bare=True) == "holder_bound"


# §7, §8: ES256 and SHA-256


def test_the_holder_signs_with_es256(counter, held):
    """T001"""
    made = counter.ask()
    request = request_of(counter, made)
    sd_jwt, _, binding = present(request, held).rpartition("~")
    head, body, _ = binding.split(".")
    members = read_json_object(decode_base64url(head), "header")
    weak = f"{encode_base64url(encode_json({**members, 'alg': 'HS256'}))}.{body}.{encode_base64url(b'x' * 32)}"
    assert members["alg"] == "ES256"
    assert judged(counter, made, answer_form(request, {"pid": [f"{sd_jwt}~{weak}"]})) != "accepted"
    assert verdict(counter, held) == "accepted"


@pytest.mark.parametrize("name", ["md5", "sha-1"])
def test_digests_are_made_with_sha_256(counter, agency, name):
    """T035"""
    good = written_by_hand(agency)
    head, body, _ = good.raw.partition("~")[0].split(".")
    claims = read_json_object(decode_base64url(body), "claims")
    assert claims["_sd_alg"] == "sha-256"
    assert verdict(counter, good) == "accepted"
    header = read_json_object(decode_base64url(head), "header")
    header.pop("alg")
    altered = sign_jws(header, encode_json({**claims, "_sd_alg": name}), agency.signer)
    made = counter.ask()
    request = request_of(counter, made)
    text = present(request, good)
    bad = f"{altered}~{text.partition('~')[2]}"
    assert judged(counter, made, answer_form(request, {"pid": [bad]})) == "authentic"


# §5: whoever vouches for itself does not ask


def test_a_verifier_whose_certificates_vouch_for_themselves_does_not_start(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    data = tmp_path / "library"
    new = NewVerifier(data, "http://library.localhost:8000", (("en", "Library"),))
    set_up_verifier(new, now=NOW, random_bytes=lambda count: bytes(range(1, count + 1)))
    settings = VerifierSettings.read(data).model_copy(update={"haip": True})
    store = open_store(settings)
    assert open_verifier(settings, store).context.haip
    leaf, authority = (next(data.rglob(f"{name}.pem")) for name in (SIGNING, "authority"))
    leaf.write_bytes(leaf.read_bytes() + authority.read_bytes())
    with pytest.raises(ValueError, match="vouches for itself"):
        open_verifier(settings, store)
    open_verifier(settings.model_copy(update={"haip": False}), store)
    store.database.dispose()
