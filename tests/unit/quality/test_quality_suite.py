"""The declared expectations: whole, of one meaning each, and no rule that pandera or dbt already holds."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlglot import exp, parse_one

from orchestration.quality.pages import first_page, local_page, make_local
from orchestration.quality.suite import Topic, expectations, topics
from transforms.lineage.model_sql import Kind, model_columns

MARTS = Path(__file__).resolve().parents[3] / "dbt_project" / "models" / "marts"
RULES = {
    "ExpectColumnValuesToNotBeNull": "not_null",
    "ExpectColumnValuesToBeUnique": "unique",
    "ExpectCompoundColumnsToBeUnique": "unique",
    "ExpectColumnValuesToBeInSet": "accepted_values",
    "ExpectColumnValuesToBeBetween": "no_row",
}


def described() -> Iterator[dict[str, Any]]:
    for path in MARTS.glob("*.yml"):
        yield from yaml.safe_load(path.read_text())["models"]


def rules_of_dbt() -> set[tuple[str, str, frozenset[str]]]:
    """Mart, kind of rule, columns: constraints and data tests of every mart."""
    found = set()
    for mart in described():
        names = [column["name"] for column in mart["columns"]]
        for column in mart["columns"]:
            kinds = [c["type"] for c in column.get("constraints", [])]
            kinds += [
                test if isinstance(test, str) else next(iter(test)) for test in column.get("data_tests", [])
            ]
            found |= {(mart["name"], kind, frozenset([column["name"]])) for kind in kinds}
        for test in mart.get("data_tests", []):
            ((kind, given),) = test.items()
            if kind == "primary_key":
                columns = given["arguments"]["columns"]
                found.add((mart["name"], "unique", frozenset(columns)))
                found |= {(mart["name"], "not_null", frozenset([column])) for column in columns}
            elif kind == "no_row":
                words = set(re.findall(r"\w+", given["arguments"]["where_broken"]))
                found.add((mart["name"], kind, frozenset(words & set(names))))
    return found


def rules_of_the_suite(every: tuple[Topic, ...]) -> set[tuple[str, str, frozenset[str]]]:
    """The same of expectations about plain columns of the table that a topic asks; what is joined may be absent."""
    known = {("", mart["name"]): [column["name"] for column in mart["columns"]] for mart in described()}
    found = set()
    for topic in every:
        query = parse_one(topic.sql, dialect="duckdb")
        table = query.find(exp.From).this if topic.each is None else None
        if not isinstance(table, exp.Table) or ("", table.name) not in known:
            continue
        sources = model_columns(topic.sql, known)
        plain = {p.alias_or_name for p in query.expressions if isinstance(p.unalias(), exp.Column)}
        for expected in topic.expectations:
            columns = expected.arguments.get("column_list", [expected.arguments.get("column")])
            if expected.type in RULES and set(columns) <= plain:
                read = {s for c in columns for s, kind in sources[c].items() if kind is Kind.VALUE}
                if {mart for (_, mart), _ in read} == {table.name}:
                    found.add((table.name, RULES[expected.type], frozenset(name for _, name in read)))
    return found


def test_no_rule_stands_twice() -> None:
    assert rules_of_dbt() & rules_of_the_suite(topics()) == set()


def test_a_rule_that_stands_twice_would_be_found() -> None:
    (given,) = [topic for topic in topics() if topic.name == "returns"]
    copied = [
        ("select account_id from fct_trade", "ExpectColumnValuesToNotBeNull", {"column": "account_id"}),
        (
            "select drawdown as d from drawdown",
            "ExpectColumnValuesToBeBetween",
            {"column": "d", "max_value": 0},
        ),
        (
            "select account_id, nav_date from fct_nav_daily",
            "ExpectCompoundColumnsToBeUnique",
            {"column_list": ["account_id", "nav_date"]},
        ),
    ]
    for sql, type_, arguments in copied:
        expected = type(given.expectations[0])("copy", "copy", "Copied.", type_, arguments)
        topic = Topic("copy", "Copied.", sql, None, (expected,))
        assert rules_of_dbt() & rules_of_the_suite((topic,)), sql


def test_every_expectation_is_declared_whole() -> None:
    every = list(expectations())
    assert len({e.check_name for e in every}) == len(every) > 25
    assert len({topic.name for topic in topics()}) == len(topics())
    for expected in every:
        assert re.fullmatch(r"[a-z_]+__[a-z_]+", expected.check_name)
        assert expected.says.endswith(".")
        assert expected.type.startswith("Expect")
        assert expected.severity in {"critical", "warning"}


@pytest.mark.parametrize("topic", [t for t in topics() if t.each is None], ids=lambda topic: topic.name)
def test_expectations_are_of_columns_that_the_question_answers(topic: Topic) -> None:
    answered = set(parse_one(topic.sql, dialect="duckdb").named_selects)
    for expected in topic.expectations:
        named = {v for k, v in expected.arguments.items() if k in {"column", "column_A", "column_B"}}
        assert named <= answered


def test_pages_reach_for_nothing() -> None:
    page = """<html><head><link rel="stylesheet" href="https://cdn.example/x.css"><script src='https://x/y.js'></script>
        <link rel="stylesheet" href="static/own.css"></head><body><script>fetch("https://x")</script>
        <img src="https://beacon.example/p.png?id=1"><a href="validations/a.html">own</a>
        <a href="https://shop.example">theirs</a><div style="background: url('https://p.example/a.png')">text</div>
        </body></html>"""
    made = local_page(page)
    assert "http" not in made.replace("http-equiv", "")
    assert "<script" not in made
    assert "Content-Security-Policy" in made
    for kept in (
        'href="static/own.css"',
        'href="validations/a.html"',
        ">own</a>",
        ">theirs</a>",
        ">text</div>",
    ):
        assert kept in made


def test_the_first_page_says_what_holds_and_writes_no_markup_of_others() -> None:
    page = first_page(
        "000007-ab",
        [(False, "warning", "All <b>tie</b>.", "row <1>", "v/a.html"), (True, "", "So.", "", "b")],
    )
    assert "Version 000007-ab" in page
    assert (
        '<td class="text-danger">warning</td><td><a href="v/a.html">All &lt;b&gt;tie&lt;/b&gt;.</a></td>'
        in page
    )
    assert "<td>row &lt;1&gt;</td>" in page
    assert page.count(">holds<") == 1


def test_every_page_and_style_below_a_folder_is_made_local(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "page.html").write_text("<head></head><img src='https://x/p.gif'>")
    (tmp_path / "style.css").write_text("a { background: url(https://x/p.gif) }")
    make_local(tmp_path)
    for path in ("deep/page.html", "style.css"):
        assert "https" not in (tmp_path / path).read_text()
