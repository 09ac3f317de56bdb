"""What every answer of ours tells the browser that it may not do with it."""

from __future__ import annotations

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# Wallets are asked by our own pages, and by nothing that stands within them
PERMISSIONS_POLICY = (
    "geolocation=(), microphone=(), payment=(), digital-credentials-get=(self), digital-credentials-create=(self)"
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": PERMISSIONS_POLICY,
    "cache-control": "no-store",
}
# Of what programs read: it is no page, so nothing at all may be loaded, run or framed if a browser takes it for one
SECURITY_HEADERS_FOR_PROGRAMS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
