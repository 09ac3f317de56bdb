"""A verifier that knows one certificate, that of the list of lists in XML: whom countries list may issue."""

import contextlib

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.errors import InvalidRequest
from protocol.exchange import HttpResponse
from protocol.oid4vp.verify import CheckName
from protocol.trust.list_types import GRANTED, PUB_EAA_ISSUANCE, QUALIFIED_EAA_ISSUANCE, RECOGNISED, ListType
from runtime.anchors import INDEX, AnchorFolder
from runtime.driver import drive
from tests.runtime.trust_lists.xml.lists import COMMISSION, OPERATOR, a_list, pointer, provider, service, sign
from tests.support.pki import NOW, Template, make_pki
from tests.support.verifier import PID, Addresses, Clock, answers, issue_held, make_verifier

LOTL = "https://commission.example/eu-lotl.xml"
COUNTRY = "https://agency.example/TL.xml"
DIPLOMA = "urn:example:diploma"
WITHDRAWN = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/withdrawn"
UNIVERSITY = make_pki(Template(common_name="University"))


def query(vct):
    asked = {
        "id": "pid",
        "format": "dc+sd-jwt",
        "meta": {"vct_values": [vct]},
        "claims": [{"path": ["family_name"]}],
    }
    return DcqlQuery.from_dict({"credentials": [asked]}, "query")


class Country:
    """What is published, and the verifier that follows it."""

    def __init__(self, folder):
        folder.mkdir()
        (folder / "commission.pem").write_bytes(COMMISSION.pem)
        (folder / INDEX).write_text(
            f'[[list_of_lists]]\nurl = "{LOTL}"\ntype = "list-of-trusted-lists"\nsigner = "commission.pem"\n'
        )
        self.network = Addresses()
        self.folder = AnchorFolder(folder, lambda: NOW)
        self.number = 0
        self.publish(LOTL, pointers=pointer(COUNTRY, OPERATOR.certificate), by=COMMISSION)

    def publish(self, url, *providers, by=OPERATOR, pointers=""):
        self.number += 1
        kind = ListType.LIST_OF_TRUSTED_LISTS if pointers else ListType.TRUSTED_LIST
        text = a_list(*providers, type=kind, number=self.number, pointers=pointers)
        self.network.answers[url] = HttpResponse(200, (), sign(text, by=by))

    def name(self, kind=QUALIFIED_EAA_ISSUANCE, status=GRANTED, by=OPERATOR):
        """The country lists the university."""
        listed = service(UNIVERSITY.root.certificate, kind=kind, status=status)
        self.publish(COUNTRY, provider(listed, name="The university"), by=by)
        return drive(self.folder.refresh(), None, self.network)


@pytest.fixture
def country(tmp_path):
    return Country(tmp_path / "anchors")


@pytest.fixture
def counter(tmp_path, country):
    made = make_verifier(
        f"sqlite:///{tmp_path}/verifier.db", country.folder.current, clock=Clock(), network=country.network
    )
    yield made
    made.close()


def judged(counter, vct=DIPLOMA):
    """Which checks of an answer with a document of the university fail, and whom the verdict names."""
    made = counter.ask(use_case=None, query=query(vct))
    form = answers(counter, made, issue_held(UNIVERSITY, vct=vct))
    with contextlib.suppress(InvalidRequest):
        counter.receive(made, form)
    result = counter.result(made)
    failed = [line.check for line in result.verdict.lines if line.passed is False]
    assert (result.state == "accepted") is (not failed)
    return failed, result.verdict.issuers


@pytest.mark.parametrize(
    ("kind", "status"), [(QUALIFIED_EAA_ISSUANCE, GRANTED), (PUB_EAA_ISSUANCE, RECOGNISED)], ids=["EAA/Q", "Pub-EAA"]
)
def test_a_document_of_somebody_on_a_countrys_list_is_accepted(country, counter, kind, status):
    assert judged(counter)[0] == [CheckName.TRUSTED_ISSUER]
    assert country.name(kind, status) == (2, 0)
    assert judged(counter) == ([], (("pid", ("University",)),))


def test_nobody_on_such_a_list_gives_out_identity_data(country, counter):
    """T186"""
    country.name()
    assert judged(counter, PID)[0] == [CheckName.TRUSTED_ISSUER]


def test_whoever_is_withdrawn_is_believed_no_more(country, counter):
    """T089, T090: without a restart."""
    country.name()
    assert judged(counter)[0] == []
    country.name(status=WITHDRAWN)
    assert judged(counter)[0] == [CheckName.TRUSTED_ISSUER]


def test_a_certification_authority_on_the_list_issues_nothing(country, counter):
    """T089: qualified certificates are another service."""
    country.name("http://uri.etsi.org/TrstSvc/Svctype/CA/QC")
    assert judged(counter)[0] == [CheckName.TRUSTED_ISSUER]


def test_a_list_by_another_hand_than_the_list_of_lists_names_makes_nobody_believed(country, counter):
    """T087"""
    assert country.name(by=COMMISSION) == (1, 1)
    assert judged(counter)[0] == [CheckName.TRUSTED_ISSUER]
