"""The demo's market data: the vendors' addresses lead to the synthetic market, and nothing leaves the machine."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from pydantic import SecretStr
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from config.data_folder import DataFolder
from config.settings import Settings
from transforms.market.vendors import VENDORS
from transforms.market_simulator import answer
from transforms.market_simulator.listings import LISTINGS

BENCHMARK = "SPY"
_FIRST = "2023-01-02"
_PLAN = """\
# The market of the demo. It is invented: `tieout demo --clear` removes it with the demo's accounts.
simulated = true
benchmark = "{benchmark}"

[[dataset]]
provider = "massive"
universe = "us"
first = {first}
symbols = [{shares}]
ended = [{ended}]

[[dataset]]
provider = "ecb"
universe = "fx"
first = {first}
symbols = ["EURUSD", "EURGBP", "EURCHF"]

[[dataset]]
provider = "treasury"
universe = "rates"
first = {first}
symbols = ["UST3M", "UST2Y", "UST10Y", "UST30Y"]
"""


def want_market(data: DataFolder) -> bool:
    """Write the demo's `market.toml`; False where a person has one: then the demo has no market."""
    plan = data.market_plan
    if plan.exists():
        return "simulated = true" in plan.read_text(encoding="utf-8").splitlines()
    plan.parent.mkdir(parents=True, exist_ok=True)
    shares = _american()
    ended = [symbol for symbol in shares if LISTINGS[symbol].last]
    text = _PLAN.format(benchmark=BENCHMARK, first=_FIRST, shares=_quoted(shares), ended=_quoted(ended))
    plan.write_text(text, encoding="utf-8")
    return True


def with_key(settings: Settings) -> Settings:
    """The settings with a key for the vendor that asks for one; it goes to the synthetic market alone."""
    return settings.model_copy(update={"polygon_api_key": SecretStr("of-the-demo"), "polygon_base_url": ""})


def session() -> requests.Session:
    """A session whose every request the synthetic market answers, as it would now."""
    made = requests.Session()
    made.adapters.clear()
    made.mount("https://", _SyntheticMarket())
    return made


def _quoted(symbols: Sequence[str]) -> str:
    return ", ".join(f'"{symbol}"' for symbol in symbols)


def _american() -> tuple[str, ...]:
    """The benchmark, and the shares of the demo's accounts that trade in New York."""
    own = [s for s, listing in LISTINGS.items() if listing.held and listing.currency == "USD"]
    return (BENCHMARK, *own)


class _SyntheticMarket(BaseAdapter):
    """What answers in place of the network."""

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, *_: Any, **__: Any
    ) -> requests.Response:
        """The synthetic market's answer to a request."""
        address = urlsplit(str(request.url))
        vendor = next(
            name for name, one in VENDORS.items() if urlsplit(one.base_url).hostname == address.hostname
        )
        params: Mapping[str, str] = dict(parse_qsl(address.query, keep_blank_values=True))
        status, headers, body = answer(vendor, address.path, params, datetime.now(UTC), defects=False)
        response = requests.Response()
        response.status_code, response.url, response.request = status, str(request.url), request
        response.headers.update(headers)
        response.raw = HTTPResponse(
            body=BytesIO(body),
            headers=dict(headers),
            status=status,
            preload_content=False,
            decode_content=False,
        )
        return response

    def close(self) -> None:
        """Nothing is open."""
