"""Contracts of market data: bars, ticks, observations, actions, symbols. Vendors' formats are in transforms/market."""

from __future__ import annotations

from typing import Final

from transforms.schemas.contract import Field, TableContract, table

_PROVIDER: Final = Field("provider", "text", "Vendor that told it (`stooq`, `massive`, ...).", nullable=False)
_PROVIDER_SYMBOL: Final = Field("provider_symbol", "text", "Symbol as the vendor writes it.", nullable=False)
_INSTRUMENT: Final = Field(
    "instrument_id",
    "text",
    "`{MIC}:{symbol}`, or `{provider}:{symbol}` for what has no venue.",
    nullable=False,
)
_SYMBOL: Final = Field("symbol", "text", "Canonical symbol (`BRK.B`, `EURUSD`).", nullable=False)
_SESSION: Final = Field(
    "session_date", "date", "Trading day of the venue that the period belongs to.", nullable=False
)
_PRICE: Final = "currency of the bar"

_BAR: Final = (
    Field(
        "timestamp",
        "instant",
        "Start of the period. A daily bar starts at 00:00 UTC of its session date, whatever the venue's zone, so that "
        "the bars of all vendors for one session meet; where the venue never closes, that is when its day begins.",
        nullable=False,
    ),
    _SESSION,
    Field("open", "double", "First price.", unit=_PRICE, nullable=False),
    Field("high", "double", "Highest price.", unit=_PRICE, nullable=False),
    Field("low", "double", "Lowest price.", unit=_PRICE, nullable=False),
    Field("close", "double", "Last price.", unit=_PRICE, nullable=False),
    Field("volume", "double", "What was traded; none where the vendor tells no volume.", unit="volume_unit"),
    Field("vwap", "double", "Average price weighted by volume.", unit=_PRICE),
    Field("trades", "long", "How many trades there were."),
    Field("is_final", "boolean", "The period was over when the vendor was asked.", nullable=False),
)
_OBSERVED: Final = (
    Field(
        "observation_date", "date", "Day, or first day of the period, that the value is of.", nullable=False
    ),
    Field("value", "double", "The value; none where the vendor says that it is missing.", unit="unit"),
    Field(
        "known_from",
        "date",
        "First day on which this value was known: as the vendor's vintages say; else the day of the observation, and "
        "for a value that the vendor had told differently before, the day on which it came.",
        nullable=False,
    ),
)
_ACTION: Final = (
    Field("ex_date", "date", "First session without the right.", nullable=False),
    Field("action", "text", "What happened.", nullable=False, allowed=("split", "dividend")),
    Field("ratio", "double", "New shares for one old, of a split (0.1 for one for ten)."),
    Field("amount", "double", "Dividend for one share, as paid then.", unit="currency of the action"),
    Field("currency", "text", "Currency of the amount."),
)
_TOLD_BY: Final = (
    _PROVIDER,
    _PROVIDER_SYMBOL,
    Field(
        "ingested_at",
        "instant",
        "When the vendor's answer came, or a downloaded file was made.",
        nullable=False,
    ),
    Field("document_id", "id", "sha256 of the vendor's answer.", nullable=False),
)

_VOLUME_UNIT: Final = Field(
    "volume_unit", "text", "Unit of the volume.", allowed=("shares", "contracts", "base")
)
_LISTED: Final = (
    _INSTRUMENT,
    _SYMBOL,
    Field("venue", "text", "MIC of the venue; none for an index, a currency pair or many venues."),
    Field("currency", "text", "Currency of the prices."),
)

READ_BARS: Final[TableContract] = table(
    "read_bars",
    "Bars as one answer of a vendor tells them, before they are known as rows of a dataset.",
    ("provider_symbol", "timestamp"),
    (_PROVIDER_SYMBOL, *_BAR),
    lineage=False,
)
READ_OBSERVATIONS: Final[TableContract] = table(
    "read_observations",
    "Observations as one answer of a vendor tells them.",
    ("provider_symbol", "observation_date", "known_from"),
    (_PROVIDER_SYMBOL, *_OBSERVED),
    lineage=False,
)
READ_ACTIONS: Final[TableContract] = table(
    "read_actions",
    "Splits and dividends as one answer of a vendor tells them.",
    ("provider_symbol", "ex_date", "action"),
    (_PROVIDER_SYMBOL, *_ACTION),
    lineage=False,
)

BARS: Final[TableContract] = table(
    "bars",
    "Bars of all vendors as they told them, a row per instrument, frequency and period.",
    ("provider", "instrument_id", "frequency", "timestamp"),
    (
        *_LISTED,
        Field("frequency", "text", "Length of the period (`1d`, `1h`, `1m`).", nullable=False),
        *_BAR[:-1],
        _VOLUME_UNIT,
        Field(
            "adjustment",
            "text",
            "What the vendor had adjusted the prices for.",
            nullable=False,
            allowed=("raw", "splits", "splits_dividends", "unknown"),
        ),
        _BAR[-1],
        *_TOLD_BY,
    ),
    lineage=False,
)
OBSERVATIONS: Final[TableContract] = table(
    "observations",
    "Values of series that are no prices of a venue: rates, reference rates, macro. A row per vintage where told.",
    ("provider", "instrument_id", "frequency", "observation_date", "known_from"),
    (
        _INSTRUMENT,
        _SYMBOL,
        Field(
            "unit",
            "text",
            "Unit of the value as the vendor names it: `percent`, `USD per EUR` (what one EUR costs in USD), "
            "`Billions of US Dollars`; none where it says none.",
        ),
        Field("frequency", "text", "How often there is one (`1d`, `1w`, `1mo`, `3mo`).", nullable=False),
        *_OBSERVED,
        *_TOLD_BY,
    ),
    lineage=False,
)
TRADES: Final[TableContract] = table(
    "trades",
    "Single trades of all vendors as they told them, a row per trade.",
    ("provider", "instrument_id", "trade_id"),
    (
        *_LISTED,
        Field(
            "timestamp", "instant", "When it was executed, as exactly as the vendor tells.", nullable=False
        ),
        _SESSION,
        Field(
            "trade_id", "text", "Number of the trade at the vendor, or of trades told as one.", nullable=False
        ),
        Field("price", "double", "Price of one unit.", unit="currency", nullable=False),
        Field("size", "double", "How much was traded.", unit="volume_unit", nullable=False),
        _VOLUME_UNIT,
        Field("aggressor", "text", "Who took what the other had offered.", allowed=("buyer", "seller")),
        Field("conditions", "text", "The vendor's codes of the trade, separated by commas."),
        *_TOLD_BY,
    ),
    lineage=False,
)
QUOTES: Final[TableContract] = table(
    "quotes",
    "Best bids and offers of all vendors as they told them, a row per change.",
    ("provider", "instrument_id", "timestamp", "sequence"),
    (
        *_LISTED,
        Field(
            "timestamp", "instant", "From when on it stood, as exactly as the vendor tells.", nullable=False
        ),
        _SESSION,
        Field(
            "sequence",
            "long",
            "Number of the quote at the vendor, else its place among those of one instant, from 0.",
            nullable=False,
        ),
        Field(
            "bid",
            "double",
            "Highest price that somebody would pay; none where nobody would.",
            unit="currency",
        ),
        Field("bid_size", "double", "How much at the bid.", unit="volume_unit"),
        Field(
            "ask",
            "double",
            "Lowest price that somebody would take; none where nobody would.",
            unit="currency",
        ),
        Field("ask_size", "double", "How much at the ask.", unit="volume_unit"),
        _VOLUME_UNIT,
        Field("conditions", "text", "The vendor's codes of the quote, separated by commas."),
        *_TOLD_BY,
    ),
    lineage=False,
)
CORPORATE_ACTION: Final[TableContract] = table(
    "corporate_action",
    "Splits and dividends by which bars are adjusted when they are read.",
    ("provider", "instrument_id", "ex_date", "action"),
    (_INSTRUMENT, _SYMBOL, *_ACTION, *_TOLD_BY),
    lineage=False,
)
SYMBOL_MAP: Final[TableContract] = table(
    "symbol_map",
    "What each vendor calls an instrument, and the broker's contract id of it, from when to when.",
    ("instrument_id", "provider", "provider_symbol", "valid_from"),
    (
        _INSTRUMENT,
        _SYMBOL,
        Field("venue", "text", "MIC of the venue."),
        Field("figi", "text", "FIGI of the instrument."),
        Field("conid", "conid", "Contract id of the broker; links the books."),
        _PROVIDER,
        _PROVIDER_SYMBOL,
        Field("valid_from", "date", "First day that the symbol meant this instrument.", nullable=False),
        Field("valid_to", "date", "Last day; none while it does."),
    ),
    lineage=False,
)
MARKET_TABLES: Final[dict[str, TableContract]] = {
    contract.name: contract for contract in (BARS, TRADES, QUOTES, OBSERVATIONS, CORPORATE_ACTION, SYMBOL_MAP)
}
"""The canonical tables of the lake by name."""
