"""Small Flex documents, an account a case, in which other importers of these documents have gone wrong. No figures
are judged here."""

from collections.abc import Mapping, Sequence

from tests.support.flex_text import Row, flex_document

Sections = dict[str, list[Row]]


def nav(account: str, **totals: str) -> list[Row]:
    """The net asset value of days: `d0102="1000"` is 2 January, all of it cash; "900/100" is cash and stock."""
    rows = []
    for day, amounts in totals.items():
        cash, _, stock = amounts.partition("/")
        total = str(float(cash) + float(stock or 0))
        values = {"reportDate": f"2024{day[1:]}", "cash": cash, "stock": stock or "0", "total": total}
        rows.append(("EquitySummaryByReportDateInBase", {"accountId": account, **values}))
    return rows


def trade(account: str, number: str, quantity: str, price: str, **more: str) -> Row:
    """An execution in a USD stock; proceeds follow from quantity and price, everything else can be said."""
    proceeds = format(-float(quantity) * float(price) * float(more.get("multiplier", "1")), ".2f")
    values = {
        "accountId": account, "currency": "USD", "fxRateToBase": "0.9", "assetCategory": "STK", "symbol": "ABC",
        "conid": "265598", "multiplier": "1", "transactionID": number, "tradeID": number, "ibExecID": f"0001.{number}",
        "dateTime": "20240103;101500", "tradeDate": "20240103", "reportDate": "20240103", "quantity": quantity,
        "tradePrice": price, "proceeds": proceeds, "ibCommission": "-1", "ibCommissionCurrency": "USD", "taxes": "0",
        "netCash": format(float(proceeds) - 1, ".2f"), "fifoPnlRealized": "0",
        "buySell": "BUY" if float(quantity) > 0 else "SELL", "transactionType": "ExchTrade",
        "levelOfDetail": "EXECUTION",
    }  # fmt: skip
    return "Trade", values | more


def position(account: str, quantity: str, price: str, **more: str) -> Row:
    """An open position of the same stock at the end of a day."""
    values = {
        "accountId": account, "currency": "USD", "fxRateToBase": "0.9", "assetCategory": "STK", "symbol": "ABC",
        "conid": "265598", "multiplier": "1", "reportDate": "20240104", "position": quantity, "markPrice": price,
        "positionValue": format(float(quantity) * float(price) * float(more.get("multiplier", "1")), ".2f"),
        "levelOfDetail": "SUMMARY",
    }  # fmt: skip
    return "OpenPosition", values | more


def cash(account: str, number: str, kind: str, amount: str, **more: str) -> Row:
    """A cash transaction in USD."""
    values = {
        "accountId": account, "currency": "USD", "fxRateToBase": "0.9", "type": kind, "amount": amount,
        "transactionID": number, "dateTime": "20240103", "reportDate": "20240103", "levelOfDetail": "DETAIL",
    }  # fmt: skip
    return "CashTransaction", values | more


def week(account: str, sections: Mapping[str, Sequence[Row]], **more: str) -> bytes:
    """A statement of the EUR account over the days 2 to 4 January 2024."""
    head = {"start": "20240102", "end": "20240104", "generated": "20240105;030000", "base": "EUR", **more}
    return flex_document(sections, account=account, **head)


def two_accounts(first: bytes, second: bytes) -> bytes:
    """One document with the statements of both."""
    cut = second.index(b"<FlexStatement ")
    statement = second[cut : second.index(b"</FlexStatements>")]
    return first.replace(b"</FlexStatements>", statement + b"</FlexStatements>").replace(
        b'count="1"', b'count="2"'
    )
