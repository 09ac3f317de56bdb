import pytest

from protocol.errors import Flaw, NotAuthentic, NotTrusted, NotValidNow
from protocol.jws import sign_jws
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.signed import verify_vouched_for
from tests.support.pki import DAY, NOW, make_pki, seeded_key

PKI = make_pki(role=Role.WALLET_PROVIDER)
HEADER = {"typ": "x+jwt", "x5c": list(PKI.x5c)}
PAYLOAD = b'{"sub":"somebody"}'


def verify(text, *, role=Role.WALLET_PROVIDER, anchors=PKI.anchors, typ="x+jwt", now=NOW):
    return verify_vouched_for(text, role=role, anchors=anchors, typ=typ, now=now, at="token")


def signed(signer=PKI.signer, **changes):
    header = {name: value for name, value in {**HEADER, **changes}.items() if value is not ...}
    return sign_jws(header, PAYLOAD, signer)


def test_claims_come_with_who_signed_them():
    claims, party = verify(signed())
    assert (claims.members, claims.at) == ({"sub": "somebody"}, "token")
    assert (party.name, party.vouched_by) == ("Issuing desk", "Test authority")
    assert verify(signed(), typ=("y+jwt", "x+jwt"))[1] == party


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(signed(x5c=...), NotTrusted, id="no certificate"),
        pytest.param(signed(x5c=..., kid="1"), NotTrusted, id="key by name alone"),
        pytest.param(signed(x5c=list(make_pki(role=Role.WALLET_PROVIDER).x5c)), NotTrusted, id="a stranger's chain"),
        pytest.param(signed(x5c=[PKI.root.certificate.to_x5c()]), NotTrusted, id="the anchor itself"),
        pytest.param(signed(x5c=["!"]), Flaw, id="no certificate at all"),
        pytest.param(signed(seeded_key(9)), NotAuthentic, id="another key"),
        pytest.param(signed(typ="y+jwt"), NotAuthentic, id="T007 another type"),
        pytest.param(signed(typ=...), NotAuthentic, id="T007 no type"),
        pytest.param("a.b", Flaw, id="no token"),
    ],
)
def test_what_nobody_vouches_for_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify(text)


def test_an_anchor_vouches_in_its_own_role_alone():  # T089
    with pytest.raises(NotTrusted):
        verify(signed(), role=Role.ISSUER)
    with pytest.raises(NotTrusted):
        verify(signed(), anchors=TrustAnchors())


def test_certificates_have_their_time():
    with pytest.raises(NotValidNow):
        verify(signed(), now=NOW + 366 * DAY)
