"""The credential offer: an issuer's invitation by link or QR code, by value or by reference (OID4VCI 1.0 §4.1)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from protocol.encoding import JsonObject, encode_json, read_json
from protocol.errors import InvalidRequest, Malformed, NotAuthentic, TooLarge, Unreachable, raised_as
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import Fields, is_local, read_https_url
from protocol.oauth.metadata import read_identifier

SCHEME = "openid-credential-offer://"
SCHEMES = ("openid-credential-offer", "haip-vci", "https")
PRE_AUTHORIZED_CODE_GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
AUTHORIZATION_CODE_GRANT = "authorization_code"
MAX_LINK = 64 * 1024  # characters
MAX_CONFIGURATIONS = 64
MAX_CODE = 4096  # characters
MAX_HINT = 300  # characters (OID4VCI 1.0 §4.1.1)

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class TxCode:
    """How a transaction code looks, which comes to the user on another way (OID4VCI 1.0 §4.1.1)."""

    input_mode: str = "numeric"  # numeric or text
    length: int | None = None
    description: str | None = None

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {"input_mode": self.input_mode}
        if self.length is not None:
            members["length"] = self.length
        if self.description is not None:
            members["description"] = self.description
        return members


@dataclass(frozen=True, slots=True)
class CredentialOffer:
    """Which credentials, from whom, and with which grants."""

    credential_issuer: str
    credential_configuration_ids: tuple[str, ...]
    pre_authorized_code: str | None = field(default=None, repr=False)
    tx_code: TxCode | None = None
    authorization_code: bool = False  # the grant is offered; without any grant the wallet may try it too
    issuer_state: str | None = field(default=None, repr=False)
    authorization_server: str | None = None  # which of the issuer's servers takes the grants

    @classmethod
    def from_dict(cls, value: object, at: str = "credential_offer") -> Self:
        """Read the wire form; unknown members and grants are ignored.

        Where two grants name different servers, only the pre-authorized code is kept: one offer is one conversation.

        Raises:
            Malformed: a member is missing or has the wrong shape, or only grants that we do not know (T147).
        """
        offer = Fields(value, at)
        names = offer.texts("credential_configuration_ids", max_items=MAX_CONFIGURATIONS)
        if len(set(names)) != len(names):
            raise Malformed(offer.path("credential_configuration_ids"), "has a name twice")
        issuer = read_identifier(offer.required("credential_issuer"), offer.path("credential_issuer"))
        _refuse_address(issuer, offer.path("credential_issuer"))
        grants = offer.optional_object("grants")
        if grants is None or not grants.members:
            return cls(issuer, names, authorization_code=True)
        code = grants.optional_object(PRE_AUTHORIZED_CODE_GRANT)
        # An empty object is a grant too, so presence is asked, not truth
        login = grants.object(AUTHORIZATION_CODE_GRANT) if AUTHORIZATION_CODE_GRANT in grants.members else None
        if code is None and login is None:
            raise Malformed(grants.at, "has no grant that is known here")
        server, login_server = _server_of(code), _server_of(login)
        if code is not None and server != login_server:
            login = None
        return cls(
            credential_issuer=issuer,
            credential_configuration_ids=names,
            pre_authorized_code=code.text("pre-authorized_code", max_length=MAX_CODE) if code else None,
            tx_code=_read_tx_code(code) if code else None,
            authorization_code=login is not None,
            issuer_state=login.optional_text("issuer_state", max_length=MAX_CODE) if login else None,
            authorization_server=server if code else login_server,
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        grants: JsonObject = {}
        server: JsonObject = {"authorization_server": self.authorization_server} if self.authorization_server else {}
        if self.authorization_code:
            state: JsonObject = {"issuer_state": self.issuer_state} if self.issuer_state else {}
            grants[AUTHORIZATION_CODE_GRANT] = {**state, **server}
        if self.pre_authorized_code is not None:
            code: JsonObject = {"pre-authorized_code": self.pre_authorized_code, **server}
            if self.tx_code is not None:
                code["tx_code"] = self.tx_code.to_dict()
            grants[PRE_AUTHORIZED_CODE_GRANT] = code
        return {
            "credential_issuer": self.credential_issuer,
            "credential_configuration_ids": list(self.credential_configuration_ids),
            "grants": grants,
        }


def offer_link(offer: CredentialOffer, *, reference_uri: str | None = None, wallet: str = SCHEME) -> str:
    """The link for a QR code: by reference, or with the offer inside."""
    if reference_uri is not None:
        parameters = {"credential_offer_uri": reference_uri}
    else:
        parameters = {"credential_offer": encode_json(offer.to_dict()).decode("utf-8")}
    return f"{wallet}{'&' if '?' in wallet else '?'}{urlencode(parameters, quote_via=quote)}"


def is_offer_link(link: str) -> bool:
    """Whether a link looks like an offer; nothing about it is checked."""
    query = link.partition("?")[2]
    return "credential_offer" in query


def resolve_offer(link: str) -> Exchange[CredentialOffer]:
    """Get the offer that a link stands for. Nothing is sent before the link was checked (T147).

    Raises:
        InvalidRequest: no offer, or one that breaks its shape.
        Unreachable: the reference could not be fetched.
    """
    with raised_as(InvalidRequest):
        parameters = _parameters(link)
        value, reference = parameters.get("credential_offer"), parameters.get("credential_offer_uri")
        if (value is None) == (reference is None):
            raise Malformed("link", "must have either credential_offer or credential_offer_uri")
        if value is not None:
            return CredentialOffer.from_dict(read_json(value.encode("utf-8", "surrogatepass"), "credential_offer"))
        url = read_https_url(reference, "credential_offer_uri")
        _refuse_address(url, "credential_offer_uri")
    response = yield from send(HttpRequest("GET", url, (("accept", "application/json"),)))
    if response.status >= 500:
        raise Unreachable(f"credential_offer_uri: answered with status {response.status}")
    with raised_as(InvalidRequest):
        if response.status != 200:
            raise NotAuthentic("credential_offer_uri: this offer is not open, or no longer")
        return CredentialOffer.from_dict(response.json("credential_offer"))


def _server_of(grant: Fields | None) -> str | None:
    if grant is None or "authorization_server" not in grant:
        return None
    return read_identifier(grant.required("authorization_server"), grant.path("authorization_server"))


def _read_tx_code(grant: Fields) -> TxCode | None:
    if "tx_code" not in grant:
        return None
    tx_code = grant.object("tx_code")  # an empty object asks for a code too
    mode = tx_code.optional_text("input_mode") or "numeric"
    if mode not in ("numeric", "text"):
        raise Malformed(tx_code.path("input_mode"), "must be numeric or text")
    return TxCode(
        input_mode=mode,
        length=tx_code.optional_integer("length", minimum=1, maximum=100),
        # A hint that says nothing is none
        description=tx_code.optional_text("description", max_length=MAX_HINT)
        if tx_code.members.get("description")
        else None,
    )


def _parameters(link: str) -> dict[str, str]:
    if len(link) > MAX_LINK:
        raise TooLarge("link", f"is larger than {MAX_LINK} characters")
    try:
        parts = urlsplit(link)
        pairs = parse_qsl(parts.query, keep_blank_values=True, errors="strict", max_num_fields=16)
        host = parts.hostname or ""
    except ValueError as error:
        raise Malformed("link", "cannot be read") from error
    if parts.scheme not in SCHEMES and not (parts.scheme == "http" and is_local(host)):
        raise Malformed("link", "is not a credential offer")
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise Malformed("link", "has a parameter twice")
    return parameters


def _refuse_address(url: str, at: str) -> None:
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # What ends in a number is an address in one of its older spellings (127.1, 0x7f000001): no name does
        if not _NUMBER.fullmatch(host.rpartition(".")[2]):
            return
    raise Malformed(at, "must name a host, not an address")
