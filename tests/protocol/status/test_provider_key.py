"""Who may sign the status list that an attestation refers to: the provider that signed the attestation (T069)."""

import pytest

from protocol.errors import NotAuthentic, NotTrusted, NotValidNow
from protocol.jws import JoseHeader, Jws
from protocol.status.list_key import find_provider_key
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import DAY, NOW, Template, make_pki

PROVIDER = make_pki(Template(common_name="Provider"), role=Role.WALLET_PROVIDER)
OTHER = make_pki(Template(common_name="Other"), role=Role.WALLET_PROVIDER)
ANCHORS = TrustAnchors([PROVIDER.anchor, OTHER.anchor])


def header(x5c):
    return Jws(JoseHeader("ES256", None, None, tuple(x5c), {}), b"", b"", b"", "")


def find(x5c, *, subject="CN=Provider", vouched_by="Test authority", now=NOW, anchors=ANCHORS):
    return find_provider_key(
        header(x5c), anchors, role=Role.WALLET_PROVIDER, subject=subject, vouched_by=vouched_by, now=now
    )


def test_the_provider_signs_its_own_list():
    assert find(PROVIDER.x5c) == PROVIDER.public_key


def test_it_may_do_so_with_another_key():
    renewed = PROVIDER.root.issue(Template(common_name="Provider"))
    assert find([renewed.certificate.to_x5c()]) == renewed.signer.public_key


@pytest.mark.parametrize("said", [{"subject": "CN=Other"}, {"vouched_by": "Another authority"}])
def test_nobody_else_does(said):
    with pytest.raises(NotAuthentic):
        find(PROVIDER.x5c, **said)


def test_a_certificate_is_needed_that_an_anchor_of_wallet_providers_vouches_for():
    with pytest.raises(NotTrusted):
        find(())
    issuer = make_pki(Template(common_name="Provider"), role=Role.ISSUER)
    with pytest.raises(NotTrusted):
        find(issuer.x5c, anchors=issuer.anchors)
    with pytest.raises(NotValidNow):
        find(PROVIDER.x5c, now=NOW + 400 * DAY)
