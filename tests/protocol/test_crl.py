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
    MAX_ADDRESSES,
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
    RolledBack,
    Suspended,
    TooLarge,
    Unreachable,
    Unsupported,
)
from protocol.exchange import HttpResponse, run
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors, TrustedIdentifier
from protocol.x509 import Certificate
from runtime.certificates import Authority
from runtime.crl import RevokedCertificate, issue_crl
from tests.support.pki import AUTHORITY, INTERMEDIATE, LEAF, NOW, make_pki, private_key, quietly, self_signed

URI = "https://registrar.example/access.crl"
ABOVE = "https://root.example/authorities.crl"
HOUR = 3600


def points(*uris, **parts):
    names = [x509.UniformResourceIdentifier(uri) for uri in uris]
    whole = {"relative_name": None, "reasons": None, "crl_issuer": None}
    return ((x509.CRLDistributionPoints([x509.DistributionPoint(names, **{**whole, **parts})]), False),)


def chain_of(uris=(URI,), intermediates=()):
    return make_pki(
        replace(LEAF, extensions=points(*uris) if uris else ()), intermediates=intermediates, role=Role.VERIFIER
    )


def trusted(pki):
    return pki.anchors.chain(pki.certificates, role=Role.VERIFIER, now=NOW, at="x5c")


def authority_of(certified):
    return Authority(certified.signer, certified.x509)


PKI = chain_of()
ROOT = PKI.root.certificate
PARTY = trusted(PKI)
SERIAL = PKI.leaf.certificate.serial_number
DEEP = chain_of(intermediates=(replace(INTERMEDIATE, extensions=points(ABOVE)),))


def crl(*revoked, authority=PKI.root, number=5, now=NOW, lifetime=HOUR):
    return issue_crl(authority_of(authority), revoked, number=number, now=now, lifetime=lifetime)


def verified(*revoked, **how):
    return verify_crl(crl(*revoked, **how), ROOT, uri=URI, now=NOW)


def other_crl(*extensions, key=None, algorithm=None, entries=(), next_update=True, issuer=None, own=True):
    """A list as nobody of ours makes it."""
    begins = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer or PKI.root.x509.subject).last_update(begins)
    builder = builder.next_update(begins + datetime.timedelta(hours=1))
    if own:
        extensions = (*extensions, (x509.CRLNumber(7), False), (authority_of(PKI.root).key_identifier(), False))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key or PKI.root.private_key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


def entry(serial=SERIAL, *extensions):
    builder = x509.RevokedCertificateBuilder().serial_number(serial)
    builder = builder.revocation_date(datetime.datetime.fromtimestamp(NOW, datetime.UTC))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build()


def scope(**what):
    names = {"full_name": None, "relative_name": None}
    flags = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    return (x509.IssuingDistributionPoint(**{**names, **flags, "only_some_reasons": None, **what}), True)


def verify_other(*extensions, **how):
    return verify_crl(other_crl(*extensions, **how), ROOT, uri=URI, now=NOW)


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


def never(effect):
    raise AssertionError("nothing may be sent")


class Web:
    """Answers by address, and remembers who was asked."""

    def __init__(self, answers=()):
        self.answers = dict(answers)
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        answer = self.answers.get(request.url, 404)
        if isinstance(answer, int):
            return HttpResponse(answer, (), b"")
        return HttpResponse(200, (("content-type", "application/pkix-crl"),), answer)


def fetch(web, party=PARTY, known=(), now=NOW):
    return run(fetch_crls(party, {found.uri: found for found in known}, now=now), web)


def test_the_list_that_a_certificate_names_is_fetched():
    web = Web({URI: crl()})
    lists = fetch(web)
    assert [found.uri for found in lists] == [URI]
    check_not_revoked(PARTY, lists, now=NOW, at="x5c")
    assert [(request.method, request.url, request.max_bytes) for request in web.asked] == [("GET", URI, MAX_CRL)]


def test_a_known_list_is_not_fetched_again_while_it_holds():
    known = verified()
    assert run(fetch_crls(PARTY, {URI: known}, now=NOW + HOUR - 1), never) == (known,)
    fresh = crl(now=NOW + HOUR, number=6)
    assert fetch(Web({URI: fresh}), known=[known], now=NOW + HOUR)[0].number == 6


def test_a_known_list_of_another_issuer_is_fetched_again():
    known = replace(verified(), issuer=DEEP.root.certificate, number=99)
    assert fetch(Web({URI: crl()}), known=[known])[0].issuer == ROOT


def test_a_chain_needs_a_list_for_each_certificate():
    party = trusted(DEEP)
    web = Web({URI: crl(authority=DEEP.chain[1]), ABOVE: crl(authority=DEEP.root)})
    check_not_revoked(party, fetch(web, party), now=NOW, at="x5c")
    assert [request.url for request in web.asked] == [URI, ABOVE]


def test_an_older_list_than_the_one_known_is_refused():  # T091
    known = verified(number=9)
    with pytest.raises(RolledBack):
        fetch(Web({URI: crl(number=8, now=NOW + HOUR)}), known=[known], now=NOW + HOUR)
    assert fetch(Web({URI: crl(number=9, now=NOW + HOUR)}), known=[known], now=NOW + HOUR)


def test_a_list_that_is_out_of_reach_is_not_taken_for_an_empty_one():  # T091
    for status in (404, 500, 301):
        with pytest.raises(Unreachable):
            fetch(Web({URI: status}))

    def unreachable(_):
        raise Unreachable("no answer")

    with pytest.raises(Unreachable):
        run(fetch_crls(PARTY, {}, now=NOW), unreachable)


def test_a_list_that_is_out_of_date_is_not_taken():  # T091
    with pytest.raises(NotValidNow):
        fetch(Web({URI: crl(now=NOW - HOUR)}))


def test_a_certificate_that_names_no_list_is_not_known_to_be_good():  # T091
    with pytest.raises(NotTrusted, match="where it is"):
        run(fetch_crls(trusted(chain_of(())), {}, now=NOW), never)


@pytest.mark.parametrize(
    "uri", ["http://registrar.example/access.crl", "ldap://registrar.example/cn=x", "file:///etc/x"]
)
def test_only_https_is_called(uri):  # T206
    with pytest.raises(Malformed):
        run(fetch_crls(trusted(chain_of((uri,))), {}, now=NOW), never)


def test_another_address_is_tried_if_one_is_out_of_reach():
    pki = chain_of(("ldap://x", ABOVE, URI))
    party = trusted(pki)
    web = Web({URI: crl(authority=pki.root)})
    lists = fetch(web, party)
    assert [request.url for request in web.asked] == [ABOVE, URI]
    check_not_revoked(party, lists, now=NOW, at="x5c")


def test_no_certificate_makes_us_call_the_whole_world():
    pki = chain_of(tuple(f"https://host{i}.example/crl" for i in range(MAX_ADDRESSES + 3)))
    web = Web()
    with pytest.raises(Unreachable):
        fetch(web, trusted(pki))
    assert len(web.asked) == MAX_ADDRESSES


def test_parts_of_a_list_and_lists_of_others_are_not_asked_for():
    part = points(ABOVE, reasons=frozenset((x509.ReasonFlags.key_compromise,)))
    other = points(ABOVE, crl_issuer=[x509.DirectoryName(INTERMEDIATE.name())])
    for extensions in (part, other):
        assert make_pki(replace(LEAF, extensions=extensions)).leaf.certificate.crl_uris == ()


def test_a_chain_of_which_nobody_says_who_issued_it_has_no_lists():
    unanchored = replace(PARTY, anchor=None)
    with pytest.raises(NotTrusted, match="who issued"):
        check_not_revoked(unanchored, [verified()], now=NOW, at="x5c")
    with pytest.raises(NotTrusted, match="who issued"):
        run(fetch_crls(unanchored, {}, now=NOW), lambda effect: HttpResponse(200, (), crl()))
