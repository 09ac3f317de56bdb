"""Where the metadata of types is published."""

import base64
from dataclasses import dataclass, field

from protocol.encoding import encode_json, sha256
from protocol.errors import ProtocolError
from protocol.exchange import HttpRequest, HttpResponse
from tests.wallet.counterpart_agency import answer

TYPES = "https://types.example"
TYPE = f"{TYPES}/pid"


def metadata(**changes):
    """What a type says of itself and of some claims."""
    members = {
        "vct": TYPE,
        "display": [{"locale": "en", "name": "Identity"}, {"locale": "de-DE", "name": "Identität"}],
        "claims": [
            described("given_name", en="First name", de="Rufname"),
            described("address", "locality", en="Town", de="Stadt"),
            described("nationalities", None, en="Citizen of", de="Bürger von"),
        ],
    }
    return {**members, **changes}


def described(*path, en, de, **rules):
    """What a type says of one claim."""
    labels = [{"locale": "en", "label": en}, {"locale": "de-DE", "label": de}]
    return {"path": list(path), "display": labels, **rules}


def integrity(document):
    """How a credential vouches for a document."""
    return "sha256-" + base64.b64encode(sha256(encode_json(document))).decode()


@dataclass
class TypeHost:
    """A host with documents by address; `seen` holds every request that it got."""

    documents: dict[str, object] = field(default_factory=lambda: {TYPE: metadata()})
    seen: list[HttpRequest] = field(default_factory=list)

    def respond(self, request):
        """Hand out a document, or fail as told."""
        self.seen.append(request)
        reply = self.documents.get(request.url, HttpResponse(404, (), b""))
        if isinstance(reply, ProtocolError):
            raise reply
        return reply if isinstance(reply, HttpResponse) else answer(reply)
