"""`market.toml` as a person writes it: what is wanted, and one clear error for what cannot be."""

from datetime import date
from pathlib import Path

import pytest

from config.settings import Settings
from orchestration.market.benchmark_name import benchmark_name
from orchestration.market.errors import PlanError
from orchestration.market.plan import Plan
from transforms.market.series import DatasetId

ENTRY = '[[dataset]]\nprovider = "stooq"\nsymbols = ["SPY", "BRK.B"]\n'


def plan(folder: Path, text: str) -> Plan:
    path = folder / "market.toml"
    path.write_text(text)
    return Plan(path)


def test_what_is_not_written_is_usual(tmp_path: Path) -> None:
    (wanted,) = plan(tmp_path, ENTRY).wanted()
    assert wanted.dataset == DatasetId("stooq", "bars", "main", "1d")
    assert wanted.first == date(2010, 1, 1)
    assert [(s.symbol, s.provider_symbol, s.instrument_id, s.calendar) for s in wanted.series] == [
        ("SPY", "spy.us", "XNYS:SPY", "XNYS"),
        ("BRK.B", "brk-b.us", "XNYS:BRK.B", "XNYS"),
    ]


def test_without_a_file_nothing_is_wanted(tmp_path: Path) -> None:
    assert Plan(tmp_path / "market.toml").wanted() == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[dataset]\n", "is no TOML: .*line 1"),
        (ENTRY + "symbols = []\n", "is no TOML: .*symbols"),
        ("[dataset]\nprovider = 'stooq'\n", "write [[dataset]] with two brackets"),
        ("bench = 'SPY'\n" + ENTRY, "bench is not known there"),
        ("benchmark = 5\n" + ENTRY, "benchmark is the name of a series in quotes"),
        ("benchmark = '../x'\n" + ENTRY, "benchmark is the name of a series in quotes"),
        ("simulated = 'no'\n" + ENTRY, "simulated is true or false"),
        (ENTRY + ENTRY, "stooq/bars/main/1d stands there twice"),
        (ENTRY + "\n[[dataset]]\nsymbols = ['A']\n", "entry 2 of [[dataset]]: provider is missing"),
        (ENTRY.replace("stooq", "nobody"), "entry 1 of [[dataset]]: no provider is called nobody"),
        (ENTRY + "universe = 'a/b'\n", "entry 1 of [[dataset]]: 'a/b' is no name of a universe"),
        (ENTRY + "frequency = '5m'\n", "entry 1 of [[dataset]]: Stooq has no frequency 5m; there are: 1d"),
        (ENTRY + "first = '2020-01-01'\n", "entry 1 of [[dataset]]: first is a day, like 2016-01-01"),
        (ENTRY + "symbol = 'A'\n", "entry 1 of [[dataset]]: symbol is not known there"),
        (ENTRY.replace('"BRK.B"', '"SPY"'), "entry 1 of [[dataset]]: symbols names SPY twice"),
        (ENTRY.replace('["SPY", "BRK.B"]', '"SPY"'), "symbols is a list of symbols"),
        (ENTRY + "ended = ['OLD']\n", "ended names OLD, which is not among the symbols"),
        (ENTRY + "provider_symbols = 'A'\n", "provider_symbols is a table of symbols"),
        (
            ENTRY + "[dataset.provider_symbols]\n'BRKB' = 'brk-b.us'\n",
            "entry 1 of [[dataset]]: provider_symbols names BRKB, which is not among the symbols",
        ),
        (ENTRY + "venue = 1\n", "entry 1 of [[dataset]]: venue is a text in quotes"),
    ],
)
def test_what_cannot_be_is_one_sentence_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(PlanError) as refused:
        plan(tmp_path, text).wanted()
    said = str(refused.value)
    assert said.startswith(str(tmp_path / "market.toml"))
    if ".*" in problem:
        assert all(part in said for part in problem.split(".*"))
    else:
        assert problem in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("benchmark = '^GSPC'\n", "^GSPC"),
        ("benchmark = ''\n", None),
        ("benchmark = '../SPY'\n", None),
        ("benchmark = 5\n", None),
        ("benchmark\n", None),
        ("\xff", None),
    ],
)
def test_the_books_ask_for_the_benchmark_and_never_stumble(
    tmp_path: Path, text: str, name: str | None
) -> None:
    """What is wrong with the file is said by `tieout data`; its path and SQL take a plain name alone."""
    (tmp_path / "market.toml").write_bytes(text.encode("latin-1"))
    assert benchmark_name(Settings.model_validate({"TIEOUT_DATA_DIR": tmp_path})) == name


def test_a_symbol_is_added_and_what_a_person_wrote_stays(tmp_path: Path) -> None:
    kept = plan(tmp_path, "# mine\n" + ENTRY + "first = 2020-01-01 # enough\n")
    kept.add("stooq", "main", ["QQQ", "SPY", "QQQ"], first=date(2018, 1, 1))
    text = (tmp_path / "market.toml").read_text()
    assert text == "# mine\n" + ENTRY.replace('"BRK.B"]', '"BRK.B", "QQQ"]') + "first = 2018-01-01 # enough\n"
    kept.add("stooq", "main", ["SPY"], first=date(2019, 1, 1))
    assert (tmp_path / "market.toml").read_text() == text
