"""Lists of trusted entities to test with, and who signs them."""

from protocol.trust.list_types import PROFILES, ListType
from protocol.trust.lists import (
    Address,
    ListPointer,
    PostalAddress,
    TrustedEntity,
    TrustedList,
    TrustedService,
)
from protocol.trust.localized import Localized
from tests.support.pki import DAY, NOW, Template, self_signed

OPERATOR = self_signed(Template(common_name="List operator", ca=False))
PROVIDER = self_signed()
POSTAL = PostalAddress("de", "Markt 1", "DE", "Musterstadt", "12345")
ADDRESS = Address((POSTAL,), (Localized("en", "mailto:trust@example.org"), Localized("en", "tel:+491234")))


def texts(english, german):
    """A name in two languages."""
    return (Localized("en", english), Localized("de", german))


def service(list_type, *certificates, **changes):
    """A service of a list's own kind, in force."""
    profile = PROFILES[list_type]
    made = {"type": profile.issuance, "name": texts("Service", "Dienst"), "status": profile.notified, **changes}
    return TrustedService(certificates=certificates, **made)


def entity(*services):
    """Somebody with these services."""
    return TrustedEntity(
        name=texts("Town", "Stadt"),
        address=ADDRESS,
        information=(Localized("en", "https://town.example/policies"),),
        services=services,
        trade_name=(Localized("en", "VATDE-123456789"),),
    )


def a_list(list_type, *entities, **changes):
    """A list of a type, issued now for a month."""
    made = {
        "sequence_number": 7,
        "operator": texts("Operator", "Betreiber"),
        "issued_at": NOW,
        "next_update": NOW + 30 * DAY,
        **changes,
    }
    return TrustedList(list_type, entities=entities, **made)


LIST = a_list(ListType.WALLET_PROVIDERS, entity(service(ListType.WALLET_PROVIDERS, PROVIDER.certificate)))
FULL = a_list(
    ListType.WALLET_PROVIDERS,
    entity(
        service(ListType.WALLET_PROVIDERS, PROVIDER.certificate, supply_points=("https://town.example/wallet",)),
        service(ListType.WALLET_PROVIDERS, type="http://uri.etsi.org/19602/SvcType/WalletSolution/Revocation"),
    ),
    operator_address=ADDRESS,
    name=texts("DE:Wallet providers", "DE:Anbieter von Brieftaschen"),
    information=(Localized("en", "https://operator.example/scheme"),),
    territory="DE",
    pointers=(
        ListPointer(
            "https://operator.example/lists/wallet-providers",
            ListType.WALLET_PROVIDERS,
            (OPERATOR.certificate,),
            texts("Operator", "Betreiber"),
        ),
    ),
    distribution_points=("https://operator.example/lists/wallet-providers",),
)
