"""Where TWS listens and how long it may take to answer, as one value. It reads no settings: it is told."""

from dataclasses import dataclass

# The ports of TWS, of IB Gateway and of its container, with real money behind them and without.
LIVE_PORTS = {7496, 4001, 4003}
PAPER_PORTS = {7497, 4002, 4004}


@dataclass(frozen=True)
class Endpoint:
    """An address of TWS or IB Gateway, and the id under which it is connected to. The deadlines are in seconds.

    `connect_deadline` covers everything from the name of the host to the list of accounts; `request_deadline` each
    request after that, from the moment the client library has it. Figures of PnL have no end and no deadline here.
    """

    host: str = "127.0.0.1"
    port: int = 7497
    client_id: int = 1
    connect_deadline: float = 10.0
    request_deadline: float = 10.0

    def __str__(self) -> str:
        """The address as a person would write it."""
        return f"{self.host}:{self.port}"
