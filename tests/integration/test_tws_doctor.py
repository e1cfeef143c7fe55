"""`tieout doctor tws` against the simulated TWS: each failure's output is word for word that of the guide.

After a change of a text run `python -m tests.integration.test_tws_doctor`: it prints the guide's part anew.
"""

import functools
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import tws
from apps.cli import doctor
from apps.cli.context import CommandContext
from config.settings import Settings
from tests.fakes.tws import answers
from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support import guide
from tests.support.odd_server import free_port, odd_server, silent_host
from tws import apart, probe
from tws.endpoint import LIVE_PORTS, Endpoint

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "tws.md"
DEADLINE, PNL_DEADLINE = 0.4, 0.3  # instead of the real ones, which the guide shows
WIDTH = "100"
Case = Callable[[pytest.MonkeyPatch], Iterator[int]]


@contextmanager
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        quick = functools.partial(Endpoint, connect_deadline=DEADLINE, request_deadline=DEADLINE)
        patch.setattr(tws, "Endpoint", quick)
        patch.setattr(probe, "PNL_SECONDS", PNL_DEADLINE)
        yield patch


def broken(change: Callable[[Gateway], None], accounts: tuple[str, ...] = ("DU1000001",)) -> Case:
    """A case of the simulated TWS after something was done to it."""

    def case(patch: pytest.MonkeyPatch) -> Iterator[int]:
        with tws_gateway(Book.of(3, accounts)) as gateway:
            change(gateway)
            yield gateway.port

    return case


def withheld(message: str) -> Case:
    return broken(lambda gateway: gateway.faults.withheld.add(message))


def unknown_host(patch: pytest.MonkeyPatch) -> Iterator[int]:
    def lookup(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    patch.setattr(socket, "getaddrinfo", lookup)
    yield 7497


def refused(patch: pytest.MonkeyPatch) -> Iterator[int]:
    yield free_port()


def unreachable(patch: pytest.MonkeyPatch) -> Iterator[int]:
    with silent_host() as port:
        yield port


def closed(patch: pytest.MonkeyPatch) -> Iterator[int]:
    with odd_server(hangs_up=True) as port:
        yield port


def too_old(patch: pytest.MonkeyPatch) -> Iterator[int]:
    with odd_server(b"\x00\x00\x00\x0976\x00x y z\x00") as port:
        yield port


def port_of_the_other_kind(patch: pytest.MonkeyPatch) -> Iterator[int]:
    with tws_gateway(Book.of(3)) as gateway:
        patch.setattr(probe, "LIVE_PORTS", LIVE_PORTS | {gateway.port})
        yield gateway.port


def not_loaded(patch: pytest.MonkeyPatch) -> Iterator[int]:
    patch.setattr(answers, "account_values", lambda book, account: [("AccountReady", "false", "")])
    with tws_gateway(Book.of(3)) as gateway:
        yield gateway.port


def slow_clock(gateway: Gateway) -> None:
    real = gateway.hub.now
    gateway.hub.now = lambda: real() - timedelta(seconds=90)


CASES: dict[str, Case] = {
    "All is well": broken(lambda gateway: None),
    "The host is not known": unknown_host,
    "Nothing listens on the port": refused,
    "The host does not answer": unreachable,
    "TWS waits for its login, or the port is another program's": broken(lambda gateway: gateway.log_out()),
    "TWS hangs up": closed,
    "TWS is too old": too_old,
    "The client id is in use": broken(lambda gateway: gateway.faults.refused_client_ids.add(1)),
    "The login does not end": withheld("managedAccounts"),
    "The clocks differ": broken(slow_clock),
    "The positions do not end": withheld("positionEnd"),
    "The executions do not end": withheld("execDetailsEnd"),
    "The account is not loaded": not_loaded,
    "No PnL is told": withheld("pnl"),
    "PnL has no figure yet": broken(lambda gateway: setattr(gateway.faults, "unset_pnl", True)),
    "Paper and live are mixed up": port_of_the_other_kind,
}
WELL = {"All is well"}
WARNED = {
    "The client id is in use",
    "The clocks differ",
    "No PnL is told",
    "PnL has no figure yet",
    "Paper and live are mixed up",
}


def run(port: int, *arguments: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """The exit code and the output of the command for this port."""
    app = typer.Typer()

    @app.callback()
    def callback(context: typer.Context) -> None:
        context.obj = CommandContext(Settings.model_validate({"IBKR_HOST": host, "IBKR_PORT": port}))

    doctor.register(app)
    result = CliRunner().invoke(app, ["doctor", "tws", *arguments], env={"COLUMNS": WIDTH})
    return result.exit_code, result.stdout


def output(title: str) -> tuple[int, str]:
    """The exit code and the output of a case, as the guide shows it: with the usual port and the real deadline."""
    with patched() as patch:
        for port in CASES[title](patch):
            host = "gateway.example" if title == "The host is not known" else "127.0.0.1"
            code, text = run(port, host=host)
            usual = "7496" if title == "Paper and live are mixed up" else "7497"
            text = re.sub(rf"\b{port}\b(?! (live|paper))", usual, text)
            text = re.sub(r"version \d+ of", "version 176 of", text)  # each library has its own
            text = text.replace(f"{DEADLINE:g} s", "10 s").replace(f"{PNL_DEADLINE:g} s", "5 s")
    return code, guide.trimmed(text)


@pytest.mark.parametrize("title", CASES)
def test_the_guide_shows_the_output(title: str) -> None:
    code, text = output(title)
    assert code == (0 if title in WELL | WARNED else 1)
    assert ("→" in text) is (title not in WELL), "a failure names its fix, and only a failure"
    assert guide.shown(title, text) in GUIDE.read_text()


def test_the_guide_has_no_other_case() -> None:
    assert guide.titles(GUIDE.read_text(), "What `tieout doctor tws` says") == list(CASES)


def test_json_and_no_second_connection_is_left() -> None:
    with tws_gateway(Book.of(2)) as gateway:
        code, text = run(gateway.port, "--json")
        assert code == 0
        steps = json.loads(text)
        assert [step["subject"] for step in steps] == [
            "host", "port", "handshake", "accounts", "paper or live", "clock", "positions", "executions",
            "values", "PnL",
        ]  # fmt: skip
        assert {step["state"] for step in steps} == {"ok"}
        deadline = time.monotonic() + 2
        while gateway.clients and time.monotonic() < deadline:
            time.sleep(0.01)
        assert gateway.clients == []


def test_several_accounts_are_asked_for_their_values_one_by_one() -> None:
    with tws_gateway(Book.of(2, ("DU1", "DU2"))) as gateway:
        code, text = run(gateway.port, "--json")
        assert code == 0
        (values,) = [step for step in json.loads(text) if step["subject"] == "values"]
        assert "2 account(s)" in values["detail"]
        assert [one.name for one in gateway.asked].count("reqAccountUpdatesMulti") == 2


def test_a_name_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ends.wait(30))
    monkeypatch.setattr(apart, "CLEANUP_SECONDS", 0.1)
    began = time.monotonic()
    try:
        with patched():
            code, text = run(7497, host="gateway.example")
    finally:
        ends.set()
    assert time.monotonic() - began < 10
    assert (code, "no name server" in text, "IBKR_HOST" in text) == (1, True, True)


def test_no_id_is_free() -> None:
    with tws_gateway(Book.of(2)) as gateway:
        gateway.faults.refused_client_ids = {1, 1 + probe.OWN_ID}
        code, text = run(gateway.port)
        assert code == 1
        assert "another program is connected with the same client id" in text


@pytest.mark.parametrize(("account", "port"), [("DU1", 4003), ("U1", 4004), ("DU1", 4001), ("U1", 7497)])
def test_the_ports_of_every_kind_are_known(account: str, port: int) -> None:
    assert probe._mode(Endpoint(port=port), (account,)).verdict is probe.Verdict.WARNING


def test_live_accounts_are_named_so() -> None:
    with tws_gateway(Book.of(2, ("U1000001",))) as gateway:
        assert "live: real money" in run(gateway.port)[1]


if __name__ == "__main__":
    print("\n".join(guide.shown(title, output(title)[1]) for title in CASES))
