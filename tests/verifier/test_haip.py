"""HAIP 1.0 §5 and §6, the verifier's side: for every rule what is asked or accepted, and what is refused."""

import json
from base64 import b64decode
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.encoding import encode_base64url
from protocol.errors import InvalidRequest, NotFound
from protocol.jws import Jws
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.link import RequestByReference, read_link
from protocol.x509 import Certificate
from tests.support.pki import NOW, make_pki
from tests.support.verifier import (
    QUERY,
    answer_form,
    answers,
    issue_held,
    make_verifier,
    present,
    reference_of,
    request_of,
)
from verifier.app import open_store, open_verifier
from verifier.config import VerifierSettings
from verifier.installation import NewVerifier, set_up_verifier

PAGE = {"owner": "", "browser": "cookie of the browser that began"}


@pytest.fixture
def counter(tmp_path, agency):
    """A verifier that asks as HAIP wants it, and in no other way."""
    made = make_verifier(f"sqlite:///{tmp_path}/verifier.db", agency.anchors, haip=True)
    yield made
    made.close()


def signed(counter, made):
    """The request object as wallets fetch it."""
    text = counter.run(counter.verifier.requests.open(reference_of(made), None))
    return Jws.from_compact(text, "request")


def asked_by_api(counter, **body):
    return counter.http(
        "POST",
        "/api/requests",
        content=json.dumps({"use_case": "family-name", **body}),
        headers={"authorization": f"Bearer {counter.api_key}", "content-type": "application/json"},
    )


def refused(counter, made, form):
    """The wallet is told that its answer does not hold."""
    with pytest.raises(InvalidRequest, match="does not hold"):
        counter.receive(made, form)


def test_the_setting_turns_it_on(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    data = tmp_path / "library"
    new = NewVerifier(data, "http://library.localhost:8000", (("en", "Library"),))
    set_up_verifier(new, now=NOW, random_bytes=lambda count: bytes(range(1, count + 1)))
    for value in (False, True):
        settings = VerifierSettings.read(data).model_copy(update={"haip": value})
        store = open_store(settings)
        assert open_verifier(settings, store).context.haip is value
        store.database.dispose()
    monkeypatch.setenv("HOHEIT_VERIFIER_HAIP", "true")
    assert VerifierSettings.read(data).haip


# §5: x509_hash


def test_a_program_may_ask_by_hash_of_the_certificate_and_that_is_the_default(counter):
    for more in ({}, {"client_id_prefix": "x509_hash"}):
        answer = asked_by_api(counter, **more)
        assert answer.status_code == 201
        assert read_link(answer.json()["uri"]).client_id.prefix is Prefix.X509_HASH


@pytest.mark.parametrize("prefix", [prefix for prefix in Prefix if prefix is not Prefix.X509_HASH])
def test_a_program_that_asks_by_another_prefix_is_refused(counter, prefix):
    answer = asked_by_api(counter, client_id_prefix=str(prefix))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "x509_hash" in answer.json()["error_description"]
    with pytest.raises(InvalidRequest, match="client_id_prefix"):
        counter.ask(prefix=prefix)


def test_outside_the_profile_every_prefix_may_be_used(tmp_path, agency):
    other = make_verifier(f"sqlite:///{tmp_path}/other.db", agency.anchors)
    for prefix in Prefix:
        assert other.ask(prefix=prefix, response_mode="direct_post").uri
    other.close()


# §5: neither the anchor nor a certificate that vouches for itself in x5c


def test_a_request_carries_its_chain_without_the_authority(counter):
    made = counter.ask()
    chain = [Certificate.from_der(b64decode(text)) for text in signed(counter, made).header.x5c]
    assert counter.access.root.certificate not in chain
    assert not any(certificate.self_issued for certificate in chain)
    assert ClientId.of_certificate(chain[0].der) == read_link(made.uri).client_id


# §5, §5.1: direct_post.jwt


def test_a_program_that_wants_answers_in_clear_is_refused(counter):
    assert asked_by_api(counter, response_mode="direct_post.jwt").status_code == 201
    answer = asked_by_api(counter, response_mode="direct_post")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "direct_post.jwt" in answer.json()["error_description"]
    with pytest.raises(InvalidRequest, match="response_mode"):
        counter.ask(response_mode="direct_post")


def test_an_answer_in_clear_is_refused(counter, held):
    """T180"""
    made = counter.ask()
    request = request_of(counter, made)
    clear = answer_form(replace(request, response_mode="direct_post"), {"pid": [present(request, held)]})
    with pytest.raises(InvalidRequest, match="must be encrypted"):
        counter.receive(made, clear)
    counter.receive(made, answers(counter, made, held))
    assert counter.result(made).state == "accepted"


# §5: response_type, DCQL


def test_a_request_asks_for_presentations_in_dcql(counter):
    claims = json.loads(signed(counter, counter.ask()).payload)
    assert claims["response_type"] == "vp_token"
    assert claims["response_mode"] == "direct_post.jwt"
    assert claims["dcql_query"] == QUERY
    assert claims.keys().isdisjoint({"scope", "presentation_definition", "redirect_uri"})


@pytest.mark.parametrize("query", [{}, {"credentials": []}, {"presentation_definition": {}}])
def test_a_program_that_asks_in_other_words_is_refused(counter, query):
    assert asked_by_api(counter, use_case=None, dcql_query=QUERY).status_code == 201
    assert asked_by_api(counter, use_case=None, dcql_query=query).status_code == 400


# §5: ECDH-ES on P-256, both GCM encryptions listed and taken


def test_both_encryptions_are_listed_with_a_key_on_p256(counter):
    metadata = json.loads(signed(counter, counter.ask()).payload)["client_metadata"]
    assert set(metadata["encrypted_response_enc_values_supported"]) == {"A128GCM", "A256GCM"}
    [key] = metadata["jwks"]["keys"]
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "enc", "ECDH-ES")


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_an_answer_in_either_encryption_is_accepted(counter, held, enc):
    made = counter.ask()
    request = request_of(counter, made)
    assert request.client_metadata is not None
    told = replace(request, client_metadata=replace(request.client_metadata, encs=(enc,)))
    counter.receive(made, answer_form(told, {"pid": [present(request, held)]}))
    assert counter.result(made).state == "accepted"


# §5: a key for each request


def test_every_request_has_a_key_of_its_own_also_a_renewed_one(counter):
    """T192"""
    first, second = (request_of(counter, counter.ask()).client_metadata.encryption_keys[0] for _ in range(2))
    assert first.key != second.key
    made = counter.ask(**PAGE)
    before = counter.verifier.requests.decryption_key(counter.stage(made)).public_key
    counter.clock.forward(290)
    counter.run(counter.verifier.requests.renewed(counter.stage(made)))
    assert counter.verifier.requests.decryption_key(counter.stage(made)).public_key != before


def test_an_answer_to_the_key_of_another_request_is_refused(counter, held):
    """T181"""
    first, second = counter.ask(), counter.ask()
    with pytest.raises(InvalidRequest):
        counter.receive(second, answers(counter, first, held))


# §5: trusted authorities by key identifier


@pytest.mark.parametrize("known", [True, False])
def test_an_authority_can_be_asked_for_by_key_identifier(counter, agency, held, known):
    key_id = agency.leaf.certificate.authority_key_id if known else b"\x01" * 20
    authorities = [{"type": "aki", "values": [encode_base64url(key_id)]}]
    query = DcqlQuery.from_dict({"credentials": [{**QUERY["credentials"][0], "trusted_authorities": authorities}]})
    made = counter.ask(use_case=None, query=query)
    request = request_of(counter, made)
    assert request.dcql_query == query
    # A wallet that looks at no authorities answers with what it has
    plain = replace(request, dcql_query=DcqlQuery.from_dict(QUERY))
    form = answer_form(request, {"pid": [present(plain, held)]})
    if known:
        counter.receive(made, form)
    else:
        refused(counter, made, form)
    assert counter.result(made).state == ("accepted" if known else "refused")


def test_authorities_named_in_another_way_are_not_asked_for(counter):
    authorities = [{"type": "openid_federation", "values": ["https://federation.example"]}]
    query = {"credentials": [{**QUERY["credentials"][0], "trusted_authorities": authorities}]}
    assert asked_by_api(counter, use_case=None, dcql_query=query).status_code == 400


# §5.1: JAR with request_uri


def test_the_link_holds_the_address_of_a_signed_request_and_nothing_of_it(counter):
    made = counter.ask()
    assert isinstance(read_link(made.uri), RequestByReference)
    assert parse_qs(urlsplit(made.uri).query).keys() == {"client_id", "request_uri", "request_uri_method"}
    jws = signed(counter, made)
    assert (jws.header.typ, jws.header.alg) == ("oauth-authz-req+jwt", "ES256")


# §5.1: same device: redirect_uri in the response, and a result for the same session alone


def test_on_the_same_device_the_wallet_is_led_back_and_only_then_there_is_a_result(counter, held):
    """T183"""
    made = counter.ask(**PAGE, same_device=True)
    accepted = counter.receive(made, answers(counter, made, held))
    code = accepted.redirect_uri.partition("response_code=")[2]
    assert code
    look = counter.verifier.answers.result_for_browser
    assert counter.run(look(made.id, PAGE["browser"])).disclosed is None
    with pytest.raises(NotFound):
        counter.run(counter.verifier.answers.collect(code, "another browser"))
    counter.run(counter.verifier.answers.collect(code, PAGE["browser"]))
    assert counter.run(look(made.id, PAGE["browser"])).disclosed == {"pid": [{"family_name": "Mustermann"}]}


def test_a_programs_own_page_gets_the_result_with_the_code_alone(counter, held):
    """T183"""
    made = counter.ask(same_device=True, redirect_uri="https://shop.example/back")
    accepted = counter.receive(made, answers(counter, made, held))
    address, _, code = accepted.redirect_uri.partition("?response_code=")
    assert address == "https://shop.example/back"
    assert counter.result(made).disclosed is None
    assert counter.result(made, code).state == "accepted"


# §5.3.2: dc+sd-jwt


def test_another_format_is_not_asked_for(counter):
    query = {"credentials": [{**QUERY["credentials"][0], "format": "vc+sd-jwt"}]}
    assert asked_by_api(counter, use_case=None, dcql_query=query).status_code == 400


# §6.1.1, §7: credentials by x5c, ES256


def test_a_credential_of_whom_nobody_vouches_for_is_refused(counter, held):
    good, stranger = counter.ask(), counter.ask()
    counter.receive(good, answers(counter, good, held))
    refused(counter, stranger, answers(counter, stranger, issue_held(make_pki())))
    assert (counter.result(good).state, counter.result(stranger).state) == ("accepted", "refused")


def test_a_presentation_without_the_holders_signature_is_refused(counter, held):
    made = counter.ask()
    request = request_of(counter, made)
    presentation = present(request, held)
    bare = presentation[: presentation.rindex("~") + 1]
    refused(counter, made, answer_form(request, {"pid": [bare]}))
    assert counter.result(made).state == "refused"
