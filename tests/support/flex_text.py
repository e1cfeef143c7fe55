"""Small Flex documents as text, for tests that care about files rather than figures."""

from collections.abc import Mapping, Sequence

Row = tuple[str, Mapping[str, str]]


def flex_document(
    sections: Mapping[str, Sequence[Row]],
    account: str = "U1",
    start: str = "20240102",
    end: str = "20240102",
    generated: str = "20240103;010000",
    base: str | None = None,
) -> bytes:
    """One statement with these sections: section → rows of (tag, attributes); `base` is the account's currency."""
    body = "".join(
        f"<{section}>"
        + "".join(f"<{tag} {_attributes(values)}/>" for tag, values in rows)
        + f"</{section}>\n"
        for section, rows in sections.items()
    )
    if base:
        body = f'<AccountInformation accountId="{account}" currency="{base}"/>\n{body}'
    return (
        '<FlexQueryResponse queryName="test" type="AF"><FlexStatements count="1">'
        f'<FlexStatement accountId="{account}" fromDate="{start}" toDate="{end}" period="" '
        f'whenGenerated="{generated}">\n'
        f"{body}</FlexStatement></FlexStatements></FlexQueryResponse>\n"
    ).encode()


def cash_row(transaction_id: str, amount: str, **more: str) -> Row:
    """A deposit of the detail level."""
    values = {
        "accountId": "U1",
        "currency": "USD",
        "fxRateToBase": "1",
        "type": "Deposits/Withdrawals",
        "amount": amount,
        "transactionID": transaction_id,
        "reportDate": "20240102",
        "dateTime": "20240102;101500",
        "levelOfDetail": "DETAIL",
    }
    return "CashTransaction", values | more


def _attributes(values: Mapping[str, str]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in values.items())
