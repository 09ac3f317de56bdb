"""Somebody who registers partners and agencies, and says whether registrations still hold."""

from dataclasses import dataclass, field, replace

from protocol.credential import StatusReference
from protocol.dcql.query import CredentialMeta
from protocol.exchange import HttpRequest, HttpResponse
from protocol.oid4vp.request import VerifierInfo
from protocol.status.bits import StatusList
from protocol.status.token import MEDIA_TYPE, sign_status_list_token
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.carried import carry_registration
from protocol.trust.localized import Localized
from protocol.trust.registration import (
    PID_PROVIDER,
    SERVICE_PROVIDER,
    Contact,
    RegisteredCredential,
    Registration,
    sign_registration,
)
from tests.support.pki import NOW, Pki, Template, make_pki, seeded_key
from tests.wallet.counterparts import VCT, Agency, Partner, World

REGISTRAR = "https://registrar.example"
LISTS = f"{REGISTRAR}/status/1"
LIBRARY = "VATDE-111111111"
OFFICE = "VATDE-222222222"
INDEX = 7


def registered(*paths, vct=VCT):
    """A kind of credential with what may be asked of it, or with what is issued."""
    return RegisteredCredential("dc+sd-jwt", CredentialMeta((vct,)), tuple(paths))


ENTRY = Registration(
    name="City library",
    identifier=LIBRARY,
    country="DE",
    registry_uri=REGISTRAR,
    entitlements=(SERVICE_PROVIDER,),
    privacy_policy="https://library.example/privacy",
    issued_at=NOW - 100,
    expires_at=NOW + 1000,
    status=StatusReference(LISTS, INDEX),
    legal_name="City of Köln, library",
    purpose=(Localized("en", "To make you a library card."), Localized("de", "Um Ihnen einen Ausweis zu machen.")),
    credentials=(registered(("given_name",), ("address",)),),
    supervisory_authority=Contact("watch@data.example", None, "https://data.example/complain"),
)
AGENCY_ENTRY = replace(
    ENTRY,
    name="City of Köln",
    identifier=OFFICE,
    entitlements=(PID_PROVIDER,),
    credentials=(),
    provides=(registered(),),
)


@dataclass
class Registrar:
    """Registers what it is told to; `status` is what its list says, and it can be out of reach."""

    pki: Pki = field(
        default_factory=lambda: make_pki(
            Template(common_name="Registrar"), key=seeded_key(8), role=Role.REGISTRATION_PROVIDER
        )
    )
    list_pki: Pki | None = None  # who signs the list; by default the registrar
    status: int = 0
    away: bool = False
    seen: list[HttpRequest] = field(default_factory=list)

    def certificate(self, entry=ENTRY):
        """A registration certificate."""
        return sign_registration(entry, self.pki.signer, self.pki.x5c)

    def info(self, entry=ENTRY):
        """The same, as requests carry it."""
        return VerifierInfo(*carry_registration(self.certificate(entry)))

    def respond(self, request):
        """Answer for the status list."""
        self.seen.append(request)
        if self.away:
            return HttpResponse(503, (), b"")
        statuses = StatusList.from_entries(16, 2, {INDEX: self.status})
        signing = self.list_pki or self.pki
        token = sign_status_list_token(
            statuses,
            uri=LISTS,
            issued_at=NOW - 10,
            expires_at=NOW + 5000,
            ttl=600,
            signer=signing.signer,
            x5c=signing.x5c,
        )
        return HttpResponse(200, (("content-type", MEDIA_TYPE),), token.encode())


class RegisteredWorld(World):
    """A world with a registrar, where everybody has an identifier in their certificate."""

    def __init__(self, vault, **changes):
        self.registrar = Registrar()
        self.more_anchors = []
        library = Template(common_name="City library", identifier=LIBRARY, dns_names=("library.example",))
        office = Template(common_name="City of Köln", identifier=OFFICE)
        super().__init__(
            vault,
            agency=Agency(pki=make_pki(office, key=seeded_key(5))),
            partner=Partner(pki=make_pki(library, key=seeded_key(6), role=Role.VERIFIER)),
            more={REGISTRAR: self.registrar},
            **changes,
        )

    def anchors(self):
        """Whom the wallet trusts: whoever registers as well."""
        known = super().anchors()
        return TrustAnchors([*known.anchors, self.registrar.pki.anchor, *self.more_anchors])

    def registering(self, entry=ENTRY, **changes):
        """Have the partner show a registration."""
        self.partner.changes = {
            **self.partner.changes,
            "verifier_info": (self.registrar.info(replace(entry, **changes)),),
        }
        return self
