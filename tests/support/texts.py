"""The texts that need a translation: in templates, and in code where they are looked up."""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from jinja2.ext import babel_extract

OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def texts_of(home: Path) -> set[str]:
    """Every text below a folder, with its plural, as a catalogue has it."""
    return {*template_texts(home), *code_texts(home)}


def template_texts(home: Path) -> Iterator[str]:
    """What templates say."""
    for file in sorted(home.rglob("*.html")):
        source = io.BytesIO(file.read_bytes())
        for _, _, message, _ in babel_extract(source, ("_", "gettext", "ngettext", "trans"), [], OPTIONS):
            texts = (message,) if isinstance(message, str) else message
            yield from (text for text in texts if isinstance(text, str))


def code_texts(home: Path) -> Iterator[str]:
    """What is looked up in code: by `words(…)`, by `words.count(…)`, or within the class that does it, by `self(…)`."""
    for file in sorted(home.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _looks_up(node.func):
                constants = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                yield from (value for value in constants if isinstance(value, str))


def _looks_up(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        owner = function.value
        speaks = isinstance(owner, ast.Name | ast.Attribute) and getattr(owner, "id", getattr(owner, "attr", "")) in (
            "self", "words", "_words",
        )  # fmt: skip
        return function.attr == "words" or (function.attr == "count" and speaks)
    return isinstance(function, ast.Name) and function.id in ("words", "self")
