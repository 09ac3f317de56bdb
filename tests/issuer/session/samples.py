"""Stages to begin a test with, and what steps are handed."""

from issuer.records import CredentialState, IssuedCredential
from issuer.session.login import Login
from issuer.session.stages import Batch, Granted, Invited, Issuing, Offered, Pushed, Tokens, Visited
from protocol.errors import InvalidDpopProof
from runtime.conversation import SessionKey, Spend
from tests.support.pki import NOW

SPEND = (Spend(SessionKey("dpop jti", "1"), NOW + 360, InvalidDpopProof("used")),)
TOKENS = Tokens("access", NOW + 600, "refresh", NOW + 9000, "key")
NEXT = Tokens("access 2", NOW + 700, "refresh 2", NOW + 99_000, "key")
OFFERED = Offered("o", ("member", "badge"), "anna", "code", "digest", 5, NOW + 600)
INVITED = Invited("o", ("member", "badge"), "anna", NOW + 600)
PUSHED = Pushed("p", "uri", "wallet", "http://127.0.0.1:1/", "xyz", "challenge", "", ("member",), (), NOW + 300)
VISITED = Visited(PUSHED, "browser", 5)
LOGIN = Login("browser", "anna", "code", NOW + 60)
GRANTED = Granted(PUSHED, "browser", "anna", "code", NOW + 60)
ISSUING = Issuing("o", ("member", "badge"), (), "anna", "", TOKENS)
BATCH = Batch("member", ("c1", "c2"), "notification", "access")


def credential(credential_id: str, index: int = 1) -> IssuedCredential:
    """A credential as it is recorded."""
    state = CredentialState.VALID
    return IssuedCredential(credential_id, "member", "anna", "o", "list", index, "key", NOW, NOW + 1000, state)
