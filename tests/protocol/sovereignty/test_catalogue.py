import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_base64url, encode_json
from protocol.errors import Flaw, Malformed, NotAuthentic, NotTrusted, NotValidNow, ProtocolError, RolledBack, TooLarge
from protocol.fields import Fields
from protocol.sovereignty import published as module
from protocol.sovereignty.catalogue import (
    MAX_SERVICES,
    ServiceCatalogue,
    sign_catalogue,
    verify_catalogue,
)
from protocol.sovereignty.published import MAX_PUBLISHED
from protocol.sovereignty.signing import MAX_AHEAD
from protocol.trust.anchors import Role, TrustAnchors
from tests.protocol.sovereignty.services import CLAIMS, FULL, LEAST, REGISTRAR, signed
from tests.support.keys import P384
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key
from tests.support.strategies import almost, flip, json_values

CATALOGUE = ServiceCatalogue.from_fields(Fields(CLAIMS, "service catalogue"))


def verify(text, *, anchors=REGISTRAR.anchors, now=NOW, known_seq=None):
    return verify_catalogue(text, anchors=anchors, now=now, known_seq=known_seq)


def test_what_a_registrar_publishes_is_what_is_read():
    text = sign_catalogue(CATALOGUE, REGISTRAR.signer, REGISTRAR.x5c)
    found = verify(text)
    assert found.says == CATALOGUE
    assert found.says.to_claims() == CLAIMS
    assert found.says.unreadable == ()
    assert found.raw == text
    assert found.publisher.chain == REGISTRAR.certificates


def test_a_catalogue_may_be_empty():
    assert verify(signed(services=[])).says.services == ()
    assert verify(signed(services=...)).says.services == ()


def test_a_service_that_cannot_be_read_costs_nobody_the_others():
    found = verify(signed(services=[{**LEAST, "start": "javascript:alert(1)"}, FULL, {**FULL}, 7])).says
    assert [service.id for service in found.services] == ["child-benefit"]
    assert [one.position for one in found.unreadable] == [0, 2, 3]
    assert found.unreadable[1].problem == "service catalogue.services[2].id: stands there twice"


def test_the_first_of_two_services_with_one_id_counts():
    found = verify(signed(services=[FULL, {**LEAST, "summary": {"en": "Mine now"}}])).says
    assert found.services == (CATALOGUE.services[0],)


@pytest.mark.parametrize("header", [{"typ": "rc-wrp+jwt"}, {"typ": ...}, {"typ": "JWT"}])
def test_another_type_of_token_is_refused(header):
    with pytest.raises(NotAuthentic):
        verify(signed(header=header))


def test_a_catalogue_of_somebody_else_is_refused():
    with pytest.raises(NotAuthentic):
        verify(signed(signer=seeded_key(99)))
    with pytest.raises(NotTrusted):
        verify(signed(), anchors=TrustAnchors())
    with pytest.raises(NotTrusted):
        verify(signed(header={"x5c": ...}))


def test_other_algorithms_are_neither_made_nor_read():
    class Signer:
        public_key = P384

        def sign(self, data):
            return bytes(96)

    with pytest.raises(ValueError, match="ES256"):
        sign_catalogue(CATALOGUE, Signer(), REGISTRAR.x5c)
    with pytest.raises(NotAuthentic, match="not accepted"):
        verify(signed(signer=Signer()))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.REGISTRATION_PROVIDER])
def test_only_a_registrar_publishes_services(role):
    other = make_pki(Template(common_name="Somebody"), role=role)
    with pytest.raises(NotTrusted):
        verify(signed(signer=other.signer, header={"x5c": list(other.x5c)}), anchors=other.anchors)


def test_a_catalogue_counts_in_its_time():
    assert verify(signed(), now=NOW + DAY - 1)
    assert verify(signed(iat=NOW + MAX_AHEAD))
    for text, now in ((signed(), NOW + DAY), (signed(iat=NOW + MAX_AHEAD + 1), NOW)):
        with pytest.raises(NotValidNow):
            verify(text, now=now)


def test_an_older_catalogue_than_the_one_that_is_known_is_refused():
    assert verify(signed(), known_seq=7)
    assert verify(signed(), known_seq=6)
    with pytest.raises(RolledBack):
        verify(signed(), known_seq=8)


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"seq": ...}, "seq"),
        ({"seq": -1}, "seq"),
        ({"seq": "7"}, "seq"),
        ({"iat": ...}, "iat"),
        ({"exp": ...}, "exp"),
        ({"exp": "never"}, "exp"),
        ({"services": {}}, "services"),
    ],
)
@pytest.mark.parametrize("known_seq", [None, 0])
def test_a_broken_catalogue_is_refused_by_name(changes, at, known_seq):
    with pytest.raises(Malformed) as refusal:
        verify(signed(**changes), known_seq=known_seq)
    assert refusal.value.at == f"service catalogue.{at}"


def test_a_catalogue_has_a_cap():
    with pytest.raises(TooLarge):
        verify(f"{signed()}{'A' * MAX_PUBLISHED}")
    with pytest.raises(Malformed):
        ServiceCatalogue.from_fields(Fields({**CLAIMS, "services": [0] * (MAX_SERVICES + 1)}, "x"))


def test_a_large_catalogue_is_read():
    services = [{**FULL, "id": f"s{i}"} for i in range(1500)]
    text = signed(services=services)
    assert len(text) > 2 << 20
    assert len(verify(text).says.services) == 1500


def test_no_more_is_published_than_is_read(monkeypatch):
    with pytest.raises(ValueError, match="at most"):
        sign_catalogue(replace(CATALOGUE, services=CATALOGUE.services * 5001), REGISTRAR.signer, REGISTRAR.x5c)
    monkeypatch.setattr(module, "MAX_PUBLISHED", 1000)
    with pytest.raises(ValueError, match="at most"):
        sign_catalogue(CATALOGUE, REGISTRAR.signer, REGISTRAR.x5c)


@given(st.integers(0, 2), st.integers(min_value=0))
def test_a_bit_that_is_flipped_is_noticed(part, bit):
    head, payload, signature = signed(services=[LEAST]).split(".")
    parts = [head, payload, signature]
    parts[part] = flip(parts[part].encode(), bit).decode("latin-1")
    with pytest.raises(Flaw):
        verify(".".join(parts))


@given(almost(CLAIMS))
def test_no_claims_escape_the_error_family(claims):
    with contextlib.suppress(ProtocolError):
        found = ServiceCatalogue.from_fields(Fields(claims, "x"))
        assert ServiceCatalogue.from_fields(Fields(found.to_claims(), "x")) == found


@given(st.one_of(st.text(), json_values.map(lambda value: f"e30.{encode_base64url(encode_json(value))}.AA")))
def test_no_token_escapes_the_error_family(text):
    with contextlib.suppress(ProtocolError):
        verify(text)
