"""OpenID for Verifiable Presentations 1.0: the request, the answer, and what the verifier finds in it."""
