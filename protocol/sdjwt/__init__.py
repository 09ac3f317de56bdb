"""Selective disclosure for JWTs (RFC 9901) and the credentials built on it (SD-JWT VC)."""
