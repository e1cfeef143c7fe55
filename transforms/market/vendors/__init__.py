"""One module per vendor: which request asks for a series, and what a body says. Sending is the client's business."""

from __future__ import annotations

from typing import Final

from transforms.market.vendors.binance import BINANCE
from transforms.market.vendors.contract import Vendor
from transforms.market.vendors.ecb import ECB
from transforms.market.vendors.fred import FRED
from transforms.market.vendors.massive import MASSIVE
from transforms.market.vendors.stooq import STOOQ
from transforms.market.vendors.treasury import TREASURY
from transforms.market.vendors.yahoo import YAHOO

VENDORS: Final[dict[str, Vendor]] = {
    vendor.name: vendor for vendor in (STOOQ, BINANCE, MASSIVE, ECB, FRED, TREASURY, YAHOO)
}
"""Every vendor by its name."""
