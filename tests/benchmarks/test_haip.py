"""The conversations of `make bench ARGS=haip` hold, with every extra and without each: a few of each, none of them timed."""

import pytest

from tests.benchmarks.extras import Extras, measure_subject
from tests.benchmarks.haip_issuing import ISSUING
from tests.benchmarks.haip_presenting import PRESENTING
from tests.benchmarks.measure import Report
from tests.benchmarks.serving import SQLITE


@pytest.mark.flow
@pytest.mark.parametrize("subject", [ISSUING, PRESENTING], ids=["issuance", "presentation"])
def test_every_variant_is_spoken_to_its_end_and_has_its_rows(subject, monkeypatch):
    monkeypatch.setattr("tests.benchmarks.measure.ROUND_SECONDS", 0.01)  # of the raw operations beside them
    report = Report()
    measure_subject(report, subject, SQLITE, count=16, rounds=1)
    names = [row.name for row in report.rows]
    assert names[0] == f"{subject.name}, with all of HAIP, SQLite"
    for extra in subject.extras:
        assert f"{subject.name} without {extra}: processor time" in names
        assert f"{subject.name}: {extra}" in names
    assert all(row.value > 0 for row in report.rows if row.unit == "1/s")


@pytest.mark.parametrize("subject", [ISSUING, PRESENTING], ids=["issuance", "presentation"])
def test_the_raw_cryptography_of_the_whole_is_that_of_its_parts(subject):
    whole, plain = subject.raw(Extras(subject.extras)), subject.raw(Extras())
    assert plain == subject.plain
    for name in ("verify", "sign", "agree", "generate"):
        added = sum(getattr(raw, name) for raw in subject.extras.values())
        assert getattr(whole, name) == getattr(plain, name) + added
