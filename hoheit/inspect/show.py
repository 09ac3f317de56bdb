"""A report on the terminal."""

from __future__ import annotations

import json

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from hoheit.inspect.report import Report
from protocol.encoding import JsonValue

_MARKS = {True: ("✓ ", "green"), False: ("✗ ", "bold red"), None: ("– ", "dim")}


def show(report: Report, console: Console) -> None:
    """Print a report, its parts indented."""
    tree = _tree(report)
    console.print(tree)
    if not report.anything_checked:
        console.print(Text("Nothing about it could be checked here.", style="dim"))
    elif report.sound:
        console.print(Text("Nothing is wrong as far as it could be checked.", style="green"))
    else:
        console.print(Text("Something is wrong: see the lines with ✗.", style="bold red"))


def _tree(report: Report) -> Tree:
    tree = Tree(Text.assemble((report.kind, "bold"), (f"  {report.specification}", "dim")))
    for name, value in report.content.items():
        tree.add(Text.assemble((f"{name}: ", "cyan"), _plain(value)))
    for finding in report.findings:
        mark, style = _MARKS[finding.passed]
        tree.add(Text(mark + finding.text, style=style))
    for part in report.inside:
        tree.add(_tree(part))
    return tree


def _plain(value: JsonValue) -> str:
    """Text as it is, without what could steer a terminal; everything else as JSON."""
    if isinstance(value, str):
        return "".join(c if c.isprintable() else "·" for c in value)
    text = json.dumps(value, ensure_ascii=False, indent=2 if len(str(value)) > 90 else None)
    return "".join(c if c.isprintable() or c == "\n" else "·" for c in text)
