"""Clean rows of small accounts for the tests of positions, cash, reconciliation, health and documents. No SQL here."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]
D = Decimal
NOTHING = D(0)

MON, TUE, WED, THU, FRI = (date(2024, 3, 4) + timedelta(n) for n in range(5))
ALL_SECTIONS = (
    "AccountInformation", "CashReport", "CashTransactions", "ChangeInNAV", "EquitySummaryInBase",
    "FIFOPerformanceSummaryInBase", "OpenDividendAccruals", "OpenPositions", "StmtFunds", "Trades", "Transfers",
    "MTMPerformanceSummaryInBase", "PriorPeriodPositions", "ChangeInPositionValues", "InterestAccruals",
)  # fmt: skip


def _statement(
    account: str, start: date, end: date, sections: tuple[str, ...], document: str | None = None
) -> Tables:
    head = {
        "document_id": document or f"{account}-{end}", "statement": 0, "account_id": account,
        "period_start_date": start, "period_end_date": end,
        "when_generated_at": datetime(end.year, end.month, end.day, 23, tzinfo=UTC),
    }  # fmt: skip
    return {
        "statements": [head],
        "statement_sections": [{**head, "section": section, "rows": 1} for section in sections],
    }


def merged(*parts: Tables) -> Tables:
    """All rows of all parts, table by table."""
    together: Tables = defaultdict(list)
    for part in parts:
        for name, rows in part.items():
            together[name] += rows
    return together


def holdings() -> Tables:
    """HOLD: a stock in USD, an option, a bond, a future and one without a price; a snapshot on Wednesday only."""
    account = "HOLD"
    held = {
        "stock": ("STK", "USD", D(100), D("10.125"), D(1)),
        "option": ("OPT", "EUR", D(-2), D("0.333"), D(100)),
        "bond": ("BOND", "EUR", D(5000), D("98.7654"), D(1)),
        "future": ("FUT", "EUR", D(1), D(4000), D(50)),
        "unpriced": ("STK", "EUR", D(7), None, D(1)),
    }
    base = {"account_id": account, "level": "SUMMARY", "source_rows": 1}
    positions = [
        {**base, "report_date": WED, "instrument_key": key, "symbol": key.upper(), "asset_class": kind,
         "currency": currency, "quantity": quantity, "mark_price": price, "multiplier": multiplier,
         # The broker's own value, on purpose not what quantity x price gives: it is never recomputed.
         "position_value": D("1012.51") if key == "stock" else None,
         "fx_rate_to_base": D("0.9") if currency == "USD" else D(1)}
        for key, (kind, currency, quantity, price, multiplier) in held.items()
    ]  # fmt: skip
    marks = [
        {"account_id": account, "mark_date": day, "instrument_key": key, "symbol": key.upper(), "asset_class": kind,
         "currency": currency, "multiplier": multiplier, "price": price,
         "fx_rate_to_base": D("0.92") if currency == "USD" else D(1)}
        for day in (TUE, THU)
        for key, (kind, currency, _, price, multiplier) in held.items()
        if price is not None
    ]  # fmt: skip
    trades = [
        {"account_id": account, "trade_key": key, "level": "EXECUTION", "is_cancel": False, "instrument_key": key,
         "asset_class": held[key][0], "currency": held[key][1], "quantity": D(quantity), "report_date": day}
        for key, quantity, day in (("stock", 40, WED), ("option", -1, THU), ("future", 1, WED))
    ]  # fmt: skip
    trades.append({**trades[0], "trade_key": "fx", "instrument_key": "EUR.USD", "asset_class": "CASH"})
    moved = {"account_id": account, "currency": "EUR", "report_date": THU, "instrument_key": "bond"}
    return merged(
        _statement(account, TUE, FRI, ALL_SECTIONS),
        {
            "accounts": [{"account_id": account, "base_currency": "EUR"}],
            "instruments": [
                {"instrument_key": key, "symbol": key.upper(), "asset_class": kind, "currency": currency}
                for key, (kind, currency, *_) in held.items()
            ],
            "positions": positions,
            "position_marks": marks,
            "trades": trades,
            "corporate_actions": [{**moved, "action_key": "split", "quantity": D(1000), "asset_class": "BOND"}],
            "transfers": [{**moved, "transfer_key": "out", "quantity": D(-500), "asset_class": "BOND",
                           "direction": "OUT", "position_amount_base": D(-495)}],
            "fx_rates": [{"rate_date": THU, "from_currency": "USD", "to_currency": "EUR", "rate": D("0.95")}],
            "nav_daily": [
                {"account_id": account, "report_date": day, "previous_report_date": day - timedelta(1) if day > MON
                 else None, "total": D(1), "cash": D(1)}
                for day in (MON, TUE, WED, THU, FRI)
            ],
            "statement_of_funds": [
                {"account_id": account, "level": "Currency", "currency": currency, "report_date": day,
                 "line_ordinal": line, "amount": D(amount), "balance": D(balance)}
                for currency, day, line, amount, balance in (
                    ("EUR", TUE, 0, "10.5", "110.5"), ("EUR", TUE, 1, "-100.5", "10"), ("EUR", THU, 0, "-10", "0"),
                    ("USD", WED, 0, "3", "-7"),
                )
            ],
        },
    )  # fmt: skip


def tied(
    account: str,
    off: Decimal = NOTHING,
    sections: tuple[str, ...] = (*ALL_SECTIONS, "ChangeInDividendAccruals"),
) -> Tables:
    """One statement of one week whose totals follow from its rows; `off` is added to each total of the broker.

    Starts with 1000.50 in cash; buys 10 shares at 20, sells 4 at 25, gets a dividend and 100 from outside.
    """
    one = {"account_id": account, "currency": "EUR", "fx_rate_to_base": D(1)}
    deposit, dividend, accrued = D("100"), D("3.25"), D("1.10")
    bought, sold = D("-200"), D("100")
    # Four of the ten shares cost 80.60 with their part of the fee.
    fee, gain = D("-1.5"), D("100") - D("1.5") - D("80.6")
    cash_start = D("1000.50")
    cash_end = cash_start + deposit + dividend + bought + sold + 2 * fee
    stock, cost = D("144"), D("201.5") - D("80.6")
    nav_end = cash_end + stock + accrued
    mtm = nav_end - cash_start - deposit - dividend - accrued - 2 * fee
    days = (MON, TUE, WED)
    navs = dict(zip(days, (cash_start, D(1080), nav_end), strict=True))
    flow_day = TUE
    twr = (navs[TUE] / (navs[MON] + deposit)) * (navs[WED] / navs[TUE]) - 1
    # Closes at 22 and 24: what was bought made 20 on its day and 20 on the next, what was sold 4.
    marked, traded = D(20), D(24)
    trade = {**one, "level": "EXECUTION", "is_cancel": False, "instrument_key": "1", "conid": 1, "asset_class": "STK",
             "commission_currency": "EUR", "commission": fee, "taxes": D(0)}  # fmt: skip
    period = {"account_id": account, "period_start_date": TUE, "period_end_date": WED}
    return merged(
        _statement(account, TUE, WED, sections),
        {
            "accounts": [{"account_id": account, "base_currency": "EUR"}],
            "instruments": [{"instrument_key": "1", "symbol": "ABC", "asset_class": "STK"}]
            if account == "TIED"
            else [],
            "nav_daily": [
                {"account_id": account, "report_date": day, "total": total,
                 "previous_report_date": None if day == MON else day - timedelta(1),
                 "cash": cash_end if day == WED else total, "stock": stock if day == WED else D(0),
                 "interest_accruals": D(0),
                 "dividend_accruals": accrued if day == WED else D(0)}
                for day, total in navs.items()
            ],
            "change_in_nav": [
                {**period, "starting_value": cash_start + off, "deposits_withdrawals": deposit + off,
                 "mtm": mtm - off, "realized": D(999), "change_in_unrealized": D(999), "dividends": dividend + 2 * off,
                 "commissions": 2 * fee + off, "change_in_dividend_accruals": accrued + off,
                 "change_in_interest_accruals": D(0),
                 "ending_value": nav_end + 4 * off,
                 "twr_percent": (twr * 100).quantize(D("1e-9")) + off}
            ],
            "cash_balances": [
                {**period, "currency": currency, "starting_cash": cash_start, "ending_cash": cash_end + off,
                 "deposit_withdrawals": deposit, "deposits": deposit, "dividends": dividend, "commissions": 2 * fee,
                 "net_trades_sales": sold, "net_trades_purchases": bought}
                for currency in ("BASE_SUMMARY", "EUR")
            ],
            "statement_of_funds": [
                {**one, "level": level, "report_date": WED, "line_ordinal": 5, "balance": cash_end,
                 "document_id": f"{account}-{WED}"}
                for level in ("BaseCurrency", "Currency")
            ],
            "cash_transactions": [
                {**one, "cash_key": "1", "category": "deposit_withdrawal", "report_date": flow_day, "amount": deposit},
                {**one, "cash_key": "2", "category": "dividend", "report_date": WED, "amount": dividend},
            ],
            "trades": [
                {**trade, "trade_key": "1", "report_date": TUE, "quantity": D(10), "proceeds": bought,
                 "net_cash": bought + fee + off, "cost": D("201.5"), "realized_pnl": off, "mtm_pnl": D(20)},
                {**trade, "trade_key": "2", "report_date": WED, "quantity": D(-4), "proceeds": sold,
                 "net_cash": sold + fee + off, "cost": D("-80.6"), "realized_pnl": gain, "mtm_pnl": D(4)},
            ],
            "positions": [
                {**one, "report_date": WED, "instrument_key": "1", "conid": 1, "asset_class": "STK", "symbol": "ABC",
                 "level": "SUMMARY", "source_rows": 1, "quantity": D(6), "mark_price": D(24), "position_value": stock
                 + off, "cost_basis_money": cost, "unrealized_pnl": stock - cost - off, "section": "OpenPositions"}
            ],
            # Tuesday's close: what makes its value of 1080 with the cash that the buy left.
            "position_marks": [
                {**one, "mark_date": TUE, "instrument_key": "1", "conid": 1, "symbol": "ABC", "asset_class": "STK",
                 "price": D("18.1"), "multiplier": D(1), "prior_mtm_pnl": D(0)},
                {**one, "mark_date": WED, "instrument_key": "1", "conid": 1, "symbol": "ABC", "asset_class": "STK",
                 "price": D(24), "multiplier": D(1), "prior_mtm_pnl": marked},
            ],
            "dividend_accruals": [
                {**one, "report_date": WED, "accrual_key": "1", "net_amount": accrued + off}
            ],
            "dividend_accrual_changes": [
                {**one, "report_date": WED, "accrual_change_key": "1", "instrument_key": "1", "level": "DETAIL",
                 "gross_amount": accrued, "net_amount": accrued, "tax": D(0), "code": "Po"}
            ],
            "fifo_performance": [
                {**period, "instrument_key": key, "description": text, "asset_class": "STK", "is_total": is_total,
                 "conid": None if is_total else 1, "symbol": None if is_total else text,
                 "total_realized_pnl": gain + 3 * off, "total_unrealized_pnl": stock - cost + off}
                for key, text, is_total in (("1", "ABC", False), ("T", "Total (All Assets)", True))
            ],
            "closed_lots": [
                {**one, "lot_key": "1", "conid": 1, "symbol": "ABC", "report_date": WED, "realized_pnl": gain + off}
            ],
            "mtm_performance": [
                {**period, "instrument_key": "1", "conid": 1, "symbol": "ABC", "asset_class": "STK",
                 "row_kind": "instrument", "prior_open_mtm": marked + off, "transaction_mtm": traded + off,
                 "commissions": 2 * fee, "total": mtm + 2 * fee},
                {**period, "description": "Dividends", "row_kind": "other", "total": dividend},
                {**period, "description": "Total P/L", "row_kind": "total", "total": mtm + 2 * fee + dividend + off},
            ],
            "position_value_changes": [
                {**period, "currency": "BASE_SUMMARY", "asset_class": "STK", "prior_period_value": D(0),
                 "transactions": -bought - sold, "mtm_prior_period_positions": marked, "mtm_transactions": traded + off,
                 "end_of_period_value": stock}
            ],
            "interest_accruals": [
                {**period, "currency": "BASE_SUMMARY", "starting_accrual": D(0), "interest_accrued": off,
                 "ending_accrual": 3 * off}
            ],
        },
    )  # fmt: skip


def restated() -> Tables:
    """LATE: a daily statement whose total a later statement over the week corrects."""
    account = "LATE"
    week = _statement(account, MON, FRI, ("ChangeInNAV", "EquitySummaryInBase", "CashTransactions"), "week")
    day = _statement(account, TUE, TUE, ("ChangeInNAV", "EquitySummaryInBase", "CashTransactions"), "day")
    period = {"account_id": account, "deposits_withdrawals": D(0)}
    return merged(
        week,
        day,
        {
            "accounts": [{"account_id": account, "base_currency": "EUR"}],
            "nav_daily": [
                {"account_id": account, "report_date": MON, "total": D(100)},
                {"account_id": account, "report_date": TUE, "previous_report_date": MON, "total": D(109)},
            ],
            "change_in_nav": [
                {**period, "period_start_date": TUE, "period_end_date": TUE, "starting_value": D(100), "mtm": D(10),
                 "ending_value": D(110)},
            ],
        },
    )  # fmt: skip


def documents() -> Tables:
    """Receipts and sections of documents: rows kept, superseded, rejected; unknown parts; one in quarantine."""
    receipt = {"receipt_ordinal": 0, "kind": "flex_xml", "received_at": datetime(2024, 3, 9, tzinfo=UTC)}
    section = {"document_id": "D1", "unknown_columns": 0, "known_section": True, "has_clean_table": True}
    return {
        "documents": [
            {**receipt, "document_id": "D1", "file_name": "good.xml", "status": "loaded"},
            {**receipt, "document_id": "D1", "receipt_ordinal": 1, "file_name": "again.xml", "status": "duplicate"},
            {**receipt, "document_id": "D2", "file_name": "bad.xml", "status": "quarantined", "reason": "Cut off."},
        ],
        "document_sections": [
            {**section, "section": "OpenPositions", "rows_read": 5},
            {**section, "section": "ConversionRates", "rows_read": 4},
            {**section, "section": "Trades", "rows_read": 2, "unknown_columns": 1, "unknown_column_names": "colour"},
            {**section, "section": "Oracles", "rows_read": 3, "known_section": False, "has_clean_table": False},
        ],
        "positions": [
            {"account_id": "DOCS", "report_date": MON, "instrument_key": "9", "level": "LOT", "source_rows": 3,
             "quantity": D(1), "document_id": "D1", "section": "OpenPositions"},
        ],
        "position_lots": [
            {"account_id": "DOCS", "report_date": MON, "instrument_key": "9", "lot_ordinal": lot,
             "quantity": D(1), "document_id": "D1", "section": "OpenPositions"}
            for lot in range(3)
        ],
        "fx_rates": [
            {"rate_date": MON, "from_currency": "GBP", "to_currency": "CHF", "rate": D("1.1"), "document_id": "D1",
             "section": "ConversionRates", "row_ordinal": 0},
        ],
        "clean_issues": [
            {"document_id": "D1", "section": "ConversionRates", "row_ordinal": row, "column": "rate", "value": "-1",
             "problem": "the broker has no rate: the row is left out", "severity": "warning"}
            for row in (2, 3)
        ],
    }  # fmt: skip
