"""Every example of the specification is read by a test beside this one, or stands here with the reason why not."""

import pytest

from tests.support.vectors import vectors

READ = {
    "test_authorization.py": "authorization_details*.json",
    "test_offer.py": "credential_offer_*",
    "test_metadata.py": "credential_metadata_*.json credential_issuer_metadata_sd_jwt_long.json",
    "test_signed_metadata.py": "credential_issuer_metadata_sd_jwt_jwt.txt",
    "test_credential.py": "credential_request_*.json credential_response_*.txt",
}
NOT_READ = {
    "issuer_jwks.json": "the keys of an example credential in a W3C format; not JSON as it stands",
    "wallet_attestation.jwt.txt": "attestation of the wallet, which belongs to a later version",
}
NOT_READ_OF_HAIP = {
    "client_metadata_sd_jwt_vc.json": "a verifier's, of a draft",
    "presentation_definition_sd_jwt_vc.json": "a query language that OpenID4VP 1.0 does not have any more",
}
READ_OF_HAIP = (
    "authorization_details_*.json credential_metadata_*.json credential_offer_*.json credential_request_*.json"
)


@pytest.mark.parametrize(
    ("folder", "patterns", "not_read"),
    [
        ("openid4vci/examples-1.0", " ".join(READ.values()), NOT_READ),
        ("haip/examples-1.0", READ_OF_HAIP, NOT_READ_OF_HAIP),
    ],
)
def test_no_example_is_forgotten(folder, patterns, not_read):
    home = vectors(folder)
    read = {file.name for pattern in patterns.split() for file in home.glob(pattern)}
    assert read & set(not_read) == set()
    assert {file.name for file in home.iterdir()} == read | set(not_read)
