"""The one file of a service: what is read, what comes of it, and what is refused with its place."""

import re
from pathlib import Path

import pytest

from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.service import Service
from tests.support.services import FORWARD, OTHER, SERVICE, described
from tests.support.tree import ROOT
from verifier.once_only.description import read_services

PAGE = ROOT / "docs" / "operating" / "services.md"


def test_the_question_asks_for_exactly_what_fills_a_field():
    query = described().use_case.query
    asked = {one.id: [claim.path for claim in one.claims] for one in query.credentials}
    assert asked == {"pid": [("family_name",)], "passport": [("family_name",)], "birth": [("given_name",)]}
    sets = [(one.options, one.required) for one in query.credential_sets]
    assert sets == [((("pid",), ("passport",)), True), ((("birth",),), False)]


def test_a_claim_that_may_be_missing_is_in_the_sets_that_come_first():
    text = SERVICE.replace(
        '{ document = "pid", path = ["family_name"] }', '{ document = "pid", path = ["x"], optional = true }'
    )
    text += '\n[[fields]]\nname = "born"\ntitle = { en = "Born" }\ntype = "string"\n'
    text += 'from = [{ document = "pid", path = ["birthdate"] }]\n'
    [pid] = [one for one in described(text).use_case.query.credentials if one.id == "pid"]
    assert [[*ids] for ids in pid.claim_sets] == [["c0", "c1"], ["c1"]]


def test_the_catalogue_announces_what_no_needed_document_answers():
    entry = described().entry("https://library.example/services/child-benefit/start", "child-benefit")
    assert [field.name for field in entry.asks.fields] == ["child_name", "iban", "children", "speaks"]
    assert Service.from_fields(Fields(entry.to_dict(), "service")) == entry


def test_the_catalogue_announces_where_what_is_forwarded_is_taken():
    start, forward = "https://library.example/start", "https://library.example/forward"
    assert described(FORWARD).entry(start, "new-name", forward).forward == forward
    assert described().entry(start, "child-benefit", forward).forward is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (FORWARD.replace("optional = true", ""), "leaves remark open"),
        (
            FORWARD.replace('path = ["family_name"] }', 'path = ["family_name"], optional = true }'),
            "leaves family_name",
        ),
        (FORWARD.replace('vct = "urn:eudi:pid:1"', 'vct = "urn:eudi:pid:1"\noptional = true'), "leaves family_name"),
        ("forward = true\n" + OTHER, "needs a document"),
    ],
)
def test_nothing_is_taken_that_leaves_a_question_open(text, why):
    with pytest.raises(Malformed, match=why) as refusal:
        described(text)
    assert refusal.value.at == "child-benefit.toml.forward"


def test_an_alternative_that_lacks_the_answer_leaves_it_to_be_asked():
    text = SERVICE.replace(', { document = "passport", path = ["family_name"] }', "").replace(
        'from = [{ document = "birth", path = ["given_name"], optional = true }]',
        'from = [{ document = "birth", path = ["given_name"] }, { document = "passport", path = ["child"] }]',
    )
    assert next(field.name for field in described(text).announced.asks.fields) == "family_name"


def test_the_page_shows_a_file_that_is_read():
    shown = re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
    service = described(shown)
    assert service.outcome.answer_days == 14
    assert [gift.configuration_id for gift in service.announced.gives] == ["child-benefit"]


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ('life_events = ["birth"]', 'life_events = ["parties"]', "child-benefit.toml.life_events[0]"),
        ("retention_days = 30", "retention_days = 0", "child-benefit.toml.retention_days"),
        ("retention_days = 30", "retention = 30", "child-benefit.toml"),
        ('"GDPR Art. 6 (1) e"', '"the law"', "child-benefit.toml.legal_basis"),
        ('country = "DE"', 'country = "Germany"', "child-benefit.toml.provider.country"),
        ('name = "Familienkasse Lindenau"', 'name = "x"\nphone = "1"', "child-benefit.toml.provider"),
        ('id = "birth"', 'id = "pid"', "child-benefit.toml.needs"),
        ('document = "birth"', 'document = "berth"', "child-benefit.toml.fields[1].from[0].document"),
        ('one_of = "identity"\ncorrect_at', 'one_of = "alone"\ncorrect_at', "child-benefit.toml.needs"),
        ('correct_at = "https://', 'correct_at = "http://', "child-benefit.toml.needs[0].correct_at"),
        ("minLength = 15", 'pattern = "a+"', "child-benefit.toml.fields[2]"),
        ("maxLength = 34", "maxLength = 3", "child-benefit.toml.fields[2]"),
        ('name = "iban"', 'name = "children"', "child-benefit.toml.fields"),
        ('name = "iban"', 'name = "remark-iban"', "child-benefit.toml.fields.properties"),
        ('en = "Child benefit" }', 'en = "<b>Child benefit</b>" }', "child-benefit.toml.name.en"),
        ('webhook = "https://', 'webhook = "ftp://', "child-benefit.toml.outcome.webhook"),
        ("answer_days = 14", "answer_weeks = 2", "child-benefit.toml.outcome"),
        ("retention_days = 30", "retention_days = ", "child-benefit.toml"),
        ("minimum = 1", "minimum = nan", "child-benefit.toml.fields[3].minimum"),
        ('name = "iban"', 'name = "version"', "child-benefit.toml.fields[2].name"),
        ('id = "birth"', 'id = "birth certificate"', "child-benefit.toml.needs[2].id"),
        ('id = "birth"', 'id = "gebürt"', "child-benefit.toml.needs[2].id"),
        ('one_of = "identity"\n\n', 'one_of = "identity"\noptional = true\n\n', "child-benefit.toml.needs"),
        (
            '{ document = "passport", path = ["family_name"] }',
            '{ document = "pid", path = ["family_name"] }',
            "child-benefit.toml.fields[0].from",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_file_and_place(old, new, at):
    assert old in SERVICE
    with pytest.raises(Malformed) as refusal:
        described(SERVICE.replace(old, new, 1))
    assert refusal.value.at == at


def test_a_document_that_fills_no_field_is_not_asked_for():
    """T190: nothing is asked for that is not needed."""
    text = re.sub(r'from = \[\{ document = "birth".*\n', "", SERVICE)
    with pytest.raises(Malformed, match="asks for birth, and no field comes from it"):
        described(text)


def test_a_folder_is_read_whole_and_what_refers_elsewhere_is_checked(tmp_path):
    Path(tmp_path, "child-benefit.toml").write_text(SERVICE)
    Path(tmp_path, "allowance.toml").write_text(OTHER)
    assert list(read_services(tmp_path)) == ["allowance", "child-benefit"]
    for old, new in (('field = "iban"', 'field = "nothing"'), ('field = "iban"', 'field = "children"')):
        Path(tmp_path, "allowance.toml").write_text(OTHER.replace(old, new))
        with pytest.raises(Malformed, match=r"allowance\.toml\.fields\.account\.from: names child-benefit"):
            read_services(tmp_path)


@pytest.mark.parametrize("name", ["Child.toml", "-a.toml", "a b.toml", f"{'a' * 64}.toml"])
def test_a_file_is_called_as_registers_call_a_use(tmp_path, name):
    Path(tmp_path, name).write_text(OTHER)
    with pytest.raises(Malformed, match="must be called by small letters"):
        read_services(tmp_path)


def test_a_huge_file_is_not_read(tmp_path):
    Path(tmp_path, "huge.toml").write_text("#" * 300_000)
    with pytest.raises(Malformed, match="is larger than"):
        read_services(tmp_path)


def test_a_receipt_says_on_what_the_service_stands_and_how_long_it_keeps_what_was_shown():
    """A form may wait seven days before it is sent, and the thirty count from there."""
    handling = described().use_case.handling
    assert (handling.legal_basis.value, handling.service) == ("public_task", "child-benefit")
    assert handling.retention.lasts.text == "P37D"


ACTING = '\n[acting]\nproof = "proof"\nidentity = "pid"\nrelations = ["parent"]\narea = "sport"\n'


def test_nobody_acts_for_another_where_no_document_proves_it():
    with pytest.raises(Malformed, match="needs a document that proves it") as refusal:
        described(OTHER + ACTING)
    assert refusal.value.at == "child-benefit.toml.acting"


def test_a_service_that_asks_nothing_is_none():
    text = OTHER.partition("[[fields]]")[0]
    with pytest.raises(Malformed, match="at least one field") as refusal:
        described(text)
    assert refusal.value.at == "child-benefit.toml.fields"


def test_two_questions_of_one_name_are_refused_as_such():
    with pytest.raises(Malformed, match="has a name twice"):
        described(SERVICE.replace('name = "iban"', 'name = "children"', 1))


def test_a_service_without_documents_asks_no_wallet():
    assert described(OTHER).use_case is None
    assert described(OTHER).announced.needs is None


def test_where_all_documents_are_needed_the_question_names_no_choice():
    assert described(FORWARD).use_case.query.credential_sets == ()


def test_a_claim_of_an_mdoc_is_an_element_of_a_namespace():
    mdoc = FORWARD.replace('vct = "urn:eudi:pid:1"', 'doctype = "org.iso.18013.5.1.mDL"')
    asked = described(mdoc.replace('path = ["family_name"]', 'path = ["org.iso.18013.5.1", "family_name"]'))
    assert asked.use_case.query.credentials[0].claims[0].path == ("org.iso.18013.5.1", "family_name")
    for path in ('["family_name"]', '["org.iso.18013.5.1", "names", "first"]', '["org.iso.18013.5.1", 0]'):
        with pytest.raises(Malformed, match="must be a namespace and the name of an element") as refusal:
            described(mdoc.replace('path = ["family_name"]', f"path = {path}"))
        assert refusal.value.at == "child-benefit.toml.fields[0].from[0].path"


def test_of_one_document_only_so_many_claims_may_be_missing():
    """Each of them doubles what a wallet has to look through."""

    def with_optional(count):
        field = '\n[[fields]]\nname = "f{0}"\ntitle = {{ en = "F" }}\ntype = "string"\noptional = true\n'
        source = 'from = [{{ document = "pid", path = ["c{0}"], optional = true }}]\n'
        return SERVICE + "".join((field + source).format(number) for number in range(count))

    [pid] = [one for one in described(with_optional(5)).use_case.query.credentials if one.id == "pid"]
    assert len(pid.claim_sets) == 32
    with pytest.raises(Malformed, match="more than 5 optional claims in pid"):
        described(with_optional(6))


def test_earlier_answers_come_from_another_service(tmp_path):
    own = OTHER.replace('service = "child-benefit", field = "iban"', 'service = "allowance", field = "account"')
    Path(tmp_path, "allowance.toml").write_text(own)
    with pytest.raises(Malformed, match="no question of another service"):
        read_services(tmp_path)


def test_what_is_no_folder_of_services_is_not_taken_for_an_empty_one(tmp_path):
    with pytest.raises(Malformed, match="is no folder"):
        read_services(tmp_path / "missing")


def test_a_folder_with_too_many_files_is_not_read(tmp_path):
    for number in range(501):
        Path(tmp_path, f"s{number}.toml").touch()
    with pytest.raises(Malformed, match="more than 500 services"):
        read_services(tmp_path)


def test_a_file_that_is_no_text_is_refused_by_its_name(tmp_path):
    Path(tmp_path, "latin.toml").write_bytes(OTHER.encode("latin-1").replace(b"Elterngeld", b"Eltern\xff"))
    with pytest.raises(Malformed, match="is not UTF-8") as refusal:
        read_services(tmp_path)
    assert refusal.value.at == "latin.toml"
