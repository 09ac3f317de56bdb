"""Where a partner without endpoints, or an authority, is reached."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sovereignty.contact import Channel, Letter, Way, read_ways

WEB = Way(Channel.WEB, "https://bank.example/privacy")
MAIL = Way(Channel.MAIL, "privacy@bank.example")
PHONE = Way(Channel.PHONE, "+43123456")


@pytest.mark.parametrize(
    ("contact", "way"),
    [
        ("https://bank.example/privacy", WEB),
        (" https://bank.example/privacy ", WEB),
        ("privacy@bank.example", MAIL),
        ("mailto:privacy@bank.example", MAIL),
        ("+43 (1) 23-456", PHONE),
        ("tel:+43123456", PHONE),
    ],
)
def test_a_contact_is_told_by_how_it_looks(contact, way):
    assert read_ways([contact]) == (way,)


@pytest.mark.parametrize(
    "contact",
    [
        None, "", "-", "http://bank.example/", "javascript:alert(1)", "https://user@bank.example/", "https://",
        "privacy@bank.example?bcc=x@evil.example", "a@b", "a b@bank.example", "x@bank.example\nBcc: y@evil.example",
        "tel:*21*123#", "1", "data:text/html,x", "mailto:a@b.example,c@d.example", "https://bank.example/" + "x" * 3000,
    ],
)  # fmt: skip
def test_what_is_none_of_the_three_is_left_out(contact):
    assert read_ways([contact]) == ()


def test_a_page_comes_before_a_mail_and_a_mail_before_a_call():
    assert read_ways(["+43123456", "privacy@bank.example", "https://bank.example/privacy", "tel:+43123456"]) == (
        WEB,
        MAIL,
        PHONE,
    )


def test_links_open_a_page_a_draft_or_a_call():
    letter = Letter("Löschung & mehr?", "Guten Tag,\n\nbitte löschen. 100 % #sofort")
    assert WEB.link(letter) == WEB.address
    assert PHONE.link(letter) == "tel:+43123456"
    assert MAIL.link() == "mailto:privacy@bank.example"
    link = MAIL.link(letter)
    assert "\n" not in link
    assert " " not in link
    fields = parse_qs(urlsplit(link).query, strict_parsing=True)
    assert fields == {"subject": [letter.subject], "body": [letter.body.replace("\n", "\r\n")]}


@given(st.text(max_size=60))
def test_no_contact_breaks_out_of_its_link(contact):
    for way in read_ways([contact]):
        assert way.link().startswith(("https://", "mailto:", "tel:"))
        assert not set(way.link()) & set(' "<>\n\r')
