"""Bodies that vendors are known to send, by vendor and name, errors included, with illustrative values. No server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What the server sends once: `body` with `status` and `headers`.

    `wait`: seconds before it starts; `drip`: seconds between pieces of 1,024 bytes. `cut`: the connection is closed
    after so many bytes of the body; `reset`: it is torn down before any.
    """

    body: bytes = field(repr=False, default=b"")
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    drip: float = 0.0
    cut: int | None = None
    reset: bool = False


def _text(text: str, status: int = 200, kind: str = "text/plain", **headers: str) -> Answer:
    return Answer(text.encode(), status, {"Content-Type": f"{kind}; charset=utf-8", **headers})


def _json(content: Any, status: int = 200, **headers: str) -> Answer:
    body = json.dumps(content, separators=(",", ":")).encode()
    return Answer(body, status, {"Content-Type": "application/json", **headers})


CHALLENGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="robots" content="noindex,nofollow"></head><body>'
    "<noscript>This site requires JavaScript to verify your browser. Please enable JavaScript and reload.</noscript>"
    '<script nonce="a1b2">(async()=>{const c="c0ffee",d=4,e=new TextEncoder();let n=0;for(;;n++){const h=await '
    'crypto.subtle.digest("SHA-256",e.encode(c+n));if(!new Uint8Array(h)[0])break}await fetch("/__verify",'
    "{method:'POST',body:c+n});location.reload()})();</script></body></html>"
)
WAF = "<html>\n<head><title>403 Forbidden</title></head>\n<body><h1>403 Forbidden</h1></body>\n</html>\n"
BANNED_UNTIL = 1_763_720_000_000
_STOOQ_CSV = "Date,Open,High,Low,Close,Volume\n2026-01-02,1,2,0.5,1.5,1000\n"
_BULK_HEAD = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"
_STOOQ = {
    "csv_equity": _text(_STOOQ_CSV, kind="text/csv"),
    "csv_fx": _text("Date,Open,High,Low,Close\n2026-09-25,1.17,1.18,1.16,1.175\n", kind="text/csv"),
    "nodata": _text("No data"),
    "header_only": _text("Date,Open,High,Low,Close,Volume\n", kind="text/csv"),
    "header_and_nodata": _text("Date,Open,High,Low,Close,Volume\nNo data\n", kind="text/csv"),
    "empty": _text(""),
    "quota": _text("Exceeded the daily hits limit"),
    "apikey": _text(
        "Get your apikey:\n\n1. Open https://stooq.com/q/d/?s=aapl.us&get_apikey\n2. Enter the captcha code.\n"
    ),
    "challenge": _text(CHALLENGE, kind="text/html"),
    "php_error": _text(
        "<br />\n<b>Warning</b>:  mysqli_query() expects parameter 1 to be mysqli, null given in "
        "<b>/home/stooq/www/q/d/l/index.php</b> on line <b>57</b><br />\n",
        kind="text/html",
    ),
    "php_warning_before_csv": _text(
        f"Warning: Division by zero in /home/stooq/www/q/d/l/index.php on line 102\n{_STOOQ_CSV}",
        kind="text/csv",
    ),
    "bulk_text": _text(f"{_BULK_HEAD}\r\nAAPL.US,D,20261001,000000,10,11,9,10.5,1000,0\r\n"),
    "bulk_refused": Answer(b"", 401),
}
_TOO_MUCH = "Please use WebSocket Streams for live updates to avoid"
_BINANCE = {
    "klines": _json(
        [
            [1499040000000, "0.01634790", "0.80000000", "0.01575800", "0.01577100", "148976.11427815", 1499644799999,
             "2434.19055334", 308, "1756.87402397", "28.46694368", "0"]
        ],
        **{"X-MBX-USED-WEIGHT-1M": "2"},
    ),
    "empty": _json([], **{"X-MBX-USED-WEIGHT-1M": "2"}),
    "invalid_symbol": _json({"code": -1121, "msg": "Invalid symbol."}, 400),
    "invalid_interval": _json({"code": -1120, "msg": "Invalid interval."}, 400),
    "too_much": _json(
        {"code": -1003, "msg": "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
                               f"{_TOO_MUCH} polling the API."},
        429, **{"Retry-After": "17"},
    ),
    "banned": _json(
        {"code": -1003, "msg": f"Way too much request weight used; IP banned until {BANNED_UNTIL}. {_TOO_MUCH} bans."},
        418, **{"Retry-After": "259200"},
    ),
    "restricted": _json(
        {"code": 0, "msg": "Service unavailable from a restricted location according to 'b. Eligibility' in "
                           "https://www.binance.com/en/terms. Please contact customer service if you believe you "
                           "received this message in error."},
        451,
    ),
    "waf": _text(WAF, 403, "text/html"),
}  # fmt: skip
_APPLE = "/v2/aggs/ticker/AAPL/range/1/day"
_AGGREGATES = {
    "ticker": "AAPL",
    "queryCount": 2,
    "resultsCount": 2,
    "adjusted": True,
    "results": [
        {
            "v": 642646396.0,
            "vw": 1.469,
            "o": 1.5032,
            "c": 1.4604,
            "h": 1.5064,
            "l": 1.4489,
            "t": 1112331600000,
            "n": 82132,
        },
        {
            "v": 578172308.0,
            "vw": 1.4589,
            "o": 1.4639,
            "c": 1.4675,
            "h": 1.4754,
            "l": 1.4343,
            "t": 1112587200000,
            "n": 65543,
        },
    ],
    "status": "OK",
    "request_id": "6a7e466379af0a71039d60cc78e72282",
    "count": 2,
}
_LINK = f"https://api.massive.com{_APPLE}/1112331600000/1112587200000?cursor=abc123"
_ID = {"request_id": "31d59dda80e5721afd0b13d6e4c4f3cb"}
_MASSIVE = {
    "aggregates": _json(_AGGREGATES | {"next_url": _LINK}),
    "unadjusted": _json(_AGGREGATES | {"adjusted": False}),
    "empty": _json({"status": "OK", "ticker": "XYZ", "adjusted": False, "resultsCount": 0, "queryCount": 0}),
    "no_key": _json({"status": "ERROR", **_ID, "error": "API Key was not provided"}, 401),
    "unknown_key": _json({"status": "ERROR", **_ID, "error": "Unknown API Key"}, 401),
    "plan": _json(
        {"status": "NOT_AUTHORIZED", **_ID, "message": "Your plan doesn't include this data timeframe. Please upgrade "
                                                       "your plan at https://polygon.io/pricing"},
        403,
    ),
    "too_much": _json(
        {"status": "ERROR", **_ID, "error": "You've exceeded the maximum requests per minute, please wait or upgrade "
                                            "your subscription to continue. https://polygon.io/pricing"},
        429,
    ),
    "splits": _json(
        {"results": [{"execution_date": "2020-08-31", "id": "E36416cce743c3964c5da63e1ef1626c0aece30f",
                      "split_from": 1, "split_to": 4, "ticker": "AAPL"}],
         "status": "OK", **_ID}
    ),
    "dividends": _json(
        {"results": [{"cash_amount": 0.22, "currency": "USD", "declaration_date": "2021-10-28", "dividend_type": "CD",
                      "ex_dividend_date": "2021-11-05", "frequency": 4, "id": "E8e3c4f794613e9205e2f178a36c53fcc57c",
                      "pay_date": "2021-11-11", "record_date": "2021-11-08", "ticker": "AAPL"}],
         "status": "OK", **_ID}
    ),
}  # fmt: skip
ECB_HEAD = (
    "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,OBS_CONF,OBS_PRE_BREAK,OBS_COM,"
    "TIME_FORMAT,BREAKS,COLLECTION,COMPILING_ORG,DISS_ORG,DOM_SER_IDS,PUBL_ECB,PUBL_MU,PUBL_PUBLIC,UNIT_INDEX_BASE,"
    "COMPILATION,COVERAGE,DECIMALS,NAT_TITLE,SOURCE_AGENCY,SOURCE_PUB,TITLE,TITLE_COMPL,UNIT,UNIT_MULT\n"
)


def _ecb_row(day: str, value: str) -> str:
    return (
        f"EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,{day},{value},A,F,,,P1D,,A,,,,,,,99Q1=100,,,4,,4F0,,US dollar/Euro ECB "
        'reference exchange rate,"ECB reference exchange rate, US dollar/Euro, 2.15 pm (C.E.T.)",USD,0\n'
    )


_ECB = {
    "csvdata": _text(ECB_HEAD + _ecb_row("2026-09-03", "1.1615"), kind="text/csv"),
    "missing_values": _text(
        ECB_HEAD
        + _ecb_row("2026-09-03", "")
        + _ecb_row("2026-09-04", "NaN")
        + _ecb_row("2026-09-07", "1.1622"),
        kind="text/csv",
    ),
    "empty": _text("<html><body>No results found.</body></html>", 404, "text/html"),
    "unchanged": Answer(b"", 304),
    "bad_key": _text("<html><body>Bad Request</body></html>", 400, "text/html"),
    "eurofxref_hist": _text(
        "Date,USD,JPY,BGN,\n2026-09-04,1.1622,172.1,N/A,\n2026-09-03,1.1615,172.4,N/A,\n", kind="text/csv"
    ),
    "eurofxref_daily": _text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
        'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><gesmes:subject>Reference rates</gesmes:subject>'
        "<Cube><Cube time='2026-09-04'><Cube currency='USD' rate='1.1622'/><Cube currency='JPY' rate='172.1'/></Cube>"
        "</Cube></gesmes:Envelope>\n",
        kind="application/xml",
    ),
}
_TODAY = {"realtime_start": "2026-11-20", "realtime_end": "2026-11-20"}
_OBSERVATIONS = {
    **_TODAY,
    "observation_start": "2026-10-01",
    "observation_end": "9999-12-31",
    "units": "lin",
    "output_type": 1,
    "file_type": "json",
    "order_by": "observation_date",
    "sort_order": "asc",
    "count": 2,
    "offset": 0,
    "limit": 100000,
    "observations": [
        {**_TODAY, "date": "2026-10-01", "value": "4.12"},
        {**_TODAY, "date": "2026-10-02", "value": "."},
    ],
}
_READ_MORE = "Read https://fred.stlouisfed.org/docs/api/api_key.html for more information."


def _bad(message: str, code: int = 400) -> Answer:
    return _json({"error_code": code, "error_message": message}, code)


_FRED = {
    "observations": _json(_OBSERVATIONS),
    "empty": _json(_OBSERVATIONS | {"count": 0, "observations": []}),
    "unknown_key": _bad(f"Bad Request.  The value for variable api_key is not registered.  {_READ_MORE}"),
    "no_key": _bad(f"Bad Request.  Variable api_key is not set.  {_READ_MORE}"),
    "unknown_series": _bad("Bad Request.  The series does not exist."),
    "too_much": _bad("Too Many Requests.  Exceeded Rate Limit", 429),
    "graph": _text(
        "observation_date,DGS10\r\n2026-05-01,4.39\r\n2026-05-02,.\r\n2026-05-04,\r\n", kind="text/csv"
    ),
    "graph_old_head": _text("DATE,DGS10\n2026-05-01,4.39\n2026-05-02,.\n", kind="text/csv"),
}
_TREASURY_2026 = (
    'Date,"1 Mo","1.5 Month","2 Mo","3 Mo","4 Mo","6 Mo","1 Yr","2 Yr","3 Yr","5 Yr","7 Yr","10 Yr","20 Yr","30 Yr"\n'
    "10/08/2026,3.71,3.72,3.73,3.75,3.77,3.78,3.80,3.86,3.91,4.02,4.10,4.18,4.52,4.61\n"
    "10/07/2026,3.70,N/A,,3.74,3.76,3.77,3.79,3.85,3.90,4.01,4.09,4.17,4.51,4.60\n"
)
_TREASURY = {
    "csv_2026": _text(_TREASURY_2026, kind="text/csv"),
    "csv_2024": _text(
        'Date,"1 Mo","2 Mo","3 Mo","4 Mo","6 Mo","1 Yr","2 Yr","3 Yr","5 Yr","7 Yr","10 Yr","20 Yr","30 Yr"\n'
        "12/31/2024,4.40,4.39,4.37,4.32,4.24,4.16,4.25,4.27,4.38,4.48,4.58,4.86,4.78\n",
        kind="text/csv",
    ),
    "header_only": _text(_TREASURY_2026.splitlines(keepends=True)[0], kind="text/csv"),
    "not_found": _text(
        "<!DOCTYPE html><html><head><title>Page not found</title></head><body></body></html>",
        404,
        "text/html",
    ),
}
_CHART = {
    "meta": {
        "currency": "USD",
        "symbol": "AAPL",
        "exchangeName": "NMS",
        "instrumentType": "EQUITY",
        "gmtoffset": -18000,
        "timezone": "EST",
        "exchangeTimezoneName": "America/New_York",
        "dataGranularity": "1d",
        "range": "",
        "validRanges": ["1d", "5d"],
    },
    "timestamp": [1770993000, 1771338600],
    "events": {"dividends": {"1770993000": {"amount": 0.26, "date": 1770993000}}, "splits": {}},
    "indicators": {
        "quote": [
            {
                "open": [1.0, None],
                "high": [1.0, None],
                "low": [1.0, None],
                "close": [1.0, None],
                "volume": [100, None],
            }
        ],
        "adjclose": [{"adjclose": [0.99, None]}],
    },
}
_YAHOO = {
    "chart": _json({"chart": {"result": [_CHART], "error": None}}),
    "not_found": _json(
        {
            "chart": {
                "result": None,
                "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"},
            }
        },
        404,
    ),
    "too_much": _text("Edge: Too Many Requests", 429),
}
BODIES: dict[str, dict[str, Answer]] = {
    "stooq": _STOOQ,
    "binance": _BINANCE,
    "massive": _MASSIVE,
    "ecb": _ECB,
    "fred": _FRED,
    "treasury": _TREASURY,
    "yahoo": _YAHOO,
}
"""Every known body by vendor and name; `.script(vendor, BODIES[vendor][name])` makes the server send it."""
