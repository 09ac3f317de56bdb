"""The verifier's side: whose credentials it believes, and what it finds out about one."""

import pytest

from protocol.errors import NotBound, ProtocolError
from protocol.exchange import run
from protocol.keys import Ed25519Key
from protocol.sdjwt.issuer_key import IssuerKey, find_issuer_key
from protocol.sdjwt.key_binding import verify_key_binding
from protocol.sdjwt.token import SdJwt
from protocol.sdjwt.verify import verify_sd_jwt_vc
from protocol.trust.anchors import Role
from tests.protocol.sdjwt.samples import ISSUER, PKI, expected, read
from tests.support.pki import NOW

PARTY = PKI.anchors.chain(PKI.certificates, role=Role.ISSUER, now=NOW, at="credential")
KEY = IssuerKey(ISSUER.public_key, PARTY)
ED25519 = Ed25519Key.from_seed(bytes(32))


def verify(text, *, key=KEY, now=NOW, **options):
    """What is found out about a credential whose issuer's key is known."""
    return verify_sd_jwt_vc(read(text), key, now=now, **options)


def refused(error, text, **options):
    """Why a credential is refused, with this error and no other."""
    with pytest.raises(ProtocolError) as refusal:
        verify(text, **options)
    assert type(refusal.value) is error
    return refusal.value.description


def verify_presentation(text):
    """The whole path of a verifier: find the key, verify, check the binding."""
    token = SdJwt.from_text(text)
    key = run(find_issuer_key(token, PKI.anchors, now=NOW), lambda effect: pytest.fail("nothing is fetched"))
    credential = verify_sd_jwt_vc(token, key, now=NOW)
    if credential.holder_key is None:
        raise NotBound("presentation: the credential is not bound to a key")
    verify_key_binding(token, credential.holder_key, expected())
    return credential
