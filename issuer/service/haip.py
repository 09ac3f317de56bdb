"""What HAIP 1.0 asks of an issuer before its first request: found out at the start, so that nobody learns it from a refusal."""

from __future__ import annotations

from issuer.service.context import IssuerContext
from protocol.x509 import Certificate


def check_ready(context: IssuerContext) -> None:
    """Check that an issuer has all that HAIP 1.0 asks for.

    Raises:
        ValueError: something is missing; the message says what to do.
    """
    if not context.decrypters:
        raise ValueError("haip: there is no key for encrypted requests; make it with `hoheit issuer encryption-key`")
    # §4.1, §4.3: a scope for each, which means this one and no other
    scopes = [credential_type.scope for credential_type in context.types.values()]
    doubled = next((scope for scope in scopes if scopes.count(scope) > 1), None)
    if doubled is not None:
        raise ValueError(f"haip: two credential types have the scope {doubled}")
    # §4.1, §6.1.1: neither the anchor nor a leaf that vouches for itself
    if any(Certificate.from_x5c(text).self_issued for text in context.signing.x5c):
        raise ValueError("haip: the signing certificates must not hold one that vouches for itself")
