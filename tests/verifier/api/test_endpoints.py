"""The protocol endpoints over HTTP: what wallets of any maker meet."""

import json
from dataclasses import replace

import pytest

from protocol.encoding import decode_base64url, encode_base64url, encode_json
from protocol.jwe import encrypt_jwe
from protocol.jws import Jws
from protocol.keys import P256Key
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.request_object import MEDIA_TYPE
from runtime.pages import qr_svg
from tests.support.pki import seeded
from tests.support.verifier import (
    HOST,
    IDENTIFIER,
    answer_form,
    answer_link,
    answers,
    form_body,
    present,
    reference_of,
    request_of,
    wallet_drive,
)

NOT_OPEN = {"error": "invalid_request", "error_description": "state: belongs to no open request"}


def post(counter, made, form):
    return counter.http("POST", f"/responses/{reference_of(made)}", **form_body(form))


@pytest.mark.parametrize("prefix", list(Prefix))
@pytest.mark.parametrize("response_mode", ["direct_post", "direct_post.jwt"])
def test_a_wallet_answers_by_every_prefix_and_mode(counter, held, prefix, response_mode):
    made = counter.ask(prefix=prefix, response_mode=response_mode)
    exchange = answer_link(made.uri, held, anchors=counter.wallet_anchors, now=counter.clock.now)
    wallet_drive(exchange, {HOST: counter.app})
    assert counter.result(made).disclosed == {"pid": [{"family_name": "Mustermann"}]}


def test_the_request_object_is_served_as_what_it_is(counter):
    made = counter.ask()
    path = f"/requests/{reference_of(made)}"
    for method in ("GET", "POST"):
        response = counter.http(method, path)
        assert response.status_code == 200
        assert response.headers["content-type"] == MEDIA_TYPE
        assert response.headers["cache-control"] == "no-store"
        assert Jws.from_compact(response.text, "x").header.x5c == counter.verifier.context.signing.x5c


def test_the_wallets_nonce_comes_back_inside_the_signature(counter):
    """T185."""
    path = f"/requests/{reference_of(counter.ask())}"
    body = form_body({"wallet_nonce": "fresh", "wallet_metadata": '{"vp_formats_supported":{}}', "other": "x"})
    claims = json.loads(Jws.from_compact(counter.http("POST", path, **body).text, "x").payload)
    assert claims["wallet_nonce"] == "fresh"


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"content": "", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": "{}", "headers": {"content-type": "application/json"}},
        {"content": "foo=bar", "headers": {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}},
    ],
)
def test_wallets_that_post_nothing_useful_are_answered(counter, how):
    response = counter.http("POST", f"/requests/{reference_of(counter.ask())}", **how)
    assert response.status_code == 200
    assert "wallet_nonce" not in json.loads(Jws.from_compact(response.text, "x").payload)


@pytest.mark.parametrize("form", [{"wallet_nonce": "x" * 1025}, "wallet_nonce=a&wallet_nonce=b", "wallet_nonce=%ff"])
def test_a_nonce_that_cannot_be_given_back_is_refused(counter, form):
    """T113."""
    path = f"/requests/{reference_of(counter.ask())}"
    body = form_body(form) if isinstance(form, dict) else {**form_body({}), "content": form}
    response = counter.http("POST", path, **body)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_a_request_is_fetched_while_it_is_open_and_no_longer(counter, held):
    """T185: twice before the answer, never after it; unknown, answered and expired look the same."""
    answered, expired = counter.ask(), counter.ask()
    path = f"/requests/{reference_of(answered)}"
    assert [counter.http("GET", path).status_code for _ in range(2)] == [200, 200]
    counter.receive(answered, answers(counter, answered, held))
    gone = [counter.http(method, path) for method in ("GET", "POST")]
    gone.append(counter.http("GET", f"{path}/qr.svg"))
    counter.clock.forward(300)
    gone += [counter.http("GET", f"/requests/{name}") for name in (reference_of(expired), "guess", answered.id)]
    assert {(response.status_code, response.content) for response in gone} == {(404, gone[0].content)}


def test_a_good_answer_is_acknowledged_with_an_empty_object(counter, held):
    made = counter.ask()
    response = post(counter, made, answers(counter, made, held))
    assert (response.status_code, response.json()) == (200, {})
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"


def test_on_the_same_device_the_wallet_is_told_where_to_lead(counter, held):
    made = counter.ask(same_device=True)
    response = post(counter, made, answers(counter, made, held))
    assert response.json()["redirect_uri"].startswith(f"{IDENTIFIER}/result?response_code=")


def test_no_open_request_is_one_answer(counter, held):
    """T178: unknown, expired, finished, declined, of another state: the same bytes."""
    requests = {name: counter.ask(response_mode="direct_post") for name in ("done", "declined", "open", "late")}
    forms = {name: answers(counter, made, held) for name, made in requests.items()}
    post(counter, requests["done"], forms["done"])
    post(counter, requests["declined"], {"error": "access_denied"})
    responses = [
        post(counter, requests["done"], forms["done"]),
        post(counter, requests["declined"], forms["declined"]),
        post(counter, requests["open"], forms["late"]),
        post(counter, requests["open"], {"error": "access_denied", "state": "other"}),
        counter.http("POST", "/responses/unknown", **form_body(forms["done"])),
    ]
    counter.clock.forward(300)
    responses.append(post(counter, requests["late"], forms["late"]))
    assert {(r.status_code, r.content) for r in responses} == {
        (400, json.dumps(NOT_OPEN, separators=(",", ":")).encode())
    }
    assert counter.result(requests["open"]).state == "expired"


def test_what_cannot_be_decrypted_is_one_answer(counter, held):
    """T181: unknown kid, key of another session, enc not offered, broken tag, wrong cty: the same bytes."""
    made, other = counter.ask(), counter.ask()
    request, foreign = request_of(counter, made), request_of(counter, other)
    key, foreign_key = (r.client_metadata.encryption_keys[0] for r in (request, foreign))
    presentation = present(request, held)
    good = answer_form(request, {"pid": [presentation]})["response"]

    def encrypted(key, enc="A256GCM", **extra):
        return encrypt(request, presentation, key, enc, **extra)

    header, *rest = good.split(".")
    bad = {
        "unknown kid": encrypted(replace(key, kid="other")),
        "no kid": encrypted(replace(key, kid=None)),
        "key of another session": encrypted(replace(foreign_key, kid=key.kid)),
        "whole answer to another session": answer_form(foreign, {"pid": [presentation]})["response"],
        "broken tag": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "broken header": "X" + good[1:],
        "wrong cty": encrypted(key, extra={"cty": "JWT"}),
        "enc not offered": encode_header(header, enc="A192GCM") + "." + ".".join(rest),
        "alg not offered": encode_header(header, alg="ECDH-ES+A256KW") + "." + ".".join(rest),
        "compressed": encode_header(header, zip="DEF") + "." + ".".join(rest),
        "no token": "x",
        "not an object": encrypted(key, payload=b"[]"),
        "not JSON": encrypted(key, payload=b"\xff"),
    }
    answers_seen = {name: post(counter, made, {"response": text}) for name, text in bad.items()}
    bodies = {name: (response.status_code, response.content) for name, response in answers_seen.items()}
    assert set(bodies.values()) == {
        (400, b'{"error":"invalid_request","error_description":"response: cannot be decrypted"}')
    }
    assert counter.result(made).state == "opened"
    assert post(counter, made, {"response": good}).status_code == 200


def encrypt(request, presentation, key, enc, *, payload=None, extra=None):
    members = {"vp_token": {"pid": [presentation]}, "state": request.state}
    plain = encode_json(members) if payload is None else payload
    return encrypt_jwe(
        plain, key.key, enc=enc, kid=key.kid, ephemeral=P256Key.generate(seeded(5)), random_bytes=seeded(5), extra=extra
    )


def encode_header(header, **members):
    return encode_base64url(json.dumps({**json.loads(decode_base64url(header)), **members}).encode())


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"content": b"--x--", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 415),
        ({"content": b"{}", "headers": {"content-type": "application/json"}}, 415),
        ({"content": b"vp_token=x"}, 415),
        ({**form_body({}), "content": b"vp_token=" + b"x" * 5_000_000}, 413),
        ({**form_body({}), "content": b"state=a&state=b"}, 400),
        ({**form_body({}), "content": b"&".join(b"f%d=1" % i for i in range(10_000))}, 400),
        ({**form_body({}), "content": b"vp_token=%00"}, 400),
        ({**form_body({}), "content": b""}, 400),
    ],
)
def test_a_body_of_another_kind_is_refused(counter, how, status):
    """T182, T247."""
    made = counter.ask()
    response = counter.http("POST", f"/responses/{reference_of(made)}", **how)
    assert response.status_code == status
    assert response.json()["error"] == "invalid_request"
    assert "x" * 20 not in response.text
    assert counter.result(made).state == "requested"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_answers_are_posted(counter, method):
    """T182."""
    assert counter.http(method, f"/responses/{reference_of(counter.ask())}").status_code == 405


def test_unknown_fields_are_ignored(counter, held):
    """T182."""
    made = counter.ask(response_mode="direct_post")
    form = {**answers(counter, made, held), "presentation_submission": "{}", "id_token": "x", "iss": "y"}
    assert post(counter, made, form).status_code == 200


def test_a_refused_answer_tells_the_wallet_no_more_than_which_check_failed(counter, held):
    """T177, T259."""
    made = counter.ask(same_device=True)
    request = request_of(counter, made)
    form = answer_form(request, {"pid": [present(request, held, audience="other")]})
    response = post(counter, made, form)
    assert response.status_code == 400
    assert response.json() == {
        "error": "invalid_request",
        "error_description": "vp_token: this_request does not hold",
    }


def test_addresses_come_from_our_settings(counter, held):
    """T195, T239: whatever Host a caller claims."""
    made = counter.ask(same_device=True)
    forged = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    text = counter.http("GET", f"/requests/{reference_of(made)}", headers=forged).text
    assert "evil" not in Jws.from_compact(text, "x").payload.decode()
    body = form_body(answers(counter, made, held))
    response = counter.http(
        "POST", f"/responses/{reference_of(made)}", content=body["content"], headers={**body["headers"], **forged}
    )
    assert "evil" not in response.text


def test_the_code_for_scanning_says_the_link(counter):
    """T195: what is scanned is the link of our settings."""
    made = counter.ask()
    response = counter.http("GET", made.qr_svg.removeprefix(IDENTIFIER))
    assert response.headers["content-type"] == "image/svg+xml"
    assert response.text == qr_svg(made.uri)


def test_the_did_document_is_where_did_web_looks(counter):
    response = counter.http("GET", "/.well-known/did.json")
    assert response.json() == counter.verifier.context.did_document()
    assert response.headers["cache-control"] == "public, max-age=300"
