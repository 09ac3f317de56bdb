"""Whether an issuer is registered to issue what it offers (ETSI TS 119 475 V1.2.1 §4.2, table 8 `provides_attestations`)."""

from __future__ import annotations

from protocol.trust.anchors import PID, PID_MDOC
from protocol.trust.registration import (
    NON_Q_EAA_PROVIDER,
    PID_PROVIDER,
    PUB_EAA_PROVIDER,
    QEAA_PROVIDER,
    Registration,
)

_PROVIDERS = frozenset((PID_PROVIDER, QEAA_PROVIDER, PUB_EAA_PROVIDER, NON_Q_EAA_PROVIDER))


def is_entitled(registration: Registration, credential_format: str, credential_type: str) -> bool:
    """Whether the register lists this very type, in this format, for whoever it is entitled as a provider of its kind."""
    is_pid = credential_type.startswith((PID, PID_MDOC))
    needed = frozenset((PID_PROVIDER,)) if is_pid else _PROVIDERS
    if needed.isdisjoint(registration.entitlements):
        return False
    return any(
        provided.format == credential_format
        and (credential_type in provided.meta.vct_values or credential_type == provided.meta.doctype_value)
        for provided in registration.provides
    )
