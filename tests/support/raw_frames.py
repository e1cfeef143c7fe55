"""Flex XML bytes into the raw frames that the clean layer reads, for tests. No files here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from io import BytesIO

import polars as pl
from lxml import etree

from transforms.clean import CLEAN_TABLES, CleanContext, Cleaned, RawSections
from transforms.flex.reader import SectionBatch, read_flex

STATEMENTS = "_statements"
STATEMENT_SECTIONS = "_statement_sections"


def document_id(document: bytes) -> str:
    """The identity of a document: its sha256."""
    return sha256(document).hexdigest()


def raw_frames(documents: Iterable[bytes], batch_rows: int = 50_000) -> dict[str, pl.DataFrame]:
    """Section -> raw text frame over all documents, each once, and the two pseudo sections."""
    batches: dict[str, list[pl.DataFrame]] = defaultdict(list)
    seen: set[str] = set()
    for document in documents:
        name = document_id(document)
        if name in seen:
            continue
        seen.add(name)

        def keep(batch: SectionBatch) -> None:
            batches[batch.section].append(batch.frame)

        read_flex(BytesIO(document), name, keep, batch_rows)
        batches[STATEMENTS].append(_statements(document, name))
        batches[STATEMENT_SECTIONS].append(_statement_sections(document, name))
    return {section: pl.concat(frames, how="diagonal") for section, frames in batches.items()}


def raw_sections(frames: Mapping[str, pl.DataFrame]) -> RawSections:
    """The frames as the clean layer asks for them."""

    def scan(section: str) -> pl.LazyFrame | None:
        frame = frames.get(section)
        return None if frame is None else frame.lazy()

    return scan


def clean(
    documents: Iterable[bytes], tables: Iterable[str] | None = None, context: CleanContext | None = None
) -> dict[str, Cleaned]:
    """Read the documents and build clean tables (all of them where none are named)."""
    raw = raw_sections(raw_frames(documents))
    return {name: CLEAN_TABLES[name].build(raw, context or CleanContext()) for name in tables or CLEAN_TABLES}


def flex_document(*statements: str, query: str = "test") -> bytes:
    """A Flex document around the XML of its FlexStatement elements."""
    inner = "".join(statements)
    return (
        f'<FlexQueryResponse queryName="{query}" type="AF"><FlexStatements count="{len(statements)}">'
        f"{inner}</FlexStatements></FlexQueryResponse>"
    ).encode()


def statement(
    *sections: str,
    account: str = "U1",
    start: str = "20240101",
    end: str = "20240131",
    generated: str = "20240201;060000",
) -> str:
    """The XML of one FlexStatement around its sections."""
    return (
        f'<FlexStatement accountId="{account}" fromDate="{start}" toDate="{end}" period="Custom" '
        f'whenGenerated="{generated}">{"".join(sections)}</FlexStatement>'
    )


def section(name: str, *rows: str) -> str:
    """The XML of a section around its rows."""
    return f"<{name}>{''.join(rows)}</{name}>" if rows else f"<{name} />"


def element(tag: str, /, **attributes: str) -> str:
    """The XML of one row."""
    return etree.tostring(etree.Element(tag, attributes)).decode()


def trade(**attributes: str) -> str:
    """The XML of an execution, as the broker writes one, with these attributes changed."""
    return element("Trade", **{**_TRADE, **attributes})


def cash(**attributes: str) -> str:
    """The XML of a cash transaction of the detail level with these attributes changed."""
    return element("CashTransaction", **{**_CASH, **attributes})


def position(**attributes: str) -> str:
    """The XML of an open position of the summary level with these attributes changed."""
    return element("OpenPosition", **{**_POSITION, **attributes})


_INSTRUMENT = {
    "accountId": "U1",
    "acctAlias": "",
    "model": "",
    "currency": "USD",
    "fxRateToBase": "0.9",
    "assetCategory": "STK",
    "symbol": "ABC",
    "description": "ABC INC",
    "conid": "1001",
    "multiplier": "1",
}
_TRADE = {
    **_INSTRUMENT,
    "reportDate": "20240110",
    "tradeDate": "20240110",
    "dateTime": "20240110;103000",
    "settleDateTarget": "20240112",
    "transactionType": "ExchTrade",
    "quantity": "100",
    "tradePrice": "10.5",
    "proceeds": "-1050",
    "taxes": "0",
    "ibCommission": "-1",
    "ibCommissionCurrency": "USD",
    "netCash": "-1051",
    "cost": "1051",
    "fifoPnlRealized": "0",
    "notes": "",
    "buySell": "BUY",
    "transactionID": "9001",
    "tradeID": "7001",
    "levelOfDetail": "EXECUTION",
}
_CASH = {
    **_INSTRUMENT,
    "type": "Dividends",
    "amount": "12.5",
    "dateTime": "20240115;202000",
    "settleDate": "20240115",
    "reportDate": "20240116",
    "transactionID": "5001",
    "actionID": "301",
    "levelOfDetail": "DETAIL",
}
_POSITION = {
    **_INSTRUMENT,
    "reportDate": "20240131",
    "position": "100",
    "markPrice": "11",
    "positionValue": "1100",
    "openPrice": "10.5",
    "costBasisPrice": "10.51",
    "costBasisMoney": "1051",
    "fifoPnlUnrealized": "49",
    "side": "Long",
    "levelOfDetail": "SUMMARY",
    "openDateTime": "",
}


def _statement_elements(document: bytes) -> list[etree._Element]:
    return list(etree.fromstring(document).iter("FlexStatement"))


def _statements(document: bytes, name: str) -> pl.DataFrame:
    rows = [
        {
            "_document_id": name,
            "_statement": index,
            "_account_id": found.get("accountId"),
            **dict(found.attrib),
        }
        for index, found in enumerate(_statement_elements(document))
    ]
    texts = ("fromDate", "toDate", "period", "whenGenerated")
    schema = {
        "_document_id": pl.String,
        "_statement": pl.Int32,
        "_account_id": pl.String,
        **dict.fromkeys(texts, pl.String),
    }
    return pl.DataFrame([{key: row.get(key) for key in schema} for row in rows], schema=schema)


def _statement_sections(document: bytes, name: str) -> pl.DataFrame:
    """Counted with lxml, independently of the reader: all descendants, and a container with attributes."""
    rows = [
        {
            "_document_id": name,
            "_statement": index,
            "section": container.tag,
            "rows": sum(isinstance(e.tag, str) for e in container.iterdescendants()) + bool(container.attrib),
        }
        for index, found in enumerate(_statement_elements(document))
        for container in found
        if isinstance(container.tag, str)
    ]
    schema = {"_document_id": pl.String, "_statement": pl.Int32, "section": pl.String, "rows": pl.Int32}
    return pl.DataFrame(rows, schema=schema)
