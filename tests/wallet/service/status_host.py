"""Where the statuses of credentials stand."""

from dataclasses import dataclass, field

from protocol.errors import ProtocolError
from protocol.exchange import HttpRequest, HttpResponse
from protocol.status.bits import StatusList
from protocol.status.token import MEDIA_TYPE, sign_status_list_token
from tests.support.pki import NOW, Pki
from tests.wallet.counterpart_agency import answer

STATUS_URI = "https://status.example/1"


@dataclass
class StatusHost:
    """A host with one list, whose entries are all valid until somebody says otherwise."""

    pki: Pki
    x5c: tuple[str, ...] | None = None  # that comes with the list; None: the chain of who signs it
    values: dict[int, int] = field(default_factory=dict)
    uri: str = STATUS_URI
    reply: HttpResponse | ProtocolError | None = None
    others: dict[str, HttpResponse] = field(default_factory=dict)  # by address
    seen: list[HttpRequest] = field(default_factory=list)

    def respond(self, request):
        """Hand out the list."""
        self.seen.append(request)
        if request.url in self.others:
            return self.others[request.url]
        if isinstance(self.reply, HttpResponse):
            return self.reply
        if self.reply is not None:
            raise self.reply
        text = sign_status_list_token(
            StatusList.from_entries(64, 2, self.values),
            uri=self.uri,
            issued_at=NOW - 1,
            expires_at=NOW + 600,
            ttl=300,
            signer=self.pki.signer,
            x5c=self.pki.x5c if self.x5c is None else self.x5c,
        )
        return answer(text, media_type=MEDIA_TYPE)
