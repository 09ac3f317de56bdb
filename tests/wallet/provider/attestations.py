"""Keys that are attested, and what a provider said of them."""

from protocol.oauth.client_attestation import verify_client_attestation
from protocol.oid4vci.key_attestation import verify_key_attestation
from tests.support.pki import seeded_key

KEY = seeded_key(51)
OTHER = seeded_key(52)
FOR_ISSUER = seeded_key(53)
KEYS = [seeded_key(54), seeded_key(55)]


def client_attestation(office, client, key=FOR_ISSUER, **more):
    answer = office.wallet(client.attest_client(key, **more))
    return verify_client_attestation(answer.attestation, anchors=office.pki.anchors, now=office.clock.now).says


def key_attestation(office, client, keys=KEYS, nonce="n0nce", **more):
    answer = office.wallet(client.attest_keys(keys, nonce, **more))
    return verify_key_attestation(answer.attestation, anchors=office.pki.anchors, now=office.clock.now).says


def status_of(office, status):
    return office.statuses(status.reference.uri).get(status.reference.idx)
