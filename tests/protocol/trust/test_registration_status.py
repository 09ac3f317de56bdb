"""Who may say whether a registration certificate still holds (T090, T091)."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import NotAuthentic, NotTrusted
from protocol.jws import Jws, sign_jws
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.trust.registration_status import find_registration_list_key
from tests.support.pki import AUTHORITY, NOW, Pki, Template, make_pki, seeded_key

OWN = make_pki(Template(common_name="Register"), key=seeded_key(1), role=Role.REGISTRATION_PROVIDER)
ROTATED = OWN.root.issue(Template(common_name="Register"), seeded_key(5))
OTHER = make_pki(Template(common_name="Another register"), key=seeded_key(2), role=Role.REGISTRATION_PROVIDER)
SAME_KEY = make_pki(Template(common_name="Another name"), key=seeded_key(1), role=Role.REGISTRATION_PROVIDER)
ANCHORS = TrustAnchors([*OWN.anchors.anchors, *OTHER.anchors.anchors, *SAME_KEY.anchors.anchors])


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


def test_whoever_registered_may_have_another_key_by_now():
    assert find(Pki(OWN.root, (ROTATED,), Role.REGISTRATION_PROVIDER)) == seeded_key(5).public_key


def test_the_key_that_registered_speaks_under_another_certificate_too():
    assert find(SAME_KEY) == OWN.public_key


def test_the_name_of_whoever_registered_is_nothing_below_another_anchor():  # T090
    same_name = make_pki(
        Template(common_name="Register"),
        root=replace(AUTHORITY, common_name="Another authority"),
        key=seeded_key(6),
        role=Role.REGISTRATION_PROVIDER,
    )
    another = TrustAnchor(same_name.root.certificate, Role.REGISTRATION_PROVIDER, "Another authority")
    with pytest.raises(NotAuthentic, match="somebody else"):
        find(same_name, anchors=TrustAnchors([*OWN.anchors.anchors, another]))
