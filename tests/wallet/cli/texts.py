"""The texts of the command, found in its source."""

import ast

from tests.support.tree import ROOT
from wallet import words


def texts():
    """Every text that is looked up in the catalogue: by `words(…)`, in `Words`, and the plain words for errors."""
    found = {text for _, text in words._IN_PLAIN_WORDS}
    for file in (ROOT / "wallet" / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and _looks_up(node.func):
                constants = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                found.update(value for value in constants if isinstance(value, str))
    return found


def _looks_up(function):
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = function.value if isinstance(function, ast.Attribute) else None
    if name == "count" and owner is not None:
        return True
    return name == "words" or (name == "self" and owner is None)
