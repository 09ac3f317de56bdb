"""A credential, the keys behind it, and ways to make tokens that no honest issuer would."""

from protocol.encoding import JsonObject, encode_base64url, encode_json
from protocol.holder_binding import ExpectedBinding, KeyBinding
from protocol.jws import sign_jws
from protocol.sdjwt.disclosure import Disclosure, digest_of, encode_disclosures
from protocol.sdjwt.issue import Frame, issue_sd_jwt
from protocol.sdjwt.present import present_sd_jwt
from protocol.sdjwt.token import SdJwt
from tests.support.pki import NOW, make_pki, seeded, seeded_key

PKI = make_pki()
ISSUER = PKI.signer
HOLDER = seeded_key(2)
STRANGER = seeded_key(3)
VCT = "urn:eudi:pid:1"
AUDIENCE = "x509_san_dns:verifier.example"
NONCE = "n-0S6_WzA2Mj"
HEADER: JsonObject = {"typ": "dc+sd-jwt", "x5c": list(PKI.x5c)}
VISIBLE: JsonObject = {
    "vct": VCT,
    "iat": NOW - 100,
    "nbf": NOW - 50,
    "exp": NOW + 1000,
    "cnf": {"jwk": HOLDER.public_key.to_jwk()},
    "status": {"status_list": {"idx": 7, "uri": "https://issuer.example/status/1"}},
}
CLAIMS: JsonObject = {
    **VISIBLE,
    "given_name": "Erika",
    "family_name": "Mustermann",
    "address": {"locality": "Köln", "country": "DE", "lines": ["Heidestraße 17", "2. Stock"]},
    "nationalities": ["DE", "FR"],
    "age_equal_or_over": {"18": True, "65": False},
}
FRAME = Frame.of(
    [
        ("given_name",),
        ("family_name",),
        ("address",),
        ("address", "locality"),
        ("address", "lines", None),
        ("nationalities", None),
        ("age_equal_or_over", "18"),
        ("age_equal_or_over", "65"),
    ]
)


def issued(claims=CLAIMS, frame=FRAME, *, header=HEADER, signer=ISSUER, decoys=0, seed=4, **changes):
    """A credential as an honest issuer writes it; a changed claim that is `...` is left out."""
    members = {name: value for name, value in {**claims, **changes}.items() if value is not ...}
    return issue_sd_jwt(members, frame, header=header, signer=signer, random_bytes=seeded(seed), decoys=decoys)


def signed(payload, *disclosures, header=HEADER, signer=ISSUER):
    """Any payload, with any disclosures beside it."""
    return "~".join((sign_jws(header, encode_json(payload), signer), *disclosures, ""))


def read(text):
    """A token taken apart."""
    return SdJwt.from_text(text)


def hidden(name, value, salt="2GLC42sKQveCfGfryNRN9w"):
    """A disclosure's text; without a name, an array's element."""
    return encode_disclosures([salt], [(name, value)])[0]


def raw(*parts):
    """A disclosure of any parts at all."""
    return encode_base64url(encode_json(list(parts)))


def disclosures(*texts):
    """Disclosures as a token holds them."""
    return tuple(Disclosure.from_text(text) for text in texts)


def digests(*texts):
    """What an issuer signs for these disclosures."""
    return [digest_of(text) for text in texts]


def binding(**changes):
    """What the holder binds a presentation to."""
    return KeyBinding(**{"signer": HOLDER, "audience": AUDIENCE, "nonce": NONCE, "issued_at": NOW, **changes})


def expected(**changes):
    """What the verifier asked it to be bound to."""
    return ExpectedBinding(**{"audience": AUDIENCE, "nonce": NONCE, "now": NOW, **changes})


def presented(*paths, credential=None, **changes):
    """A bound presentation of these claims."""
    return present_sd_jwt(read(credential or issued()), paths, binding=binding(**changes))


def kb_jwt(before, *, header=None, signer=HOLDER, **changes):
    """Any key binding behind a presentation that ends in a tilde; a changed claim that is `...` is left out."""
    good = presented_claims(before)
    members = {name: value for name, value in {**good, **changes}.items() if value is not ...}
    return before + sign_jws({"typ": "kb+jwt"} if header is None else header, encode_json(members), signer)


def presented_claims(before):
    """The claims of an honest key binding."""
    return {"iat": NOW, "aud": AUDIENCE, "nonce": NONCE, "sd_hash": digest_of(before)}
