"""What all roles' settings share."""

import pytest
from pydantic import BaseModel, Field, ValidationError, model_validator

from runtime.settings import (
    Environment,
    PublicUrl,
    current_environment,
    refuse_local_in_production,
    setting_problem,
)


class Sample(BaseModel):
    public_url: PublicUrl
    count: int = 1
    secret: str = Field(default="", max_length=3)

    @model_validator(mode="after")
    def _whole(self):
        if self.count == 13:
            raise ValueError("count and secret do not go together")
        return self


def test_production_is_the_default_and_allows_nothing_local(monkeypatch):
    monkeypatch.delenv("HOHEIT_ENV", raising=False)
    assert current_environment() is Environment.PRODUCTION
    assert not Environment.PRODUCTION.allows_local
    with pytest.raises(ValueError, match="public_url is an address of this machine"):
        refuse_local_in_production(Environment.PRODUCTION, public_url="https://agency.localhost")
    refuse_local_in_production(Environment.PRODUCTION, public_url="https://agency.example")


@pytest.mark.parametrize("env", ["demo", "test"])
def test_demo_and_test_allow_this_machine(monkeypatch, env):
    monkeypatch.setenv("HOHEIT_ENV", env)
    assert current_environment().allows_local
    refuse_local_in_production(current_environment(), public_url="http://agency.localhost:8000")


@pytest.mark.parametrize("env", ["", "Production", "dev", "prod"])
def test_another_environment_does_not_start(monkeypatch, env):
    """T252"""
    monkeypatch.setenv("HOHEIT_ENV", env)
    with pytest.raises(ValidationError):
        current_environment()


@pytest.mark.parametrize("url", ["https://agency.example", "https://agency.example/path", "http://agency.localhost:80"])
def test_a_public_url_is_taken(url):
    assert Sample(public_url=url).public_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://agency.example",
        "https://agency.example/",
        "https://a.example/?x=1",
        "https://u:p@a.example",
        "ftp://a.example",
        "a",
        "",
    ],
)
def test_a_public_url_that_others_cannot_use_is_refused(url):
    """T252"""
    with pytest.raises(ValidationError):
        Sample(public_url=url)


def test_a_problem_is_one_line_that_names_the_setting_and_repeats_no_value():
    """T252, T258"""
    with pytest.raises(ValidationError) as refusal:
        Sample.model_validate({"public_url": "http://MARKER.example", "count": "MARKER", "secret": "MARKER"})
    problem = setting_problem(refusal.value)
    assert "MARKER" not in problem
    assert "\n" not in problem
    assert problem.startswith("public_url: must be an https URL")
    assert "count: " in problem
    assert "secret: " in problem


def test_a_problem_of_the_whole_is_said_plainly():
    with pytest.raises(ValidationError) as refusal:
        Sample(public_url="https://a.example", count=13)
    assert setting_problem(refusal.value) == "count and secret do not go together"
