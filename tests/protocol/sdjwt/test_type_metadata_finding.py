"""Type metadata: where it may come from, and who vouched for it."""

import base64
import contextlib
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import encode_json
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.sdjwt.issuer_key import IssuerKey
from protocol.sdjwt.type_metadata import MAX_TYPES, fetch_type_metadata, fetch_type_of
from protocol.sdjwt.verify import verify_sd_jwt_vc
from tests.protocol.sdjwt.samples import PKI, issued, read
from tests.protocol.sdjwt.type_documents import CHILD, NAME, PARENT, document
from tests.support.pki import NOW
from tests.support.strategies import flip


def sri(document):
    data = document if isinstance(document, bytes) else encode_json(document)
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()


def fetch(vct=CHILD, integrity=None, *, web=None, known=None):
    """Find metadata in a web that has nothing but what it is given, and say what was asked for."""
    asked = []

    def perform(effect):
        assert isinstance(effect, HttpRequest)
        asked.append((effect.method, effect.url))
        answer = (web or {}).get(effect.url)
        if answer is None:
            raise Unreachable("nobody answers")
        return answer if isinstance(answer, HttpResponse) else served(answer)

    return run(fetch_type_metadata(vct, integrity, known=known), perform), asked


def served(value, *, status=200, media_type="application/json"):
    body = value if isinstance(value, bytes) else encode_json(value)
    return HttpResponse(status, (("content-type", media_type),), body)


def nobody(_):
    raise Unreachable("nobody answers")


def refused(error, vct=CHILD, integrity=None, **options):
    with pytest.raises(ProtocolError) as refusal:
        fetch(vct, integrity, **options)
    assert type(refusal.value) is error
    return refusal.value.description


def test_a_type_is_found_at_its_address():
    found, asked = fetch(web={CHILD: document(display=[{"locale": "en", "name": "Child"}])})
    assert (found.vct, found.ancestry, found.name("en")) == (CHILD, (), "Child")
    assert asked == [("GET", CHILD)]


def test_what_a_type_extends_is_found_with_it():
    grandparent = document("urn:example:root")
    parent = document(PARENT, extends="urn:example:root", **{"extends#integrity": sri(grandparent)})
    child = document(extends=PARENT, **{"extends#integrity": sri(parent)})
    found, asked = fetch(
        integrity=sri(child), web={CHILD: child, PARENT: parent}, known={"urn:example:root": encode_json(grandparent)}
    )
    assert found.ancestry == (PARENT, "urn:example:root")
    assert [url for _, url in asked] == [CHILD, PARENT]


def test_what_is_known_is_not_fetched():  # T262
    _, asked = fetch(integrity=sri(document()), known={CHILD: encode_json(document())})
    assert asked == []


def test_a_type_that_is_no_address_can_only_be_known():
    assert fetch("urn:example:1", known={"urn:example:1": b'{"vct":"urn:example:1"}'})[0].vct == "urn:example:1"
    for vct in ("urn:example:1", "http://types.example/1", "file:///etc/passwd", "data:,x"):  # T206
        refused(Malformed, vct)


@pytest.mark.parametrize("place", ["web", "known"])
def test_metadata_that_nobody_vouched_for_is_refused(place):  # T048
    changed = {"web": {CHILD: document(name="changed")}, "known": {CHILD: encode_json(document(name="changed"))}}
    assert fetch(**{place: changed[place]})[0].vct == CHILD
    assert "vouched" in refused(NotAuthentic, integrity=sri(document()), **{place: changed[place]})


def test_an_extended_type_that_nobody_vouched_for_is_refused():  # T048
    child = document(extends=PARENT, **{"extends#integrity": sri(document(PARENT))})
    fetch(web={CHILD: child, PARENT: document(PARENT)})
    refused(NotAuthentic, web={CHILD: child, PARENT: document(PARENT, name="changed")})


def test_white_space_counts():  # T048
    refused(NotAuthentic, integrity=sri(document()), web={CHILD: json.dumps(document()).encode()})


def test_the_hash_is_checked_before_anything_is_read():  # T048
    assert "vouched" in refused(NotAuthentic, integrity=sri(document()), web={CHILD: b"not even JSON"})


@pytest.mark.parametrize("other", [PARENT, CHILD + "/", CHILD.upper(), "urn:example:1"])
def test_metadata_of_another_type_is_refused(other):  # T048
    assert "another type" in refused(NotAuthentic, web={CHILD: document(other)})
    assert "another type" in refused(NotAuthentic, known={CHILD: encode_json(document(other))})
    refused(NotAuthentic, web={CHILD: document(extends=PARENT), PARENT: document(other if other != PARENT else CHILD)})


def test_types_that_extend_each_other_in_a_circle_are_refused():  # T048
    assert "back" in refused(Malformed, web={CHILD: document(extends=CHILD)})
    assert "back" in refused(Malformed, web={CHILD: document(extends=PARENT), PARENT: document(PARENT, extends=CHILD)})


def test_a_chain_without_end_is_refused_before_more_is_fetched():  # T048
    web = {f"{CHILD}/{i}": document(f"{CHILD}/{i}", extends=f"{CHILD}/{i + 1}") for i in range(20)}
    assert str(MAX_TYPES) in refused(TooLarge, f"{CHILD}/0", web=web)
    web[f"{CHILD}/7"] = document(f"{CHILD}/7")
    found, asked = fetch(f"{CHILD}/0", web=web)
    assert (len(found.ancestry), len(asked)) == (MAX_TYPES - 1, MAX_TYPES)


@pytest.mark.parametrize("status", [204, 301, 302, 404, 500])
def test_metadata_that_is_not_there_is_said(status):
    refused(Unreachable)
    refused(Unreachable, web={CHILD: served(document(), status=status)})
    refused(Unreachable, web={CHILD: document(extends=PARENT)})


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", ""])
def test_metadata_that_is_not_served_as_json_is_refused(media_type):  # T212
    refused(Malformed, web={CHILD: served(document(), media_type=media_type)})


@given(st.integers(0, 10_000))
@settings(max_examples=50)
def test_any_flipped_bit_of_vouched_metadata_is_noticed(bit):
    data = encode_json(document(claims=[NAME]))
    with pytest.raises(NotAuthentic):
        fetch(integrity=sri(data), known={CHILD: flip(data, bit)})


@given(st.binary(max_size=40), st.text(max_size=30))
@settings(max_examples=60)
def test_no_answer_escapes_the_error_family(body, vct):
    with contextlib.suppress(ProtocolError):
        fetch(web={CHILD: body})
    with contextlib.suppress(ProtocolError):
        fetch(vct, vct, known={vct: body})


# For a credential


@pytest.fixture
def party():
    return PKI.anchors.chain(PKI.certificates, role=PKI.role, now=NOW, at="credential")


def test_a_credential_brings_the_hash_of_its_type(party):  # T048
    good = document()
    credential = verify_sd_jwt_vc(
        read(issued(vct=CHILD, **{"vct#integrity": sri(good)})), IssuerKey(PKI.public_key, party), now=NOW
    )
    assert run(fetch_type_of(credential, known={CHILD: encode_json(good)}), nobody).vct == CHILD
    with pytest.raises(NotAuthentic):
        run(fetch_type_of(credential, known={CHILD: encode_json(document(name="x"))}), nobody)


def test_a_credential_without_a_hash_takes_what_is_there(party):
    credential = verify_sd_jwt_vc(read(issued(vct=CHILD)), IssuerKey(PKI.public_key, party), now=NOW)
    assert run(fetch_type_of(credential, known={CHILD: encode_json(document(name="x"))}), nobody).vct == CHILD


@pytest.mark.parametrize("integrity", [1, ["sha256-x"], "", "x" * 2000])
def test_a_hash_of_another_shape_is_refused(party, integrity):
    credential = verify_sd_jwt_vc(
        read(issued(vct=CHILD, **{"vct#integrity": integrity})), IssuerKey(PKI.public_key, party), now=NOW
    )
    with pytest.raises(Malformed):
        run(fetch_type_of(credential, known={CHILD: encode_json(document())}), nobody)
