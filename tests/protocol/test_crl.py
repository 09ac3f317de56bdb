"""Lists of revoked certificates: which are believed, and what follows for a chain."""

import contextlib
import datetime
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from protocol.crl import (
    CLOCK_SKEW,
    MAX_CRL,
    RevocationReason,
    check_not_revoked,
    fetch_crls,
    verify_crl,
)
from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    Revoked,
    Suspended,
    TooLarge,
    Unsupported,
)
from protocol.exchange import run
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors, TrustedIdentifier
from protocol.x509 import Certificate
from runtime.crl import RevokedCertificate
from tests.protocol.crls import (
    ABOVE,
    DEEP,
    HOUR,
    PARTY,
    PKI,
    ROOT,
    SERIAL,
    URI,
    authority_of,
    crl,
    entry,
    never,
    other_crl,
    scope,
    trusted,
    verified,
    verify_other,
)
from tests.support.pki import AUTHORITY, INTERMEDIATE, NOW, make_pki, private_key, quietly, self_signed


def test_a_list_says_whom_it_is_of_and_what_is_revoked():
    found = verified(RevokedCertificate(3, NOW), RevokedCertificate(SERIAL, NOW, RevocationReason.KEY_COMPROMISE))
    assert (found.issuer, found.uri, found.number) == (ROOT, URI, 5)
    assert (found.this_update, found.next_update) == (NOW, NOW + HOUR)
    assert found.revoked == {3: RevocationReason.UNSPECIFIED, SERIAL: RevocationReason.KEY_COMPROMISE}


@pytest.mark.parametrize("reason", list(RevocationReason))
def test_every_reason_is_written_and_read(reason):
    assert verified(RevokedCertificate(3, NOW, reason)).revoked == {3: reason}


def authority(key, algorithm, **template):
    """One that signs lists with any kind of key, and a list of it."""
    own = replace(AUTHORITY, **template)
    builder = x509.CertificateBuilder(
        issuer_name=own.name(),
        subject_name=own.name(),
        public_key=key.public_key(),
        serial_number=7,
        not_valid_before=PKI.root.x509.not_valid_before_utc.replace(tzinfo=None),
        not_valid_after=PKI.root.x509.not_valid_after_utc.replace(tzinfo=None),
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    if own.key_ids:
        builder = builder.add_extension(identifier, critical=False)
    issuer = Certificate.from_der(builder.sign(key, algorithm).public_bytes(Encoding.DER))
    begins = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    crl_builder = x509.CertificateRevocationListBuilder().issuer_name(own.name()).last_update(begins)
    crl_builder = crl_builder.next_update(begins + datetime.timedelta(hours=1))
    crl_builder = crl_builder.add_extension(x509.CRLNumber(7), critical=False)
    named = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    crl_builder = crl_builder.add_extension(named, critical=False)
    return issuer, crl_builder.sign(key, algorithm).public_bytes(Encoding.DER)


def test_a_list_may_be_signed_with_ed25519():
    issuer, der = authority(ed25519.Ed25519PrivateKey.generate(), None)
    assert verify_crl(der, issuer, uri=URI, now=NOW).number == 7


def test_a_key_of_another_kind_signs_no_list():  # T026
    issuer, der = authority(ed448.Ed448PrivateKey.generate(), None)
    with pytest.raises(NotAuthentic):
        verify_crl(der, issuer, uri=URI, now=NOW)


def test_an_authority_whose_key_has_no_name_signs_no_list():
    issuer, der = authority(private_key(), hashes.SHA256(), key_ids=False)
    with pytest.raises(NotAuthentic, match="another key"):
        verify_crl(der, issuer, uri=URI, now=NOW)


def minimal(tag, content):
    """An element of DER with its length in as few bytes as it takes."""
    size = len(content)
    few = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, size] if size < 128 else [tag, 0x80 + len(few), *few]) + content


def test_a_list_that_no_other_follows_is_none():
    """T091: it would be good for ever."""
    due = b"\x17\x0d" + datetime.datetime.fromtimestamp(NOW + HOUR, datetime.UTC).strftime("%y%m%d%H%M%SZ").encode()
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    # Written by hand, because no library writes such a list
    inside = x509.load_der_x509_crl(crl()).tbs_certlist_bytes
    inside = inside[inside.index(algorithm) - 3 :]  # from the version on
    assert inside.startswith(b"\x02\x01\x01")
    assert inside.count(due) == 1

    def signed(content):
        body = minimal(0x30, content)
        signature = PKI.root.private_key.sign(body, ec.ECDSA(hashes.SHA256()))
        return minimal(0x30, body + algorithm + minimal(0x03, b"\x00" + signature))

    assert verify_crl(signed(inside), ROOT, uri=URI, now=NOW).next_update == NOW + HOUR
    with pytest.raises(Malformed, match="next one"):
        verify_crl(signed(inside.replace(due, b"")), ROOT, uri=URI, now=NOW)


def test_a_chain_that_no_list_names_is_good():
    check_not_revoked(PARTY, [verified(RevokedCertificate(3, NOW))], now=NOW, at="x5c")


@pytest.mark.parametrize("reason", [reason for reason in RevocationReason if reason != "certificateHold"])
def test_a_revoked_certificate_is_refused(reason):  # T091
    with pytest.raises(Revoked) as refusal:
        check_not_revoked(PARTY, [verified(RevokedCertificate(SERIAL, NOW, reason))], now=NOW, at="x5c")
    assert not isinstance(refusal.value, Suspended)


def test_a_certificate_on_hold_is_refused_for_now():  # T091
    held = RevokedCertificate(SERIAL, NOW, RevocationReason.CERTIFICATE_HOLD)
    with pytest.raises(Suspended):
        check_not_revoked(PARTY, [verified(held)], now=NOW, at="x5c")


def test_without_a_list_nothing_is_known_to_be_good():  # T091
    with pytest.raises(NotTrusted, match="nothing says"):
        check_not_revoked(PARTY, [], now=NOW, at="x5c")
    elsewhere = replace(verified(), uri="https://other.example/access.crl")
    with pytest.raises(NotTrusted, match="nothing says"):
        check_not_revoked(PARTY, [elsewhere], now=NOW, at="x5c")
    # Of the right address, but for another issuer
    with pytest.raises(NotTrusted, match="nothing says"):
        check_not_revoked(PARTY, [replace(verified(), issuer=DEEP.root.certificate)], now=NOW, at="x5c")


@pytest.mark.parametrize("now", [NOW + HOUR, NOW - CLOCK_SKEW - 1])
def test_a_list_outside_its_time_says_nothing(now):  # T091
    with pytest.raises(NotValidNow):
        check_not_revoked(PARTY, [verified()], now=now, at="x5c")
    with pytest.raises(NotValidNow):
        verify_crl(crl(), ROOT, uri=URI, now=now)


@pytest.mark.parametrize("now", [NOW + HOUR - 1, NOW - CLOCK_SKEW])
def test_a_list_is_good_until_its_last_second(now):
    check_not_revoked(PARTY, [verify_crl(crl(), ROOT, uri=URI, now=now)], now=now, at="x5c")


def test_every_certificate_of_a_chain_is_looked_up():  # T091
    party = trusted(DEEP)
    leaf, between = DEEP.certificates
    of_leaf = crl(authority=DEEP.chain[1])
    below = verify_crl(of_leaf, between, uri=URI, now=NOW)
    good = verify_crl(crl(authority=DEEP.root), DEEP.root.certificate, uri=ABOVE, now=NOW)
    check_not_revoked(party, [below, good], now=NOW, at="x5c")
    with pytest.raises(NotTrusted, match="nothing says"):
        check_not_revoked(party, [below], now=NOW, at="x5c")
    revoked = crl(RevokedCertificate(between.serial_number, NOW), authority=DEEP.root)
    above = verify_crl(revoked, DEEP.root.certificate, uri=ABOVE, now=NOW)
    with pytest.raises(Revoked):
        check_not_revoked(party, [below, above], now=NOW, at="x5c")
    revoked = crl(RevokedCertificate(leaf.serial_number, NOW), authority=DEEP.chain[1])
    below = verify_crl(revoked, between, uri=URI, now=NOW)
    with pytest.raises(Revoked):
        check_not_revoked(party, [below, good], now=NOW, at="x5c")


def test_the_serial_number_of_another_issuer_revokes_nobody():
    party = trusted(DEEP)
    leaf, between = DEEP.certificates
    below = verify_crl(crl(authority=DEEP.chain[1]), between, uri=URI, now=NOW)
    above = crl(RevokedCertificate(leaf.serial_number, NOW), authority=DEEP.root)
    check_not_revoked(party, [below, verify_crl(above, DEEP.root.certificate, uri=ABOVE, now=NOW)], now=NOW, at="x5c")


def test_a_party_without_certificates_has_none_that_could_be_revoked():
    known = TrustAnchors([], [TrustedIdentifier("did:x:1", Role.VERIFIER, "X")]).identified(
        "did:x:1", role=Role.VERIFIER
    )
    check_not_revoked(known, [], now=NOW, at="x5c")
    assert run(fetch_crls(known, {}, now=NOW), never) == ()


def test_a_signer_that_stands_on_a_list_itself_is_taken_off_there():
    leaf = PKI.leaf.certificate
    listed = TrustAnchors([TrustAnchor(leaf, Role.VERIFIER, "List")])
    party = listed.chain((leaf,), role=Role.VERIFIER, now=NOW, at="x5c")
    check_not_revoked(party, [], now=NOW, at="x5c")
    assert run(fetch_crls(party, {}, now=NOW), never) == ()


def test_a_chain_without_its_end_is_refused():
    with pytest.raises(NotTrusted):
        check_not_revoked(replace(PARTY, anchor=None), [verified()], now=NOW, at="x5c")


def test_a_list_of_another_authority_is_refused():  # T091
    with pytest.raises(NotAuthentic, match="another authority"):
        verify_crl(other_crl(issuer=INTERMEDIATE.name()), ROOT, uri=URI, now=NOW)


def test_a_list_signed_with_another_key_is_refused():  # T091
    with pytest.raises(NotAuthentic, match="signature"):
        verify_other(key=private_key())
    with pytest.raises(NotAuthentic, match="signature"):
        verify_other(key=rsa.generate_private_key(65537, 2048))
    # The same name, and a key of its own
    twin = self_signed(AUTHORITY)
    with pytest.raises(NotAuthentic, match="another key"):
        verify_crl(crl(authority=twin), ROOT, uri=URI, now=NOW)
    with pytest.raises(NotAuthentic, match="another key"):
        verify_other((x509.CRLNumber(1), False), own=False)


def test_a_list_signed_by_who_may_not_is_refused():
    pki = make_pki(root=replace(AUTHORITY, usages=("key_cert_sign",)))
    with pytest.raises(NotAuthentic, match="may not sign"):
        verify_crl(crl(authority=pki.root), pki.root.certificate, uri=URI, now=NOW)


def test_an_authority_that_does_not_say_what_its_key_is_for_may_sign_lists():
    pki = make_pki(root=replace(AUTHORITY, usages=None))
    assert verify_crl(crl(authority=pki.root), pki.root.certificate, uri=URI, now=NOW).number == 5


def test_an_authority_with_an_rsa_key_is_believed_too():
    root = self_signed(AUTHORITY, rsa.generate_private_key(65537, 2048))
    key_id = (x509.AuthorityKeyIdentifier.from_issuer_public_key(root.private_key.public_key()), False)
    der = other_crl(key_id, (x509.CRLNumber(1), False), key=root.private_key, own=False)
    assert verify_crl(der, root.certificate, uri=URI, now=NOW).number == 1


def test_a_weak_signature_is_refused():  # T002
    root = self_signed(AUTHORITY, ec.generate_private_key(ec.SECP256R1()))
    key_id = (x509.AuthorityKeyIdentifier.from_issuer_public_key(root.private_key.public_key()), False)
    der = other_crl(key_id, (x509.CRLNumber(1), False), key=root.private_key, algorithm=hashes.SHA224(), own=False)
    with pytest.raises(Unsupported):
        verify_crl(der, root.certificate, uri=URI, now=NOW)


@pytest.mark.parametrize(
    "extension",
    [
        (x509.DeltaCRLIndicator(3), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True),
        scope(indirect_crl=True),
        scope(only_contains_attribute_certs=True),
        scope(only_some_reasons=frozenset((x509.ReasonFlags.key_compromise,)), only_contains_user_certs=True),
    ],
    ids=["delta", "unknown", "indirect", "attribute certificates", "some reasons"],
)
def test_anything_but_a_full_list_is_refused(extension):  # T091
    with pytest.raises(Unsupported):
        verify_other(extension)


def test_an_extension_that_may_be_ignored_is():
    assert verify_other((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), False)).number == 7


def test_a_list_about_leaves_says_nothing_of_authorities():
    leaves = verify_other(scope(only_contains_user_certs=True))
    assert (leaves.of_leaves, leaves.of_authorities) == (True, False)
    check_not_revoked(PARTY, [leaves], now=NOW, at="x5c")
    party = trusted(DEEP)
    below = verify_crl(crl(authority=DEEP.chain[1]), DEEP.certificates[1], uri=URI, now=NOW)
    above = verify_crl(crl(authority=DEEP.root), DEEP.root.certificate, uri=ABOVE, now=NOW)
    with pytest.raises(NotTrusted):
        check_not_revoked(party, [below, replace(above, of_authorities=False)], now=NOW, at="x5c")


def test_a_list_about_authorities_says_nothing_of_leaves():
    authorities = verify_other(scope(only_contains_ca_certs=True))
    with pytest.raises(NotTrusted):
        check_not_revoked(PARTY, [authorities], now=NOW, at="x5c")


def test_a_list_for_another_address_is_refused():
    here, there = (x509.UniformResourceIdentifier(uri) for uri in (URI, ABOVE))
    assert verify_other(scope(full_name=[there, here])).uri == URI
    with pytest.raises(NotAuthentic, match="another address"):
        verify_other(scope(full_name=[there]))
    relative = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    with pytest.raises(NotAuthentic, match="another address"):
        verify_other(scope(relative_name=relative))


def test_a_list_without_a_number_is_refused():
    with pytest.raises(Malformed):
        verify_other((authority_of(PKI.root).key_identifier(), False), own=False)


@pytest.mark.parametrize(
    "entries",
    [
        [entry(), entry()],
        [entry(3, (x509.CRLReason(x509.ReasonFlags.remove_from_crl), False))],
    ],
    ids=["twice", "taken out again"],
)
def test_entries_that_no_full_list_has_are_refused(entries):
    with pytest.raises(Malformed):
        verify_other(entries=entries)


def test_an_entry_about_somebody_elses_certificate_is_refused():
    issuer = (x509.CertificateIssuer([x509.DirectoryName(INTERMEDIATE.name())]), True)
    with pytest.raises(Unsupported):
        verify_other(entries=[entry(3, issuer)])
    since = (x509.InvalidityDate(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)), False)
    assert verify_other(entries=[entry(3, since)]).revoked == {3: RevocationReason.UNSPECIFIED}


def test_a_list_over_the_cap_is_refused_before_it_is_read():  # T018
    with pytest.raises(TooLarge):
        verify_crl(bytes(MAX_CRL + 1), ROOT, uri=URI, now=NOW)


@pytest.mark.parametrize("der", [b"", b"x", crl()[:-1], crl() + b"\0", PKI.leaf.der])
def test_what_is_no_list_is_refused(der):
    with pytest.raises(Malformed):
        verify_crl(der, ROOT, uri=URI, now=NOW)


GOOD = crl(RevokedCertificate(SERIAL, NOW, RevocationReason.KEY_COMPROMISE))


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_no_changed_byte_is_believed(place, change):
    changed = GOOD[:place] + bytes((GOOD[place] ^ change,)) + GOOD[place + 1 :]
    # An odd serial number makes the library warn, which is no verdict
    with quietly(), contextlib.suppress(ProtocolError):
        # A signature of ECDSA has more than one spelling, and then everything that was signed is the same
        assert verify_crl(changed, ROOT, uri=URI, now=NOW).revoked == {SERIAL: RevocationReason.KEY_COMPROMISE}
