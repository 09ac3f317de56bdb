"""Lists in XML in operation: one certificate of the list of lists is all that has to be known."""

import importlib.util
from dataclasses import replace

import pytest

from hoheit.doctor import check_trust
from protocol.encoding import sha256
from protocol.errors import Malformed, NotTrusted
from protocol.exchange import HttpResponse
from protocol.trust.anchors import Role
from protocol.trust.list_signature import sign_list
from protocol.trust.list_types import ListType
from protocol.trust.lists import ListPointer
from protocol.trust.localized import Localized
from runtime.anchors import INDEX, AnchorFolder, read_index, write_list_of_lists
from runtime.driver import drive
from runtime.trust_lists.looking import look_at_lists
from runtime.trust_lists.standing import list_at
from tests.protocol.trust.lists import a_list as a_json_list
from tests.protocol.trust.lists import entity
from tests.protocol.trust.lists import service as json_service
from tests.runtime.trust_lists.xml.lists import (
    COMMISSION,
    OPERATOR,
    UNIVERSITY,
    a_list,
    pointer,
    provider,
    service,
    sign,
)
from tests.support.pki import DAY, NOW, Template, make_pki

LOTL = "https://commission.example/eu-lotl.xml"
GERMANY = "https://agency.example/TL-DE.xml"
FRANCE = "https://agence.example/TL-FR.xml"
XML = "application/vnd.etsi.tsl+xml"
SCHOOL = make_pki(Template(common_name="School"))
AGENCY = make_pki(Template(common_name="Agency"))
INDEX_TEXT = (
    f'[[list_of_lists]]\nurl = "{LOTL}"\ntype = "list-of-trusted-lists"\nsigner = "commission.pem"\nname = "the EU"\n'
)


class Publisher:
    """Publishes lists at addresses."""

    def __init__(self):
        self.answers = {}
        self.asked = []

    def publish(self, url, raw):
        self.answers[url] = HttpResponse(200, (), raw)

    async def send(self, request):
        self.asked.append((request.url, dict(request.headers)["accept"]))
        return self.answers.get(request.url) or HttpResponse(404, (), b"")


class Clock:
    now = NOW

    def __call__(self):
        return self.now


def lotl(*pointers, number=1, by=COMMISSION):
    text = a_list(type=ListType.LIST_OF_TRUSTED_LISTS, number=number, pointers="".join(pointers))
    return sign(text, by=by)


def national(*pkis, number=1, by=OPERATOR):
    return sign(a_list(provider(*[service(pki.root.certificate) for pki in pkis]), number=number), by=by)


@pytest.fixture
def published():
    publisher = Publisher()
    publisher.publish(LOTL, lotl(pointer(GERMANY, OPERATOR.certificate)))
    publisher.publish(GERMANY, national(UNIVERSITY))
    return publisher


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "anchors"
    folder.mkdir()
    (folder / "commission.pem").write_bytes(COMMISSION.pem)
    (folder / INDEX).write_text(INDEX_TEXT)
    return folder


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def followed(folder, clock):
    elapsed = iter(range(10_000))
    return AnchorFolder(folder, clock, elapsed=lambda: float(next(elapsed)))


def refresh(followed, published):
    return drive(followed.refresh(), None, published)


def trusted(followed, pki, role=Role.ISSUER):
    try:
        followed.current().chain(pki.certificates, role=role, now=NOW, at="x5c")
    except NotTrusted:
        return False
    return True


def kept(folder, url, suffix):
    return folder / "lists" / f"{sha256(url.encode()).hex()[:32]}{suffix}"


def test_whoever_a_national_list_names_is_trusted(followed, published):
    assert not trusted(followed, UNIVERSITY)
    assert refresh(followed, published) == (2, 0)
    assert trusted(followed, UNIVERSITY)
    assert not trusted(followed, UNIVERSITY, Role.VERIFIER)
    assert [anchor.name for anchor in followed.current().anchors] == ["Trust Services (The agency)"]
    assert published.asked == [(LOTL, XML), (GERMANY, XML)]


def test_a_party_from_such_a_list_may_issue_anything_but_identity_data(followed, published):
    """T186"""
    refresh(followed, published)
    party = followed.current().chain(UNIVERSITY.certificates, role=Role.ISSUER, now=NOW, at="x5c")
    assert party.is_entitled("urn:example:diploma")
    assert not party.is_entitled("urn:eudi:pid:1")


def test_what_is_kept_holds_without_a_network_and_in_another_process(folder, followed, published, clock):
    refresh(followed, published)
    assert trusted(AnchorFolder(folder, clock), UNIVERSITY)


def test_who_is_taken_off_a_list_is_trusted_no_more(followed, published):
    """T090"""
    refresh(followed, published)
    assert trusted(followed, UNIVERSITY)
    published.publish(GERMANY, national(SCHOOL, number=2))
    refresh(followed, published)
    assert not trusted(followed, UNIVERSITY)
    assert trusted(followed, SCHOOL)


def test_a_country_that_is_pointed_to_no_more_makes_nobody_trusted(folder, followed, published):
    """T090"""
    refresh(followed, published)
    assert kept(folder, GERMANY, ".xml").exists()
    published.publish(LOTL, lotl(pointer(FRANCE, OPERATOR.certificate), number=2))
    assert refresh(followed, published) == (1, 1)
    assert not trusted(followed, UNIVERSITY)
    assert not kept(folder, GERMANY, ".xml").exists()


def test_a_list_signed_by_another_than_its_pointer_says_is_nothing(followed, published):
    """T087: neither by another country, nor by whoever signs the list of lists."""
    for other in (COMMISSION, SCHOOL.leaf):
        published.publish(GERMANY, national(UNIVERSITY, by=other))
        assert refresh(followed, published) == (1, 1)
        assert not trusted(followed, UNIVERSITY)


def test_a_list_of_lists_signed_by_another_is_nothing(followed, published):
    """T087"""
    published.publish(LOTL, lotl(pointer(GERMANY, OPERATOR.certificate), by=OPERATOR))
    assert refresh(followed, published) == (0, 1)
    assert [url for url, _ in published.asked] == [LOTL]


def test_an_older_list_never_takes_the_place_of_a_newer_one(folder, followed, published):
    """T088: also where the newer one was lost meanwhile."""
    published.publish(GERMANY, national(SCHOOL, number=2))
    refresh(followed, published)
    kept(folder, GERMANY, ".xml").unlink()
    published.publish(GERMANY, national(UNIVERSITY, number=1))
    assert refresh(followed, published).failed == 1
    assert not trusted(followed, UNIVERSITY)


def test_a_kept_list_that_was_altered_makes_nobody_trusted_and_is_fetched_again(folder, followed, published):
    """T215"""
    refresh(followed, published)
    file = kept(folder, GERMANY, ".xml")
    file.write_bytes(file.read_bytes().replace(b">7<", b">8<").replace(b"Trust Services", b"Other Services"))
    assert not trusted(followed, UNIVERSITY)
    assert refresh(followed, published) == (2, 0)
    assert trusted(followed, UNIVERSITY)


@pytest.mark.parametrize(
    "answer", [b"", b"<html/>", b"\xff", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b"eyJ.e30.x"]
)
def test_the_last_good_list_stays_when_something_else_comes(followed, published, answer):
    refresh(followed, published)
    published.publish(GERMANY, answer)
    assert refresh(followed, published).failed == 1
    assert trusted(followed, UNIVERSITY)


def test_a_list_ends_at_its_own_time(followed, published, clock):
    """T087"""
    refresh(followed, published)
    clock.now = NOW + 30 * DAY - 1
    assert trusted(followed, UNIVERSITY)
    clock.now += 1
    assert not trusted(followed, UNIVERSITY)


def test_a_list_that_is_closed_makes_nobody_trusted(followed, published):
    """T087: it is refused, and what is kept goes at its own end."""
    published.publish(GERMANY, sign(a_list(provider(service(UNIVERSITY.root.certificate)), next_update="")))
    assert refresh(followed, published) == (1, 1)
    assert not trusted(followed, UNIVERSITY)


def test_pages_and_lists_of_lists_are_not_followed(followed, published):
    """One level: every national list points back to the list of lists."""
    published.publish(
        LOTL,
        lotl(
            pointer(GERMANY, OPERATOR.certificate),
            pointer(LOTL, COMMISSION.certificate, kind=ListType.LIST_OF_TRUSTED_LISTS),
            pointer("https://agency.example/TL-DE.pdf", OPERATOR.certificate, media_type="application/pdf"),
            pointer("https://agency.example/nobody.xml"),
            pointer("https://agency.example/TL-CH.xml", OPERATOR.certificate, kind=f"{ListType.TRUSTED_LIST}/CH"),
        ),
    )
    assert refresh(followed, published) == (2, 0)
    assert [url for url, _ in published.asked] == [LOTL, GERMANY]


def test_one_country_may_be_followed_by_itself_for_some_types(folder, published, clock):
    (folder / "germany.pem").write_bytes(OPERATOR.pem)
    (folder / INDEX).write_text(
        f'[[list]]\nurl = "{GERMANY}"\ntype = "trusted-list"\nsigner = "germany.pem"\ntypes = ["urn:example:diploma"]\n'
    )
    followed = AnchorFolder(folder, clock, elapsed=iter(map(float, range(100))).__next__)
    refresh(followed, published)
    [anchor] = followed.current().anchors
    assert (anchor.name, anchor.types) == ("Trust Services (agency.example)", frozenset({"urn:example:diploma"}))


def test_lists_in_both_forms_stand_side_by_side(folder, followed, published):
    json_list, json_root = "https://register.example/pids", "https://register.example/registrars"
    pids = a_json_list(ListType.PID_PROVIDERS, entity(json_service(ListType.PID_PROVIDERS, AGENCY.root.certificate)))
    to_pids = ListPointer(json_list, ListType.PID_PROVIDERS, (OPERATOR.certificate,), (Localized("en", "Us"),))
    above = a_json_list(ListType.REGISTRARS, pointers=(to_pids,))
    for url, found in ((json_list, pids), (json_root, above)):
        published.publish(
            url, sign_list(found, OPERATOR.signer, (OPERATOR.certificate.to_x5c(),), signed_at=NOW).encode()
        )
    write_list_of_lists(folder, json_root, OPERATOR.pem)
    assert refresh(followed, published) == (4, 0)
    assert trusted(followed, AGENCY)
    assert trusted(followed, UNIVERSITY)
    assert published.asked[1] == (json_root, "application/jose")


def test_a_list_is_in_the_form_of_its_type(folder, followed, published):
    """A list in JSON that claims to be one of those in XML is none, nor the other way round."""
    fake = a_json_list(ListType.TRUSTED_LIST, entity(json_service(ListType.TRUSTED_LIST, SCHOOL.root.certificate)))
    text = sign_list(fake, OPERATOR.signer, (OPERATOR.certificate.to_x5c(),), signed_at=NOW)
    published.publish(GERMANY, text.encode())
    assert refresh(followed, published) == (1, 1)
    assert not trusted(followed, SCHOOL)


def test_a_person_sees_how_each_list_stands(folder, followed, published):
    [state] = look_at_lists(folder, now=NOW)
    assert (state.url, bool(state.problem)) == (LOTL, True)
    refresh(followed, published)
    assert [(state.url, state.problem) for state in look_at_lists(folder, now=NOW)] == [(LOTL, ""), (GERMANY, "")]
    assert [line.what for line in check_trust(folder.parent, NOW)] == [
        f"{LOTL}: good for 720 hours more",
        f"{GERMANY}: good for 720 hours more",
    ]


# Without the extra


@pytest.fixture
def without(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "signxml" else there(name))


@pytest.mark.usefixtures("without")
def test_an_entry_that_cannot_be_read_is_refused_by_name(folder):
    with pytest.raises(Malformed, match='need the extra "trustlists"'):
        read_index(folder)
    [line] = check_trust(folder.parent, NOW)
    assert line.good is False
    assert 'need the extra "trustlists"' in line.what


@pytest.mark.usefixtures("without")
def test_a_pointer_to_a_list_that_cannot_be_read_is_not_followed():
    found = ListPointer(GERMANY, ListType.TRUSTED_LIST, (OPERATOR.certificate,), (Localized("en", "Us"),), XML)
    assert list_at(found) is None


@pytest.mark.usefixtures("without")
def test_the_log_says_which_list_the_extra_is_missing_for(tmp_path, clock, capsys):
    """A list of lists in JSON is read without it, and may point to lists in XML."""
    folder, json_root, publisher = tmp_path / "anchors", "https://operator.example/lotl", Publisher()
    folder.mkdir()
    to_xml = ListPointer(GERMANY, ListType.TRUSTED_LIST, (OPERATOR.certificate,), (Localized("en", "Us"),), XML)
    above = a_json_list(ListType.REGISTRARS, pointers=(to_xml,))
    text = sign_list(above, OPERATOR.signer, (OPERATOR.certificate.to_x5c(),), signed_at=NOW)
    publisher.publish(json_root, text.encode())
    write_list_of_lists(folder, json_root, OPERATOR.pem)
    assert refresh(AnchorFolder(folder, clock, elapsed=float), publisher) == (1, 0)
    told = capsys.readouterr().out
    assert told.count(GERMANY) == 1
    assert "trustlists" in told


def test_a_pointer_says_the_form_of_its_type():
    found = ListPointer(GERMANY, ListType.TRUSTED_LIST, (OPERATOR.certificate,), (Localized("en", "Us"),), XML)
    assert list_at(found) is not None
    assert list_at(replace(found, media_type="application/jose")) is None
    assert list_at(replace(found, type=ListType.PID_PROVIDERS)) is None
