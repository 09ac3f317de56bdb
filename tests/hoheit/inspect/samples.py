"""Things to explain, all genuine: a credential, a presentation, a request, an offer, a status list."""

from protocol.formats import FORMATS, Issuance, IssuerSigner
from protocol.holder_binding import KeyBinding
from protocol.keys import P256Key
from protocol.oid4vci.offer import CredentialOffer, offer_link
from protocol.sdjwt.issue import Frame
from protocol.status.bits import StatusList
from protocol.status.token import sign_status_list_token
from tests.support.pki import DAY, NOW, make_pki, seeded, seeded_key

PKI = make_pki()
HOLDER: P256Key = seeded_key(5)
OFFER = offer_link(CredentialOffer("https://agency.example", ("pid",), pre_authorized_code="secret"))


def credential() -> str:
    """A credential with three claims, two of which can be left out."""
    issuance = Issuance(
        type="urn:example:1",
        claims={"name": "Erika", "town": "Lindenau", "kind": "sample"},
        frame=Frame.of([("name",), ("town",)]),
        holder_key=HOLDER.public_key,
        issued_at=NOW,
        expires_at=NOW + DAY,
        status=None,
    )
    return FORMATS["dc+sd-jwt"].issue(issuance, IssuerSigner(PKI.signer, PKI.x5c), seeded(6))


def presentation() -> str:
    """The town alone, shown to somebody."""
    binding = KeyBinding(HOLDER, "x509_hash:abc", "nonce", NOW)
    return FORMATS["dc+sd-jwt"].present(credential(), [("town",)], binding)


def status_list() -> str:
    """A list of 1000 entries, three revoked and one suspended."""
    statuses = StatusList.from_entries(1000, 2, {1: 1, 5: 1, 9: 1, 11: 2})
    return sign_status_list_token(
        statuses,
        uri="https://agency.example/status/1",
        issued_at=NOW,
        expires_at=NOW + DAY,
        ttl=300,
        signer=PKI.signer,
        x5c=PKI.x5c,
    )
