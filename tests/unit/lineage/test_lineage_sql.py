"""Lineage of one SQL statement: what each of DuckDB's constructs does to it, each expectation written by hand."""

import pytest

from transforms.lineage.model_sql import Kind, LineageError, model_columns

KNOWN = {("m", "a"): ("x", "y", "z", "d"), ("m", "b"): ("x", "d", "r", "l")}
LETTERS = {"v": Kind.VALUE, "d": Kind.DERIVED, "f": Kind.FILTER}


def told(sql: str) -> dict[str, set[str]]:
    """Each column's sources as `table.column:kind`, the kind by its letter."""
    letter = {kind: name for name, kind in LETTERS.items()}
    return {
        column: {
            f"{table}.{name}:{letter[kind]}" if name else f"{table}:{letter[kind]}"
            for ((_, table), name), kind in sources.items()
        }
        for column, sources in model_columns(sql, KNOWN).items()
    }


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select x + y as s from m.a", {"s": "a.x:v a.y:v"}),
        ("select coalesce(x, y) as s from m.a", {"s": "a.x:v a.y:v"}),
        ("select nullif(x, y) as s from m.a", {"s": "a.x:v a.y:d"}),
        ("select case when x > 0 then y else z end as s from m.a", {"s": "a.x:d a.y:v a.z:v"}),
        ("select case x when 1 then y end as s from m.a", {"s": "a.x:d a.y:v"}),
        ("select x = 1 as s, not (y is null) as t from m.a", {"s": "a.x:d", "t": "a.y:d"}),
        ("select x from m.a where y > 0", {"x": "a.x:v a.y:f"}),
        ("select sum(x) filter (where y > 0) as s from m.a", {"s": "a.x:v a.y:d"}),
        ("select count(*) as n, count(z) as c from m.a", {"n": "count of rows:v", "c": "count of rows:v a.z:d"}),
        ("select d, sum(y) as s from m.a group by all", {"d": "a.d:v", "s": "a.y:v a.d:f"}),
        ("select sum(y) as s from m.a group by x having sum(z) > 1", {"s": "a.y:v a.x:f a.z:f"}),
        (
            "select arg_max(y, d) as s, max_by(z, x) as t from m.a",
            {"s": "a.y:v a.d:d", "t": "a.z:v a.x:d"},
        ),
        (
            "select list(y order by d) as s, first(z order by x) as t from m.a",
            {"s": "a.y:v a.d:d", "t": "a.z:v a.x:d"},
        ),
        ("select percentile_cont(0.5) within group (order by x) as s from m.a", {"s": "a.x:v"}),
        ("select lag(x) over (partition by y order by d) as s from m.a", {"s": "a.x:v a.y:d a.d:d"}),
        (
            "select sum(x) over w as s from m.a window w as (partition by y order by d)",
            {"s": "a.x:v a.y:d a.d:d"},
        ),
        (
            "select x, row_number() over (order by d) as n from m.a qualify n = 1",
            {"x": "a.x:v a.d:f place in an order:f", "n": "place in an order:v a.d:d"},
        ),
        (
            "select a.y, b.r from m.a join m.b on a.x = b.x",
            {"y": "a.y:v a.x:f b.x:f", "r": "b.r:v a.x:f b.x:f"},
        ),
        (
            "select a.y, b.r from m.a asof left join m.b on a.x = b.x and a.d >= b.d",
            {"y": "a.y:v", "r": "b.r:v a.x:f b.x:f a.d:f b.d:f"},
        ),
        ("select x, r from m.a join m.b using (x)", {"x": "a.x:v b.x:f", "r": "b.r:v a.x:f b.x:f"}),
        ("select x from m.a full join m.b using (x)", {"x": "a.x:v b.x:v"}),
        ("select x from m.a semi join m.b using (x)", {"x": "a.x:v b.x:f"}),
        ("select * exclude (x, y, d) from m.a", {"z": "a.z:v"}),
        ("select * exclude (y, z, d) replace (x * z as x) from m.a", {"x": "a.x:v a.z:v"}),
        (
            "select x as p, y as q from m.a union all by name select d as q, x as p from m.b",
            {"p": "a.x:v b.x:v", "q": "a.y:v b.d:v"},
        ),
        ("select x as p, y as q from m.a union all select d, r from m.b", {"p": "a.x:v b.d:v", "q": "a.y:v b.r:v"}),
        ("select x from m.a except select r from m.b", {"x": "a.x:v b.r:f"}),
        ("select x + 1 as up, up * y as p from m.a", {"up": "a.x:v", "p": "a.x:v a.y:v"}),
        ("select list_transform(l, lambda e, i: e * r) as s from m.b", {"s": "b.l:v b.r:v"}),
        ("select [e * r for e in l] as s from m.b", {"s": "b.l:v b.r:v"}),
        ("select b.x, u.e from m.b as b, unnest(b.l) as u(e)", {"x": "b.x:v", "e": "b.l:v"}),
        ("select s.p as p from (select {'p': x} as s from m.a)", {"p": "a.x:v"}),
        ("select a.x, g.n from m.a cross join range(10) as g(n)", {"x": "a.x:v", "n": ""}),
        ("select v.n from (values (1), (2)) as v (n)", {"n": ""}),
        ("select (select max(r) from m.b where b.x = a.x) as s from m.a", {"s": "b.r:v b.x:f a.x:f"}),
        ("select exists (select 1 from m.b where b.x = a.x) as s from m.a", {"s": "b.x:d a.x:d"}),
        ("select x from m.a where y in (select r from m.b)", {"x": "a.x:v a.y:f b.r:f"}),
        ("select distinct on (x) y from m.a order by x, d", {"y": "a.y:v a.x:f a.d:f"}),
        ("with q as (from m.a select x, y where z > 1) from q", {"x": "a.x:v a.z:f", "y": "a.y:v a.z:f"}),
        ("select name, val from m.a unpivot (val for name in (x, y))", {"name": "a.x:v a.y:v", "val": "a.x:v a.y:v"}),
        (
            "with q as (select x, 'one', x from m.a) select y, 'two' as t, z from m.a union all select * from q",
            {"y": "a.y:v a.x:v", "t": "", "z": "a.z:v a.x:v"},
        ),
    ],
)  # fmt: skip
def test_each_construct(sql: str, expected: dict[str, str]) -> None:
    assert told(sql) == {column: split(sources) for column, sources in expected.items()}


def split(text: str) -> set[str]:
    """The sources of an expectation; those that are no column are written in words."""
    words = ["count of rows", "place in an order"]
    found = {f"{word}:{letter}" for word in words for letter in LETTERS if f"{word}:{letter}" in text}
    for source in found:
        text = text.replace(source, "")
    return found | set(text.split())


def test_a_recursive_query_is_followed_until_nothing_is_added() -> None:
    sql = """
        with recursive t as (
            select x as first, y as second, z as third from m.a
            union all
            select second, third, first from t where first < 3
        )
        select first from t
    """
    assert told(sql)["first"] == {"a.x:v", "a.y:v", "a.z:v"}


def test_a_parquet_file_is_its_clean_table() -> None:
    known = {("clean", "trades"): ("price",), ("clean", "clean_issues"): ("problem",)}
    files = "read_parquet('c/trades.parquet') as t, read_parquet('c/_issues/*.parquet') as i"
    sql = f"select t.price, i.problem from {files}"
    assert model_columns(sql, known) == {
        "price": {(("clean", "trades"), "price"): Kind.VALUE},
        "problem": {(("clean", "clean_issues"), "problem"): Kind.VALUE},
    }


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("select sum(columns(*)) from m.a", "COLUMNS"),
        ("select * from m.unheard_of", "cannot be written out"),
        ("select q.x from m.unheard_of as q", "m.unheard_of is not known"),
        ("select a.w from m.a", "w"),
        ("select select from", "cannot be read"),
    ],
)
def test_what_cannot_be_followed_is_an_error_and_never_left_out(sql: str, named: str) -> None:
    with pytest.raises(LineageError, match=named.replace("*", r"\*")):
        model_columns(sql, KNOWN)
