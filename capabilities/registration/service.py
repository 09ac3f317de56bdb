"""Talking to a registrar: applying, asking how it stands, fetching what one is given (`registrar/api/applicants.py`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from capabilities.registration.party import Party
from protocol.encoding import JsonValue, encode_json
from protocol.errors import InvalidRequest, Malformed, NotFound, Unauthorized, Unreachable
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send
from protocol.fields import Fields

REGISTERED = "registered"
REFUSED = "refused"
MAX_ANSWER = 4 * 1024 * 1024  # bytes
MAX_CERTIFICATES = 100
MAX_SERVICES = 200

_AT = "registrar's answer"


class Standing(NamedTuple):
    """How an application stands."""

    identifier: str
    state: str  # applied, refused, registered, suspended or removed
    waits: bool  # whether something waits for a decision
    reason: str  # why an operator said no, or let it rest


class RegistrationCertificate(NamedTuple):
    """What a registrar says of one use, in both forms."""

    use: str  # id; empty: of no single one
    jwt: str
    cwt: str  # base64url; empty: there is none


class ServiceStanding(NamedTuple):
    """How a service stands in the catalogue."""

    id: str
    state: str  # new, refused, announced, out or withdrawn
    waits: bool  # whether something waits for a decision
    reason: str  # why it was refused, or is out


@dataclass(frozen=True, slots=True)
class RegistrarClient:
    """A registrar as whoever registers there sees it."""

    url: str

    def apply(self, party: Party) -> Exchange[str]:
        """Apply; the key by which the registrar knows us from now on.

        Raises:
            InvalidRequest: it does not take the application; the message says why.
            Unreachable: no answer, or none that can be read.
        """
        answer = yield from self._call("POST", "", party.to_dict())
        return answer.text("key")

    def propose(self, key: str, party: Party) -> Exchange[Standing]:
        """Change the application, or propose a change of the registration.

        Raises:
            InvalidRequest, Unauthorized, Unreachable: see `apply`; the key is not known there.
        """
        return _standing((yield from self._call("PUT", "", party.to_dict(), key)))

    def standing(self, key: str) -> Exchange[Standing]:
        """How it stands; see `propose`."""
        return _standing((yield from self._call("GET", "", None, key)))

    def access_certificate(self, key: str, request: bytes) -> Exchange[bytes]:
        """An access certificate for the key of a request (PKCS#10, PEM): a chain in PEM; see `propose`."""
        answer = yield from self._call("POST", "/access-certificate", {"csr": request.decode("ascii")}, key)
        return answer.text("chain").encode("utf-8")

    def registration_certificates(self, key: str) -> Exchange[tuple[RegistrationCertificate, ...]]:
        """A certificate for each use; see `propose`."""
        response = yield from self._send("POST", "/registration-certificates", None, key)
        answers = Fields({"certificates": _read(response)}, _AT).objects("certificates", max_items=MAX_CERTIFICATES)
        return tuple(
            [
                RegistrationCertificate(
                    use=str(answer.members.get("use") or ""),
                    jwt=answer.text("jwt"),
                    cwt=str(answer.members.get("cwt") or ""),
                )
                for answer in answers
            ]
        )

    def services(self, key: str) -> Exchange[tuple[ServiceStanding, ...]]:
        """How our services stand; see `propose`."""
        return _service_standings((yield from self._send("GET", "/services", None, key)))

    def hand_in(self, key: str, services: Iterable[JsonValue]) -> Exchange[tuple[ServiceStanding, ...]]:
        """Hand in services for the catalogue, all or none; see `propose`."""
        response = yield from self._send("PUT", "/services", {"services": [*services]}, key)
        return _service_standings(response)

    def withdraw(self, key: str, service: str) -> Exchange[ServiceStanding]:
        """Take a service back; see `propose`. There is none of this id: NotFound."""
        response = yield from self._send("DELETE", f"/services/{quote(service, safe='')}", None, key)
        return _service_standing(Fields(_read(response, "there is no service of this id"), _AT))

    def _call(self, method: str, path: str, body: JsonValue, key: str = "") -> Exchange[Fields]:
        response = yield from self._send(method, path, body, key)
        return Fields(_read(response), _AT)

    def _send(self, method: str, path: str, body: JsonValue, key: str) -> Exchange[HttpResponse]:
        headers = [("accept", "application/json")]
        if key:
            headers.append(("authorization", f"Bearer {key}"))
        if body is not None:
            headers.append(("content-type", "application/json"))
        sent = b"" if body is None else encode_json(body)
        url = f"{self.url}/api/application{path}"
        return (yield from send(HttpRequest(method, url, tuple(headers), sent, max_bytes=MAX_ANSWER)))


def _standing(answer: Fields) -> Standing:
    reason = answer.members.get("reason")
    return Standing(
        identifier=answer.text("identifier"),
        state=answer.text("state"),
        waits=answer.boolean("waits", default=False),
        reason=reason if isinstance(reason, str) else "",
    )


def _service_standings(response: HttpResponse) -> tuple[ServiceStanding, ...]:
    found = Fields({"services": _read(response)}, _AT).possibly_empty_array("services", max_items=MAX_SERVICES)
    return tuple([_service_standing(Fields(one, f"{_AT}[{i}]")) for i, one in enumerate(found)])


def _service_standing(answer: Fields) -> ServiceStanding:
    reason = answer.members.get("reason")
    return ServiceStanding(
        id=answer.text("id"),
        state=answer.text("state"),
        waits=answer.boolean("waits", default=False),
        reason=reason if isinstance(reason, str) else "",
    )


def _read(response: HttpResponse, missing: str = "there is no registrar at this address") -> JsonValue:
    if response.status in (200, 201):
        return response.json(_AT, max_bytes=MAX_ANSWER)
    if response.status == 401:
        raise Unauthorized("the registrar does not know this key")
    if response.status == 404:
        raise NotFound(missing)
    if 400 <= response.status < 500:
        raise InvalidRequest(f"the registrar does not accept it: {_problem(response)}")
    raise Unreachable(f"the registrar answered with status {response.status}; try again later")


def _problem(response: HttpResponse) -> str:
    """What it says itself, as far as that is words."""
    try:
        answer = Fields(response.json(_AT, max_bytes=MAX_ANSWER), _AT)
        sentences = [one.text("sentence", max_length=500) for one in answer.optional_objects("problems")]
        said = " · ".join(sentences) or answer.text("error_description", max_length=500)
    except Malformed:
        return f"status {response.status}"
    return said if said.isprintable() else f"status {response.status}"
