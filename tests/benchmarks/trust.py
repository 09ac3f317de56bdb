"""What trust costs: chains, lists, and each extra that HAIP asks for, beside raw cryptography of the same run."""

import subprocess
import sys
import tempfile
import time

from protocol.keys import P256Key
from protocol.oauth.client_attestation import (
    sign_attestation_pop,
    verify_attestation_pop,
    verify_client_attestation,
)
from protocol.oauth.dpop import sign_dpop_proof, verify_dpop_proof
from protocol.oid4vci.key_attestation import verify_key_attestation
from protocol.trust.access import AccessCertificate
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.trust.list_signature import ExpectedList, anchors_of, sign_list, verify_list
from protocol.trust.list_types import ListType
from protocol.trust.registration import sign_registration, verify_registration
from runtime.access_certificates import issue_access_certificate
from tests.benchmarks.measure import Report, Row, microseconds_of
from tests.protocol.trust.lists import OPERATOR, a_list, entity, service
from tests.protocol.trust.test_registration import LEAST
from tests.support.access import AUTHORITY, LIBRARY, TERMS
from tests.support.issuer import Clock
from tests.support.pki import NOW, Template, make_pki, seeded, seeded_key, self_signed
from tests.support.wallet_provider import WalletProvider

ENTITIES = 5000
MUST_SECONDS, MUST_BYTES = 1.0, 100 << 20
MUST_REMEMBERED = 20.0  # the second verification costs under 5 % of the first
URL = "https://agency.example/token"


def measure_trust(report: Report, raw_verify: float) -> None:
    """Chains, a long list, and the extras."""
    _measure_chains(report)
    _measure_list(report)
    _measure_extras(report, raw_verify)


def _measure_chains(report: Report) -> None:
    pki = make_pki(
        Template(common_name="Agency"), intermediates=(Template(common_name="Sub", ca=True, usages=("key_cert_sign",)),)
    )
    remembering, anchors, certificates = pki.anchors, pki.anchors.anchors, pki.certificates

    def first():
        TrustAnchors(anchors).chain(certificates, role=Role.ISSUER, now=NOW, at="x5c")

    def again():
        remembering.chain(certificates, role=Role.ISSUER, now=NOW, at="x5c")

    once, twice = microseconds_of(first, again)
    report.add(Row("chain of two: verified", once, "µs"))
    report.add(Row("the same chain again", twice, "µs", once / twice, "the first time", MUST_REMEMBERED))


def _measure_list(report: Report) -> None:
    """A list of as many providers as Europe may have, each with a certificate of its own."""
    certificates = [self_signed(Template(common_name=f"Provider {i}", ca=True)).certificate for i in range(ENTITIES)]
    entities = [entity(service(ListType.PID_PROVIDERS, certificate)) for certificate in certificates]
    made = a_list(ListType.PID_PROVIDERS, *entities)
    text = sign_list(made, OPERATOR.signer, (OPERATOR.certificate.to_x5c(),), signed_at=NOW)
    expected = ExpectedList(ListType.PID_PROVIDERS, (OPERATOR.certificate,))
    del entities, made, certificates

    def load() -> tuple[TrustAnchor, ...]:
        return anchors_of(verify_list(text, expected, now=NOW).says)

    began = time.process_time()
    kept = load()
    seconds = time.process_time() - began
    assert len(kept) == ENTITIES
    peak = _resident(text)
    name = f"list of {ENTITIES:,} entities ({len(text) >> 20} MiB)"
    report.add(Row(f"{name}: verified, anchors made", seconds, "s", MUST_SECONDS / seconds, "1 s", 1.0))
    report.add(Row(f"{name}: most memory meanwhile", peak / (1 << 20), "MiB", MUST_BYTES / peak, "100 MiB", 1.0))


# In a process of its own, because the most that a process ever held is all that the system tells
_PROGRAM = """
import re, sys
from pathlib import Path
from protocol.trust.list_signature import ExpectedList, anchors_of, verify_list
from protocol.trust.list_types import ListType
from protocol.x509 import Certificate

def most():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

text, signer, now = Path(sys.argv[1]).read_text(), Certificate.from_x5c(sys.argv[2]), int(sys.argv[3])
before = most()
anchors = anchors_of(verify_list(text, ExpectedList(ListType.PID_PROVIDERS, (signer,)), now=now).says)
print((most() - before) << 10)
"""


def _resident(text: str) -> int:
    """How many bytes of memory a process needs more at most, while it reads a list."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        told = subprocess.run(
            [sys.executable, "-c", _PROGRAM, file.name, OPERATOR.certificate.to_x5c(), str(NOW)],
            capture_output=True,
            text=True,
            check=True,
        )
    return int(told.stdout)


def _measure_extras(report: Report, raw_verify: float) -> None:
    """What a request costs more, each extra by itself; chains were met before, as in a running service."""
    provider = WalletProvider(Clock())
    instance, holder = seeded_key(6), P256Key.generate(seeded(7))
    attestation = provider.attest(instance)
    attested = verify_client_attestation(attestation, anchors=provider.anchors(), now=NOW).says
    pop = sign_attestation_pop(instance, audience=URL, jti="one", issued_at=NOW, challenge="c")
    dpop = sign_dpop_proof(instance, method="POST", url=URL, jti="one", issued_at=NOW, nonce="n")
    keys = provider.attest_keys([holder])
    registrar = make_pki(Template(common_name="Registrar"), role=Role.REGISTRATION_PROVIDER)
    registration = sign_registration(LEAST, registrar.signer, registrar.x5c)
    anchors, trusted = provider.anchors(), registrar.anchors
    access = issue_access_certificate(AUTHORITY, holder.public_key, LIBRARY, TERMS, now=NOW, random_bytes=seeded(8))
    calls = {
        "client attestation": lambda: verify_client_attestation(attestation, anchors=anchors, now=NOW),
        "its proof of possession": lambda: verify_attestation_pop(pop, attested, audience=URL, now=NOW),
        "DPoP proof": lambda: verify_dpop_proof(dpop, method="POST", url=URL, access_token=None, now=NOW),
        "key attestation": lambda: verify_key_attestation(keys, anchors=anchors, now=NOW),
        "registration certificate": lambda: verify_registration(registration, anchors=trusted, now=NOW),
        "profile of an access certificate": lambda: AccessCertificate.from_certificate(access),
    }
    for name, cost in zip(calls, microseconds_of(*calls.values()), strict=True):
        report.add(Row(f"extra: {name}", cost, "µs", raw_verify / cost, "1 raw verification"))
