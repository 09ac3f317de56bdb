"""What is measured: one credential of 20 selectively disclosable claims, its keys, and a presentation of five of them."""

from dataclasses import dataclass

from protocol.encoding import JsonObject
from protocol.exchange import run
from protocol.formats import FORMATS, Issuance, IssuerSigner
from protocol.holder_binding import ExpectedBinding, KeyBinding
from protocol.keys import P256Key
from protocol.sdjwt.issue import Frame
from protocol.trust.anchors import TrustAnchors
from tests.support.pki import NOW, make_pki, seeded

VCT = "urn:hoheit:bench:1"
AUDIENCE = "x509_hash:" + "A" * 43
NONCE = "n" * 43
EXPECTED = ExpectedBinding(AUDIENCE, NONCE, NOW)
CLAIMS: JsonObject = {f"claim_{i:02}": f"a value of some length {i:02}" for i in range(20)}
FIVE = tuple([(f"claim_{i:02}",) for i in range(5)])


@dataclass(frozen=True, slots=True)
class Sample:
    """An issuer, a holder, and what they make."""

    issuer: IssuerSigner
    anchors: TrustAnchors
    holder: P256Key
    credential: str
    presentation: str


def issuance(holder: P256Key, *, now: int = NOW, uri: str = "https://issuer.example/status/1") -> Issuance:
    """What the credential is made of; an empty `uri` is a credential without status."""
    return Issuance(
        type=VCT,
        claims=CLAIMS,
        frame=Frame.of([(name,) for name in CLAIMS]),
        holder_key=holder.public_key,
        issued_at=now,
        expires_at=now + 86_400,
        status={"status_list": {"idx": 1, "uri": uri}} if uri else None,
    )


def binding(holder: P256Key) -> KeyBinding:
    """What the presentation is bound to."""
    return KeyBinding(holder, AUDIENCE, NONCE, NOW)


def make_sample() -> Sample:
    """The credential and its presentation."""
    pki = make_pki()
    issuer = IssuerSigner(pki.signer, pki.x5c)
    holder = P256Key.generate(seeded(7))
    form = FORMATS["dc+sd-jwt"]
    credential = form.issue(issuance(holder), issuer, seeded(8))
    presentation = form.present(credential, FIVE, binding(holder))
    sample = Sample(issuer, pki.anchors, holder, credential, presentation)
    verify(sample)
    return sample


def verify(sample: Sample) -> None:
    """The whole check of a presentation, holder binding included."""
    exchange = FORMATS["dc+sd-jwt"].verify_presented(
        sample.presentation, anchors=sample.anchors, expected=EXPECTED, now=NOW
    )
    run(exchange, nothing_is_fetched)


def nothing_is_fetched(effect: object) -> object:
    """Performs nothing: whoever runs with it has all that is needed."""
    raise TypeError(f"nothing is fetched here: {type(effect).__name__}")
