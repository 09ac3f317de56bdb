"""Trust anchors: whom they vouch for, in which role, for which types, and for how long."""

from dataclasses import replace

import pytest

from protocol.errors import NotTrusted, NotValidNow
from protocol.trust.anchors import MAX_VERDICTS, Role, TrustAnchor, TrustAnchors, TrustedIdentifier
from tests.support.pki import AUTHORITY, DAY, INTERMEDIATE, LEAF, NOW, make_pki

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
    assert (both.types, both.vouched_by) == (frozenset({"a", "b"}), "one")
    assert trust(TrustAnchors([anchor("one", "a"), anchor("all")])).types == frozenset()


def test_another_authoritys_types_do_not_rub_off():  # T186
    other = make_pki()
    anchors = TrustAnchors(
        [
            TrustAnchor(other.root.certificate, Role.ISSUER, "everything"),
            TrustAnchor(ROOT, Role.ISSUER, "PID authority", frozenset({PID})),
        ]
    )
    assert trust(anchors).types == frozenset({PID})


def test_an_identifier_stands_for_its_party():
    party = TrustAnchors(identifiers=[ISSUER]).identified("https://issuer.example", role=Role.ISSUER)
    assert (party.name, party.subject, party.types) == ("Registry", "https://issuer.example", frozenset({PID}))
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
