"""What `make bench ARGS=timeline` measures is what it says: every page and search finds what it should."""

from tests.benchmarks.measure import Report
from tests.benchmarks.timeline import measure_timeline


def test_a_short_life_is_measured_with_every_row(monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    report = Report()
    measure_timeline(report, entries=400)
    assert len(report.rows) == 8
    assert all(row.value > 0 for row in report.rows)
    assert [row.name for row in report.rows if row.must is None] == ["unlock with a log of 400"]
