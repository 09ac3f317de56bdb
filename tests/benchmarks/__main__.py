"""`make bench`: the table on standard output, and JSON into the file that `--json` names."""

import argparse
import json
import platform
from pathlib import Path

from tests.benchmarks.crypto import measure_status_lists, measure_tokens
from tests.benchmarks.haip import measure_haip
from tests.benchmarks.load import measure_load
from tests.benchmarks.mdoc import measure_mdoc
from tests.benchmarks.measure import CLIENT_CORE, Report, heading, keep_to
from tests.benchmarks.pages import measure_pages
from tests.benchmarks.peers import measure_peers
from tests.benchmarks.services import measure_services
from tests.benchmarks.timeline import measure_timeline
from tests.benchmarks.tokens import measure_key_tokens
from tests.benchmarks.trust import measure_trust
from tests.benchmarks.usage import measure_usage


def main() -> None:
    """Measure what was asked for; everything if nothing was."""
    parser = argparse.ArgumentParser(
        description="Measure Hoheit on one core, against raw cryptography of the same run."
    )
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="tokens|mdoc|peers|keys|status|trust|services|load|haip|pages|usage|timeline",
        help="what to measure; by default all",
    )
    parser.add_argument("--json", type=Path, help="write the rows into this file")
    arguments = parser.parse_args()
    parts = set(arguments.parts) or {
        *(
            "tokens",
            "mdoc",
            "peers",
            "keys",
            "status",
            "trust",
            "services",
            "load",
            "haip",
            "pages",
            "usage",
            "timeline",
        )
    }
    keep_to(CLIENT_CORE)
    report = Report()
    print(heading())
    raw_verify = measure_tokens(report)
    if "mdoc" in parts:
        measure_mdoc(report)
    if "peers" in parts:
        measure_peers(report)
    if "keys" in parts:
        measure_key_tokens(report)
    if "status" in parts:
        measure_status_lists(report)
    if "trust" in parts:
        measure_trust(report, raw_verify)
    if "services" in parts:
        measure_services(report)
    if "load" in parts:
        measure_load(report)
    if "haip" in parts:
        measure_haip(report)
    if "pages" in parts:
        measure_pages(report)
    if "usage" in parts:
        measure_usage(report)
    if "timeline" in parts:
        measure_timeline(report)
    if arguments.json is not None:
        found = {"python": platform.python_version(), "machine": platform.machine(), "rows": report.to_list()}
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
