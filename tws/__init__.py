"""Trader Workstation and IB Gateway: what they tell, as values, and the one connection to them. No files, no books.

Read only: nothing here can place an order. `tws.adapter` is the only module that imports the client library.
"""

from tws.endpoint import Endpoint
from tws.errors import TwsError

__all__ = ["Endpoint", "TwsError"]
