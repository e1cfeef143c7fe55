"""What read_flex yields: frames, ordinals, statements, notes, and batches while the stream is read."""

from __future__ import annotations

import io
from unittest import mock

import polars as pl
import pytest

from transforms.flex import fast_rows, reader
from transforms.flex.flex_document import OWN_COLUMNS
from transforms.flex.reader import FlexDocument, SectionBatch, Statement, read_flex

STATEMENT = (
    '<FlexStatement accountId="{}" fromDate="20230101" toDate="20230131" period="LastMonth" '
    'whenGenerated="20230201;043000">'
)


def document(*statements: tuple[str, str], count: str | None = None) -> str:
    inside = "".join(
        STATEMENT.format(account) + sections + "</FlexStatement>" for account, sections in statements
    )
    announced = str(len(statements)) if count is None else count
    return (
        f'<FlexQueryResponse queryName="My &amp; query" type="AF"><FlexStatements count="{announced}">'
        f"{inside}</FlexStatements></FlexQueryResponse>"
    )


def read(text: str, batch_rows: int = 50_000) -> tuple[FlexDocument, dict[str, pl.DataFrame]]:
    batches: list[SectionBatch] = []
    found = read_flex(io.BytesIO(text.encode()), "d1", batches.append, batch_rows)
    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        frames.setdefault(batch.section, []).append(batch.frame)
    return found, {name: pl.concat(parts, how="diagonal") for name, parts in frames.items()}


def test_statements_and_query_are_kept_as_written() -> None:
    found, _ = read(document(("U1", ""), ("U2", "")))
    assert (found.query_name, found.query_type) == ("My & query", "AF")
    assert found.statements == tuple(
        Statement(i, account, "20230101", "20230131", "LastMonth", "20230201;043000")
        for i, account in enumerate(("U1", "U2"))
    )
    assert (found.rows_read, found.notes, found.unknown_sections, found.unknown_attributes) == (
        {},
        (),
        (),
        {},
    )


def test_rows_of_several_statements_share_a_sections_ordinals() -> None:
    found, frames = read(
        document(
            ("U1", '<Trades><Trade symbol="A" price=""/><Lot symbol="B"/></Trades><CashReport/>'),
            (
                "U2",
                '<CashReport><CashReportCurrency currency="EUR"/></CashReport>'
                '<Trades><Trade symbol="C"/></Trades>',
            ),
        )
    )
    assert found.rows_read == {"Trades": 3, "CashReport": 1}
    trades = frames["Trades"]
    assert dict(trades.schema) == OWN_COLUMNS | {"symbol": pl.String(), "price": pl.String()}
    assert trades.rows() == [
        ("d1", 0, "U1", 0, "Trade", None, "A", ""),
        ("d1", 0, "U1", 1, "Lot", None, "B", None),
        ("d1", 1, "U2", 2, "Trade", None, "C", None),
    ]
    assert frames["CashReport"].rows() == [("d1", 1, "U2", 0, "CashReportCurrency", None, "EUR")]


def test_a_section_with_attributes_is_a_row_itself() -> None:
    found, frames = read(
        document(("U1", '<ChangeInNAV startingValue="1"/><Trades a="1"><Trade symbol="A"/></Trades>'))
    )
    assert found.rows_read == {"ChangeInNAV": 1, "Trades": 2}
    assert frames["ChangeInNAV"]["_element"].to_list() == ["ChangeInNAV"]
    assert frames["Trades"].select("_row", "_element", "_parent").rows() == [
        (0, "Trades", None),
        (1, "Trade", 0),
    ]


def test_nested_rows_name_the_row_around_them() -> None:
    found, frames = read(
        document(
            (
                "U1",
                "<FxPositions><FxLots><FxLot q='1'/><FxLot q='2'><Deep/></FxLot></FxLots>"
                "<FxLots/></FxPositions>",
            )
        )
    )
    assert found.rows_read == {"FxPositions": 5}
    assert frames["FxPositions"].select("_row", "_element", "_parent", "q").rows() == [
        (0, "FxLots", None, None),
        (1, "FxLot", 0, "1"),
        (2, "FxLot", 0, "2"),
        (3, "Deep", 2, None),
        (4, "FxLots", None, None),
    ]


def test_text_of_a_row_is_kept_and_text_elsewhere_is_noted() -> None:
    found, frames = read(
        document(("U1", "<Trades>loose<Trade a='1'> some <Lot/>text<![CDATA[ <&> ]]></Trade></Trades>"))
    )
    assert frames["Trades"]["_text"].to_list() == ["some text <&>", None]
    assert len(found.notes) == 1
    assert "Text in Trades" in found.notes[0]
    assert "'loose'" in found.notes[0]


def test_attributes_that_look_like_our_columns_do_not_collide() -> None:
    found, frames = read(document(("U1", "<Trades><Trade _row='x' __row='y' _text='z'>t</Trade></Trades>")))
    assert frames["Trades"].rows() == [("d1", 0, "U1", 0, "Trade", None, "x", "y", "z", "t")]
    assert frames["Trades"].columns[6:] == ["__row", "___row", "__text", "_text"]
    assert found.unknown_attributes == {"Trades": ("__row", "_row", "_text")}


def test_unknown_attributes_and_sections_are_kept_and_reported() -> None:
    found, frames = read(
        document(
            (
                "U1",
                "<Trades><Trade symbol='A' brandNew='1'/></Trades>"
                "<NewSection><Row symbol='B' x='2'/></NewSection>",
            )
        )
    )
    assert found.unknown_attributes == {"Trades": ("brandNew",), "NewSection": ("x",)}
    assert found.unknown_sections == ("NewSection",)
    assert frames["Trades"]["brandNew"].to_list() == ["1"]
    assert frames["NewSection"]["x"].to_list() == ["2"]


def test_a_wrong_count_and_missing_attributes_are_noted_not_refused() -> None:
    text = (
        document(("U1", ""), count="7")
        .replace(' period="LastMonth"', "")
        .replace("<FlexStatement ", "<FlexStatement extra='1' ")
    )
    found, _ = read(text)
    assert found.statements[0].period is None
    assert any("count='7' but holds 1" in note for note in found.notes)
    assert any("has no period" in note for note in found.notes)
    assert any("extra='1'" in note for note in found.notes)


def test_elements_where_no_section_can_be_are_noted() -> None:
    text = document(("U1", "<Trades><Trade/></Trades>")).replace(
        "<FlexStatements", "<Message code='1'><a><b/></a></Message><FlexStatements"
    )
    found, _ = read(text)
    assert found.rows_read == {"Trades": 1}
    assert len(found.notes) == 1
    assert "Message" in found.notes[0]


def test_notes_are_bounded() -> None:
    found, _ = read(document(*[("U1", "loose")] * 500))
    assert len(found.notes) == 51
    assert "450 more" in found.notes[-1]


def test_a_document_without_statements_is_noted() -> None:
    found, frames = read(document())
    assert (found.statements, frames) == ((), {})
    assert "no FlexStatement" in found.notes[0]


@pytest.mark.parametrize("batch_rows", [1, 7, 1000, 50_000])
def test_batches_are_full_and_in_order(batch_rows: int) -> None:
    rows = "".join(f'<Trade symbol="S{n % 7}" tradeID="{n}"/>' + "<Lot/>" * (n == 500) for n in range(2_000))
    batches: list[SectionBatch] = []
    read_flex(
        io.BytesIO(document(("U1", f"<Trades>{rows}</Trades>")).encode()), "d", batches.append, batch_rows
    )
    heights = [batch.frame.height for batch in batches]
    assert sum(heights) == 2_001
    assert set(heights[:-1]) <= {batch_rows}
    assert [row for batch in batches for row in batch.frame["_row"]] == list(range(2_001))
    trade_ids = [t for batch in batches if "tradeID" in batch.frame for t in batch.frame["tradeID"] if t]
    assert trade_ids == [str(n) for n in range(2_000)]


def test_the_same_document_gives_the_same_batches_whichever_path_reads_it() -> None:
    rows = "".join(f'<Trade symbol="A&amp;{n}" quantity="{n % 3}" note=""/>\n' for n in range(3_000))
    text = document(("U1", f"<Trades>\n{rows}</Trades>")).encode()
    kept: list[list[SectionBatch]] = []
    for least in (32, 10**9):
        batches: list[SectionBatch] = []
        with (
            mock.patch.object(fast_rows, "LEAST_ROWS", least),
            mock.patch.object(reader, "read_run", wraps=fast_rows.read_run) as spy,
        ):
            read_flex(io.BytesIO(text), "d", batches.append, 1_000)
        assert spy.called
        kept.append(batches)
    assert len(kept[0]) == len(kept[1]) == 3
    for fast, slow in zip(*kept, strict=True):
        assert fast.frame.equals(slow.frame, null_equal=True)
        assert fast.frame.schema == slow.frame.schema


class Watched(io.BytesIO):
    """A stream that notes how much was read of it."""

    given = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.given += len(data)
        return data


@pytest.mark.parametrize("quote", ['"', "'"])
def test_rows_are_emitted_while_the_stream_is_read(quote: str) -> None:
    row = f"<Trade symbol={quote}{'A' * 200}{quote}/>\n"
    text = document(("U1", f"<Trades>{row * 100_000}</Trades>")).encode()
    stream = Watched(text)
    behind: list[int] = []
    emitted = 0

    def emit(batch: SectionBatch) -> None:
        nonlocal emitted
        emitted += batch.frame.height
        behind.append(stream.given // len(row) - emitted)

    read_flex(stream, "d", emit, 5_000)
    assert emitted == 100_000
    assert max(behind) * len(row) < 8_000_000
