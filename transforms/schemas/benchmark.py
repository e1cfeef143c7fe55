"""Contract of the benchmark's closes: a series that a person puts there, not a document of the broker."""

from __future__ import annotations

from typing import Final

from transforms.schemas.contract import Field, TableContract, table

BENCHMARK_PRICES: Final[TableContract] = table(
    "benchmark_prices",
    "Closes of the benchmark series that the setting BENCHMARK names, from data/benchmark/<name>.csv or else "
    "from the market data lake.",
    ("benchmark", "price_date"),
    (
        Field("benchmark", "text", "Name of the series: the file's name without its ending.", nullable=False),
        Field("price_date", "date", "Day of the close.", ("date",), nullable=False),
        Field(
            "close",
            "exact",
            "Close, or level of a total-return index; above zero.",
            ("close",),
            "any, the same on every day",
            nullable=False,
        ),
        Field("currency", "text", "Currency of the closes; none where nobody says it."),
        Field(
            "adjustment",
            "text",
            "What the close is adjusted for: `total_return` with dividends reinvested, or as its vendor says; none "
            "in a file.",
            allowed=("total_return", "raw", "splits", "splits_dividends", "unknown"),
        ),
    ),
)
