"""Organisations with access certificates to test with, and a citizen's side with keys of one response each."""

from functools import cache

from protocol.sovereignty.signing import Organisation
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.localized import Localized
from tests.support.pki import Pki, Template, make_pki, seeded_key

AGENCY = Organisation("LEIXG-AGENCY00000000000001", "DE")
BANK = Organisation("LEIXG-BANK0000000000000002", "AT")
TOWN = Organisation("LEIXG-TOWN0000000000000003", "DE")

COCKPIT = "https://agency.example/cockpit"
COCKPIT_KEY = seeded_key(6001)
OTHER_KEY = seeded_key(6002)
ENC_KEY = seeded_key(6003)
RECEIPT = "receipt-0123456789abcdef"


def partner(organisation: Organisation, seed: int) -> Pki:
    """An organisation with an access certificate; its authority is its own."""
    return make_pki(subject_of(organisation), key=seeded_key(seed), role=Role.VERIFIER)


def subject_of(organisation: Organisation) -> Template:
    """A certificate that names an organisation."""
    return Template(common_name="Partner", country=organisation.country, identifier=organisation.identifier)


@cache
def known_partners() -> dict[Organisation, Pki]:
    """The three organisations."""
    return {each: partner(each, 6100 + n) for n, each in enumerate((AGENCY, BANK, TOWN))}


@cache
def partner_anchors() -> TrustAnchors:
    """A set that believes in the authorities of all three."""
    return TrustAnchors([pki.anchor for pki in known_partners().values()])


def both(german: str, english: str) -> tuple[Localized, ...]:
    """A text in two languages."""
    return (Localized("de", german), Localized("en", english))
