"""Pages in Chromium: the first ones with a cold cache, their size and time; and from a code that is seen to what it asks."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from hoheit.demo.places import CITY_OFFICE, LIBRARY
from hoheit.demo.running import open_town
from tests.benchmarks.measure import Report, Row
from tests.benchmarks.scanning import fill_wallet, scan_to_consent
from tests.support.ports import free_port

ROUNDS = 5
MAX_KILOBYTES = 100.0
MAX_MILLISECONDS = 500.0
MAX_SCAN = 1000.0  # milliseconds
_MEASURE = """() => {
  const page = performance.getEntriesByType("navigation")[0];
  const all = [page, ...performance.getEntriesByType("resource")];
  return [all.reduce((sum, entry) => sum + entry.transferSize, 0), page.loadEventEnd];
}"""


def measure_pages(report: Report) -> None:
    """The first page of everybody in the demo town, and a scan of its wallet."""
    program = shutil.which("chromium")
    if program is None:
        return
    os.environ["HOHEIT_ENV"] = "test"
    with tempfile.TemporaryDirectory() as folder, open_town(Path(folder), free_port(), as_json=True) as running:
        town = running.town
        addresses = {
            "the town": f"{town.start}/",
            "the wallet": f"{town.wallet_address}/",
            "an agency": f"{town.address(CITY_OFFICE)}/",
            "its desk": f"{town.address(CITY_OFFICE)}/desk",
            "a partner": f"{town.address(LIBRARY)}/",
        }
        fill_wallet(running)
        with sync_playwright() as playwright:
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            browser = playwright.chromium.launch(executable_path=program, args=arguments)
            for name, address in addresses.items():
                size, time = _first_visit(browser, address)
                against = f"{MAX_KILOBYTES:g} kB"
                report.add(Row(f"first page of {name}: size", size, "kB", MAX_KILOBYTES / size, against, 1.0))
                against = f"{MAX_MILLISECONDS:g} ms"
                report.add(Row(f"first page of {name}: time", time, "ms", MAX_MILLISECONDS / time, against, 1.0))
            browser.close()
            time = scan_to_consent(playwright, program, running, Path(folder))
            report.add(Row("code seen to consent page", time, "ms", MAX_SCAN / time, f"{MAX_SCAN:g} ms", 1.0))


def _first_visit(browser: Browser, address: str) -> tuple[float, float]:
    """Kilobytes and milliseconds, the median of several visits of which each knows nothing of the others."""
    sizes, times = [], []
    for _ in range(ROUNDS):
        context = browser.new_context()
        page = context.new_page()
        page.goto(address, wait_until="load")
        page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
        size, time = page.evaluate(_MEASURE)
        sizes.append(size / 1000)
        times.append(time)
        context.close()
    return statistics.median(sizes), statistics.median(times)
