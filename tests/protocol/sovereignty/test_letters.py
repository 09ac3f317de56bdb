import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sovereignty.letters import LANGUAGES, Party, complaint_letter, one_line, rights_letter
from protocol.sovereignty.rights import Right

BANK = Party("Muster Bank", "LEIXG-1", "AT")
ARTICLES = {"withdraw_consent": "7(3)", "human_review": "22(3)", "access": "15", "erasure": "17", "objection": "21"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("right", sorted(Right))
def test_a_letter_names_the_law_the_partner_and_what_it_is_about(right, language):
    letter = rights_letter(
        right, language=language, partner="Muster Bank", day="28.11.2026", claims=["Name", "Anschrift"]
    )
    assert ARTICLES.get(right, "Art") in letter.subject
    assert all(part in letter.body for part in ("Muster Bank", "28.11.2026", "Name, Anschrift", "2016/679"))
    assert "{" not in letter.subject + letter.body


def test_a_letter_about_everything_says_so():
    assert "alle Daten" in rights_letter(Right.ERASURE, language="de-AT", partner="B", day="1.1.2027").body
    assert "all data" in rights_letter(Right.ERASURE, language="fr", partner="B", day="2027-01-01").body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_complaint_names_everybody_who_asked(language):
    through = Party("Relay", "LEIXG-2", "DE")
    letter = complaint_letter(language=language, partner=BANK, through=through, grounds=["One.", "Two."])
    assert "Muster Bank" in letter.subject
    assert all(part in letter.body for part in ("LEIXG-1", "AT", "Relay", "LEIXG-2", "- One.\n- Two."))
    assert "Relay" not in complaint_letter(language=language, partner=BANK, through=None, grounds=["One."]).body


@given(st.text(max_size=300))
def test_no_name_makes_a_line_or_a_header_of_its_own(name):
    assert one_line(name).isprintable()
    letter = complaint_letter(language="en", partner=Party(name, "1", "AT"), through=None, grounds=[name])
    assert letter.subject.isprintable()
    plain = complaint_letter(language="en", partner=BANK, through=None, grounds=["One."])
    assert letter.body.count("\n") == plain.body.count("\n")


def test_braces_in_a_name_are_only_braces():
    assert (
        "{identifier}"
        in complaint_letter(language="en", partner=Party("{identifier}", "1", "AT"), through=None, grounds=[]).subject
    )
