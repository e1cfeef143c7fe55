"""Flex documents of trades, and the clean tables that are made of them."""

import polars as pl

from tests.support.raw_frames import clean, flex_document, section, statement

OLDER = "20240201;060000"
NEWER = "20240202;060000"


def trades(*documents: bytes) -> pl.DataFrame:
    return clean(documents, ["trades"])["trades"].table


def one(*rows: str, generated: str = OLDER, **more: str) -> bytes:
    return flex_document(statement(section("Trades", *rows), generated=generated, **more))
