"""Whoever publishes lists, and what is published."""

from protocol.errors import NotTrusted, Unreachable
from protocol.exchange import HttpResponse
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.list_signature import sign_list
from protocol.trust.list_types import ListType
from protocol.trust.lists import ListPointer
from protocol.trust.localized import Localized
from runtime.driver import drive
from tests.protocol.trust.lists import OPERATOR, a_list, entity, service
from tests.support.pki import NOW, Template, make_pki, self_signed

ROOT = "https://register.example/lists/registrars"
PIDS = "https://register.example/lists/pid-providers"
SECTOR = "https://education.example/lists/sector"
AGENCY = make_pki(Template(common_name="Agency"))
SCHOOL = make_pki(Template(common_name="School"))
PLATFORM = self_signed(Template(common_name="Platform", ca=None))


class Publisher:
    """Publishes lists at addresses, or answers otherwise."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        self.away = ""

    def publish(self, url, trusted, signer=OPERATOR):
        text = sign_list(trusted, signer.signer, (signer.certificate.to_x5c(),), signed_at=trusted.issued_at)
        self.answers[url] = HttpResponse(200, (), text.encode())
        return text

    async def send(self, request):
        self.asked.append(request.url)
        if self.away and self.away in request.url:
            raise Unreachable("no answer")
        return self.answers.get(request.url) or HttpResponse(404, (), b"")


class Clock:
    now = NOW

    def __call__(self):
        return self.now


def pids(number=1, *pkis, **changes):
    services = [service(ListType.PID_PROVIDERS, pki.root.certificate) for pki in pkis or (AGENCY,)]
    return a_list(ListType.PID_PROVIDERS, *map(entity, services), sequence_number=number, **changes)


def pointer(url, kind, signer):
    return ListPointer(url, kind, (signer.certificate,), (Localized("en", "Somebody"),))


OURS = pointer(PIDS, ListType.PID_PROVIDERS, OPERATOR)
THEIRS = pointer(SECTOR, ListType.PID_PROVIDERS, PLATFORM)


def root(number=1, *pointers):
    return a_list(ListType.REGISTRARS, sequence_number=number, pointers=pointers or (OURS,))


def refresh(followed, published):
    return drive(followed.refresh(), None, published)


def trusted(anchors: TrustAnchors, pki, role=Role.ISSUER):
    try:
        anchors.chain(pki.certificates, role=role, now=NOW, at="x5c")
    except NotTrusted:
        return False
    return True
