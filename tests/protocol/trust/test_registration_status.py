"""Who may say whether a registration certificate still holds (T090, T091)."""

from types import SimpleNamespace

import pytest

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import NotAuthentic, NotTrusted
from protocol.jws import Jws, sign_jws
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.registration_status import find_registration_list_key
from tests.support.pki import NOW, Template, make_pki, seeded_key

OWN = make_pki(Template(common_name="Register"), key=seeded_key(1), role=Role.REGISTRATION_PROVIDER)
OTHER = make_pki(Template(common_name="Another register"), key=seeded_key(2), role=Role.REGISTRATION_PROVIDER)
ANCHORS = TrustAnchors([*OWN.anchors.anchors, *OTHER.anchors.anchors])


def registration():
    chain = OWN.certificates
    party = OWN.anchors.chain(chain, role=Role.REGISTRATION_PROVIDER, now=NOW, at="x")
    return SimpleNamespace(provider=party)


def find(pki, *, x5c=True, anchors=ANCHORS):
    header: JsonObject = {"typ": "x", **({"x5c": list[JsonValue](pki.x5c)} if x5c else {})}
    jws = Jws.from_compact(sign_jws(header, b"{}", pki.signer), "x")
    return find_registration_list_key(jws, registration(), anchors, NOW)


@pytest.mark.parametrize("x5c", [True, False])
def test_whoever_registered_signs_the_list_with_the_same_key(x5c):
    assert find(OWN, x5c=x5c) == OWN.public_key


def test_another_provider_of_registrations_does_not_speak_for_the_first():
    with pytest.raises(NotAuthentic, match="somebody else"):
        find(OTHER)


def test_a_signer_that_leads_to_no_anchor_is_not_believed():
    with pytest.raises(NotTrusted):
        find(OTHER, anchors=TrustAnchors([]))
