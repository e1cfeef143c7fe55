"""The vendors' clients as the settings make them, for one run. How a client works is client.py."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from config.settings import Settings
from orchestration.resources.market_state import market_state
from orchestration.resources.vendors.archive import AnswerArchive, open_archive
from orchestration.resources.vendors.client import VendorClient
from orchestration.resources.vendors.pace import Bucket
from orchestration.resources.vendors.store import FileStore
from orchestration.resources.vendors.wire import DirectSession, host_of
from orchestration.resources.vendors.yahoo import YahooClient
from transforms.market.vendors.contract import Vendor


@dataclass(frozen=True)
class Way:
    """How vendors are reached: what makes a session, and whether their pace is kept to. The demo's is another."""

    session: Callable[[], requests.Session] = DirectSession
    paced: bool = True


@dataclass
class OpenVendors:
    """One client a vendor, made when it is first asked for; all share the archive of the run."""

    settings: Settings
    archive: AnswerArchive
    now: Callable[[], float]
    sleep: Callable[[float], None]
    way: Way
    _clients: dict[str, VendorClient] = field(default_factory=dict, repr=False)

    def client(self, vendor: Vendor) -> VendorClient:
        """The client of a vendor, always the same within a run: its state is that of the vendor in this run."""
        if vendor.name not in self._clients:
            self._clients[vendor.name] = self._made(vendor)
        return self._clients[vendor.name]

    def close(self) -> None:
        """End all connections."""
        for client in self._clients.values():
            client.session.close()

    def _made(self, vendor: Vendor) -> VendorClient:
        base_url = self.settings.vendor_base_url(vendor.base_url_setting) or vendor.base_url
        # Only Yahoo's own host wants to be asked by its library; an address that somebody set is asked as all are,
        # and so is everybody where another session stands in the place of the network.
        is_yahoos_own = vendor.name == "yahoo" and base_url == vendor.base_url and self.way == Way()
        return (YahooClient if is_yahoos_own else VendorClient)(
            vendor,
            base_url,
            self.archive,
            Bucket(
                self.settings.data.vendor_pace / f"{vendor.name}.json",
                host_of(base_url),
                vendor.limit if self.way.paced else None,
                self.now,
                self.sleep,
                None if self.settings.executor == "in_process" else market_state(self.settings),
            ),
            self.settings.vendor_key(vendor.key.setting) if vendor.key else "",
            now=self.now,
            sleep=self.sleep,
            session=self.way.session(),
        )


@contextmanager
def open_vendors(
    settings: Settings,
    options: Mapping[str, Any] | None = None,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    way: Way | None = None,
) -> Iterator[OpenVendors]:
    """All vendors for one run. `options` are those of the lake's root, where it is no folder."""
    store = FileStore(settings.lake_url, options or {})
    with open_archive(store, settings.data.vendor_journals) as archive:
        vendors = OpenVendors(settings, archive, now, sleep, way or Way())
        try:
            yield vendors
        finally:
            vendors.close()
