"""The issuer's pages for people."""
