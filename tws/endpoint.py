"""Where TWS listens and how long it may take to answer, as one value. It reads no settings: it is told."""

from dataclasses import dataclass

# The ports that TWS and IB Gateway propose, and whether real money is behind them.
LIVE_PORTS = {7496: "TWS", 4001: "IB Gateway"}
PAPER_PORTS = {7497: "TWS", 4002: "IB Gateway"}


@dataclass(frozen=True)
class Endpoint:
    """An address of TWS or IB Gateway. The deadlines are in seconds.

    `connect_deadline` covers everything from the name of the host to the list of accounts; `request_deadline` each
    request after that, from the moment it is sent.
    """

    host: str = "127.0.0.1"
    port: int = 7497
    client_id: int = 1
    connect_deadline: float = 10.0
    request_deadline: float = 10.0

    def __str__(self) -> str:
        """The address as a person would write it."""
        return f"{self.host}:{self.port}"
