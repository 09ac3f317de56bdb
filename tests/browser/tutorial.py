"""A tutorial that a test follows: in its order, with the words that stand on the buttons and pages."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.pictures import take
from tests.support.browser import Window
from tests.support.tree import ROOT

FOLDER = ROOT / "docs/tutorials"
# **what one presses or chooses**, *what one sees*, or a picture of it
_WORDS = re.compile(
    r"(?<!\*)(?P<kind>\*{1,2})(?P<name>[^*]+)(?P=kind)(?!\*)|<img src=\"\.\./pictures/(?P<picture>[\w-]+)\.png\""
)
PICTURE = "picture"


@dataclass
class Tutorial:
    """What is still to be done, in the order of the page."""

    name: str
    left: list[tuple[str, str]]

    @classmethod
    def read(cls, name: str) -> "Tutorial":
        """The tutorial of a role."""
        text = " ".join(Path(FOLDER / f"{name}.md").read_text(encoding="utf-8").split())
        found = [match.groupdict() for match in _WORDS.finditer(text)]
        return cls(name, [(one["kind"] or PICTURE, one["name"] or one["picture"]) for one in found])

    def press(self, window: Window, role: str = "button", *, only_said: bool = False, whole: bool = False) -> None:
        """Press what stands next in bold; `only_said`: it is another way, which nobody goes now; `whole`: it says no more."""
        kind, name = self.left.pop(0)
        assert kind == "**", f"{self.name}: look for “{name}” first"
        if not only_said:
            # A button can say more than its first words
            begins = re.compile(f"^{re.escape(name)}{'$' if whole else ''}")
            window.page.get_by_role(role, name=begins).first.click()  # type: ignore[arg-type]  # literals, there

    def see(self, window: Window, *, only_said: bool = False) -> None:
        """See what stands next in italics, as the heading of the page or its state."""
        kind, name = self.left.pop(0)
        assert kind == "*", f"{self.name}: press “{name}” first"
        if not only_said:
            expect(window.page.get_by_text(name, exact=True).first).to_be_visible(timeout=20_000)

    def picture(self, window: Window, *, dark: bool = False) -> None:
        """What is to be seen now stands here as a picture."""
        kind, name = self.left.pop(0)
        assert kind == PICTURE, f"{self.name}: “{name}” comes before the picture"
        window.page.emulate_media(color_scheme="dark" if dark else "light")
        take(window, name)
        window.page.emulate_media(color_scheme="light")

    def is_done(self) -> None:
        """Nothing of it was left out."""
        assert self.left == []
