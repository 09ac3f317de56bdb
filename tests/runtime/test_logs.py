"""What is logged, and what never is."""

import json
import logging
import warnings

import pytest
import structlog

from runtime.logs import MAX_TEXT, get_logger, set_up_logs

MARKER = "MARKER-5f3a"


@pytest.fixture(autouse=True)
def logs_as_before():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def lines(capfdbinary):
    set_up_logs(service="issuer", level=logging.DEBUG)

    def read():
        out, err = capfdbinary.readouterr()
        assert out == b""
        return [json.loads(line) for line in err.splitlines()]

    return read


def test_a_line_says_what_when_and_for_which_service(lines):
    get_logger().info("request", method="GET", route="/token", status=200, milliseconds=1.5)
    [line] = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "service": "issuer",
        "method": "GET",
        "route": "/token",
        "status": 200,
        "milliseconds": 1.5,
    }


def test_members_that_could_hold_a_secret_do_not_exist(lines):
    """T258"""
    get_logger().error("x", claims={"a": MARKER}, code=MARKER, token=MARKER, key=MARKER, given_name=MARKER)
    structlog.contextvars.bind_contextvars(body=MARKER)
    get_logger().bind(state=MARKER).debug("y")
    written = lines()
    assert len(written) == 2
    assert MARKER not in str(written)


def test_objects_are_not_written_out(lines):
    """T258: a member that is allowed holds texts and numbers, never what an object shows of itself."""
    get_logger().error("x", error=ValueError(MARKER), reason={"a": MARKER}, place=[MARKER], count=None)
    [line] = lines()
    assert MARKER not in str(line)
    assert (line["error"], line["reason"], line["place"], line["count"]) == ("ValueError", "dict", "list", None)


@pytest.mark.parametrize(
    "text",
    ["a\r\n{}", "a\nb", "\x1b[2J\x1b]0;x\x07", "\x9b31m", "\u2028", "\u202egnp", "\x00", "\x7f", "\udcff\ud800", "ü"],
)
def test_a_text_cannot_forge_a_line_or_speak_to_a_terminal(lines, capfdbinary, text):
    """T249"""
    get_logger().error("x", reason=text)
    written = capfdbinary.readouterr()[1]
    assert written.count(b"\n") == 1
    assert all(0x20 <= byte < 0x7F for byte in written.rstrip(b"\n"))
    assert json.loads(written)["reason"].isascii()


def test_a_long_text_is_cut(lines):
    """T249"""
    get_logger().error("x" * 1_000_000, reason="y" * 1_000_000)
    [line] = lines()
    assert (len(line["event"]), len(line["reason"])) == (MAX_TEXT, MAX_TEXT)


def test_libraries_say_that_something_happened_and_where(lines):
    """T258, T264: their texts quote addresses and values, and so do tracebacks."""
    log = logging.getLogger("some.library")
    log.warning("refused %s", MARKER)
    log.error(f"refused {MARKER}")  # noqa: G004 - as libraries do
    try:
        raise KeyError(MARKER)
    except KeyError:
        log.exception("failed with %s", MARKER, extra={"claims": MARKER})
    log.info("not worth a line %s", MARKER)
    written = lines()
    assert MARKER not in str(written)
    assert [line["event"] for line in written] == ["library"] * 3
    assert [line["level"] for line in written] == ["warning", "error", "error"]
    assert {line["place"].split(":")[0] for line in written} == {"some.library"}
    assert written[2]["error"] == "KeyError"


def test_a_record_that_cannot_be_formatted_is_no_trouble(lines):
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if handler.__class__.__module__ == "runtime.logs"]
    logging.getLogger("x").warning("%d %s", MARKER)  # noqa: PLE1206 - the mistake that is tested
    [line] = lines()
    assert line["event"] == "library"


def test_setting_up_twice_does_not_write_twice(lines):
    set_up_logs(service="verifier")
    with warnings.catch_warnings():
        logging.getLogger("x").warning("once")
    [line] = lines()
    assert line["service"] == "verifier"
