"""What data are called where nobody says it."""

import pytest

from runtime.known_names import claim_name, known_name


@pytest.mark.parametrize(
    ("path", "english", "german"),
    [
        (("birthdate",), "Date of birth", "Geburtsdatum"),
        (("nationalities", None), "Nationality", "Staatsangehörigkeit"),
        (("eu.europa.ec.eudi.pid.1", "family_name"), "Family name", "Nachname"),
        (("address", "locality"), "Address", "Anschrift"),
        (("age_equal_or_over", "18"), "Whether at least 18 years old", "Ob mindestens 18 Jahre alt"),
        (("org.iso.18013.5.1", "age_over_65"), "Whether at least 65 years old", "Ob mindestens 65 Jahre alt"),
        (("age_equal_or_over",), "Whether you have reached an age", "Ob Sie ein Alter erreicht haben"),
        (("age_over_old",), "", ""),
        (("shoe_size",), "", ""),
        ((), "", ""),
    ],
)
def test_widespread_data_have_names_in_each_language(path, english, german):
    assert known_name(path, "en") == english
    assert known_name(path, "de") == german


@pytest.mark.parametrize(
    ("path", "english", "german"),
    [
        (("birthdate",), "Date of birth", "Geburtsdatum"),
        (("address", "locality"), "Address: Town", "Anschrift: Ort"),
        (("eu.europa.ec.eudi.pid.1", "family_name"), "Family name", "Nachname"),
        (("org.iso.18013.5.1", "driving_privileges", None, "expiry_date"), "What you may drive: Date of expiry", None),
        (("age_equal_or_over", "18"), "Whether at least 18 years old", "Ob mindestens 18 Jahre alt"),
        (("org.iso.18013.5.1", "age_over_65"), "Whether at least 65 years old", "Ob mindestens 65 Jahre alt"),
        (("nationalities", 0), "Nationality: 1", "Staatsangehörigkeit: 1"),
        (("address", "shoe_size"), "Address: shoe size", "Anschrift: shoe size"),
        # One name alone is no namespace
        (("a.b",), "a.b", "a.b"),
        ((), "", ""),
    ],
)
def test_data_are_called_by_each_name_on_the_way(path, english, german):
    assert claim_name(path, "en") == english
    assert german is None or claim_name(path, "de") == german
