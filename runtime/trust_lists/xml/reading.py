"""What a trusted list in XML says, as far as anything here decides by it (ETSI TS 119 612 V2.4.1 clause 5, annex B).

It is read as the same `TrustedList` that lists in JSON are. Of a list's thousands of services only those are read that could
make anchors; a service's history vouches for nothing today, and addresses decide nothing.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from protocol.errors import Malformed, NotValidNow, Unsupported
from protocol.fields import MAX_URL
from protocol.trust.list_types import PROFILES, ListType
from protocol.trust.lists import (
    MAX_ENTITIES,
    MAX_EXTENSIONS,
    MAX_IDENTITIES,
    MAX_POINTERS,
    Address,
    ListPointer,
    TrustedEntity,
    TrustedList,
    TrustedService,
)
from protocol.trust.localized import MAX_LANGUAGE, MAX_TEXT, MAX_TEXTS, Localized
from protocol.x509 import MAX_CERTIFICATE, Certificate
from runtime.trust_lists.forms import FORMS
from runtime.trust_lists.xml.parsing import Node

TSL = "{http://uri.etsi.org/02231/v2#}"
ROOT = f"{TSL}TrustServiceStatusList"
TAG = "http://uri.etsi.org/19612/TSLTag"
VERSION = "6"
MAX_SERVICES = 5000  # of one provider; a list keeps those of decades

_ADDITIONAL = "{http://uri.etsi.org/02231/v2/additionaltypes#}"
_QUALIFICATIONS = "{http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#}Qualifications"
# Those of clause 5.5.9; an unknown one that is critical is the end of the whole list (annex B.0)
_KNOWN_EXTENSIONS = frozenset(
    [
        f"{TSL}ExpiredCertsRevocationInfo",
        f"{TSL}AdditionalServiceInformation",
        f"{_ADDITIONAL}TakenOverBy",
        _QUALIFICATIONS,
    ]
)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # clause 5.1.3
_NUMBER = re.compile(r"[1-9]\d{0,17}")
_SHORT = 64  # characters
_MEDIA_TYPES = frozenset([form.media_type for form in FORMS])


def read_list(root: Node) -> TrustedList:
    """Read a list; `root` is what was signed.

    Raises:
        Unsupported: another version, or an extension that must be understood.
        Malformed, TooLarge: something is missing, stands there twice or has the wrong shape.
        NotValidNow: the list is closed.
    """
    if root.element.tag != ROOT or root.attribute("TSLTag") != TAG:
        raise Malformed(root.at, "must be a trusted list")
    scheme = root.child(f"{TSL}SchemeInformation")
    if _text(scheme, "TSLVersionIdentifier", _SHORT) != VERSION:
        raise Unsupported(f"{scheme.at}.TSLVersionIdentifier: this version is not known here")
    _refuse_critical(root)
    list_type = _text(scheme, "TSLType", MAX_URL)
    return TrustedList(
        type=list_type,
        sequence_number=_number(scheme, "TSLSequenceNumber"),
        operator=_names(scheme.child(f"{TSL}SchemeOperatorName")),
        issued_at=_date_time(scheme.child(f"{TSL}ListIssueDateTime")),
        next_update=_next_update(scheme),
        entities=tuple(_entities(root, list_type)),
        name=_names(scheme.child(f"{TSL}SchemeName")),
        territory=_text(scheme, "SchemeTerritory", _SHORT),
        pointers=tuple(_pointers(scheme)),
    )


def _next_update(scheme: Node) -> int:
    found = scheme.child(f"{TSL}NextUpdate")
    if next(found.elements(), None) is None:
        # Clause 5.3.15: the end of a list that is published no more
        raise NotValidNow(f"{found.at}: the list is closed")
    return _date_time(found.child(f"{TSL}dateTime"))


def _entities(root: Node, list_type: str) -> Iterator[TrustedEntity]:
    """The providers, each with the services that could make anchors."""
    above = root.optional_child(f"{TSL}TrustServiceProviderList")
    if above is None or list_type != ListType.TRUSTED_LIST:
        return
    for provider in above.children(f"{TSL}TrustServiceProvider", max_items=MAX_ENTITIES):
        services = tuple(_services(provider.child(f"{TSL}TSPServices")))
        if services:
            name = _names(provider.child(f"{TSL}TSPInformation").child(f"{TSL}TSPName"))
            yield TrustedEntity(name=name, address=Address((), ()), information=(), services=services)


def _services(above: Node) -> Iterator[TrustedService]:
    profile = PROFILES[ListType.TRUSTED_LIST]
    for service in above.children(f"{TSL}TSPService", max_items=MAX_SERVICES):
        information = service.child(f"{TSL}ServiceInformation")
        kind = _text(information, "ServiceTypeIdentifier", MAX_URL)
        # What has a critical extension counts only for whoever understands the whole of it (clause 5.5.9), and none here does
        if profile.role_of(kind) is None or _has_critical(information):
            continue
        yield TrustedService(
            type=kind,
            name=_names(information.child(f"{TSL}ServiceName")),
            certificates=_certificates(information.child(f"{TSL}ServiceDigitalIdentity")),
            status=_text(information, "ServiceStatus", MAX_URL),
        )


def _pointers(scheme: Node) -> Iterator[ListPointer]:
    """Where other lists are published in a form that is read here, and safely fetched."""
    above = scheme.optional_child(f"{TSL}PointersToOtherTSL")
    for pointer in above.children(f"{TSL}OtherTSLPointer", max_items=MAX_POINTERS) if above else ():
        says = _qualifiers(pointer.child(f"{TSL}AdditionalInformation"))
        location = _text(pointer, "TSLLocation", MAX_URL)
        media_type = _qualifier(says, f"{_ADDITIONAL}MimeType")
        if media_type not in _MEDIA_TYPES or not location.startswith("https://"):
            continue
        operator = says.get(f"{TSL}SchemeOperatorName")
        identities = pointer.child(f"{TSL}ServiceDigitalIdentities")
        yield ListPointer(
            location=location,
            type=_qualifier(says, f"{TSL}TSLType") or "",
            signers=tuple(
                [
                    certificate
                    for identity in identities.children(f"{TSL}ServiceDigitalIdentity", max_items=MAX_IDENTITIES)
                    for certificate in _certificates(identity)
                ]
            ),
            operator=_names(operator) if operator else (),
            media_type=media_type,
            territory=_qualifier(says, f"{TSL}SchemeTerritory"),
        )


def _qualifiers(information: Node) -> dict[str, Node]:
    """What a pointer says of the list that it leads to, by name."""
    found: dict[str, Node] = {}
    for other in information.children(f"{TSL}OtherInformation", max_items=MAX_TEXTS):
        for node in other.elements():
            tag = str(node.element.tag)
            if tag in found:
                raise Malformed(node.at, "stands there twice")
            found[tag] = node
    return found


def _qualifier(found: dict[str, Node], tag: str) -> str | None:
    node = found.get(tag)
    return node.text(max_length=MAX_URL) if node else None


def _certificates(identity: Node) -> tuple[Certificate, ...]:
    """The certificates of an identity; what is named by key or subject alone vouches for nothing here."""
    return tuple(
        [
            Certificate.from_list(found.binary(max_length=MAX_CERTIFICATE * 2), found.at)
            for representation in identity.children(f"{TSL}DigitalId", max_items=MAX_IDENTITIES)
            for found in representation.children(f"{TSL}X509Certificate", max_items=1)
        ]
    )


def _names(node: Node) -> tuple[Localized, ...]:
    found = node.children(f"{TSL}Name", max_items=MAX_TEXTS)
    if not found:
        raise Malformed(node.at, "must not be empty")
    return tuple([Localized(name.language()[:MAX_LANGUAGE], name.text(max_length=MAX_TEXT)) for name in found])


def _text(node: Node, name: str, longest: int) -> str:
    return node.child(f"{TSL}{name}").text(max_length=longest)


def _number(node: Node, name: str) -> int:
    text = _text(node, name, _SHORT)
    if not _NUMBER.fullmatch(text):
        raise Malformed(f"{node.at}.{name}", "must be a number from 1")
    return int(text)


def _date_time(node: Node) -> int:
    text = node.text(max_length=_SHORT)
    if not _DATE_TIME.fullmatch(text):
        raise Malformed(node.at, "must be a time such as 2026-05-06T00:00:00Z")
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp())
    except ValueError as error:
        raise Malformed(node.at, "is no time that exists") from error


def _is_critical(extension: Node) -> bool:
    return (extension.attribute("Critical") or "").strip() not in ("false", "0")


def _has_critical(information: Node) -> bool:
    above = information.optional_child(f"{TSL}ServiceInformationExtensions")
    extensions = above.children(f"{TSL}Extension", max_items=MAX_EXTENSIONS) if above else ()
    return any(map(_is_critical, extensions))


def _refuse_critical(root: Node) -> None:
    for element in root.element.iter(f"{TSL}Extension"):
        extension = Node(element, f"{root.at}.Extension")
        if (
            _is_critical(extension)
            and not {str(node.element.tag) for node in extension.elements()} <= _KNOWN_EXTENSIONS
        ):
            raise Unsupported(f"{extension.at}: must be understood, and is not")
