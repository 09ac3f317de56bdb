"""What a trusted list in XML says, and whom that makes trusted."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, NotAuthentic, NotValidNow, ProtocolError, RolledBack, TooLarge, Unsupported
from protocol.trust.anchors import Identity, Role
from protocol.trust.list_signature import ExpectedList, SeenList, anchors_of
from protocol.trust.list_types import (
    EAA_ISSUANCE,
    GRANTED,
    PUB_EAA_ISSUANCE,
    QUALIFIED_EAA_ISSUANCE,
    RECOGNISED,
    ListType,
)
from protocol.trust.localized import Localized
from runtime.trust_lists.xml import reading
from runtime.trust_lists.xml.verifying import verify_xml_list
from tests.runtime.trust_lists.xml.lists import (
    LIST,
    OPERATOR,
    UNIVERSITY,
    a_list,
    extension,
    pointer,
    provider,
    service,
    sign,
    time,
)
from tests.support.pki import DAY, NOW, make_pki

SCHOOL = make_pki()
STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
SIGNED = sign(LIST)


def verify(raw, *, list_type=ListType.TRUSTED_LIST, seen=None, now=NOW):
    return verify_xml_list(raw, ExpectedList(list_type, (OPERATOR.certificate,), seen), now=now)


def says(text, **expected):
    return verify(sign(text), **expected).says


def anchors(*services):
    return anchors_of(says(a_list(provider(*services))), by="Germany")


def one(**changes):
    return service(UNIVERSITY.root.certificate, **changes)


def test_what_a_list_says_of_itself_is_read():
    found = says(LIST)
    assert (found.type, found.sequence_number, found.territory) == (ListType.TRUSTED_LIST, 7, "DE")
    assert (found.issued_at, found.next_update) == (NOW, NOW + 30 * DAY)
    assert found.operator == (Localized("en", "The agency"), Localized("de", "The agency (de)"))
    assert found.name[0] == Localized("en", "DE:Trusted list")


def test_providers_of_qualified_attestations_are_issuers():
    """Each under its own name, with the list's behind; and of person identification data none may be one (T186)."""
    [anchor] = anchors(one())
    assert anchor.certificate == UNIVERSITY.root.certificate
    assert (anchor.role, anchor.name, anchor.identity) == (Role.ISSUER, "Trust Services (Germany)", Identity.NEVER)
    assert anchor.entitlement.covers("urn:example:diploma")
    assert not anchor.entitlement.covers("urn:eudi:pid:1")


def test_public_bodies_are_issuers_where_they_are_recognised():
    [anchor] = anchors(one(kind=PUB_EAA_ISSUANCE, status=RECOGNISED))
    assert (anchor.role, anchor.identity) == (Role.ISSUER, Identity.NEVER)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (QUALIFIED_EAA_ISSUANCE, f"{STATUS}withdrawn"),
        (QUALIFIED_EAA_ISSUANCE, RECOGNISED),
        (QUALIFIED_EAA_ISSUANCE, f"{STATUS}undersupervision"),
        (QUALIFIED_EAA_ISSUANCE, f"{GRANTED}/x"),
        (PUB_EAA_ISSUANCE, GRANTED),
        (PUB_EAA_ISSUANCE, f"{STATUS}deprecatedatnationallevel"),
        (EAA_ISSUANCE, RECOGNISED),
        (EAA_ISSUANCE, GRANTED),
        ("http://uri.etsi.org/TrstSvc/Svctype/CA/QC", GRANTED),
        ("http://uri.etsi.org/TrstSvc/Svctype/TLIssuer", GRANTED),
        ("http://uri.etsi.org/19602/SvcType/PID/Issuance", GRANTED),
    ],
)
def test_every_other_kind_and_status_makes_nobody_trusted(kind, status):
    """T089: withdrawn, or granted for something else."""
    assert anchors(one(kind=kind, status=status)) == ()


def test_one_service_that_is_withdrawn_takes_no_other_with_it():
    """T089"""
    found = anchors(one(status=f"{STATUS}withdrawn"), service(SCHOOL.root.certificate))
    assert [anchor.certificate for anchor in found] == [SCHOOL.root.certificate]


def test_what_was_once_counts_for_nothing():
    """T089: a service that was granted before it was withdrawn."""
    history = f"<ServiceHistory>{one().replace('TSPService>', 'ServiceHistoryInstance>')}</ServiceHistory>"
    assert anchors(one(status=f"{STATUS}withdrawn", history=history)) == ()


def test_a_service_without_certificates_makes_nobody_trusted():
    assert anchors(service()) == ()


QUALIFICATIONS = '<s:Qualifications xmlns:s="http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"/>'
TAKEN_OVER = '<x:TakenOverBy xmlns:x="http://uri.etsi.org/02231/v2/additionaltypes#"/>'


@pytest.mark.parametrize("content", ["<AdditionalServiceInformation/>", QUALIFICATIONS, TAKEN_OVER])
def test_a_service_with_an_extension_that_must_be_understood_counts_for_nothing(content):
    """Clause 5.5.9: nor does it take others with it, because these extensions are known."""
    found = anchors(one(extensions=extension(content)), service(SCHOOL.root.certificate))
    assert [anchor.certificate for anchor in found] == [SCHOOL.root.certificate]
    assert len(anchors(one(extensions=extension(content, critical="false")))) == 1


def test_an_unknown_extension_that_must_be_understood_is_the_end_of_the_list():
    """Annex B.0: wherever it stands."""
    other = service(kind="http://uri.etsi.org/TrstSvc/Svctype/CA/QC", extensions=extension("<New/>"))
    with pytest.raises(Unsupported, match="must be understood"):
        anchors(one(), other)
    scheme = '<SchemeExtensions><Extension Critical="1"><New/></Extension></SchemeExtensions>'
    with pytest.raises(Unsupported, match="must be understood"):
        says(a_list(extensions=scheme))
    assert says(a_list(extensions=scheme.replace('"1"', '"0"')))


def test_an_extension_that_does_not_say_counts_as_critical():
    with pytest.raises(Unsupported):
        says(a_list(extensions="<SchemeExtensions><Extension><New/></Extension></SchemeExtensions>"))


def test_what_could_make_nobody_trusted_is_not_read():
    """Lists keep certificates of decades, odd ones too."""
    other = one(kind="http://uri.etsi.org/TrstSvc/Svctype/CA/QC").replace("<X509Certificate>", "<X509Certificate>AAAA")
    assert says(a_list(provider(other))).entities == ()
    assert len(anchors(other, one())) == 1


def test_a_certificate_that_cannot_be_read_is_the_end_of_the_list():
    text = a_list(provider(one().replace("<X509Certificate>", "<X509Certificate>AAAA")))
    with pytest.raises(Malformed, match="X509Certificate"):
        says(text)


# Time and order


@pytest.mark.parametrize(
    ("changes", "now"),
    [
        ({}, NOW + 30 * DAY),
        ({"issued": time(NOW + 3600)}, NOW),
        ({"next_update": f"<dateTime>{time(NOW + 185 * DAY)}</dateTime>"}, NOW),
        ({"next_update": ""}, NOW),
    ],
    ids=["expired", "from the future", "for too long", "closed"],
)
def test_a_list_outside_its_time_is_refused(changes, now):
    """T087"""
    raw = sign(a_list(provider(one()), **changes))
    with pytest.raises(NotValidNow):
        verify(raw, now=now)


def test_a_list_is_good_until_its_last_second():
    assert verify(SIGNED, now=NOW + 30 * DAY - 1)


def test_an_older_list_is_refused():
    """T088: also another one of the same number."""
    found = verify(SIGNED)
    assert verify(SIGNED, seen=found.seen).seen == found.seen
    assert verify(sign(a_list(number=8)), seen=found.seen).seen.sequence_number == 8
    for number in (6, 7):
        with pytest.raises(RolledBack):
            verify(sign(a_list(number=number)), seen=found.seen)
    with pytest.raises(RolledBack):
        verify(SIGNED, seen=SeenList(8, bytes(32)))


def test_a_list_of_another_type_is_refused():
    """T087: a list of lists is none of providers, nor the other way round."""
    with pytest.raises(NotAuthentic, match="another type"):
        verify(SIGNED, list_type=ListType.LIST_OF_TRUSTED_LISTS)
    lotl = sign(a_list(provider(one()), type=ListType.LIST_OF_TRUSTED_LISTS))
    with pytest.raises(NotAuthentic, match="another type"):
        verify(lotl)
    assert verify(lotl, list_type=ListType.LIST_OF_TRUSTED_LISTS).says.entities == ()


# Shape


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<TSLSequenceNumber>7<", "<TSLSequenceNumber>0<"),
        ("<TSLSequenceNumber>7<", "<TSLSequenceNumber>-7<"),
        ("<TSLSequenceNumber>7<", "<TSLSequenceNumber>07<"),
        ("<TSLSequenceNumber>7<", "<TSLSequenceNumber>seven<"),
        ("<TSLSequenceNumber>7<", f"<TSLSequenceNumber>{'9' * 40}<"),
        (time(NOW), "2027-01-15T08:00:00+00:00"),
        (time(NOW), "2027-01-15T08:00:00.5Z"),
        (time(NOW), "2027-13-15T08:00:00Z"),
        (f"<dateTime>{time(NOW + 30 * DAY)}</dateTime>", f"<dateTime>{time(NOW + 30 * DAY)}</dateTime>" * 2),
        (f"<dateTime>{time(NOW + 30 * DAY)}</dateTime>", "<null/>"),
        ("<NextUpdate>", "<NextUpdate><dateTime>2027-01-20T08:00:00Z</dateTime></NextUpdate><NextUpdate>"),
        ("<SchemeTerritory>DE</SchemeTerritory>", ""),
        ('TSLTag="http://uri.etsi.org/19612/TSLTag"', 'TSLTag="other"'),
        ("http://uri.etsi.org/02231/v2#", "http://uri.etsi.org/19612/v2.4.1#"),
        ('<Name xml:lang="en">The agency</Name><Name xml:lang="de">The agency (de)</Name>', ""),
        ("<ServiceStatus>", "<ServiceStatus>x</ServiceStatus><ServiceStatus>"),
        ("ServiceDigitalIdentity>", "Other>"),
    ],
)
def test_a_list_of_another_shape_is_refused(before, after):
    assert before in LIST
    with pytest.raises(Malformed):
        says(LIST.replace(before, after))


@pytest.mark.parametrize("version", ["5", "7", "6.0"])
def test_another_version_is_refused(version):
    with pytest.raises(Unsupported, match="version"):
        says(a_list(version=version))


@pytest.mark.parametrize("cap", ["MAX_ENTITIES", "MAX_SERVICES", "MAX_POINTERS", "MAX_IDENTITIES"])
def test_everything_that_repeats_is_counted(cap, monkeypatch):
    """T247"""
    pointers = pointer("https://a.example/1.xml", OPERATOR.certificate) * 3
    text = a_list(*[provider(one(), one(), one())] * 3, pointers=pointers)
    monkeypatch.setattr(reading, cap, 1)
    with pytest.raises(TooLarge):
        says(text)


# Pointers


def pointers(*texts):
    return says(
        a_list(pointers="".join(texts), type=ListType.LIST_OF_TRUSTED_LISTS), list_type=ListType.LIST_OF_TRUSTED_LISTS
    ).pointers


def test_a_pointer_says_who_may_sign():
    [found] = pointers(pointer("https://a.example/tl.xml", OPERATOR.certificate, SCHOOL.root.certificate))
    assert (found.location, found.type, found.territory) == ("https://a.example/tl.xml", ListType.TRUSTED_LIST, "DE")
    assert found.signers == (OPERATOR.certificate, SCHOOL.root.certificate)
    assert found.operator[0] == Localized("en", "The agency")


def test_a_pointer_to_a_page_or_to_an_address_that_anybody_can_change_is_passed_over():
    found = pointers(
        pointer("https://a.example/tl.pdf", OPERATOR.certificate, media_type="application/pdf"),
        pointer("http://a.example/tl.xml", OPERATOR.certificate),
        pointer("https://b.example/tl.xml", OPERATOR.certificate),
    )
    assert [one.location for one in found] == ["https://b.example/tl.xml"]


def test_a_pointer_that_says_something_twice_is_refused():
    twice = pointer("https://a.example/tl.xml").replace(
        "<OtherInformation><TSLType>",
        f"<OtherInformation><TSLType>{ListType.LIST_OF_TRUSTED_LISTS}</TSLType></OtherInformation><OtherInformation><TSLType>",
    )
    with pytest.raises(Malformed, match="twice"):
        pointers(twice)


# Whatever comes


@given(st.integers(0, len(SIGNED) - 1), st.binary(max_size=4), st.integers(0, 40))
def test_no_input_escapes_the_error_family(at, put, cut):
    """And nothing that was changed where it counts is believed."""
    with contextlib.suppress(ProtocolError):
        found = verify(SIGNED[:at] + put + SIGNED[at + cut :])
        assert found.says == verify(SIGNED).says
