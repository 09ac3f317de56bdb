"""Which chains lead to an anchor, and what must never count as one."""

import contextlib
import datetime
import time
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Malformed, NotTrusted, NotValidNow, ProtocolError
from protocol.x509 import MAX_CERTIFICATES, Certificate
from protocol.x509_chain import verify_chain
from tests.support.bounds import BOUNDED
from tests.support.pki import AUTHORITY, INTERMEDIATE, LEAF, NOW, Template, make_pki, quietly, self_signed
from tests.support.vectors import vectors

PKI = make_pki()
DEEP = make_pki(intermediates=(INTERMEDIATE,))
DER = PKI.leaf.der


def leads_to(chain, *anchors, now=NOW):
    return verify_chain(tuple(c.certificate for c in chain), [a.certificate for a in anchors], now=now, at="x5c")


def at(year, month, day):
    return int(datetime.datetime(year, month, day, tzinfo=datetime.UTC).timestamp())


def vector(path):
    pem = vectors(f"x509/{path}").read_bytes()
    with quietly():
        return Certificate.from_der(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))


def test_a_leaf_leads_to_its_authority():
    assert leads_to(PKI.chain, DEEP.root, PKI.root) == PKI.root.certificate


def test_a_leaf_leads_to_its_authority_over_intermediates():
    pki = make_pki(intermediates=(INTERMEDIATE, replace(INTERMEDIATE, common_name="Second", path_length=0)))
    assert leads_to(pki.chain, pki.root) == pki.root.certificate


@pytest.mark.parametrize(
    "leaf",
    [
        Template(ca=None),
        Template(usages=None),
        Template(usages=("content_commitment",)),
        Template(key_ids=False),
        replace(LEAF, extensions=((x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.0.18013.5.1.2")]), True),)),
        replace(LEAF, extensions=((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),)),
    ],
    ids=["no constraints", "no usage", "commits content", "no key ids", "its own purpose", "another purpose"],
)
def test_a_leaf_need_not_be_made_for_the_web(leaf):
    pki = make_pki(leaf)
    assert leads_to(pki.chain, pki.root) == pki.root.certificate


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()])
def test_authorities_on_larger_curves_are_believed(curve):
    root = self_signed(AUTHORITY, ec.generate_private_key(curve))
    assert leads_to([root.issue()], root) == root.certificate


def test_an_authority_with_rsa_is_believed():
    root = self_signed(AUTHORITY, rsa.generate_private_key(65537, 2048))
    assert leads_to([root.issue()], root) == root.certificate


def test_an_intermediate_can_itself_be_the_anchor():
    middle = DEEP.chain[1]
    assert leads_to(DEEP.chain[:1], middle) == middle.certificate


def test_nothing_leads_nowhere():
    for chain, anchors in [((), (PKI.root,)), (PKI.chain, ())]:
        with pytest.raises(NotTrusted, match="leads to no trusted authority"):
            leads_to(chain, *anchors)


def test_a_chain_of_another_authority_is_refused():
    with pytest.raises(NotTrusted, match="leads to no trusted authority"):
        leads_to(PKI.chain, DEEP.root)


def test_an_authority_of_the_same_name_but_another_key_is_refused():
    with pytest.raises(NotTrusted):
        leads_to(PKI.chain, self_signed(AUTHORITY))


@pytest.mark.parametrize(
    ("leaf", "intermediate", "root"),
    [
        ({"not_after": NOW}, {}, {}),
        ({"not_before": NOW + 1}, {}, {}),
        ({}, {"not_after": NOW}, {}),
        ({}, {"not_before": NOW + 1}, {}),
    ],
)
def test_every_certificate_of_a_chain_must_be_valid_now(leaf, intermediate, root):  # T081
    pki = make_pki(replace(LEAF, **leaf), intermediates=(replace(INTERMEDIATE, **intermediate),))
    with pytest.raises(NotValidNow):
        leads_to(pki.chain, pki.root)


def test_a_chain_holds_from_its_first_second_to_before_its_last():  # T081
    pki = make_pki(replace(LEAF, not_before=NOW, not_after=NOW + 1))
    assert leads_to(pki.chain, pki.root)
    for now in (NOW - 1, NOW + 1):
        with pytest.raises(NotValidNow):
            leads_to(pki.chain, pki.root, now=now)


def test_an_expired_anchor_vouches_for_nobody():  # T081
    pki = make_pki(root=replace(AUTHORITY, not_after=NOW - 1))
    with pytest.raises(ProtocolError):
        leads_to(pki.chain, pki.root)


def test_a_leaf_does_not_sign_another_leaf():  # T082
    leaf = PKI.leaf.issue(replace(LEAF, common_name="Forged"))
    with pytest.raises(NotTrusted):
        leads_to([leaf, PKI.leaf], PKI.root)


@pytest.mark.parametrize(
    "intermediate",
    [
        replace(INTERMEDIATE, ca=False),
        replace(INTERMEDIATE, ca=None),
        replace(INTERMEDIATE, usages=("digital_signature", "crl_sign")),
    ],
    ids=["no authority", "says nothing", "signs no certificates"],
)
def test_only_an_authority_stands_between(intermediate):  # T082
    pki = make_pki(intermediates=(intermediate,))
    with pytest.raises(NotTrusted):
        leads_to(pki.chain, pki.root)


@pytest.mark.parametrize(
    "root",
    [replace(AUTHORITY, ca=False), replace(AUTHORITY, ca=None), replace(AUTHORITY, usages=("crl_sign",))],
    ids=["no authority", "says nothing", "signs no certificates"],
)
def test_only_an_authority_is_an_anchor(root):  # T082
    pki = make_pki(root=root)
    with pytest.raises(NotTrusted):
        leads_to(pki.chain, pki.root)


def test_a_path_is_no_longer_than_its_authority_allows():  # T082
    pki = make_pki(root=replace(AUTHORITY, path_length=0), intermediates=(INTERMEDIATE,))
    with pytest.raises(NotTrusted):
        leads_to(pki.chain, pki.root)
    allowed = make_pki(root=replace(AUTHORITY, path_length=1), intermediates=(INTERMEDIATE,))
    assert leads_to(allowed.chain, allowed.root)


@pytest.mark.parametrize("dns_name", ["elsewhere.example", "issuer.example.evil"])
def test_a_name_outside_the_constraints_is_refused(dns_name):  # T082
    only = x509.NameConstraints(permitted_subtrees=[x509.DNSName("issuer.example")], excluded_subtrees=None)
    constrained = replace(INTERMEDIATE, extensions=((only, True),))
    pki = make_pki(replace(LEAF, dns_names=(dns_name,)), intermediates=(constrained,))
    with pytest.raises(NotTrusted):
        leads_to(pki.chain, pki.root)
    inside = make_pki(replace(LEAF, dns_names=("pid.issuer.example",)), intermediates=(constrained,))
    assert leads_to(inside.chain, inside.root)


@pytest.mark.parametrize("leaf", [{}, {"ca": True}], ids=["leaf", "authority"])
def test_a_self_signed_leaf_is_refused(leaf):  # T049, T083
    alone = self_signed(replace(LEAF, **leaf))
    with pytest.raises(NotTrusted, match="self-signed"):
        leads_to([alone], PKI.root)


def test_a_self_signed_leaf_with_the_anchors_own_key_and_name_is_refused():  # T083
    twin = self_signed(replace(AUTHORITY, ca=False, usages=("digital_signature",)), PKI.root.private_key)
    with pytest.raises(NotTrusted, match="self-signed"):
        leads_to([twin], PKI.root)


def test_a_self_signed_leaf_is_not_trusted_by_being_its_own_anchor():  # T083
    alone = self_signed(LEAF)
    with pytest.raises(NotTrusted, match="anchor itself"):
        leads_to([alone], alone)


def test_an_anchor_inside_the_chain_is_refused():  # T083
    with pytest.raises(NotTrusted, match="anchor itself"):
        leads_to([*PKI.chain, PKI.root], PKI.root)
    with pytest.raises(NotTrusted, match="anchor itself"):
        leads_to(DEEP.chain, DEEP.root, DEEP.chain[1])


def test_another_certificate_of_the_anchors_key_inside_the_chain_is_refused():  # T083
    renewed = self_signed(AUTHORITY, PKI.root.private_key)
    with pytest.raises(NotTrusted, match="do not belong"):
        leads_to([*PKI.chain, renewed], PKI.root)


def test_a_wrong_order_is_refused():  # T084
    pki = make_pki(intermediates=(INTERMEDIATE, replace(INTERMEDIATE, common_name="Second")))
    leaf, second, first = pki.chain
    with pytest.raises(NotTrusted, match="another order"):
        leads_to([leaf, first, second], pki.root)
    with pytest.raises(NotTrusted):
        leads_to([second, leaf, first], pki.root)


def test_a_certificate_that_does_not_belong_is_refused():  # T084
    with pytest.raises(NotTrusted, match="do not belong"):
        leads_to([*PKI.chain, DEEP.chain[1]], PKI.root)


def test_a_missing_intermediate_is_refused():  # T084
    with pytest.raises(NotTrusted):
        leads_to(DEEP.chain[:1], DEEP.root)


def test_many_authorities_of_one_name_are_no_maze():  # T084
    key = ec.generate_private_key(ec.SECP256R1())
    names = [self_signed(INTERMEDIATE, key) for _ in range(MAX_CERTIFICATES - 1)]
    leaf = names[0].issue()
    started = time.process_time()
    with pytest.raises(NotTrusted):
        leads_to([leaf, *names], PKI.root)
    assert time.process_time() - started < BOUNDED


def test_an_authority_signs_no_tokens():
    pki = make_pki(replace(INTERMEDIATE, common_name="Authority", usages=("digital_signature", "key_cert_sign")))
    with pytest.raises(NotTrusted):
        leads_to(pki.chain, pki.root)


@pytest.mark.parametrize("usages", [("key_agreement",), ("key_encipherment",), ("crl_sign",)])
def test_a_leaf_that_may_not_sign_is_refused(usages):
    pki = make_pki(Template(usages=usages))
    with pytest.raises(NotTrusted):
        leads_to(pki.chain, pki.root)


def test_a_critical_extension_that_nobody_knows_is_refused():
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    for leaf, intermediate in [((unknown, True), None), (None, (unknown, True))]:
        pki = make_pki(
            replace(LEAF, extensions=(leaf,) if leaf else ()),
            intermediates=(replace(INTERMEDIATE, extensions=(intermediate,) if intermediate else ()),),
        )
        with pytest.raises(NotTrusted):
            leads_to(pki.chain, pki.root)
    harmless = make_pki(replace(LEAF, extensions=((unknown, False),)))
    assert leads_to(harmless.chain, harmless.root)


def test_a_broken_issuer_name_is_a_broken_certificate():
    issuer = DER.index(b"Root authority")
    with pytest.raises(Malformed):
        Certificate.from_der(DER[:issuer] + b"\xff" + DER[issuer + 1 :])


@pytest.mark.parametrize("bit", [1, 2, 4, 8, 16, 32, 64, 128])
def test_no_flipped_bit_of_a_leaf_is_believed(bit):
    # how many bits of the signature's last byte do not count is outside of what is signed, and the decoder bears a 1
    unused_bits = len(DER) - len(PKI.leaf.x509.signature) - 1
    for position in (*range(unused_bits), *range(unused_bits + 1, len(DER))):
        broken = DER[:position] + bytes((DER[position] ^ bit,)) + DER[position + 1 :]
        with pytest.raises(ProtocolError), quietly():
            verify_chain([Certificate.from_der(broken)], [PKI.root.certificate], now=NOW, at="x5c")


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_no_broken_certificate_escapes_the_error_family(changes):
    der = bytearray(DER)
    for position, value in changes:
        der[position] = value
    with contextlib.suppress(ProtocolError), quietly():
        certificate = Certificate.from_der(bytes(der))
        verify_chain([certificate], [PKI.root.certificate], now=NOW, at="x5c")


def test_a_published_signer_leads_to_its_root():
    root = vector("isomdl-presentation/isomdl_iaca_root_cert.pem")
    signer = vector("isomdl-presentation/isomdl_iaca_signer.pem")
    assert verify_chain([signer], [root], now=at(2024, 6, 1), at="x5c") == root
    with pytest.raises(NotValidNow):
        verify_chain([signer], [root], now=NOW, at="x5c")


def test_a_published_signer_with_a_negative_serial_number_is_refused():  # RFC 5280 §4.1.2.2
    root = vector("isomdl-presentation/owf_multipaz_iaca_p384.pem")
    signer = vector("isomdl-presentation/owf_multipaz_ds_p384.pem")
    assert (root.public_key.alg, signer.public_key.alg) == ("ES384", "ES256")
    with pytest.raises(NotTrusted), quietly():
        verify_chain([signer], [root], now=at(2026, 6, 1), at="x5c")


def test_a_published_signer_that_is_an_authority_is_refused():
    root = vector("isomdl-presentation/isomdl_iaca_root_cert.pem")
    signer = vector("isomdl-presentation/isomdl_incorrect_iaca_signer.pem")
    with pytest.raises(NotTrusted):
        verify_chain([signer], [root], now=at(2024, 6, 1), at="x5c")


def test_a_published_chain_longer_than_its_root_allows_is_refused():  # T082
    root, middle, leaf = (
        vector(f"isomdl-presentation/isomdl_iaca_{name}.pem") for name in ("root_cert", "intermediate", "leaf_signer")
    )
    with pytest.raises(NotTrusted):
        verify_chain([leaf, middle], [root], now=at(2024, 6, 1), at="x5c")


def test_a_published_reader_leads_to_no_issuers_root():
    root = vector("isomdl-presentation/isomdl_iaca_root_cert.pem")
    reader = vector("isomdl-presentation/reader_auth.pem")
    with pytest.raises(NotTrusted):
        verify_chain([reader], [root], now=at(2024, 1, 1), at="x5c")


def test_a_published_authority_signs_no_tokens():
    root = vector("isomdl-vical/aamva_ca_root.pem")
    middle = vector("isomdl-vical/aamva_ca_intermediate.pem")
    with pytest.raises(NotTrusted):
        verify_chain([middle], [root], now=at(2026, 1, 1), at="x5c")


@pytest.mark.parametrize(("size", "alg"), [(256, "ES256"), (384, "ES384"), (521, "ES512")])
def test_published_self_signed_certificates_are_read_and_not_believed(size, alg):  # T083
    alone = vector(f"isomdl-issuance/{size}-cert.pem")
    assert alone.public_key.alg == alg
    for anchors in ([alone], [PKI.root.certificate]):
        with pytest.raises(NotTrusted):
            verify_chain([alone], anchors, now=at(2022, 10, 1), at="x5c")


def test_a_published_self_signed_issuer_is_not_believed():  # T083
    alone = vector("isomdl-issuance/issuer-cert.pem")
    with pytest.raises(NotTrusted):
        verify_chain([alone], [PKI.root.certificate], now=at(2023, 6, 15), at="x5c")
