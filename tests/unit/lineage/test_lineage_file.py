"""The packaged files: written, compared, and what stale ones say. The models themselves are not read here."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration import lineage
from transforms.lineage.graph import column_lineage
from transforms.lineage.model_sql import LineageError
from transforms.lineage.row import LineageRow

ROW = LineageRow("fct_trade", "price", "value", "trades", "price", "Trades", "tradePrice", "", "a, b")
OTHER = LineageRow("fct_trade", "cost", "value", "trades", "cost", "Trades", "cost", "", "a")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "packaged"
    monkeypatch.setattr(lineage, "PACKAGED", path)
    monkeypatch.setattr(lineage, "computed", lambda: [OTHER, ROW])
    return path


def test_files_that_were_just_written_are_up_to_date(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lineage.main([]) == 0
    assert lineage.main(["--check"]) == 0
    assert (folder / "lineage_value.csv").read_text().splitlines()[2] == (
        'fct_trade,price,trades.price,,"a, b"'
    )
    assert "ok" in capsys.readouterr().out


def test_a_stale_file_fails_the_check_and_says_what_to_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lineage.main([])
    file = folder / "lineage_origin.csv"
    file.write_text(file.read_text().replace("tradePrice", "price"))
    assert lineage.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "make lineage" in said
    assert '- fct_trade,price,value,trades,price,Trades,price,,"a, b"' in said
    assert '+ fct_trade,price,value,trades,price,Trades,tradePrice,,"a, b"' in said


def test_a_file_of_other_columns_is_refused(folder: Path) -> None:
    lineage.main([])
    file = folder / "lineage_value.csv"
    file.write_text(file.read_text().replace("column_names", "column_name"))
    with pytest.raises(ValueError, match=r"lineage_value\.csv: the columns are not mart, column_names"):
        lineage.packaged_rows()


def test_a_lineage_that_cannot_be_told_leaves_the_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lineage.main([])
    before = lineage.packaged_rows()

    def fails() -> list[LineageRow]:
        raise LineageError("model x: no")

    monkeypatch.setattr(lineage, "computed", fails)
    assert lineage.main([]) == lineage.main(["--check"]) == 1
    assert lineage.packaged_rows() == before
    assert "model x: no" in capsys.readouterr().err


def test_rows_that_cannot_be_packed_are_not_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = replace(ROW, mart="position_current", attribute="price")
    monkeypatch.setattr(lineage, "computed", lambda: [ROW, elsewhere])
    assert lineage.main([]) == 1
    assert "other origins in some rows" in capsys.readouterr().err
    assert not folder.exists()


def test_a_seed_is_a_file_packaged_with_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "names.csv").write_text("code,name\nA,Alpha\n")
    monkeypatch.setattr(lineage, "PROJECT", tmp_path)
    node = {
        "schema": "main",
        "name": "names",
        "resource_type": "seed",
        "original_file_path": "seeds/names.csv",
    }
    mart = {
        "schema": "marts",
        "name": "named",
        "resource_type": "model",
        "compiled_code": 'select name from "w"."main"."names"',
        "depends_on": {"nodes": ["seed.names"]},
        "columns": {"name": {}},
    }
    (row,) = column_lineage(lineage._models({"nodes": {"seed.names": node, "model.named": mart}}))
    assert (row.mart, row.column_name, row.reason, row.via) == (
        "named",
        "name",
        "packaged with the code",
        "names",
    )
