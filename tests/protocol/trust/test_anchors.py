"""Trust anchors: whom they vouch for, in which role, for which types, and for how long."""

import binascii
from dataclasses import replace

import pytest
from cryptography import x509

from protocol.errors import NotTrusted, NotValidNow, ProtocolError
from protocol.trust.anchors import (
    MAX_VERDICTS,
    Entitlement,
    Identity,
    Role,
    TrustAnchor,
    TrustAnchors,
    TrustedIdentifier,
)
from protocol.x509 import Certificate
from tests.support.pki import AUTHORITY, DAY, INTERMEDIATE, LEAF, NOW, make_pki, self_signed

PKI = make_pki(
    replace(LEAF, organization="Bundesdruckerei", dns_names=("issuer.example",), uris=("https://issuer.example/pid",)),
    intermediates=(INTERMEDIATE,),
)
ROOT = PKI.root.certificate
PID = "urn:eudi:pid:1"
ISSUER = TrustedIdentifier("https://issuer.example", Role.ISSUER, "Registry", frozenset({PID}))


def trust(anchors, *, role=Role.ISSUER, now=NOW, chain=PKI.certificates):
    return anchors.chain(chain, role=role, now=now, at="credential")


def test_a_party_is_named_by_its_leaf_and_vouched_for_by_its_anchor():
    party = trust(PKI.anchors)
    assert (party.name, party.vouched_by) == ("Bundesdruckerei", "Test authority")
    assert party.subject == PKI.leaf.certificate.subject
    assert (party.dns_names, party.uris) == (("issuer.example",), ("https://issuer.example/pid",))
    assert party.chain == PKI.certificates


def test_every_authority_above_a_party_can_be_asked_for():
    party = trust(PKI.anchors)
    middle = PKI.chain[1].certificate
    assert party.authority_key_ids == (middle.key_id, ROOT.key_id)
    assert PKI.leaf.certificate.key_id not in party.authority_key_ids


def test_without_key_identifiers_no_authority_can_be_asked_for():
    pki = make_pki(replace(LEAF, key_ids=False), root=replace(AUTHORITY, key_ids=False))
    assert trust(pki.anchors, chain=pki.certificates).authority_key_ids == ()


def test_an_anchor_of_one_role_is_nothing_in_another():  # T089
    anchors = TrustAnchors([TrustAnchor(ROOT, Role.VERIFIER, "Access authority")])
    assert trust(anchors, role=Role.VERIFIER).vouched_by == "Access authority"
    with pytest.raises(NotTrusted):
        trust(anchors, role=Role.ISSUER)


def test_a_verdict_of_one_role_is_none_in_another():  # T089
    anchors = PKI.anchors
    trust(anchors)
    with pytest.raises(NotTrusted):
        trust(anchors, role=Role.VERIFIER)


def test_nobody_is_trusted_without_anchors():
    with pytest.raises(NotTrusted):
        trust(TrustAnchors())
    with pytest.raises(NotTrusted):
        TrustAnchors().identified("https://issuer.example", role=Role.ISSUER)


def test_a_chain_of_another_authority_is_refused():
    with pytest.raises(NotTrusted):
        trust(make_pki().anchors)


def test_a_removed_anchor_is_gone_from_the_next_set():  # T090
    before = PKI.anchors
    assert trust(before)
    after = TrustAnchors([anchor for anchor in before.anchors if anchor.certificate != ROOT])
    with pytest.raises(NotTrusted):
        trust(after)


def test_a_remembered_verdict_is_given_again():
    anchors = PKI.anchors
    assert trust(anchors) is trust(anchors)


def test_a_remembered_verdict_ends_with_the_first_certificate_that_ends():  # T081
    pki = make_pki(intermediates=(replace(INTERMEDIATE, not_before=NOW - 5, not_after=NOW + 5),))
    anchors = pki.anchors
    assert trust(anchors, chain=pki.certificates)
    assert trust(anchors, chain=pki.certificates, now=NOW + 4)
    for now in (NOW - 6, NOW + 5):
        with pytest.raises(NotValidNow):
            trust(anchors, chain=pki.certificates, now=now)


@pytest.mark.parametrize("remembered", [False, True])
def test_an_anchor_vouches_only_in_its_time(remembered):  # T081
    pki = make_pki(root=replace(AUTHORITY, not_before=NOW - 5, not_after=NOW + 5))
    anchors = pki.anchors
    if remembered:
        trust(anchors, chain=pki.certificates)
    with pytest.raises(NotValidNow, match="authority is outside its time"):
        trust(anchors, chain=pki.certificates, now=NOW + 5)
    for now in (NOW - 6, NOW + 6):
        with pytest.raises((NotValidNow, NotTrusted)):
            trust(anchors, chain=pki.certificates, now=now)


def test_another_chain_of_the_same_leaf_is_judged_anew():
    anchors = PKI.anchors
    trust(anchors)
    with pytest.raises(NotTrusted):
        trust(anchors, chain=PKI.certificates[:1])
    with pytest.raises(NotTrusted):
        trust(anchors, chain=(*PKI.certificates, make_pki().leaf.certificate))


def test_a_refusal_is_not_remembered():
    anchors = PKI.anchors
    with pytest.raises(NotValidNow):
        trust(anchors, now=NOW + 400 * DAY)
    assert trust(anchors)


def test_what_is_remembered_is_bounded(monkeypatch):
    assert MAX_VERDICTS == 1024
    monkeypatch.setattr("protocol.trust.anchors.MAX_VERDICTS", 2)
    anchors = PKI.anchors
    middle = PKI.chain[1]
    for _ in range(4):
        trust(anchors, chain=(middle.issue().certificate, middle.certificate))
    assert len(anchors._verdicts) == 2


def test_an_issuer_is_entitled_to_the_types_of_its_anchor():  # T186
    anchors = TrustAnchors([TrustAnchor(ROOT, Role.ISSUER, "PID authority", frozenset({PID}))])
    party = trust(anchors)
    party.check_entitled(PID, "credential")
    for other in ("urn:eudi:diploma:1", PID.upper(), PID + ":de", ""):
        with pytest.raises(NotTrusted, match="not entitled"):
            party.check_entitled(other, "credential")


def test_an_anchor_without_types_entitles_to_every_type():
    trust(PKI.anchors).check_entitled("urn:anything", "credential")


def test_an_authority_in_several_anchors_entitles_to_what_any_of_them_does():
    def anchor(name, *types, role=Role.ISSUER):
        return TrustAnchor(ROOT, role, name, frozenset(types))

    both = trust(TrustAnchors([anchor("one", "a"), anchor("two", "b"), anchor("other", role=Role.VERIFIER)]))
    assert both.vouched_by == "one"
    assert [both.is_entitled(kind) for kind in ("a", "b", "c")] == [True, True, False]
    assert trust(TrustAnchors([anchor("one", "a"), anchor("all")])).is_entitled("c")


def test_another_authoritys_types_do_not_rub_off():  # T186
    other = make_pki()
    anchors = TrustAnchors(
        [
            TrustAnchor(other.root.certificate, Role.ISSUER, "everything"),
            TrustAnchor(ROOT, Role.ISSUER, "PID authority", frozenset({PID})),
        ]
    )
    assert trust(anchors).entitlements == (Entitlement(frozenset({PID})),)


@pytest.mark.parametrize(
    ("identity", "of_pid", "of_others"),
    [(Identity.ALLOWED, True, True), (Identity.ALONE, True, False), (Identity.NEVER, False, True)],
)
def test_identity_data_is_for_those_on_its_own_list(identity, of_pid, of_others):
    """T186: a list that names no types says that much by what it is."""
    party = trust(TrustAnchors([TrustAnchor(ROOT, Role.ISSUER, "List", identity=identity)]))
    assert party.is_entitled("urn:eudi:pid:1") is of_pid
    assert party.is_entitled("urn:eudi:pid:de:1") is of_pid
    assert party.is_entitled("eu.europa.ec.eudi.pid.1") is of_pid
    assert party.is_entitled("urn:eudi:diploma:1") is of_others
    assert party.is_entitled("org.iso.18013.5.1.mDL") is of_others


def test_who_stands_on_two_lists_may_what_each_allows_and_no_mixture():
    cards = TrustAnchor(ROOT, Role.ISSUER, "Cards", frozenset({"urn:eudi:pid:1"}), Identity.ALONE)
    others = TrustAnchor(ROOT, Role.ISSUER, "Others", identity=Identity.NEVER)
    party = trust(TrustAnchors([cards, others]))
    assert party.is_entitled("urn:eudi:pid:1")
    assert not party.is_entitled("urn:eudi:pid:de:1")
    assert party.is_entitled("urn:eudi:diploma:1")


def test_an_identifier_stands_for_its_party():
    party = TrustAnchors(identifiers=[ISSUER]).identified("https://issuer.example", role=Role.ISSUER)
    assert (party.name, party.subject) == ("Registry", "https://issuer.example")
    assert party.entitlements == (Entitlement(frozenset({PID})),)
    assert (party.chain, party.dns_names, party.authority_key_ids) == ((), (), ())


@pytest.mark.parametrize(
    "identifier",
    ["https://issuer.example/", "https://ISSUER.example", "https://issuer.example/a", "http://issuer.example", ""],
)
def test_an_identifier_is_compared_exactly(identifier):
    with pytest.raises(NotTrusted):
        TrustAnchors(identifiers=[ISSUER]).identified(identifier, role=Role.ISSUER)


def test_an_identifier_of_one_role_is_nothing_in_another():  # T089
    with pytest.raises(NotTrusted):
        TrustAnchors(identifiers=[ISSUER]).identified(ISSUER.identifier, role=Role.VERIFIER)


ALONE = make_pki(replace(LEAF, organization="Town"))
SIGNER = ALONE.leaf.certificate  # stands on a list itself; who issued it does not


def listed(certificate=SIGNER, name="List", *types, role=Role.ISSUER):
    return TrustAnchor(certificate, role, name, frozenset(types))


def test_a_signers_own_certificate_vouches_for_itself():
    party = trust(TrustAnchors([listed(SIGNER, "List", PID)]), chain=(SIGNER,))
    assert (party.name, party.vouched_by) == ("Town", "List")
    assert party.entitlements == (Entitlement(frozenset({PID})),)
    assert (party.chain, party.anchor) == ((SIGNER,), SIGNER)


def test_a_signers_own_certificate_vouches_for_nobody_else():  # T082
    """Neither for a certificate that its key signed, nor for another one of the same key, name or issuer."""
    anchors = TrustAnchors([listed()])
    below = ALONE.leaf.issue(replace(LEAF, common_name="Forged")).certificate
    authority = ALONE.leaf.issue(replace(INTERMEDIATE, common_name="Forged authority"))
    same_key = ALONE.root.issue(replace(LEAF, organization="Town"), ALONE.leaf.private_key).certificate
    sibling = ALONE.root.issue(replace(LEAF, organization="Town")).certificate
    for chain in [
        (below,),
        (below, SIGNER),
        (authority.certificate,),
        (authority.issue().certificate, authority.certificate),
        (authority.issue().certificate, authority.certificate, SIGNER),
        (same_key,),
        (sibling,),
        (sibling, SIGNER),
    ]:
        with pytest.raises(NotTrusted):
            trust(anchors, chain=chain)


def test_a_signers_own_certificate_counts_in_its_role_and_time():  # T081, T089
    short = make_pki(replace(LEAF, not_before=NOW, not_after=NOW + 10)).leaf.certificate
    anchors = TrustAnchors([listed(short, role=Role.WALLET_PROVIDER)])
    assert trust(anchors, chain=(short,), role=Role.WALLET_PROVIDER, now=NOW + 9)
    with pytest.raises(NotTrusted):
        trust(anchors, chain=(short,), now=NOW)
    for now in (NOW - 1, NOW + 10):
        with pytest.raises(NotValidNow):
            trust(anchors, chain=(short,), role=Role.WALLET_PROVIDER, now=now)


def test_an_authority_on_a_list_is_no_signer():  # T082, T083
    root = ALONE.root.certificate
    with pytest.raises(NotTrusted, match="must not hold the trust anchor"):
        trust(TrustAnchors([listed(root)]), chain=(root,))
    middle = PKI.chain[1].certificate
    with pytest.raises(NotTrusted, match="must not hold the trust anchor"):
        trust(TrustAnchors([listed(middle)]), chain=(middle,))


@pytest.mark.parametrize("ca", [False, None])
def test_a_self_signed_signer_on_a_list_vouches_for_nobody(ca):  # T083: HAIP 1.0 §6.1.1
    alone = self_signed(replace(LEAF, ca=ca)).certificate
    with pytest.raises(NotTrusted, match="self-signed"):
        trust(TrustAnchors([listed(alone)]), chain=(alone,))


def test_a_signer_on_a_list_must_be_one_that_signs_data():
    other = make_pki(replace(LEAF, usages=("key_agreement",))).leaf.certificate
    with pytest.raises(NotTrusted, match="may not sign data"):
        trust(TrustAnchors([listed(other)]), chain=(other,))


def test_what_is_sent_with_a_listed_signer_must_belong_to_it_and_becomes_nobodys_trust():  # T084
    leaf, middle = PKI.certificates
    anchors = TrustAnchors([listed(leaf)])
    party = trust(anchors)
    assert (party.chain, party.anchor, party.authority_key_ids) == ((leaf,), leaf, (middle.key_id,))
    stranger = make_pki(intermediates=(INTERMEDIATE,)).certificates[1]
    for rest in [(stranger,), (middle, stranger), (ROOT, middle)]:
        with pytest.raises(NotTrusted):
            trust(anchors, chain=(leaf, *rest))
    sibling = PKI.chain[1].issue().certificate
    with pytest.raises(NotTrusted):
        trust(anchors, chain=(sibling, middle))


def test_an_authority_that_is_trusted_is_not_sent_beside_a_listed_signer():  # T083
    with pytest.raises(NotTrusted, match="must not hold the trust anchor"):
        trust(TrustAnchors([ALONE.anchor, listed()]), chain=(SIGNER, ALONE.root.certificate))


def test_who_stands_on_a_list_and_below_an_authority_may_what_either_allows():
    """What one list says of somebody takes nothing away that another one gives them."""
    authority = TrustAnchor(ALONE.root.certificate, Role.ISSUER, "Authority", frozenset({"a"}))
    party = trust(TrustAnchors([listed(SIGNER, "List", "b"), authority]), chain=(SIGNER,))
    assert party.vouched_by == "Authority"
    assert [party.is_entitled(kind) for kind in ("a", "b", "c")] == [True, True, False]
    assert (party.chain, party.anchor) == ((SIGNER,), ALONE.root.certificate)


def test_a_listed_signer_outlives_the_trust_in_its_authority():
    old = make_pki(root=replace(AUTHORITY, not_after=NOW - 1))
    leaf = old.leaf.certificate
    party = trust(TrustAnchors([old.anchor, listed(leaf)]), chain=(leaf,))
    assert (party.vouched_by, party.anchor) == ("List", leaf)


def test_a_listed_signer_that_was_taken_off_is_trusted_no_more():  # T090
    anchors = TrustAnchors([listed()])
    assert trust(anchors, chain=(SIGNER,)) is trust(anchors, chain=(SIGNER,))
    with pytest.raises(NotTrusted):
        trust(TrustAnchors([listed(role=Role.VERIFIER)]), chain=(SIGNER,))


def test_a_listed_certificate_that_cannot_be_read_takes_nobody_else_down():
    names = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x05AB")
    broken = self_signed(replace(AUTHORITY, extensions=((names, False),)))
    text = binascii.b2a_base64(broken.der, newline=False).decode()
    anchors = TrustAnchors([listed(Certificate.from_list(text, "list")), PKI.anchor])
    assert trust(anchors)
    with pytest.raises(ProtocolError):
        trust(anchors, chain=(broken.issue().certificate,))


def test_nobody_without_a_certificate_is_trusted():
    with pytest.raises(NotTrusted):
        trust(PKI.anchors, chain=())
