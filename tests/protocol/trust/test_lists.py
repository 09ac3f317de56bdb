import contextlib
import copy
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Flaw, Malformed, Unsupported
from protocol.fields import Fields
from protocol.trust.list_types import PROFILES, ListType, profile_of
from protocol.trust.lists import ListPointer, TrustedEntity, TrustedList
from protocol.trust.localized import Localized, in_language
from tests.protocol.trust.lists import FULL, LIST, POSTAL, PROVIDER
from tests.support.vectors import read_vector

WIRE = FULL.to_dict()


def changed(*path, value=...):
    """The full list with one member replaced, or without it."""
    wire = copy.deepcopy(WIRE)
    *above, last = ("LoTE", *path)
    holder = wire
    for step in above:
        holder = holder[step]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return wire


def test_a_list_is_written_as_it_is_read():
    assert TrustedList.from_dict(WIRE) == FULL
    assert TrustedList.from_dict(LIST.to_dict()) == LIST


def test_what_the_type_fixes_is_written():
    scheme = WIRE["LoTE"]["ListAndSchemeInformation"]
    assert scheme["StatusDeterminationApproach"] == "http://uri.etsi.org/19602/WalletProvidersList/StatusDetn/EU"
    assert scheme["SchemeTypeCommunityRules"] == [
        {"lang": "en", "uriValue": "http://uri.etsi.org/19602/WalletProvidersList/schemerules/EU"}
    ]
    assert scheme["ListIssueDateTime"] == "2027-01-15T08:00:00Z"


def test_a_list_of_ones_own_type_fixes_nothing():
    own = TrustedList("https://example.org/own", 1, (Localized("en", "We"),), 0, 1, ())
    scheme = Fields(own.to_dict(), "list").object("LoTE").object("ListAndSchemeInformation")
    assert set(scheme.members) == {
        "LoTEVersionIdentifier",
        "LoTESequenceNumber",
        "LoTEType",
        "SchemeOperatorName",
        "ListIssueDateTime",
        "NextUpdate",
    }
    assert TrustedList.from_dict(own.to_dict()) == own


def test_every_type_has_a_profile():
    """ETSI TS 119 602 V1.1.1, annexes D to I, and TS 119 612 V2.4.1, annex D."""
    assert {profile.issuance.removeprefix("http://uri.etsi.org/19602/SvcType/") for profile in PROFILES.values()} == {
        "PID/Issuance",
        "WalletSolution/Issuance",
        "WRPAC/Issuance",
        "WRPRC/Issuance",
        "PubEAA/Issuance",
        "Register",
        "http://uri.etsi.org/TrstSvc/Svctype/EAA",
        "http://uri.etsi.org/TrstSvc/Svctype/EAA/Q",
        "http://uri.etsi.org/TrstSvc/Svctype/TLIssuer",
    }
    assert set(PROFILES) == set(ListType)
    assert profile_of("https://example.org/own") is None


def test_the_published_list_is_read():
    published = read_vector("lote/webuild-wrpac-providers-lote.json")
    found = TrustedList.from_dict(published)
    assert found.type == ListType.ACCESS_CERTIFICATE_PROVIDERS
    assert (found.sequence_number, found.territory) == (1, "EU")
    assert in_language(found.entities[0].name, "de") == "Raidiam Services Ltd"
    assert [len(service.certificates) for service in found.entities[0].services] == [1, 1]
    # All that we know of the format is kept; what the type fixes is spelled as the specification does
    assert found.to_dict() == {"LoTE": published["LoTE"]}


def test_the_example_of_the_implementation_profile_is_read():
    published = read_vector("lote/webuild-md/etsi_trusted_lists_implementation_profile-00.json")
    # There stands a placeholder
    (one,) = published["LoTE"]["TrustedEntitiesList"]
    one["TrustedEntityServices"][0]["ServiceInformation"]["ServiceDigitalIdentity"] = {
        "X509Certificates": [{"val": PROVIDER.certificate.to_x5c()}]
    }
    found = TrustedList.from_dict(published)
    assert found.type == ListType.PID_PROVIDERS
    assert found.to_dict() == published


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"LoTE": []}, id="no object"),
        pytest.param(changed("ListAndSchemeInformation"), id="no scheme information"),
        pytest.param(changed("ListAndSchemeInformation", "LoTEType"), id="T087 no type"),
        pytest.param(changed("ListAndSchemeInformation", "LoTESequenceNumber"), id="T088 no number"),
        pytest.param(changed("ListAndSchemeInformation", "LoTESequenceNumber", value=0), id="T088 number zero"),
        pytest.param(changed("ListAndSchemeInformation", "LoTESequenceNumber", value="7"), id="T088 number as text"),
        pytest.param(changed("ListAndSchemeInformation", "SchemeOperatorName"), id="no operator"),
        pytest.param(changed("ListAndSchemeInformation", "SchemeOperatorName", value=[]), id="empty operator"),
        pytest.param(changed("ListAndSchemeInformation", "NextUpdate"), id="T087 no next update"),
        pytest.param(changed("ListAndSchemeInformation", "NextUpdate", value=None), id="T087 a closed list"),
        pytest.param(changed("ListAndSchemeInformation", "NextUpdate", value="2027-02-30T00:00:00Z"), id="no such day"),
        pytest.param(changed("ListAndSchemeInformation", "NextUpdate", value="2027-03-01T00:00:00+02:00"), id="no UTC"),
        pytest.param(changed("ListAndSchemeInformation", "NextUpdate", value="2027-03-01"), id="a day"),
        pytest.param(changed("ListAndSchemeInformation", "NextUpdate", value=1_800_000_000), id="a number"),
        pytest.param(changed("ListAndSchemeInformation", "SchemeTerritory", value="EUR"), id="territory of three letters"),
        pytest.param(changed("ListAndSchemeInformation", "PointersToOtherLoTE", 0, "LoTELocation"), id="pointer to nowhere"),
        pytest.param(
            changed("ListAndSchemeInformation", "PointersToOtherLoTE", 0, "LoTELocation", value="http://a.example"),
            id="pointer without TLS",
        ),
        pytest.param(
            changed("ListAndSchemeInformation", "PointersToOtherLoTE", 0, "LoTEQualifiers"), id="pointer without type"
        ),
        pytest.param(changed("TrustedEntitiesList", value={}), id="entities that are no array"),
        pytest.param(changed("TrustedEntitiesList", 0, "TrustedEntityInformation", "TEName"), id="entity without name"),
        pytest.param(
            changed("TrustedEntitiesList", 0, "TrustedEntityInformation", "TEAddress"), id="entity without address"
        ),
        pytest.param(changed("TrustedEntitiesList", 0, "TrustedEntityServices"), id="entity without services"),
        pytest.param(
            changed("TrustedEntitiesList", 0, "TrustedEntityServices", 0, "ServiceInformation", "ServiceDigitalIdentity"),
            id="service without identity",
        ),
        pytest.param(
            changed(
                "TrustedEntitiesList", 0, "TrustedEntityServices", 0, "ServiceInformation", "ServiceDigitalIdentity",
                value={"X509Certificates": [{"val": "AAAA"}]},
            ),
            id="service with no certificate at all",
        ),
    ],
)  # fmt: skip
def test_a_list_that_breaks_its_shape_is_refused(wire):
    with pytest.raises(Malformed):
        TrustedList.from_dict(wire)


def test_another_version_is_not_guessed_at():
    with pytest.raises(Unsupported):
        TrustedList.from_dict(changed("ListAndSchemeInformation", "LoTEVersionIdentifier", value=2))


def test_a_service_known_by_another_identity_alone_vouches_for_nothing():
    path = ("TrustedEntitiesList", 0, "TrustedEntityServices", 0, "ServiceInformation", "ServiceDigitalIdentity")
    found = TrustedList.from_dict(changed(*path, value={"X509SKIs": ["AAAA"]}))
    assert found.entities[0].services[0].certificates == ()


def test_members_that_nobody_knows_are_ignored():
    assert TrustedList.from_dict(changed("ListAndSchemeInformation", "SchemeExtensions", value=[{}])) == FULL


def test_of_a_pointer_with_several_qualifiers_the_first_counts():
    pointer = FULL.pointers[0].to_dict()
    other = {**pointer["LoTEQualifiers"][0], "LoTEType": "https://example.org/other"}
    found = ListPointer.from_fields(
        Fields({**pointer, "LoTEQualifiers": [*pointer["LoTEQualifiers"], other]}, "pointer")
    )
    assert found == FULL.pointers[0]


def test_an_entity_may_have_one_name():
    nameless = replace(FULL.entities[0], trade_name=())
    assert TrustedEntity.from_fields(Fields(nameless.to_dict(), "entity")) == nameless
    assert "TETradeName" not in nameless.to_dict()["TrustedEntityInformation"]


def test_an_address_may_have_the_least():
    assert set(POSTAL.to_dict()) == {"lang", "StreetAddress", "Locality", "PostalCode", "Country"}
    short = type(POSTAL)("de", "Markt 1", "DE")
    assert type(POSTAL).from_fields(Fields(short.to_dict(), "address")) == short
    assert set(short.to_dict()) == {"lang", "StreetAddress", "Country"}


@pytest.mark.parametrize(
    ("texts", "language", "found"),
    [
        ((), "de", ""),
        ([("en", "Town"), ("de", "Stadt")], "de", "Stadt"),
        ([("en", "Town"), ("de", "Stadt")], "fr", "Town"),
        ([("fr", "Ville"), ("it", "Città")], "de", "Ville"),
        ([("fr", "Ville"), ("en", "Town")], "de", "Town"),
        ([("DE-AT", "Stadt"), ("de", "Ort")], "de", "Stadt"),
    ],
)
def test_a_text_is_taken_in_the_readers_language(texts, language, found):
    assert in_language([Localized(*text) for text in texts], language) == found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from _paths(inner, (*path, step))


PATHS = [path[1:] for path in _paths(WIRE) if len(path) > 1]


@settings(max_examples=200)
@given(st.sampled_from(PATHS), json_values)
def test_whatever_stands_somewhere_no_input_leaves_the_family(path, value):
    wire = changed(*path, value=value)
    with contextlib.suppress(Flaw):
        TrustedList.from_dict(wire)


def test_a_long_list_is_read_in_one_go():
    """How fast is for `make bench`; here it is that nothing is quadratic."""
    wire = copy.deepcopy(WIRE)
    wire["LoTE"]["TrustedEntitiesList"] *= 2000
    began = time.process_time()
    assert len(TrustedList.from_dict(wire).entities) == 2000
    assert time.process_time() - began < 30


def with_extensions(extensions):
    return changed(
        "TrustedEntitiesList", 0, "TrustedEntityServices", 0, "ServiceInformation", "ServiceInformationExtensions",
        value=extensions,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("extensions", "types"),
    [
        ([], ()),
        ([{"allowedAttestationType": "a"}, {"allowedAttestationType": "b"}], ("a", "b")),
        ([{"registrationCertificateRef": "https://a.example"}, "text", {"allowedAttestationType": "a"}], ("a",)),
        (["allowedAttestationType", ["allowedAttestationType"], 7, None, {"allowedAttestationType": "a"}], ("a",)),
    ],
)
def test_a_service_names_the_types_it_is_entitled_to(extensions, types):
    found = TrustedList.from_dict(with_extensions(extensions))
    assert found.entities[0].services[0].credential_types == types
    assert TrustedList.from_dict(found.to_dict()) == found


@pytest.mark.parametrize("value", ["", 1, None, ["a"], {}, "x" * 3000])
def test_an_entitlement_that_cannot_be_read_is_no_entitlement_to_everything(value):  # T186
    with pytest.raises(Malformed):
        TrustedList.from_dict(with_extensions([{"allowedAttestationType": value}]))


@pytest.mark.parametrize("name", ["Critical", "critical"])
def test_an_extension_that_must_be_understood_is_not_ignored(name):
    """TS 119 602 clause 6.3.17."""
    place = ("ListAndSchemeInformation", "SchemeExtensions")
    with pytest.raises(Unsupported):
        TrustedList.from_dict(changed(*place, value=[{"x": 1}, {name: True}]))
    assert TrustedList.from_dict(changed(*place, value=[{"x": 1, name: False}, 3])).entities
