"""How the simulated TWS misbehaves: switches that a test turns at any time. What each does stands where it acts."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class Faults:
    """All off at first. Names of messages are those of `wire.MESSAGES`, of requests those of `wire.REQUESTS`."""

    refused_client_ids: set[int] = field(default_factory=set)
    """Ids that are «already in use» (326) without a client that uses them."""
    mute: bool = False
    """New connections are accepted and never told anything."""
    hangs_up: bool = False
    """New connections are closed at once, as by a forwarder (socat) that reaches nobody."""
    drop_after: int | None = None
    """Each connection is closed after so many messages of ours."""
    drop_on: dict[str, bool] = field(default_factory=dict)
    """The connection is cut off when this request arrives: after it was carried out (True), or instead (False)."""
    single_bytes: bool = False
    """Every byte is a packet of its own."""
    withheld: set[str] = field(default_factory=set)
    """Messages never sent: an end marker, `managedAccounts`, `nextValidId`, `currentTime`, `commissionReport` …"""
    doubled: set[str] = field(default_factory=set)
    """Messages sent twice."""
    refused_requests: dict[str, int] = field(default_factory=dict)
    """Requests answered with an error of this code and nothing else."""
    answer_delay: float = 0.0
    """Seconds before each request is answered."""
    requests_a_second: int | None = None
    """More requests of a client within a second are told 100; the third time ends the connection. IBKR's is 50."""
    non_utf8: bool = False
    """The local symbols of contracts end in a byte that is not UTF-8."""
    unset_pnl: bool = False
    """Every PnL figure is the double that means «not set»."""
    commission_first: bool = False
    """The commission report of a fill comes before its execution."""
    hold_commissions: bool = False
    """Commission reports wait for `Gateway.release_commissions`."""
    commissions_after_end: bool = False
    """The answer to reqExecutions tells the commissions only after its end marker."""
    fill_before_order: bool = False
    """A fill of an order is told before the order's first report."""
    fills_to_owner_only: bool = False
    """As the real TWS does: a live fill is told only to the client that placed the order, and to the master client."""
    commissions_to_owner_only: bool = False
    """The same for commission reports, also among the answers to reqExecutions."""
    master_client_id: int | None = None
    """The client that is told everything, as set up in TWS («Master API client ID»)."""
    execution_time: str = "zone"
    """`zone` (20261123 14:50:14 Etc/UTC), `utc` (20261123-14:50:14) or `bare` (no zone)."""
    reject_orders: str = ""
    """New orders are rejected (201) for this reason."""
    keep_cancels: bool = False
    """A cancel is taken (PendingCancel) and never done."""
    keep_orders: bool = False
    """Orders are taken and not filled by the price; `Gateway.fill_order` fills them."""
    largest_fill: Decimal | None = None
    """No fill of an order is larger; the next price fills the next part."""
    read_only: bool = False
    """The API is in read-only mode: every request about orders is refused (321)."""
