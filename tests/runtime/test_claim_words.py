import pytest

from runtime.claim_words import ClaimKind, country, is_day, kind_of, long_date


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("nationalities", None), ClaimKind.COUNTRY),
        (("address", "country"), ClaimKind.COUNTRY),
        (("place_of_birth", "country"), ClaimKind.COUNTRY),
        (("issuing_country",), ClaimKind.COUNTRY),
        (("institution", "country"), ClaimKind.COUNTRY),
        (("sex",), ClaimKind.SEX),
        (("org.hoheit.representation.1", "areas", None), ClaimKind.AREA),
        (("org.hoheit.representation.1", "relation"), ClaimKind.RELATION),
        (("org.hoheit.birth-certificate.1", "birth_country"), ClaimKind.COUNTRY),
        (("nationalities",), ClaimKind.PLAIN),
        (("country",), ClaimKind.PLAIN),
        ((), ClaimKind.PLAIN),
    ],
)
def test_a_claim_is_what_it_is_by_where_it_stands(path, kind):
    assert kind_of(path) is kind


@pytest.mark.parametrize(
    ("code", "language", "shown"),
    [
        ("DE", "de", "Deutschland (DE)"),
        ("DE", "en", "Germany (DE)"),
        ("XK", "en", "Kosovo (XK)"),
        ("ZZ", "en", "ZZ"),
        ("QO", "en", "QO"),
        ("QQ", "en", "QQ"),
        ("de", "de", "de"),
        ("001", "en", "001"),
        ("EU", "en", "European Union (EU)"),
        ("", "en", ""),
        ("Germany", "en", "Germany"),
    ],
)
def test_a_country_is_named_with_its_code(code, language, shown):
    assert country(code, language) == shown


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        ("1964-08-12", "de", "12. August 1964"),
        ("1964-08-12", "en", "12 August 1964"),
        ("1964-02-30", "en", "1964-02-30"),
        ("0000-01-01", "en", "0000-01-01"),
        ("1964-08-12T10:00", "en", "1964-08-12T10:00"),
        ("", "en", ""),
    ],
)
def test_a_day_is_written_as_people_say_it(text, language, shown):
    assert long_date(text, language) == shown


def test_what_is_written_like_a_day_need_not_be_one():
    assert is_day("1964-02-30")
    assert not is_day("1964-2-3")
