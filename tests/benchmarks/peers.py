"""The same credential, issued and verified by other makers' libraries in the same run; each verifies what it made itself."""

import os
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto.jwk import JWK
from openvc import P256SigningKey
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from protocol.formats import FORMATS
from tests.benchmarks.measure import Report, Row, microseconds_of
from tests.benchmarks.samples import AUDIENCE, CLAIMS, NONCE, VCT, issuance, make_sample, verify

ISSUER = "https://issuer.example"


def measure_peers(report: Report) -> None:
    """Rows 2 and 4 of the goals."""
    sample = make_sample()
    content = issuance(sample.holder)
    form = FORMATS["dc+sd-jwt"]
    openvc_issue, openvc_verify = _openvc()
    sd_jwt_issue, sd_jwt_verify = _sd_jwt()
    ours, by_openvc, by_sd_jwt = microseconds_of(
        lambda: form.issue(content, sample.issuer, os.urandom), openvc_issue, sd_jwt_issue
    )
    report.add(Row("issue, against openvc-core", by_openvc, "µs", by_openvc / ours, "ours", 2.0, 2.4))
    report.add(Row("issue, against sd-jwt", by_sd_jwt, "µs", by_sd_jwt / ours, "ours", 3.0, 3.9))
    ours, by_openvc, by_sd_jwt = microseconds_of(lambda: verify(sample), openvc_verify, sd_jwt_verify)
    report.add(Row("verify with key binding, against openvc-core", by_openvc, "µs", by_openvc / ours, "ours", 1.3, 1.5))
    report.add(Row("verify with key binding, against sd-jwt", by_sd_jwt, "µs", by_sd_jwt / ours, "ours", 2.0, 2.3))


def _openvc() -> tuple[Callable[[], object], Callable[[], object]]:
    suite = SdJwtVcProofSuite()
    issuer = P256SigningKey(ec.generate_private_key(ec.SECP256R1()), "issuer")
    holder = P256SigningKey(ec.generate_private_key(ec.SECP256R1()), "holder")
    claims = {"iss": ISSUER, **CLAIMS}
    names = list(CLAIMS)

    def issue() -> str:
        return suite.issue(
            claims, signing_key=issuer, disclosable=names, holder_jwk=holder.public_jwk(), vct=VCT, expires_in_s=86_400
        )

    # It has no selection of disclosures: its users leave them out by hand
    jwt, *disclosures, _ = issue().split("~")
    chosen = "~".join([jwt, *disclosures[:5], ""])
    presentation = suite.create_presentation(chosen, holder_key=holder, audience=AUDIENCE, nonce=NONCE)
    jwk = issuer.public_jwk()

    def check() -> object:
        return suite.verify(
            presentation,
            public_key_jwk=jwk,
            audience=AUDIENCE,
            nonce=NONCE,
            require_key_binding=True,
            kb_max_age_s=3600,
        )

    check()
    return issue, check


def _sd_jwt() -> tuple[Callable[[], object], Callable[[], object]]:
    issuer = JWK.generate(kty="EC", crv="P-256")
    holder = JWK.generate(kty="EC", crv="P-256")
    now = int(time.time())
    fixed = {"iss": ISSUER, "vct": VCT, "iat": now, "exp": now + 86_400}

    def issue() -> SDJWTIssuer:
        claims = {**fixed, **{SDObj(name): value for name, value in CLAIMS.items()}}
        return SDJWTIssuer(claims, issuer, holder, sign_alg="ES256")

    presenter = SDJWTHolder(issue().sd_jwt_issuance)
    presenter.create_presentation(
        dict.fromkeys(list(CLAIMS)[:5], True), nonce=NONCE, aud=AUDIENCE, holder_key=holder, sign_alg="ES256"
    )
    presentation = presenter.sd_jwt_presentation
    public = JWK.from_json(issuer.export_public())

    def check() -> object:
        return SDJWTVerifier(presentation, lambda *_: public, AUDIENCE, NONCE).get_verified_payload()

    check()
    return issue, check
