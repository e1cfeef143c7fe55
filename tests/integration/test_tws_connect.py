"""What keeps a connection from being made: each cause has its own sentence with the fix, and none takes long."""

import socket
import time

import pytest

from tests.fakes.tws_gateway import Book, tws_gateway
from tests.support.odd_server import free_port, odd_server, silent_host
from tests.support.tws_feed import endpoint_of, now
from tws import Endpoint, TwsError
from tws.errors import Trouble
from tws.snapshot import take_snapshot


def failure(endpoint: Endpoint, at_most: float) -> TwsError:
    """What a connection fails of, within so many seconds."""
    began = time.monotonic()
    with pytest.raises(TwsError) as caught:
        take_snapshot(endpoint, now)
    assert time.monotonic() - began < at_most
    return caught.value


def test_a_client_id_in_use_fails_at_once() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        take_snapshot(endpoint_of(gateway), now)  # the library is imported now
        gateway.faults.refused_client_ids = {7}
        error = failure(endpoint_of(gateway, connect_deadline=60), at_most=5)
        assert (error.trouble, error.code) == (Trouble.ID_IN_USE, 326)
        assert "IBKR_CLIENT_ID" in str(error)


def test_nothing_listens() -> None:
    for host in ("127.0.0.1", "localhost"):
        error = failure(Endpoint(host=host, port=free_port()), at_most=5)
        assert error.trouble is Trouble.REFUSED
        for named in ("IBKR_PORT", "7496 live, 7497 paper", "4001 live, 4002 paper"):
            assert named in str(error)


def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    error = failure(Endpoint(host="gateway.example"), at_most=5)
    assert error.trouble is Trouble.UNKNOWN_HOST
    assert "IBKR_HOST" in str(error)


def test_a_host_that_is_no_name() -> None:
    """A label of more than 63 letters cannot even be asked for."""
    assert failure(Endpoint(host="x" * 64), at_most=5).trouble is Trouble.UNKNOWN_HOST


def test_a_host_that_does_not_answer() -> None:
    with silent_host() as port:
        error = failure(Endpoint(port=port, connect_deadline=0.3), at_most=5)
        assert error.trouble is Trouble.UNREACHABLE
        assert "firewall" in str(error)


def test_a_gateway_that_waits_for_its_login() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        gateway.log_out()
        error = failure(endpoint_of(gateway, connect_deadline=0.3), at_most=5)
        assert error.trouble is Trouble.MUTE
        assert "log in" in str(error)
        gateway.log_in()
        assert take_snapshot(endpoint_of(gateway), now).accounts == ("DU1000001",)


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x00"])
def test_a_port_of_another_program_that_waits(says: bytes) -> None:
    with odd_server(says) as port:
        error = failure(Endpoint(port=port, connect_deadline=0.3), at_most=5)
        assert error.trouble is Trouble.MUTE
        assert "another program" in str(error)


def test_a_port_that_hangs_up() -> None:
    with odd_server(hangs_up=True) as port:
        error = failure(Endpoint(port=port), at_most=5)
        assert error.trouble is Trouble.CLOSED
        assert "Trusted IPs" in str(error)


def test_bytes_that_are_no_handshake() -> None:
    with odd_server(b"\x00\x00\x00\x06abc\x00d\x00") as port:
        assert failure(Endpoint(port=port), at_most=5).trouble is Trouble.UNREADABLE


def test_a_version_that_is_too_old() -> None:
    with odd_server(b"\x00\x00\x00\x0976\x00x y z\x00") as port:
        error = failure(Endpoint(port=port), at_most=5)
        assert error.trouble is Trouble.OLD_VERSION
        assert "10.19" in str(error)


@pytest.mark.parametrize(
    ("message", "named"), [("managedAccounts", "the list of accounts"), ("nextValidId", "the next order id")]
)
def test_a_login_that_does_not_end(message: str, named: str) -> None:
    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.withheld = {message}
        error = failure(endpoint_of(gateway, connect_deadline=0.3), at_most=5)
        assert error.trouble is Trouble.NO_ACCOUNTS
        assert named in error.problem


def test_a_drop_before_the_accounts() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.drop_after = 1
        assert failure(endpoint_of(gateway), at_most=5).trouble is Trouble.LOST
