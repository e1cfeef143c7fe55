"""The benchmark's closes from a file: what is read, what is reported and left out."""

from datetime import date
from decimal import Decimal

import polars as pl

from transforms.clean.benchmark import build_benchmark_prices


def problems(issues: pl.DataFrame) -> list[tuple[int | None, str]]:
    return list(zip(issues["row_ordinal"], issues["problem"], strict=True))


def test_closes_are_read_in_any_order_with_other_columns_beside_them() -> None:
    content = (
        "\ufeffDate,Open,Close\r\n2024-01-03,1,101.25\r\n2024-01-02,1,100\r\n2024-01-03,1,101.5\r\n".encode()
    )
    cleaned = build_benchmark_prices("SPY", content)
    assert cleaned.table.select("benchmark", "price_date", "close", "row_ordinal").rows() == [
        ("SPY", date(2024, 1, 2), Decimal(100), 1),
        ("SPY", date(2024, 1, 3), Decimal("101.5"), 2),
    ]
    assert cleaned.issues.is_empty()


def test_a_row_that_cannot_be_read_is_named_and_the_rest_goes_on() -> None:
    lines = [
        "date,close",
        "2024-01-02,100",
        "02/01/2024,100",
        "2024-01-03,nan",
        "2024-01-04,0",
        "2024-01-05,",
        "x",
    ]
    cleaned = build_benchmark_prices("SPY", "\n".join(lines).encode())
    assert cleaned.table.height == 1
    found = problems(cleaned.issues)
    assert [ordinal for ordinal, _ in found] == [1, 2, 3, 4, 5]
    assert set(cleaned.issues["severity"]) == {"error"}
    assert "no number above zero" in found[1][1]


def test_a_file_without_the_columns_says_what_it_must_look_like() -> None:
    for content in (b"day;price\n1;2\n", b"", b"\xff\xfe\x00"):
        cleaned = build_benchmark_prices("SPY", content)
        assert cleaned.table.is_empty()
        ((ordinal, problem),) = problems(cleaned.issues)
        assert ordinal is None
        assert "SPY.csv" in problem
