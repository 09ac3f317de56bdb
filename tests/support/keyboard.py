"""Somebody who has a keyboard and no mouse, and looks where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import expect

from tests.support.browser import Window

MOST = 12  # presses of a key until what is wanted has the keyboard: more than that is no way, but a search
TOP = ""  # where the keyboard stands on a page that was just opened: before everything
SKIP = ("To the content", "Zum Inhalt")
CONTRAST = 3.0  # of the mark with what it stands on (WCAG 2.2, 1.4.11)
_NAMES = """
const nameOf = (one) => one === document.body ? "" : (
  one.getAttribute("aria-label") || [...(one.labels ?? [])].map((label) => label.innerText).join(" ")
  || one.innerText || one.value || one.tagName).trim();
"""
_WHERE = f"() => {{ {_NAMES} return nameOf(document.activeElement); }}"
# What marks the one that has the keyboard, on itself or on what is around it, is gone when the keyboard is not there
_STOP = f"""() => {{
  {_NAMES}
  const one = document.activeElement;
  if (one === document.body) return {{ name: "" }};
  const around = [];
  for (let outer = one; outer && around.length < 5; outer = outer.parentElement) around.push(outer);
  const look = () => around.map((outer) => {{
    const style = getComputedStyle(outer);
    const none = style.outlineStyle === "none" || style.outlineWidth === "0px";
    return [none ? "" : style.outlineWidth + style.outlineColor, style.boxShadow].join();
  }});
  const box = one.getBoundingClientRect();
  const withKeyboard = look();
  const colours = around.map((outer) => getComputedStyle(outer).outlineColor);
  one.blur();
  const without = look();
  one.focus({{ preventScroll: true }});
  const marked = withKeyboard.findIndex((style, place) => style !== without[place]);
  let ground = "rgb(255, 255, 255)";
  for (let outer = around[marked]?.parentElement; outer; outer = outer.parentElement) {{
    const colour = getComputedStyle(outer).backgroundColor;
    if (colour !== "rgba(0, 0, 0, 0)") {{ ground = colour; break; }}
  }}
  return {{
    name: nameOf(one), top: box.top + scrollY, left: box.left, bottom: box.bottom + scrollY,
    seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    marked: marked >= 0, mark: colours[Math.max(marked, 0)], ground,
  }};
}}"""


@dataclass
class Keyboard:
    """A person's keyboard at a window; every place at which it stops is looked at."""

    window: Window
    stops: list[str] = field(default_factory=list)  # names, of this page
    _last: tuple[float, float] = (0, 0)  # top and left of the last stop

    def arrives(self, heading: str, at: str = TOP) -> None:
        """A page is there, and the keyboard stands where it is expected: at its `TOP`, or at what has this name."""
        expect(self.window.page.get_by_role("heading", level=1)).to_have_text(heading)
        # A page that follows moves the keyboard in the moment after
        self.window.page.wait_for_function(f"at => ({_WHERE})().startsWith(at)", arg=at)
        where = self.where()
        assert where.startswith(at) if at else where == TOP, f"{heading}: the keyboard stands at “{where}”"
        self.stops, self._last = [], (0, 0)

    def where(self) -> str:
        """The name of what has the keyboard now; `TOP` if nothing has."""
        return str(self.window.page.evaluate(_WHERE))

    def skip(self) -> None:
        """The first stop of a page leads past its menu."""
        self.press("Tab")
        assert self._stop() in SKIP, f"the first stop is “{self.stops[-1]}”"
        self.press("Enter")
        self._last = (0, 0)

    def to(self, name: str, *, key: str = "Tab", most: int = MOST) -> None:
        """Go on, or back by Shift+Tab, to what is called so."""
        for _ in range(most):
            self.press(key)
            if self._stop(forward=key == "Tab").startswith(name):
                return
        raise AssertionError(f"the keyboard does not come to “{name}” but to {self.stops[-most:]}")

    def press(self, key: str) -> None:
        """Press a key."""
        self.window.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type, or paste, a text."""
        assert self.where() != TOP, "nothing takes what is typed"
        self.window.page.keyboard.insert_text(text)

    def _stop(self, *, forward: bool = True) -> str:
        stop = self.window.page.evaluate(_STOP)
        name = str(stop["name"])
        self.stops.append(name)
        if name == TOP:  # after the last one comes the browser's own
            self._last = (0, 0)
            return name
        assert stop["seen"], f"“{name}” has the keyboard where nobody sees it"
        assert stop["marked"], f"“{name}” does not show that it has the keyboard"
        contrast = _contrast(stop["mark"], stop["ground"])
        assert contrast >= CONTRAST, f"the mark of “{name}” has a contrast of {contrast:.1f}: {stop}"
        top, left = self._last
        after = stop["bottom"] > top and (stop["top"] >= top - 4 or stop["left"] > left)
        assert after or not forward or name in SKIP, f"“{name}” stands before what came before it: {self.stops}"
        self._last = (stop["top"], stop["left"])
        return name


def _contrast(one: str, other: str) -> float:
    """How much two colours, as a browser says them, differ (WCAG 2.2)."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].replace(",", " ").split()[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
