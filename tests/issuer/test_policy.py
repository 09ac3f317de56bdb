"""The issuer's pure decisions."""

from issuer.policy import IssuerPolicy


def test_the_defaults_are_the_strict_choice():
    policy = IssuerPolicy()
    assert policy.require_dpop
    assert policy.redirect_uris == ()
    assert policy.lifetimes.code <= 60
    assert policy.lifetimes.offer <= 600
