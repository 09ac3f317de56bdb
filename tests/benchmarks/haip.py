"""HAIP 1.0 over HTTP: whole issuances and presentations, and what each of the profile's extras costs the service."""

from tests.benchmarks.extras import measure_subject
from tests.benchmarks.haip_issuing import ISSUING
from tests.benchmarks.haip_presenting import PRESENTING
from tests.benchmarks.measure import Report
from tests.benchmarks.serving import databases

ISSUANCES = 500  # in a round
PRESENTATIONS = 1000


def measure_haip(report: Report) -> None:
    """Both on both databases; single extras where the database is part of the service, which is SQLite."""
    with databases() as kinds:
        for kind in kinds:
            measure_subject(report, ISSUING, kind, count=ISSUANCES)
            measure_subject(report, PRESENTING, kind, count=PRESENTATIONS)
