"""What the command says: in both languages, and in words that people use."""

import re

import pytest
from babel.messages.pofile import read_po

from protocol.errors import AccessDenied, InvalidRequest, NotTrusted, Unavailable, Unreachable
from tests.support.pki import NOW
from tests.wallet.cli.texts import texts
from tests.wallet.counterpart_agency import AGENCY
from tests.wallet.vault.tampering import note
from wallet.policy.presenting import Caution
from wallet.policy.showing import PartyShown, claims_shown
from wallet.vault.file import InUse
from wallet.vault.passphrase import WrongPassphrase
from wallet.words import LOCALE, Words

# What citizens never read
JARGON = re.compile(
    r"\b(?:token|nonce|claim|credential|verifier|holder|JWT|presentation|DCQL|OAuth|metadata|URI)\b", re.IGNORECASE
)


@pytest.fixture(scope="module")
def catalogue():
    """The German catalogue."""
    with (LOCALE / "de.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, abort_invalid=True) if message.id}


def test_nobody_has_to_know_our_words(catalogue):
    strings = [(string,) if isinstance(string, str) else string for string in catalogue.values()]
    for text in {*texts(), *(text for group in strings for text in group)}:
        assert not JARGON.search(text), text


def test_the_keys_of_a_question_differ(catalogue):
    for one, other in (("y", "n"), ("s", "n"), ("k", "n"), ("d", "n")):
        assert one != other
        assert catalogue[one] != catalogue[other]
        assert len(catalogue[one]) == 1


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (True, "Yes", "Ja"),
        (False, "No", "Nein"),
        (None, "(nothing)", "(nichts)"),
        (18, "18", "18"),
        ("1964-08-12", "12 August 1964", "12. August 1964"),
        ("2000-02-30", "2000-02-30", "2000-02-30"),
        ("DE", "DE", "DE"),
        ("on 1990-03-07", "on 1990-03-07", "on 1990-03-07"),
        ("data:image/jpeg;base64,AAAA", "(a picture)", "(ein Bild)"),
        ([], "(nothing)", "(nichts)"),
        ({}, "(nothing)", "(nichts)"),
    ],
)
def test_values_look_as_people_write_them(value, english, german):
    assert Words("en").value(value) == english
    assert Words("de").value(value) == german


@pytest.mark.parametrize(
    ("path", "value", "english", "german"),
    [
        (("nationalities", 0), "DE", "Germany (DE)", "Deutschland (DE)"),
        (("address", "country"), "FR", "France (FR)", "Frankreich (FR)"),
        (("place_of_birth", "country"), "AT", "Austria (AT)", "Österreich (AT)"),
        (("issuing_country",), "GR", "Greece (GR)", "Griechenland (GR)"),
        (("issuing_country",), "EU", "European Union (EU)", "Europäische Union (EU)"),
        (("address", "country"), "Deutschland", "Deutschland", "Deutschland"),
        (("address", "country"), "de", "de", "de"),
        (("address", "country"), "ZZ", "ZZ", "ZZ"),
        (("address", "country"), "001", "001", "001"),
        (("address", "country"), 49, "49", "49"),
        (("address", "region"), "DE", "DE", "DE"),
        (("country",), "DE", "DE", "DE"),
        (("marks", 0), "BE", "BE", "BE"),
        (("sex",), 2, "Female", "Weiblich"),
        (("sex",), 5, "Diverse", "Divers"),
        (("sex",), 7, "7", "7"),
        (("sex",), True, "Yes", "Ja"),
        (("sex",), "2", "2", "2"),
        (("eqf_level",), 2, "2", "2"),
    ],
)
def test_a_code_is_said_in_words_where_it_stands_for_something_and_nowhere_else(path, value, english, german):
    claims = value
    for step in reversed(path):
        claims = [claims] if step == 0 else {step: claims}
    [claim] = claims_shown(claims, (), "en")
    assert Words("en").value_of(claim) == english
    assert Words("de").value_of(claim) == german
    assert Words("en").claim(claim).endswith(f": {english}")


def test_trust_is_explained_and_its_absence_is_a_warning():
    """T157"""
    known = PartyShown("City", "city.example", AGENCY, "The ministry")
    unknown = PartyShown("", "city.example", AGENCY, "", "City")
    assert Words("en").trust(known) == "Checked: The ministry vouches for them."
    assert Words("en").trust(unknown).startswith("WARNING: nobody")
    assert "city.example" in Words("de").trust(unknown)
    assert Words("de").trust(unknown).startswith("ACHTUNG")


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_caution_has_words_of_its_own(language):
    said = {Words(language).caution(caution) for caution in Caution}
    assert len(said) == len(Caution)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (WrongPassphrase("x"), "The wallet stays closed. Nothing was changed. (x)"),
        (InUse("x"), "The wallet is open in another program. Close it there and try again. (x)"),
        (Unavailable("x"), "The wallet file cannot be written. Nothing was changed. Is the disk full? (x)"),
        (Unreachable("x"), "No connection. Nothing was lost. Please try again later. (x)"),
        (NotTrusted("x"), "Nobody whom you trust vouches for this. Nothing was given away. (x)"),
        (AccessDenied("x"), "This did not work. Nothing was given away. (x)"),
        (InvalidRequest("x"), "This did not work. Nothing was given away. (x)"),
    ],
)
def test_an_error_says_what_happened_and_what_to_do(error, said):
    assert Words("en").error(error) == said


@pytest.mark.parametrize(
    ("action", "outcome", "said"),
    [
        ("received", "done", "You received Personal ID from somebody unknown."),
        ("sharing", "done", "You showed Personal ID to somebody unknown."),
        (
            "sharing",
            "begun",
            "You showed Personal ID to somebody unknown. Whether it arrived is not known; count it as seen.",
        ),
        ("declined", "refused", "You said no to somebody unknown."),
        ("declined", "nothing held answers", "You said no to somebody unknown. You have nothing that answers."),
        ("failed", "the issuer refused: x", "A request of somebody unknown failed. (the issuer refused: x)"),
        ("deleted", "done", "You deleted Personal ID."),
        ("restored", "done", "You put an older copy of this wallet back into use."),
        ("log deleted", "done", "You deleted the log."),
        ("not kept", "bad", "somebody unknown gave nothing that could be kept: Personal ID. (bad)"),
    ],
)
def test_the_log_speaks_in_sentences(action, outcome, said):
    entry = note(action, NOW, outcome)(1, "")
    assert Words("en").entry(entry, outcome) == said
    assert Words("de").entry(entry, outcome) != said
