"""TWS as Dagster sees it: the settings in, a snapshot out. The connection itself is the package `tws`."""

import socket
from datetime import UTC, datetime

import dagster as dg

from config.settings import Settings
from tws import Endpoint
from tws.snapshot import take_snapshot
from tws.values import Snapshot

LISTEN_SECONDS = 1.0


class TwsResource(dg.ConfigurableResource):
    """Where TWS listens. `configured` is false where nobody has said so: then nothing asks it by itself."""

    host: str
    port: int
    client_id: int
    configured: bool

    @property
    def endpoint(self) -> Endpoint:
        """The address, and the id of a connection that lives for one snapshot."""
        return Endpoint(self.host, self.port, self.client_id)

    def snapshot(self) -> Snapshot:
        """Everything that TWS tells now. Raises `TwsError` with the problem and its fix."""
        return take_snapshot(self.endpoint, lambda: datetime.now(UTC))

    def listens(self) -> bool:
        """Whether anything takes a connection there; it says nothing about what that is."""
        try:
            with socket.create_connection((self.host, self.port), timeout=LISTEN_SECONDS):
                return True
        except (OSError, UnicodeError):  # the latter: no name at all
            return False


def tws_resource(settings: Settings) -> TwsResource:
    """TWS as the settings name it. The live feed holds IBKR_CLIENT_ID while it runs; snapshots take the next one."""
    return TwsResource(
        host=settings.ibkr_host,
        port=settings.ibkr_port,
        client_id=settings.ibkr_client_id + 1,
        configured=settings.tws_configured,
    )
