"""Certificates, alone or as the chain in a token's header."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from hoheit.inspect.report import Report
from hoheit.inspect.surroundings import Surroundings, moment
from protocol.encoding import encode_base64url, sha256
from protocol.errors import Malformed, NotTrusted, NotValidNow, ProtocolError
from protocol.trust.anchors import Role
from protocol.x509 import Certificate, read_x5c


def explain_pem(text: str, around: Surroundings) -> Report:
    """Certificates in PEM."""
    try:
        parsed = x509.load_pem_x509_certificates(text.encode("ascii", "replace"))
    except ValueError as error:
        raise Malformed("PEM", "holds no certificate that can be read") from error
    chain = [Certificate.from_der(one.public_bytes(serialization.Encoding.DER)) for one in parsed]
    report = Report("Certificates" if len(chain) > 1 else "Certificate", "RFC 5280")
    for certificate in chain:
        report.inside.append(explain_certificate(certificate, around))
    return report


def explain_certificate(certificate: Certificate, around: Surroundings) -> Report:
    """One certificate."""
    report = Report("Certificate", "RFC 5280")
    report.content = {
        "subject": certificate.subject,
        "name for people": certificate.common_name,
        "host names": [*certificate.dns_names],
        "addresses": [*certificate.uris],
        "valid from": moment(certificate.not_before),
        "valid until": moment(certificate.not_after),
        "as client identifier": f"x509_hash:{encode_base64url(sha256(certificate.der))}",
    }
    valid = certificate.not_before <= around.now < certificate.not_after
    report.note(valid, f"valid at {moment(around.now)}: {'yes' if valid else 'no'}")
    if certificate.self_issued:
        report.note(None, "names itself as its issuer, as authorities do")
    return report


def explain_chain(x5c: Sequence[str], around: Surroundings, report: Report) -> Certificate | None:
    """The chain of a header, into the report of its token; the leaf, if it can be read."""
    try:
        chain = read_x5c(x5c)
    except ProtocolError as error:
        report.note(False, f"the certificates can be read: no. {error.description}")
        return None
    for certificate in chain:
        report.inside.append(explain_certificate(certificate, around))
    _explain_trust(chain, around, report)
    return chain[0]


def _explain_trust(chain: tuple[Certificate, ...], around: Surroundings, report: Report) -> None:
    if around.anchors is None:
        report.note(None, "whether the certificate is trusted: give --anchors FOLDER to have that checked")
        return
    reason = "nobody is trusted here"
    for role in Role:
        try:
            party = around.anchors.chain(chain, role=role, now=around.now, at="x5c")
        except (NotTrusted, NotValidNow) as error:
            reason = error.description
        else:
            report.note(True, f"{party.name} is trusted as {role}, by {party.vouched_by}")
            return
    report.note(False, f"the certificate is trusted: no. {reason}")
