"""Somebody who registers partners and agencies, and says whether registrations still hold."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from protocol.credential import StatusReference
from protocol.dcql.query import CredentialMeta
from protocol.encoding import JsonObject
from protocol.exchange import HttpRequest, HttpResponse
from protocol.oid4vp.request import VerifierInfo
from protocol.status.bits import StatusList
from protocol.status.token import MEDIA_TYPE, sign_status_list_token
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.carried import carry_registration
from protocol.trust.dataset import REGISTRAR_DATASET, RegisteredIdentifier, RegistrarDataset
from protocol.trust.list_signature import sign_list
from protocol.trust.list_types import ListType
from protocol.trust.localized import Localized
from protocol.trust.register_asking import Register
from protocol.trust.registrar_api import MEDIA_TYPE as ANSWER_TYPE
from protocol.trust.registrar_api import (
    IntendedUse,
    SupervisoryAuthority,
    WalletRelyingParty,
    sign_answer,
)
from protocol.trust.registration import (
    PID_PROVIDER,
    SERVICE_PROVIDER,
    Contact,
    RegisteredCredential,
    Registration,
    sign_registration,
)
from tests.protocol.trust.lists import OPERATOR, a_list, entity, service
from tests.support.pki import NOW, Pki, Template, make_pki, seeded_key
from tests.wallet.counterpart_agency import VCT, Agency
from tests.wallet.counterparts import Partner, World

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
REGISTER = f"{REGISTRAR}/wrp"
DATASET = RegistrarDataset(
    identifiers=(RegisteredIdentifier(LIBRARY),),
    services=((Localized("en", "Library"),),),
    registry_uri=REGISTER,
    intended_use="card",
    purpose=ENTRY.purpose,
    privacy_policy=ENTRY.privacy_policy,
)
IN_REGISTER = WalletRelyingParty(
    identifier=LIBRARY,
    country="DE",
    trade_name="City library",
    entitlements=(SERVICE_PROVIDER,),
    info_uri="https://library.example",
    support_uri="https://library.example/help",
    email="post@library.example",
    phone="+49 1",
    services=((Localized("en", "Library"),),),
    uses=(IntendedUse("card", ENTRY.purpose, ENTRY.privacy_policy, NOW - 86_400, ENTRY.credentials),),
    provides=(),
    supervisory_authority=SupervisoryAuthority("Authority", "DE", "watch@data.example", None, None),
    registry_uri=REGISTER,
    public_body=True,
    is_intermediary=False,
    intermediaries=(),
    legal_name="City",
    given_name=None,
    family_name=None,
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
    entry: WalletRelyingParty | None = IN_REGISTER  # what the register has of who is asked about; None: nothing
    said_at: int = NOW
    now: Callable[[], int] = lambda: NOW
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
        if request.url.startswith(REGISTER):
            return self._say()
        statuses = StatusList.from_entries(16, 2, {INDEX: self.status})
        signing = self.list_pki or self.pki
        token = sign_status_list_token(
            statuses,
            uri=LISTS,
            issued_at=self.now() - 10,
            expires_at=self.now() + 5000,
            ttl=600,
            signer=signing.signer,
            x5c=signing.x5c,
        )
        return HttpResponse(200, (("content-type", MEDIA_TYPE),), token.encode())

    def _say(self):
        if self.entry is None:
            return HttpResponse(404, (), b"")
        said: JsonObject = {"iss": REGISTER, "iat": self.said_at, "data": self.entry.to_dict()}
        answer = sign_answer(said, self.pki.signer, self.pki.x5c)
        return HttpResponse(200, (("content-type", ANSWER_TYPE),), answer.encode())

    @property
    def asked(self):
        """What the register was asked."""
        return [request.url for request in self.seen if request.url.startswith(REGISTER)]


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

    def registers(self):
        """Which registers the wallet's lists have."""
        return (Register(REGISTER, (self.registrar.pki.certificates[0],), "The town register"),)

    def naming_register(self, dataset=DATASET, **changes):
        """Have the partner say where it is registered, and show no certificate of it."""
        entries = (VerifierInfo(REGISTRAR_DATASET, replace(dataset, **changes).to_dict()),)
        self.partner.changes = {**self.partner.changes, "verifier_info": entries}
        return self

    def registering(self, entry=ENTRY, **changes):
        """Have the partner show a registration."""
        self.partner.changes = {
            **self.partner.changes,
            "verifier_info": (self.registrar.info(replace(entry, **changes)),),
        }
        return self


LIST_HOST = "https://lists.example"


class ListHost:
    """Publishes a list of registrars with the register in it."""

    def __init__(self, pki):
        listed = service(ListType.REGISTRARS, pki.certificates[0], supply_points=(REGISTER,))
        trusted = a_list(ListType.REGISTRARS, entity(listed))
        self.text = sign_list(trusted, OPERATOR.signer, (OPERATOR.certificate.to_x5c(),), signed_at=trusted.issued_at)

    def respond(self, _request):
        """The list."""
        return HttpResponse(200, (), self.text.encode())
