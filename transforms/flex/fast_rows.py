"""Reading runs of regular rows as columns, without an XML parser. What is not regular is left to the parser.

A row is regular if it is a self-closed element whose names are plain ASCII, whose values stand in double
quotes and hold no control character, `<`, or reference other than the predefined and numeric ones. Rows with
the same text outside of the values have one shape, and rows of one shape are split at their quotes all at
once.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from transforms.flex.row_buffer import FastRows

LEAST_ROWS = 32
"""A shorter run is not worth the start-up of reading it at once."""

_MOST_SHAPES = 16

_NAME = rb"[A-Za-z][A-Za-z0-9_.-]*"
_SPACE = rb"[ \t\r\n]"
_ROW = re.compile(
    rb"(?P<tag>"
    + _NAME
    + rb")(?:"
    + _SPACE
    + rb"+"
    + _NAME
    + rb'="[^"<]*")+'
    + _SPACE
    + rb"*/>"
    + _SPACE
    + rb"*"
)
_ATTRIBUTE_NAME = re.compile(_SPACE + rb"(" + _NAME + rb")=$")
_LEADING_SPACE = re.compile(_SPACE + rb"*")
_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));", re.ASCII)
_PREDEFINED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_CONTROL = bytes(range(32))
_NOT_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")  # U+FFFE and U+FFFF may not stand in XML


Columns = dict[str, pl.Series | str]
"""Values by attribute: one a row, or one for all rows."""


@dataclass(frozen=True)
class Run:
    """Rows read at once: their `groups` by shape (`rows` of a group are positions in the run), how many in
    all, where they end in the data, and whether they are all that the window held up to the next tag that is
    no row."""

    groups: list[FastRows]
    rows: int
    end: int
    complete: bool


@dataclass(frozen=True)
class _Shape:
    """What rows have in common: their tag, their attributes' names, and all text outside of the values."""

    tag: str
    names: tuple[str, ...]
    parts: tuple[bytes, ...]

    @cached_property
    def length(self) -> int:
        """Bytes of a row without its values and without its `<`."""
        return sum(map(len, self.parts)) + 2 * len(self.names)

    @cached_property
    def control_characters(self) -> int:
        """Control characters of a row (white space between attributes and behind the row)."""
        return sum(len(part) - len(part.translate(None, _CONTROL)) for part in self.parts)


def read_run(data: bytes, begin: int, end: int, inside: str) -> Run | None:
    """Read the regular rows that `data` holds from `begin`, looking no further than `end`.

    `begin` is a place in the content of the element `inside`, between tags. Rows behind the first one that is
    not regular are left. Returns None where nothing promises a run, and a Run of no rows where it did but
    could not be read.
    """
    space = _LEADING_SPACE.match(data, begin, end)
    start = space.end() if space else begin
    if data[start : start + 1] != b"<" or _ROW.match(data, start + 1, end) is None:
        return None
    closed = data.find(f"</{inside}".encode(), start, end)
    stop = closed if closed >= 0 else data.rfind(b"<", start, end)
    block = data[start + 1 : stop]
    count = block.count(b"<") + 1
    if count < LEAST_ROWS:
        return None if closed >= 0 else Run([], 0, begin, complete=False)
    shape = _shape_of(block)
    if shape is not None and block.count(b"<" + shape.parts[0]) == count - 1:
        columns = _split(block, count, shape)
        if columns is not None:
            return Run([FastRows(shape.tag, _positions(range(count)), columns)], count, stop, complete=True)
    lines = block.split(b"<")
    groups, rows = _split_by_shape(lines)
    if rows < LEAST_ROWS:
        return Run([], 0, begin, complete=False)
    taken = sum(len(line) + 1 for line in lines[:rows])
    return Run(groups, rows, start + taken, complete=rows == count)


def _split_by_shape(lines: list[bytes]) -> tuple[list[FastRows], int]:
    """Read rows of several shapes (without their `<`); the rows of each, and how many rows that takes from
    the first."""
    by_key: dict[tuple[bytes, int, bytes], list[int]] = {}
    limit = len(lines)
    for position, line in enumerate(lines):
        quotes = line.count(b'"')
        key = line[: line.find(b'"')], quotes, line[line.rfind(b'"') + 1 :]
        if not quotes or (key not in by_key and len(by_key) == _MOST_SHAPES):
            limit = position
            break
        by_key.setdefault(key, []).append(position)
    groups: list[tuple[str, list[int], Columns]] = []
    for positions in by_key.values():
        shape = _shape_of(lines[positions[0]])
        if shape is None:
            limit = min(limit, positions[0])
            continue
        columns, regular = _regular_rows([lines[position] for position in positions], shape)
        if regular < len(positions):
            limit = min(limit, positions[regular])
        groups.append((shape.tag, positions[:regular], columns))
    taken: list[FastRows] = []
    for tag, positions, columns in groups:
        rows = bisect_left(positions, limit)
        if rows:
            kept = {n: v.head(rows) if isinstance(v, pl.Series) else v for n, v in columns.items()}
            taken.append(FastRows(tag, _positions(positions[:rows]), kept))
    return taken, limit


def _shape_of(text: bytes) -> _Shape | None:
    """The shape of the first row in the text, if it is a regular row."""
    match = _ROW.match(text)
    if match is None or (match.end() < len(text) and text[match.end() : match.end() + 1] != b"<"):
        return None
    parts = tuple(text[: match.end()].split(b'"')[::2])
    found = [_ATTRIBUTE_NAME.search(part) for part in parts[:-1]]
    names = tuple(name.group(1).decode() for name in found if name)
    if len(set(names)) != len(parts) - 1:
        return None
    return _Shape(match["tag"].decode(), names, parts)


def _regular_rows(lines: list[bytes], shape: _Shape) -> tuple[Columns, int]:
    """The values of the rows that are regular and of this shape, up to the first that is not, and how many
    they are."""
    columns = _split(b"<".join(lines), len(lines), shape)
    if columns is not None:
        return columns, len(lines)
    regular, not_all = 0, len(lines)
    while not_all - regular > 1:
        middle = (regular + not_all) // 2
        if _split(b"<".join(lines[regular:middle]), middle - regular, shape) is None:
            not_all = middle
        else:
            regular = middle
    return (_split(b"<".join(lines[:regular]), regular, shape) or {} if regular else {}), regular


def _split(block: bytes, count: int, shape: _Shape) -> Columns | None:
    """The values of `count` rows (joined by `<`) by name; None unless every row is regular and so shaped.

    The check does not lean on the splitter: names must equal the shape's, and the bytes must add up to the
    block's.
    """
    if not _characters_allowed(block, count * shape.control_characters):
        return None
    try:
        fields = pl.read_csv(
            block,
            has_header=False,
            separator='"',
            eol_char="<",
            quote_char=None,
            infer_schema=False,
            empty_string_is_null=False,
            extra_columns="raise",
            missing_columns="raise",
        )
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError):
        return None
    if fields.height != count or fields.width != 2 * len(shape.names) + 1:
        return None
    equal = fields.select((pl.all() == pl.all().first()).all()).row(0)
    first = fields.row(0)
    if not all(equal[::2]) or any(
        text.encode() != part for text, part in zip(first[::2], shape.parts, strict=True)
    ):
        return None
    size = sum(fields.select(pl.col(fields.columns[1::2]).str.len_bytes().sum()).row(0))
    if size + count * (shape.length + 1) - 1 != len(block):
        return None
    values = zip(shape.names, fields.get_columns()[1::2], equal[1::2], first[1::2], strict=True)
    columns = {name: text if constant else series.alias(name) for name, series, constant, text in values}
    return _unescape(columns) if b"&" in block else columns


def _characters_allowed(block: bytes, control_characters: int) -> bool:
    """Whether the block is valid UTF-8 of XML's characters, and control characters stand only outside of
    values."""
    if len(block) - len(block.translate(None, _CONTROL)) != control_characters:
        return False
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return not any(character in block for character in _NOT_CHARACTERS)


def _unescape(columns: Columns) -> Columns | None:
    """The columns with references replaced by what they stand for; None if one is not valid."""
    replaced = dict(columns)
    series = pl.DataFrame([values for values in columns.values() if isinstance(values, pl.Series)])
    concerned = series.select(pl.all().str.contains("&", literal=True).any())
    for name, values in columns.items():
        if isinstance(values, str):
            texts = [values] if "&" in values else []
        else:
            texts = list(_with_references(values)) if concerned.item(0, name) else []
        meanings = [_meaning(text) for text in texts]
        if None in meanings:
            return None
        if isinstance(values, pl.Series) and texts:
            replaced[name] = values.replace(
                pl.Series(texts, dtype=pl.String), pl.Series(meanings, dtype=pl.String)
            )
        elif texts and meanings[0] is not None:
            replaced[name] = meanings[0]
    return replaced


def _with_references(values: pl.Series) -> pl.Series:
    """The different texts that hold a reference."""
    return values.filter(values.str.contains("&", literal=True)).unique()


def _meaning(text: str) -> str | None:
    """The text with its references replaced; None if one is not valid."""
    invalid = False

    def character(match: re.Match[str]) -> str:
        nonlocal invalid
        name, decimal, hexadecimal = match.groups()
        if name:
            return _PREDEFINED[name]
        code = int(decimal) if decimal else int(hexadecimal, 16)
        allowed = (
            code in (9, 10, 13)
            or 32 <= code < 0xD800
            or 0xE000 <= code < 0xFFFE
            or 0x10000 <= code < 0x110000
        )
        invalid = invalid or not allowed
        return chr(code) if allowed else ""

    meaning = _REFERENCE.sub(character, text)
    unread = _REFERENCE.sub("", text)
    return None if invalid or "&" in unread else meaning


def _positions(positions: range | list[int]) -> pl.Series:
    if isinstance(positions, range):
        return pl.int_range(positions.start, positions.stop, dtype=pl.Int32, eager=True)
    return pl.Series(positions, dtype=pl.Int32)
