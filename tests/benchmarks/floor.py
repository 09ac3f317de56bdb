"""The least that Python can do: one flat credential, hand-made, nothing else looked at, and nothing to be used elsewhere.

How much slower Python is than the cryptography differs from machine to machine and from hour to hour. What these need tells
it, so ratios against them hold where those against raw cryptography do not.
"""

import binascii
import hashlib
import os
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from protocol.sdjwt.token import SdJwt
from tests.benchmarks.samples import AUDIENCE, CLAIMS, FIVE, NONCE, VCT, Sample
from tests.support.pki import NOW

Claims = dict[str, Any]  # no type is checked here, that is the point

_SHA256 = ec.ECDSA(hashes.SHA256())
_P256 = ec.SECP256R1()
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", b"", b"==", b"=")


class Floor:
    """Issues, presents and verifies what the sample is made of."""

    def __init__(self, sample: Sample) -> None:
        token = SdJwt.from_text(sample.credential)
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._holder = sample.holder.public_key.to_jwk()
        self._head = sample.credential.split(".")[0].encode("ascii")
        self._issuer_jwt = token.jws.raw.encode("ascii")
        self._texts = {(d.name,): d.text.encode("ascii") for d in token.disclosures}
        self._binding_head = encode(orjson.dumps({"alg": "ES256", "typ": "kb+jwt"}))
        # In a service this is a cache of headers whose chain was found good
        self._issuers = {self._head: load(sample.issuer.signer.public_key.point)}

    def issue(self) -> str:
        """A credential of the sample's claims."""
        salts = encode(os.urandom(18 * len(CLAIMS)))
        texts = [
            encode(orjson.dumps([salts[24 * i : 24 * i + 24].decode("ascii"), name, value]))
            for i, (name, value) in enumerate(CLAIMS.items())
        ]
        digests = sorted([encode(hashlib.sha256(text).digest()).decode("ascii") for text in texts])
        payload = {
            "vct": VCT,
            "iat": NOW,
            "exp": NOW + 86_400,
            "cnf": {"jwk": self._holder},
            "status": {"status_list": {"idx": 1, "uri": "https://issuer.example/status/1"}},
            "_sd": digests,
            "_sd_alg": "sha-256",
        }
        return b"~".join((self._sign(self._head, orjson.dumps(payload)), *texts, b"")).decode("ascii")

    def present(self) -> str:
        """Five claims, bound to the key of somebody."""
        presented = b"~".join((self._issuer_jwt, *[self._texts[path] for path in FIVE], b""))
        digest = encode(hashlib.sha256(presented).digest()).decode("ascii")
        claims = {"iat": NOW, "aud": AUDIENCE, "nonce": NONCE, "sd_hash": digest}
        return (presented + self._sign(self._binding_head, orjson.dumps(claims))).decode("ascii")

    def verify(self, text: str) -> Claims:
        """Check a presentation: two signatures, digests, times, and that it answers the request."""
        raw = text.encode("ascii")
        cut = raw.rindex(b"~") + 1
        jwt, *disclosures = raw[: cut - 1].split(b"~")
        head, payload, signature = jwt.split(b".")
        self._issuers[head].verify(to_der(decode(signature)), head + b"." + payload, _SHA256)
        claims = read(decode(payload))
        hidden: list[str] = claims.pop("_sd")
        digests = set(hidden)
        if len(digests) != len(hidden) or claims["_sd_alg"] != "sha-256" or not claims["iat"] <= NOW < claims["exp"]:
            raise ValueError
        for disclosure in disclosures:
            _, name, value = orjson.loads(decode(disclosure))
            if encode(hashlib.sha256(disclosure).digest()).decode("ascii") not in digests or name in claims:
                raise ValueError
            claims[name] = value
        jwk = claims["cnf"]["jwk"]
        holder = load(decode(jwk["x"].encode("ascii")) + decode(jwk["y"].encode("ascii")))
        head, payload, signature = raw[cut:].split(b".")
        header = orjson.loads(decode(head))
        holder.verify(to_der(decode(signature)), head + b"." + payload, _SHA256)
        binding = read(decode(payload))
        found = (header["typ"], header["alg"], binding["aud"], binding["nonce"], binding["sd_hash"])
        digest = encode(hashlib.sha256(raw[:cut]).digest()).decode("ascii")
        if found != ("kb+jwt", "ES256", AUDIENCE, NONCE, digest) or not NOW - 300 <= binding["iat"] <= NOW + 60:
            raise ValueError
        return claims

    def _sign(self, head: bytes, payload: bytes) -> bytes:
        signing_input = head + b"." + encode(payload)
        return signing_input + b"." + encode(to_raw(self._private.sign(signing_input, _SHA256)))


def encode(data: bytes) -> bytes:
    """Base64url."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URLSAFE).rstrip(b"=")


def decode(text: bytes) -> bytes:
    """Base64url, read."""
    return binascii.a2b_base64(text.translate(_TO_STANDARD) + _PADDING[len(text) & 3], strict_mode=True)


def load(point: bytes) -> ec.EllipticCurvePublicKey:
    """The key of x ‖ y."""
    return ec.EllipticCurvePublicKey.from_encoded_point(_P256, b"\x04" + point)


def read(data: bytes) -> Claims:
    """JSON in which no member stands twice."""
    value: Claims = orjson.loads(data)
    if orjson.dumps(value) != data:
        raise ValueError
    return value


def to_der(signature: bytes) -> bytes:
    """r ‖ s to DER."""
    r, s = signature[:32].lstrip(b"\0"), signature[32:].lstrip(b"\0")
    r, s = b"\0" + r if r[0] > 127 else r, b"\0" + s if s[0] > 127 else s
    return b"\x30%c\x02%c%b\x02%c%b" % (len(r) + len(s) + 4, len(r), r, len(s), s)


def to_raw(der: bytes) -> bytes:
    """DER to r ‖ s."""
    length = der[3]
    r, s = der[4 : 4 + length], der[6 + length :]
    return r[-32:].rjust(32, b"\0") + s[-32:].rjust(32, b"\0")
