"""The values of an account as TWS lists them, made from the book. No wire."""

from decimal import Decimal

from tests.fakes.tws.book import ZERO, Book, rounded


def account_values(book: Book, account_id: str) -> list[tuple[str, str, str]]:
    """(tag, value, currency) of an account; the currency is empty for tags that are no money."""
    account = book.accounts[account_id]
    base = account.base
    money = _in_base(book, account_id)
    values = [
        ("AccountCode", account_id, ""),
        ("AccountType", "INDIVIDUAL", ""),
        ("AccountReady", "true", ""),
    ]
    values += [(tag, f"{amount:.2f}", base) for tag, amount in money.items()]
    values.append(("Cushion", "1", ""))
    total = sum((book.rate(currency, base) * held for currency, held in account.cash.items()), ZERO)
    values += [("CashBalance", f"{total:.4f}", "BASE"), ("ExchangeRate", "1.00", "BASE")]
    for currency, held in sorted(account.cash.items()):
        values.append(("CashBalance", f"{held:.4f}", currency))
        values.append(("ExchangeRate", f"{book.rate(currency, base):.7f}", currency))
    return values


def net_liquidation(book: Book, account_id: str) -> Decimal:
    """Cash and what is held, in base; of a future counts what it moved since the last close."""
    return _in_base(book, account_id)["NetLiquidation"]


def _in_base(book: Book, account_id: str) -> dict[str, Decimal]:
    account = book.accounts[account_id]
    cash = sum((book.rate(currency, account.base) * held for currency, held in account.cash.items()), ZERO)
    counted = gross = ZERO
    for (owner, conid), held in book.holdings.items():
        if owner != account_id:
            continue
        result, rate = book.pnl(owner, conid), book.rate(held.instrument.currency, account.base)
        gross += abs(rate * (result.value or ZERO))
        is_future = held.instrument.asset_class == "FUT"
        counted += rate * ((result.daily if is_future else result.value) or ZERO)
    result = book.account_pnl(account_id)
    total = rounded(cash + counted)
    return {
        "NetLiquidation": total,
        "TotalCashValue": rounded(cash),
        "TotalCashBalance": rounded(cash),
        "GrossPositionValue": rounded(gross),
        "EquityWithLoanValue": total,
        "BuyingPower": max(rounded(4 * cash), ZERO),
        "AvailableFunds": max(rounded(cash), ZERO),
        "ExcessLiquidity": total,
        "InitMarginReq": rounded(gross / 2),
        "MaintMarginReq": rounded(gross / 4),
        "UnrealizedPnL": result.unrealized or ZERO,
        "RealizedPnL": result.realized or ZERO,
    }
