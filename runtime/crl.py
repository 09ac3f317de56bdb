"""Makes lists of revoked certificates, in an authority's word (RFC 5280 §5); the counterpart is `protocol.crl`."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from protocol.crl import RevocationReason
from runtime.certificates import Authority
from runtime.signed_der import sign_crl


class RevokedCertificate(NamedTuple):
    """A certificate that the authority no longer stands for."""

    serial_number: int
    revoked_at: int  # epoch seconds
    reason: RevocationReason = RevocationReason.UNSPECIFIED


def issue_crl(
    authority: Authority, revoked: Iterable[RevokedCertificate], *, number: int, now: int, lifetime: int
) -> bytes:
    """The full list in DER. `number` has to be larger than that of every list before; `lifetime` is in seconds."""
    begins = datetime.datetime.fromtimestamp(now, datetime.UTC)
    builder = x509.CertificateRevocationListBuilder(
        authority.certificate.subject,
        last_update=begins,
        next_update=begins + datetime.timedelta(seconds=lifetime),
        revoked_certificates=[_entry(certificate) for certificate in revoked],
    )
    builder = builder.add_extension(authority.key_identifier(), critical=False)
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    return sign_crl(builder, authority.key).public_bytes(serialization.Encoding.DER)


def _entry(revoked: RevokedCertificate) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(revoked.serial_number)
        .revocation_date(datetime.datetime.fromtimestamp(revoked.revoked_at, datetime.UTC))
    )
    # RFC 5280 §5.3.1: "unspecified" is said by leaving the reason out
    if revoked.reason is not RevocationReason.UNSPECIFIED:
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(revoked.reason.value)), critical=False)
    return builder.build()
