"""What is measured of mdocs: one document of 20 elements, its keys, and an answer with five of them."""

from dataclasses import dataclass, replace
from typing import Any

from protocol.encoding import JsonObject
from protocol.exchange import run
from protocol.formats import FORMATS, Issuance, IssuerSigner
from protocol.holder_binding import ExpectedBinding, KeyBinding
from protocol.keys import P256Key
from protocol.mdoc.transcript import OpenId4VpHandover
from protocol.mdoc.values import Scalar
from protocol.sdjwt.issue import Frame
from protocol.trust.anchors import TrustAnchors
from tests.benchmarks.samples import AUDIENCE, NONCE, nothing_is_fetched
from tests.protocol.mdoc.samples import DESK, IACA
from tests.support.pki import DAY, NOW, Pki, make_pki, seeded

DOC_TYPE = "org.example.bench.1"
SPACE = "org.example.bench.1"
# pymdoccbor goes by the clock on the wall
LONG: dict[str, Any] = {"not_before": NOW - 9000 * DAY, "not_after": NOW + 9000 * DAY}
ELEMENTS: dict[str, str] = {f"element_{i:02}": f"a value of some length {i:02}" for i in range(20)}
FIVE = tuple([(SPACE, f"element_{i:02}") for i in range(5)])
HANDOVER = OpenId4VpHandover(AUDIENCE, NONCE, bytes(range(32)), "https://library.example/response")


@dataclass(frozen=True, slots=True)
class MdocSample:
    """An issuer, a holder, and what they make."""

    pki: Pki
    issuer: IssuerSigner
    anchors: TrustAnchors
    holder: P256Key
    credential: str
    presentation: str


def issuance(holder: P256Key, elements: JsonObject | None = None) -> Issuance:
    """What the document is made of."""
    claims = dict[str, Any](ELEMENTS) if elements is None else elements
    kinds = {name: Scalar.BYTES if name == "portrait" else Scalar.TEXT for name in claims}
    return Issuance(
        type=DOC_TYPE,
        claims={SPACE: claims},
        frame=Frame(),
        holder_key=holder.public_key,
        issued_at=NOW,
        expires_at=NOW + DAY,
        status={"status_list": {"idx": 1, "uri": "https://issuer.example/status/1"}},
        kinds={SPACE: kinds},
    )


def binding(holder: P256Key) -> KeyBinding:
    """What the answer is bound to."""
    return KeyBinding(holder, AUDIENCE, NONCE, NOW, handover=HANDOVER)


def make_mdoc_sample() -> MdocSample:
    """The document and its answer."""
    pki = make_pki(replace(DESK, **LONG), root=replace(IACA, **LONG))
    issuer = IssuerSigner(pki.signer, pki.x5c)
    holder = P256Key.generate(seeded(7))
    form = FORMATS["mso_mdoc"]
    credential = form.issue(issuance(holder), issuer, seeded(8))
    presentation = form.present(credential, FIVE, binding(holder))
    sample = MdocSample(pki, issuer, pki.anchors, holder, credential, presentation)
    verify(presentation, sample.anchors)
    return sample


def verify(presentation: str, anchors: TrustAnchors) -> None:
    """The whole check of an answer, holder binding included."""
    expected = ExpectedBinding(AUDIENCE, NONCE, NOW, handover=lambda: HANDOVER)
    exchange = FORMATS["mso_mdoc"].verify_presented(presentation, anchors=anchors, expected=expected, now=NOW)
    run(exchange, nothing_is_fetched)
