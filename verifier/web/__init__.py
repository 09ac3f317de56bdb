"""The verifier's pages for people."""
