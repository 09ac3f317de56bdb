"""What the commands of every service share: how they are told names, what they print, and how they say what is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pydantic import BaseModel, ValidationError

from protocol.encoding import JsonObject, encode_json
from protocol.errors import ProtocolError
from runtime.settings import setting_problem


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Let whatever keeps a program from its work end it with one clear line and status 1 (T252).

    Raises:
        SystemExit: a setting, file, key, store or address is wrong or missing.
    """
    try:
        yield
    except ValidationError as error:
        raise SystemExit(f"error: {setting_problem(error)}") from None
    except ProtocolError as error:
        raise SystemExit(f"error: {error.description}") from None
    except FileNotFoundError as error:
        raise SystemExit(f"error: {error.filename} is missing") from None
    except OSError as error:
        raise SystemExit(f"error: {error.filename or 'the system'}: {error.strerror or 'refused'}") from None
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"error: {' '.join(str(error).split())}") from None


def read_names(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """What `--name` says, each time: language → name.

    Raises:
        ValueError: one has no language or no name.
    """
    pairs = [text.partition("=") for text in texts]
    if not all(language.isalpha() and name for language, _, name in pairs):
        raise ValueError("--name: must be a language and a name, such as de=Bürgeramt")
    return tuple((language.lower(), name) for language, _, name in pairs)


def print_json(value: JsonObject | BaseModel) -> None:
    """Print one line that programs read, at once: they may be waiting for it."""
    print(value.model_dump_json() if isinstance(value, BaseModel) else encode_json(value).decode("utf-8"), flush=True)
