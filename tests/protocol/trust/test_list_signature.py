from dataclasses import replace

import pytest

from protocol.encoding import JsonObject, encode_base64url, encode_json, sha256
from protocol.errors import Flaw, Malformed, NotAuthentic, NotTrusted, NotValidNow, RolledBack, TooLarge
from protocol.jws import Jws, sign_jws
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.trust.list_signature import (
    CLOCK_SKEW,
    LONGEST,
    MAX_LIST,
    ExpectedList,
    SeenList,
    anchors_of,
    sign_list,
    verify_list,
)
from protocol.trust.list_types import EAA_ISSUANCE, PROFILES, ListType
from protocol.trust.localized import Localized
from tests.protocol.trust.lists import FULL, LIST, OPERATOR, PROVIDER, a_list, entity, service, texts
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key, self_signed

X5C = (OPERATOR.certificate.to_x5c(),)
EXPECTED = ExpectedList(ListType.WALLET_PROVIDERS, (OPERATOR.certificate,))
EXPECTED_PID = replace(EXPECTED, type=ListType.PID_PROVIDERS)
HEADER: JsonObject = {"iat": NOW, "x5c": list(X5C), "x5t#S256": encode_base64url(sha256(OPERATOR.der))}


def signed(trusted=LIST, *, signer=OPERATOR.signer, header=()):
    """A list as an honest operator publishes it, but for some changes; `...` leaves a member of the header out."""
    head = {name: value for name, value in {**HEADER, **dict(header)}.items() if value is not ...}
    return sign_jws(head, encode_json(trusted.to_dict()), signer)


def verify(text, expected=EXPECTED, *, now=NOW):
    return verify_list(text, expected, now=now)


def test_what_an_operator_signs_is_what_is_read():
    text = sign_list(FULL, OPERATOR.signer, X5C, signed_at=NOW)
    found = verify(text)
    assert (found.says, found.signer) == (FULL, OPERATOR.certificate)
    assert found.seen == SeenList(7, sha256(text.encode()))
    assert Jws.from_compact(text, "list").header.members == {"alg": "ES256", **HEADER}


def test_one_of_several_signers_is_enough():
    other = self_signed(Template(ca=False))
    expected = replace(EXPECTED, signers=(other.certificate, OPERATOR.certificate))
    assert verify(signed(), expected).signer == OPERATOR.certificate


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(signed(signer=seeded_key(9)), NotAuthentic, id="T087 bad signature"),
        pytest.param(signed(header={"x5c": ...}), NotTrusted, id="T087 no certificate"),
        pytest.param(signed(header={"x5c": ..., "kid": "1"}), NotTrusted, id="T087 key by name"),
        pytest.param(
            signed(signer=PROVIDER.signer, header={"x5c": [PROVIDER.certificate.to_x5c()]}),
            NotTrusted,
            id="T087 signed by somebody else",
        ),
        pytest.param(signed(header={"alg": "none"}), Flaw, id="T001 none"),
        pytest.param(signed(header={"alg": "HS256"}), Flaw, id="T002 HS256"),
        pytest.param(signed(header={"iat": NOW + CLOCK_SKEW + 1}), NotValidNow, id="signed in the future"),
        pytest.param(signed(header={"iat": "now"}), Malformed, id="T017 time that is a text"),
        pytest.param(signed(replace(LIST, type=ListType.PID_PROVIDERS)), NotAuthentic, id="T087 wrong type"),
        pytest.param(signed(replace(LIST, issued_at=NOW + CLOCK_SKEW + 1)), NotValidNow, id="issued in the future"),
        pytest.param(signed(replace(LIST, next_update=NOW)), NotValidNow, id="T087 past its next update"),
        pytest.param(
            signed(replace(LIST, next_update=NOW + LONGEST + 1)), NotValidNow, id="T087 holds for more than six months"
        ),
        pytest.param(sign_jws(HEADER, b"{}", OPERATOR.signer), Malformed, id="no list"),
        pytest.param(sign_jws(HEADER, b"[]", OPERATOR.signer), Malformed, id="no object"),
        pytest.param(encode_json(LIST.to_dict()).decode(), Flaw, id="T087 unsigned"),
        pytest.param("", Flaw, id="empty"),
        pytest.param("." * (MAX_LIST + 1), TooLarge, id="endless"),
    ],
)
def test_a_list_that_does_not_hold_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify(text)


def test_a_chain_to_a_known_signer_is_not_the_signer():
    """Who could make certificates below the operator's could otherwise sign lists."""
    pki = make_pki()
    text = sign_list(LIST, pki.signer, pki.x5c, signed_at=NOW)
    with pytest.raises(NotTrusted):
        verify(text, replace(EXPECTED, signers=(pki.root.certificate,)))


def test_a_list_holds_until_its_next_update():
    assert verify(signed(), now=NOW + 30 * DAY - 1)
    assert verify(signed(replace(LIST, next_update=NOW + LONGEST)))
    assert verify(signed(replace(LIST, issued_at=NOW + CLOCK_SKEW)))
    assert verify(signed(header={"iat": NOW + CLOCK_SKEW}))
    assert verify(signed(header={"iat": ...}))


def test_the_signers_certificate_counts_from_its_first_second():
    trusted = replace(LIST, issued_at=NOW - DAY, next_update=NOW)
    assert verify(signed(trusted, header={"iat": NOW - DAY}), now=NOW - DAY)


@pytest.mark.parametrize("moment", [NOW - DAY - 1, NOW + 365 * DAY])
def test_the_signers_certificate_has_its_time(moment):
    trusted = replace(LIST, issued_at=moment, next_update=moment + DAY)
    with pytest.raises(NotValidNow, match="certificate"):
        verify(signed(trusted, header={"iat": moment}), now=moment)


@pytest.mark.parametrize("seen", [None, SeenList(6, b"")])
def test_a_newer_list_takes_the_place_of_an_older_one(seen):
    assert verify(signed(), replace(EXPECTED, seen=seen)).seen.sequence_number == 7


def test_the_same_list_may_come_again():
    text = signed()
    assert verify(text, replace(EXPECTED, seen=verify(text).seen))


@pytest.mark.parametrize("number", [7, 8, 1000])
def test_an_older_list_never_takes_the_place_of_a_newer_one(number):  # T088
    with pytest.raises(RolledBack):
        verify(signed(), replace(EXPECTED, seen=SeenList(number, sha256(b"another"))))


def test_a_list_makes_anchors_of_its_own_role():  # T089
    roles = {
        ListType.PID_PROVIDERS: Role.ISSUER,
        ListType.PUB_EAA_PROVIDERS: Role.ISSUER,
        ListType.WALLET_PROVIDERS: Role.WALLET_PROVIDER,
        ListType.ACCESS_CERTIFICATE_PROVIDERS: Role.VERIFIER,
        ListType.REGISTRATION_CERTIFICATE_PROVIDERS: Role.REGISTRATION_PROVIDER,
    }
    for list_type, role in roles.items():
        (anchor,) = anchors_of(a_list(list_type, entity(service(list_type, PROVIDER.certificate))))
        assert (anchor.certificate, anchor.role, anchor.name) == (PROVIDER.certificate, role, "Town")
    registers = a_list(ListType.REGISTRARS, entity(service(ListType.REGISTRARS, PROVIDER.certificate)))
    assert anchors_of(registers) == ()
    assert anchors_of(replace(registers, type="https://example.org/own")) == ()


@pytest.mark.parametrize(
    ("list_type", "changes"),
    [
        pytest.param(
            ListType.WALLET_PROVIDERS,
            {"type": "http://uri.etsi.org/19602/SvcType/WalletSolution/Revocation"},
            id="T089 another kind of service",
        ),
        pytest.param(
            ListType.WALLET_PROVIDERS,
            {"type": "http://uri.etsi.org/19602/SvcType/PID/Issuance"},
            id="T089 a service of another list",
        ),
        pytest.param(
            ListType.WALLET_PROVIDERS,
            {"status": "http://uri.etsi.org/19602/PubEAAProvidersList/SvcStatus/withdrawn"},
            id="T089 a status where there is none",
        ),
        pytest.param(
            ListType.PUB_EAA_PROVIDERS,
            {"status": "http://uri.etsi.org/19602/PubEAAProvidersList/SvcStatus/withdrawn"},
            id="T089 withdrawn",
        ),
        pytest.param(ListType.PUB_EAA_PROVIDERS, {"status": None}, id="T089 never notified"),
    ],
)
def test_a_service_that_is_not_in_force_makes_no_anchor(list_type, changes):
    assert anchors_of(a_list(list_type, entity(service(list_type, PROVIDER.certificate, **changes)))) == ()


def test_a_list_of_one_kind_of_service_need_not_name_it():
    trusted = a_list(
        ListType.WALLET_PROVIDERS, entity(service(ListType.WALLET_PROVIDERS, PROVIDER.certificate, type=None))
    )
    assert len(anchors_of(trusted)) == 1


def test_types_come_from_the_reader():
    trusted = a_list(ListType.PID_PROVIDERS, entity(service(ListType.PID_PROVIDERS, PROVIDER.certificate)))
    (anchor,) = anchors_of(trusted, types=["urn:eudi:pid:1"])
    assert (anchor.name, anchor.types) == ("Town", frozenset(["urn:eudi:pid:1"]))


@pytest.mark.parametrize(
    ("by", "by_names", "language", "read"),
    [
        ("", (), "de", "Stadt"),
        ("", (), "en", "Town"),
        ("", (), "fr", "Town"),
        ("State", (), "de", "Stadt (State)"),
        ("State", texts("State", "Staat"), "de", "Stadt (Staat)"),
        ("State", texts("State", "Staat"), "en", "Town (State)"),
        ("State", (Localized("fr", "État"),), "fr", "Town (État)"),
        ("Town", texts("Town", "Stadt"), "de", "Stadt"),
    ],
    ids=["German", "English", "neither", "list has one name", "both German", "both English", "list alone", "same name"],
)
def test_who_vouches_is_read_in_ones_language_and_compared_by_one_name(by, by_names, language, read):
    pki = make_pki()
    trusted = a_list(ListType.PID_PROVIDERS, entity(service(ListType.PID_PROVIDERS, pki.root.certificate)))
    anchors = TrustAnchors(anchors_of(trusted, by=by, by_names=by_names))
    party = anchors.chain(pki.certificates, role=Role.ISSUER, now=NOW, at="x5c")
    assert party.voucher(language) == read
    assert party.vouched_by == ("Town (State)" if by == "State" else "Town")


def test_who_has_one_name_has_it_in_every_language():
    pki = make_pki()
    anchors = TrustAnchors([TrustAnchor(pki.root.certificate, Role.ISSUER, "The ministry")])
    assert anchors.chain(pki.certificates, role=Role.ISSUER, now=NOW, at="x5c").voucher("de") == "The ministry"


@pytest.mark.parametrize(
    ("list_type", "identity_cards", "others"),
    [(ListType.PID_PROVIDERS, True, False), (ListType.PUB_EAA_PROVIDERS, False, True)],
    ids=["PID providers", "PuB-EAA providers"],
)
def test_a_list_that_names_no_types_says_by_its_kind_who_may_issue_identity_cards(list_type, identity_cards, others):
    """T089, T186: lists of others say no types; who may issue attestations is believed for no identity card."""
    pki = make_pki()
    trusted = a_list(list_type, entity(service(list_type, pki.root.certificate, status=PROFILES[list_type].notified)))
    party = TrustAnchors(anchors_of(trusted)).chain(pki.certificates, role=Role.ISSUER, now=NOW, at="x5c")
    for kind in ("urn:eudi:pid:1", "urn:eudi:pid:de:1"):
        assert party.is_entitled(kind) is identity_cards
    assert party.is_entitled("urn:example:diploma:1") is others


def test_whom_a_list_names_is_believed_and_nobody_else():
    pki = make_pki(role=Role.WALLET_PROVIDER)
    trusted = a_list(ListType.WALLET_PROVIDERS, entity(service(ListType.WALLET_PROVIDERS, pki.root.certificate)))
    anchors = TrustAnchors(anchors_of(verify(signed(trusted)).says))
    party = anchors.chain(pki.certificates, role=Role.WALLET_PROVIDER, now=NOW, at="x5c")
    assert party.vouched_by == "Town"
    with pytest.raises(NotTrusted):
        anchors.chain(make_pki().certificates, role=Role.WALLET_PROVIDER, now=NOW, at="x5c")


def sector(*services, **changes):
    return a_list(ListType.SECTOR, entity(*services), **changes)


def of_sector(service_type, *types, **changes):
    return service(ListType.SECTOR, PROVIDER.certificate, type=service_type, credential_types=types, **changes)


ACCESS = "http://uri.etsi.org/19602/SvcType/WRPAC/Issuance"
REGISTRATION = "http://uri.etsi.org/19602/SvcType/WRPRC/Issuance"
DIPLOMA = "urn:hoheit:diploma:1"


def test_each_kind_of_service_of_a_sector_has_its_own_role():  # T089
    trusted = sector(of_sector(EAA_ISSUANCE, DIPLOMA), of_sector(ACCESS), of_sector(REGISTRATION))
    assert [(anchor.role, anchor.types) for anchor in anchors_of(trusted, by="Education")] == [
        (Role.ISSUER, frozenset({DIPLOMA})),
        (Role.VERIFIER, frozenset()),
        (Role.REGISTRATION_PROVIDER, frozenset()),
    ]


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(of_sector(EAA_ISSUANCE), id="T186 an issuer of everything"),
        pytest.param(of_sector(EAA_ISSUANCE, "urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1"), id="T186 an issuer of PID"),
        pytest.param(of_sector(None, DIPLOMA), id="T089 a service of no kind"),
        pytest.param(of_sector("http://uri.etsi.org/19602/SvcType/PID/Issuance", DIPLOMA), id="T089 of another list"),
        pytest.param(of_sector("http://uri.etsi.org/TrstSvc/Svctype/EAA/Q", DIPLOMA), id="T089 qualified"),
        pytest.param(of_sector("http://uri.etsi.org/19602/SvcType/WRPAC/Revocation"), id="T089 no issuance"),
        pytest.param(of_sector(ACCESS, status="withdrawn"), id="T089 a status where there is none"),
    ],
)
def test_a_sector_gives_nothing_that_is_not_its_own(one):
    assert anchors_of(sector(one)) == ()


def test_a_sectors_issuer_keeps_what_is_not_person_identification_data():
    (anchor,) = anchors_of(sector(of_sector(EAA_ISSUANCE, "urn:eudi:pid:1", DIPLOMA)))
    assert anchor.types == frozenset({DIPLOMA})


@pytest.mark.parametrize(
    ("named", "allowed", "entitled"),
    [
        ((), (), [frozenset()]),
        (("a",), (), [frozenset("a")]),
        ((), ("a",), [frozenset("a")]),
        (("a", "b"), ("b", "c"), [frozenset("b")]),
        (("a",), ("b",), []),
    ],
)
def test_an_issuer_may_what_its_service_and_the_reader_allow(named, allowed, entitled):  # T186
    """Where they have nothing in common there is no anchor: no types would be every type."""
    issuing = service(ListType.PID_PROVIDERS, PROVIDER.certificate, credential_types=named)
    trusted = verify(signed(a_list(ListType.PID_PROVIDERS, entity(issuing))), EXPECTED_PID).says
    assert [anchor.types for anchor in anchors_of(trusted, types=allowed)] == entitled


def test_types_are_of_issuers_alone():
    verifiers = a_list(
        ListType.ACCESS_CERTIFICATE_PROVIDERS,
        entity(service(ListType.ACCESS_CERTIFICATE_PROVIDERS, OPERATOR.certificate)),
    )
    (anchor,) = anchors_of(verifiers, types=["a"])
    assert anchor.types == frozenset()


def test_nobody_on_one_list_has_the_name_of_somebody_on_another():
    trusted = a_list(ListType.PID_PROVIDERS, entity(service(ListType.PID_PROVIDERS, PROVIDER.certificate)))
    assert [anchors_of(trusted, by=name)[0].name for name in ("State", "Education")] == [
        "Town (State)",
        "Town (Education)",
    ]
