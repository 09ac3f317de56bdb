"""Somebody in front of the counter."""

import pytest

from tests.verifier.web.people import Browser


@pytest.fixture
def browser(counter):
    browser = Browser(counter)
    browser.get("/")
    return browser
