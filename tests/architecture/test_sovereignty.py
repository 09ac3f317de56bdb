"""docs/sovereignty/tested.md names for every promise of data sovereignty the tests that hold it, and leaves no section out."""

import re

import pytest

from protocol.encoding import decode_base64url, read_json_object
from tests.support.tested_rules import is_test, missing_tests, named_tests, read_rules, table_rows, without_tests
from tests.support.texts import texts_of
from tests.support.tree import ROOT, modules

WALLET, VERIFIER, ISSUER, REGISTRAR, WITNESS, DIRECTORY = (
    "wallet",
    "verifier",
    "issuer",
    "registrar",
    "witness",
    "directory",
)
# The sections of the specification, and whom they bind
BOUND = {
    "receipts.md": {WALLET, VERIFIER},
    "receipts.md#announcement": {WALLET, VERIFIER},
    "receipts.md#cockpit-key": {WALLET, VERIFIER},
    "receipts.md#calls": {WALLET, VERIFIER},
    "receipts.md#when-a-cockpit-is-called": {WALLET},
    "receipts.md#receipt--disclosure-receiptjwt": {WALLET, VERIFIER},
    "receipts.md#how-it-travels": {WALLET, VERIFIER},
    "receipts.md#what-the-wallet-checks": {WALLET},
    "receipts.md#at-an-issuer": {WALLET, ISSUER},
    "receipts.md#as-isoiec-ts-275602023": {WALLET},
    "usage.md#entry": {VERIFIER},
    "usage.md#at-an-issuer": {ISSUER},
    "usage.md#log": {VERIFIER},
    "usage.md#report": {WALLET, VERIFIER},
    "usage.md#heads-for-everybody": {VERIFIER, WITNESS},
    "usage.md#witness": {WALLET, WITNESS, DIRECTORY, REGISTRAR},
    "usage.md#findings": {WALLET},
    "rights.md#objects": {WALLET, VERIFIER},
    "rights.md#request--rights-requestjwt": {WALLET, VERIFIER},
    "rights.md#status--rights-statusjwt": {WALLET, VERIFIER},
    "rights.md#present-again": {WALLET, VERIFIER},
    "rights.md#at-an-issuer": {ISSUER},
    "rights.md#for-people": {VERIFIER, ISSUER},
    "rights.md#answer--rights-answerjwt": {WALLET, VERIFIER},
    "rights.md#partners-without-these-endpoints-eudi-ts7": {WALLET},
    "rights.md#complaint-eudi-ts8": {WALLET},
    "catalogue.md#the-document": {WALLET, REGISTRAR},
    "catalogue.md#a-service": {WALLET, REGISTRAR},
    "catalogue.md#a-form-asks": {WALLET, VERIFIER},
    "rules.md#a-rule": {WALLET},
    "rules.md#what-is-held": {WALLET},
    "rules.md#evaluation": {WALLET},
    "rules.md#suggestions": {WALLET},
    "rules.md#journeys": {WALLET},
    "forwarding.md#terms-of-a-recipient": {WALLET, ISSUER},
    "forwarding.md#standing-order": {WALLET},
    "forwarding.md#mandate--forwarding-mandatejwt": {WALLET, ISSUER},
    "forwarding.md#status--mandate-statusjwt": {WALLET, ISSUER},
    "forwarding.md#forwarded-data--forwarded-datajwt": {VERIFIER, ISSUER},
    "representation.md#the-proof--urnhoheitrepresentation1-orghoheitrepresentation1": {ISSUER},
    "representation.md#what-is-asked": {WALLET, VERIFIER},
    "representation.md#what-is-checked": {VERIFIER},
    "representation.md#what-comes-of-it": {WALLET, VERIFIER},
}
FOLDER = ROOT / "docs/sovereignty"
ABOUT = {"README.md", "tested.md"}  # neither has rules
PAGE, _, ATTACKED = (FOLDER / "tested.md").read_text().partition("## Bad input and privacy")
SPECIFIED, _, BESIDES = PAGE.partition("## What people have of it")
KIND = re.compile(r'= "([a-z-]+\+jwt)"')
LINK = re.compile(r"\[[^\]]+\]\(([^)]+)\)")


def sections(file):
    """The addresses of a page's sections, as its readers' programs make them."""
    headings = re.findall(r"^#{2,3} (.+)$", file.read_text(), re.MULTILINE)
    return {f"{file.name}#{re.sub(r'[^a-z0-9 -]', '', heading.lower()).replace(' ', '-')}" for heading in headings}


def target(rule):
    """Where the rule of a line stands."""
    found = LINK.fullmatch(rule.section)
    assert found, rule.section
    return found[1]


def test_every_section_is_there_for_everybody_whom_it_binds():
    found: dict[str, set[str]] = {}
    for rule in read_rules(SPECIFIED):
        found.setdefault(target(rule), set()).add(rule.side)
    assert found == BOUND


def test_no_section_of_the_specification_is_left_out():
    specified = {section for file in FOLDER.glob("*.md") if file.name not in ABOUT for section in sections(file)}
    assert specified == {address for address in BOUND if "#" in address}


def test_every_promise_has_a_test_that_it_is_kept_and_one_that_its_opposite_is_refused():
    assert without_tests(read_rules(PAGE)) == []


def test_every_test_that_is_named_exists():
    assert missing_tests(read_rules(PAGE)) == []


@pytest.mark.parametrize(
    "link", sorted({LINK.search(rule.section)[1] for rule in read_rules(BESIDES) if LINK.search(rule.section)})
)
def test_what_stands_on_other_pages_leads_there(link):
    file, _, section = link.partition("#")
    path = (FOLDER / file).resolve()
    assert path.is_file()
    assert not section or f"{path.name}#{section}" in sections(path)


def test_every_kind_of_signed_object_has_a_published_vector():
    """Whoever builds this has a token of each kind to read."""
    defined = {
        kind
        for file in modules("protocol")
        if file.parent.name == "sovereignty"
        for kind in KIND.findall(file.read_text())
    }
    texts = [file.read_text() for file in (FOLDER / "vectors").glob("*.json")]
    heads = {head for text in texts for head in re.findall(r"\"(eyJ[\w-]+)\.[\w-]+\.[\w-]+\"", text)}
    published = {read_json_object(decode_base64url(head, "header"), "header").get("typ") for head in heads}
    # What an answer and forwarded data are sealed in; the reader opens them with the keys beside them
    sealed = {"rights-answer+jwt", "forwarded-data+jwt"}
    assert len(defined) > 10
    assert defined - published <= sealed


def test_every_attack_names_who_refuses_it_what_people_read_and_tests_that_exist():
    texts = texts_of(ROOT / "wallet")
    rows = table_rows(ATTACKED)
    assert len(rows) > 40
    for tried, who, reads, tests in rows:
        named = named_tests(tests)
        assert tried
        assert who
        assert named, tried
        assert [test for test in named if not is_test(test)] == []
        quoted = re.findall(r"“([^”]+)”", reads)
        assert quoted or reads.startswith("nothing: "), tried
        # What is quoted is what the wallet says, word for word
        assert [quote for quote in quoted if not any(quote in text for text in texts)] == []
