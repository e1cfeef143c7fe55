"""`tieout doctor flex` in each failure: its output is word for word that of docs/guides/doctor-flex.md.

After a change of a text run `python -m tests.integration.test_doctor_flex_guide`: it prints the guide's cases anew.
"""

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import typer
from lxml import etree
from typer.testing import CliRunner

from apps.cli import doctor
from apps.cli.context import CommandContext
from config.settings import Settings
from orchestration import fetching
from orchestration.resources.flex_web_service import FlexWebService
from orchestration.resources.flex_web_service.errors import CODES
from tests.fakes.flex_server import HTML_ERROR, Answer, FlexServer, flex_server, refused
from tests.support import guide
from tests.support.odd_server import free_port
from transforms.broker_simulator import simulate
from transforms.probe.needs import attributes_read
from transforms.probe.sections import wanted_sections

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "doctor-flex.md"
TOKEN, WIDTH = "24681357", "100"
MORNING = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
EXPIRES = date(2026, 12, 1)
OFTEN = 99  # more answers than a fetch asks for
Change = Callable[[FlexServer], None]


class Clock:
    """The service's clock: to sleep is to set it forward, so that a quarter of an hour takes no time."""

    def __init__(self) -> None:
        self.at = MORNING.timestamp()

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@functools.cache
def document_of(last: date) -> bytes:
    """A statement from January to `last` of an account with much business, as the query of the guide gives it.

    The synthetic broker writes the fields that the broker fills; with Select All the others are there too, empty.
    """
    life = simulate(seed=3, years=1)
    written = life.document(["U1000001"], date(2023, 1, 2), last, datetime.combine(last, time(22)))
    root = etree.fromstring(b"".join(written.chunks()))
    for statement in root.iter("FlexStatement"):
        for tag, section in wanted_sections().items():
            if section.need in ("always", "books"):
                found = statement.find(tag)
                _fill(etree.SubElement(statement, tag) if found is None else found)
    return etree.tostring(root)


def _fill(section: "etree._Element") -> None:
    rows = [*section] or ([section] if section.attrib else [])
    for name in attributes_read(section.tag):
        if rows and not any(name in row.attrib for row in rows):
            rows[0].set(name, "DETAIL" if name == "levelOfDetail" else "")


JANUARY, APRIL = date(2023, 1, 31), date(2023, 4, 28)


def document(*changes: tuple[str, str], last: date = JANUARY) -> Change:
    """The query gives its document after these changes of its text: patterns, and what stands in their place."""

    def change(server: FlexServer) -> None:
        text = document_of(last).decode()
        for pattern, new in changes:
            text, found = re.subn(pattern, new, text)
            assert found, f"{pattern} is not in the document"
        server.documents["777"] = text.encode()

    return change


def answers(*send: Answer, get: Answer | None = None) -> Change:
    """The service gives these answers, the last one for ever."""

    def change(server: FlexServer) -> None:
        server.documents["777"] = document_of(JANUARY)
        if send:
            server.sends.extend([*send, *[send[-1]] * OFTEN])
        if get:
            server.gets.extend([get] * OFTEN)

    return change


def elsewhere(server: FlexServer) -> None:
    server.documents["777"] = document_of(JANUARY)
    server.url_of_statements = "https://flex.example/GetStatement"


def nowhere(server: FlexServer) -> None:
    server.base_url = f"http://127.0.0.1:{free_port()}/FlexWebService"


def no_query(server: FlexServer) -> None:
    server.base_url = ""


def code(number: int) -> Change:
    """The service refuses with a code: the statement where the statement is asked for, else the query."""
    if number in (1017, 1019, 1021):
        return answers(get=refused(number))
    return answers(refused(number))


CASES: dict[str, Change] = {
    "All is well": document(),
    "Nothing is set": no_query,
    "The token expires soon": document(),
    "The token has expired by its date": document(),
    **{f"Code {number}: {known.meaning}": code(number) for number, known in CODES.items()},
    "A code that is not known": answers(refused(1099, "Come back on Sunday.")),
    "The service cannot be reached": nowhere,
    "The service answers with an HTTP error": answers(Answer(HTML_ERROR, status=503)),
    "The service answers with a web page": answers(Answer(HTML_ERROR)),
    "The answer is empty": answers(get=Answer(b"")),
    "The document breaks off": answers(get=Answer(b"<FlexQueryResponse><FlexStatements count='1'>")),
    "The answer names an address that is not the broker's": elsewhere,
    "A section is not ticked": document((r"(?s)<Transfers>.*?</Transfers>|<Transfers */>", "")),
    "A section has summaries alone": document((r'levelOfDetail="EXECUTION"', 'levelOfDetail="ORDER"')),
    "A field is not ticked": document((r' ibCommission="[^"]*"', "")),
    "A date has another format": document(
        (r'(<Trade [^>]*? tradeDate)="(\d{4})(\d\d)(\d\d)"', r'\1="\4/\3/\2"')
    ),
    "A number has another format": document((r'(<Trade [^>]*? proceeds)="(-?\d+)(\d{3})\.', r'\1="\2.\3,')),
    "The query's period is long": document(last=APRIL),
}
WELL = {"All is well"}
WARNED = {
    "The token expires soon",
    "Code 1003: there is no statement for this period",
    "A section is not ticked",
    "A section has summaries alone",
    "A field is not ticked",
    "The query's period is long",
}


@contextmanager
def patched() -> Iterator[pytest.MonkeyPatch]:
    """The service with a clock of its own, and no chance in its waits."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        quick = functools.partial(FlexWebService, now=clock.now, sleep=clock.sleep)
        patch.setattr(fetching, "FlexWebService", quick)
        yield patch


def run(settings: Settings) -> tuple[int, str]:
    """The exit code and the output of the command."""
    app = typer.Typer()

    @app.callback()
    def callback(context: typer.Context) -> None:
        context.obj = CommandContext(settings)

    doctor.register(app)
    result = CliRunner().invoke(app, ["doctor", "flex"], env={"COLUMNS": WIDTH})
    return result.exit_code, result.output


def output(title: str, folder: Path) -> tuple[int, str]:
    """The exit code and the output of a case, as the guide shows it: on one day, and at one address."""
    today = datetime.now(UTC).date()
    ends = {"The token expires soon": today + timedelta(days=8), "The token has expired by its date": today}
    with flex_server() as server, patched():
        CASES[title](server)
        given = {"TIEOUT_DATA_DIR": folder, "FLEX_TOKEN_EXPIRES": ends.get(title)}
        if server.base_url:
            given |= {"FLEX_BASE_URL": server.base_url, "FLEX_TOKEN": TOKEN, "FLEX_QUERY_IDS": "daily=777"}
        exit_code, text = run(Settings.model_validate({k: v for k, v in given.items() if v is not None}))
        text = re.sub(r"127\.0\.0\.1:\d+", "flex.ibkr.example", text)
        if title in ends:
            text = text.replace(f"{ends[title]}", f"{EXPIRES}")
    return exit_code, guide.trimmed(text)


@pytest.mark.parametrize("title", CASES)
def test_the_guide_shows_the_output(title: str, tmp_path: Path) -> None:
    exit_code, text = output(title, tmp_path)
    assert exit_code == (0 if title in WELL | WARNED else 2 if title == "Nothing is set" else 1)
    assert guide.shown(title, text) in GUIDE.read_text()
    assert TOKEN not in text


def test_the_guide_has_no_other_case() -> None:
    assert guide.titles(GUIDE.read_text(), "What it says") == list(CASES)


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    for name in CASES:
        with TemporaryDirectory() as place:
            print(guide.shown(name, output(name, Path(place))[1]))
