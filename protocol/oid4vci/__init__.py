"""OpenID for Verifiable Credential Issuance 1.0: the messages, and the wallet's way through them."""
