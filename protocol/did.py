"""DIDs of issuers and clients: did:key and did:jwk, which are keys, and did:web, which is a document at an https address.

A DID proves nothing by itself: whom we believe is decided by `trust.anchors`, and the document only says with which keys
that party signs (DID Core 1.0). Nothing else in a document is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Self
from urllib.parse import unquote

from multiformats import multibase, multicodec

from protocol.encoding import JsonObject, JsonValue, decode_base64url, encode_base64url, read_json
from protocol.errors import Malformed, NotAuthentic, Unreachable, Unsupported
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import Fields
from protocol.keys import PublicKey

MAX_DID = 2048  # characters
MAX_MULTIBASE = 256  # characters; reading base58 takes quadratic time
MAX_METHODS = 64

Purpose = Literal["authentication", "assertionMethod", "keyAgreement", "capabilityInvocation", "capabilityDelegation"]
SIGNING: tuple[Purpose, ...] = ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation")
PURPOSES: tuple[Purpose, ...] = (*SIGNING, "keyAgreement")

_AT = "did"
_DOCUMENT = "did document"
_CODECS = {"P-256": "p256-pub", "P-384": "p384-pub", "P-521": "p521-pub", "Ed25519": "ed25519-pub"}
_CURVES = {codec: crv for crv, codec in _CODECS.items()}
_CANONICAL_JWK = "jwk_jcs-pub"

_DID = re.compile(r"did:([a-z0-9]+):([A-Za-z0-9._:%-]*[A-Za-z0-9._%-])")
# A name and never a number: DIDs of addresses are forbidden (did:web §3.1), and one host has one spelling
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._-]|%[0-9A-F]{2})+")
_ESCAPES = re.compile(r"(?:%[0-9A-F]{2})+")
# What needs no escape would have two spellings; the rest means something to servers once it is unescaped
_NEVER_ESCAPED = re.compile(r"[A-Za-z0-9._~/\\?#%:\x00-\x20\x7f-\x9f-]")


@dataclass(frozen=True, slots=True)
class DidDocument:
    """What a DID says about its keys: published by its owner, whoever that is."""

    id: str
    methods: Mapping[Purpose, Mapping[str, JsonObject]]  # absolute DID URL → verification method as it came

    @classmethod
    def from_dict(cls, value: object, did: str) -> Self:
        """Read the document that was found for a DID (DID Core §5.2, §5.3). Keys are read when they are asked for.

        Raises:
            NotAuthentic: it is the document of another DID.
            Malformed: a verification method has another shape, or an id stands twice.
        """
        document = Fields(value, _DOCUMENT)
        if document.text("id") != did:
            raise NotAuthentic(f"{_DOCUMENT}.id: is another one")
        shared: dict[str, JsonObject] = {}
        for i, item in enumerate(document.possibly_empty_array("verificationMethod", max_items=MAX_METHODS)):
            _add(item, f"{document.path('verificationMethod')}[{i}]", did, shared)
        methods: dict[Purpose, Mapping[str, JsonObject]] = {}
        for purpose in PURPOSES:
            found: dict[str, JsonObject] = {}
            # §5.3: a method embedded here serves this purpose alone, so references mean the shared ones
            embedded = dict(shared)
            for i, item in enumerate(document.possibly_empty_array(purpose, max_items=MAX_METHODS)):
                if isinstance(item, str):
                    url = _absolute(item, did)
                    if url in shared:
                        found[url] = shared[url]
                else:
                    url = _add(item, f"{document.path(purpose)}[{i}]", did, embedded)
                    found[url] = embedded[url]
            methods[purpose] = MappingProxyType(found)
        return cls(did, MappingProxyType(methods))

    def key(self, kid: str, purpose: Purpose) -> PublicKey:
        """The key of this name, a DID URL or the part from `#` on, if it may be used for this purpose.

        Raises:
            NotAuthentic: this DID has no such key for this purpose.
            Malformed: the key cannot be read, or is given in two ways.
            Unsupported: another kind of key, or one that another DID controls.
        """
        method = self.methods[purpose].get(_absolute(kid, self.id))
        if method is None:
            raise NotAuthentic(f"{_DOCUMENT}: has no such key for {purpose}")
        found = Fields(method, f"{_DOCUMENT} key")
        if found.text("controller") != self.id:
            raise Unsupported(f"{found.path('controller')}: must be this DID")
        jwk, encoded = found.optional_object("publicKeyJwk"), found.optional_text("publicKeyMultibase")
        if jwk is not None and encoded is not None:
            raise Malformed(found.at, "is given in two ways")
        if jwk is not None:
            return PublicKey.from_jwk(jwk.members, jwk.at)
        if encoded is None:
            raise Unsupported(f"{found.at}: is given in a way that is not known here")
        return _read_multikey(encoded, found.path("publicKeyMultibase"))


def did_key(key: PublicKey) -> str:
    """The did:key of a public key (did:key 0.9 §2)."""
    return f"did:key:{_encode_multikey(key)}"


def did_jwk(key: PublicKey) -> str:
    """The did:jwk of a public key (did:jwk §2); its JWK has the required members in canonical order."""
    return f"did:jwk:{encode_base64url(key.canonical_jwk())}"


def resolve_did(did: str) -> Exchange[DidDocument]:
    """Find the document of a DID; only did:web asks the network. Whether the DID is trusted is for its caller to know.

    Raises:
        Malformed: no DID (a DID URL with path or fragment is none), or a key or document that cannot be read.
        Unsupported: another method, or another kind of key.
        NotAuthentic: the document is that of another DID.
        Unreachable: the document could not be had.
    """
    parts = _DID.fullmatch(did) if len(did) <= MAX_DID else None
    if parts is None:
        raise Malformed(_AT, "is not a DID")
    method, identifier = parts.groups()
    match method:
        case "key":
            return _document_of_key(did, identifier, _read_multikey(identifier, _AT), SIGNING)
        case "jwk":
            return _document_of_jwk(did, identifier)
        case "web":
            return (yield from _fetch_document(did, did_web_url(identifier)))
        case _:
            raise Unsupported(f"{_AT}: this method is not known here")


def did_web_url(identifier: str) -> str:
    """Where the document of a did:web stands, from what follows `did:web:` (did:web §3.2).

    Raises:
        Malformed: no host name, port or path in their one spelling.
    """
    authority, *segments = identifier.split(":")
    host, escaped_colon, port = authority.partition("%3A")
    if not _HOST.fullmatch(host):
        raise Malformed(_AT, "must begin with a host name in small letters")
    if escaped_colon and (not _PORT.fullmatch(port) or int(port) > 65535):
        raise Malformed(_AT, "has no port where one is announced")
    for segment in segments:
        _check_segment(segment)
    place = f"https://{host}:{port}" if escaped_colon else f"https://{host}"
    return "/".join((place, *(segments or (".well-known",)), "did.json"))


def _check_segment(segment: str) -> None:
    if not _SEGMENT.fullmatch(segment) or segment in (".", ".."):
        raise Malformed(_AT, "has a path that is not allowed")
    for escapes in _ESCAPES.findall(segment):
        try:
            text = unquote(escapes, errors="strict")
        except UnicodeDecodeError as error:
            raise Malformed(_AT, "has an escape that is no text") from error
        if _NEVER_ESCAPED.search(text):
            raise Malformed(_AT, "has an escape that is not allowed")


def _fetch_document(did: str, url: str) -> Exchange[DidDocument]:
    response = yield from send(HttpRequest("GET", url, (("accept", "application/did+json, application/json"),)))
    if response.status != 200:
        raise Unreachable(f"{_DOCUMENT}: was answered with status {response.status}")
    return DidDocument.from_dict(response.json(_DOCUMENT), did)


def _document_of_jwk(did: str, identifier: str) -> DidDocument:
    jwk = Fields(read_json(decode_base64url(identifier, _AT), _AT), _AT)
    key = PublicKey.from_jwk(jwk.members, _AT)
    # did:jwk §2: `use` narrows what the key may do
    purposes: Mapping[str | None, tuple[Purpose, ...]] = {None: PURPOSES, "sig": SIGNING, "enc": ("keyAgreement",)}
    return _document_of_key(did, "0", key, purposes.get(jwk.optional_text("use"), ()))


def _document_of_key(did: str, fragment: str, key: PublicKey, purposes: tuple[Purpose, ...]) -> DidDocument:
    url = f"{did}#{fragment}"
    method: JsonObject = {"id": url, "type": "JsonWebKey", "controller": did, "publicKeyJwk": key.to_jwk()}
    return DidDocument(did, {purpose: {url: method} if purpose in purposes else {} for purpose in PURPOSES})


def _encode_multikey(key: PublicKey) -> str:
    return multibase.encode(multicodec.wrap(_CODECS[key.crv], key.to_compressed()), "base58btc")


def _read_multikey(text: str, at: str) -> PublicKey:
    """A public key in multibase and multicodec (did:key §2.1.1; Controlled Identifiers 1.0 §2.4)."""
    if len(text) > MAX_MULTIBASE:
        raise Malformed(at, f"has more than {MAX_MULTIBASE} characters")
    if not text.startswith("z"):
        raise Unsupported(f"{at}: must be in base58btc")
    try:
        codec, data = multicodec.unwrap(multibase.decode(text))
    except (ValueError, KeyError) as error:
        raise Malformed(at, "is not a key in multibase and multicodec") from error
    if codec.name == _CANONICAL_JWK:
        key = PublicKey.from_jwk(read_json(data, at), at)
        if key.canonical_jwk() != data:
            raise Malformed(at, "is not a canonical JWK")
        return key
    crv = _CURVES.get(codec.name)
    if crv is None:
        raise Unsupported(f"{at}: this kind of key is not accepted")
    return PublicKey.from_compressed(crv, data, at)


def _absolute(url: str, did: str) -> str:
    """A DID URL, written in full (DID Core §3.2.2)."""
    return did + url if url.startswith("#") else url


def _add(value: JsonValue, at: str, did: str, methods: dict[str, JsonObject]) -> str:
    """Put a verification method among others under its absolute id."""
    method = Fields(value, at)
    url = _absolute(method.text("id"), did)
    if url in methods:
        raise Malformed(method.path("id"), "stands twice")
    methods[url] = method.members
    return url
