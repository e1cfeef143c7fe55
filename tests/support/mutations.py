"""One place of a Flex XML document changed, as damage or an error of the broker would change it: which places there
are, and the document with one of them changed. Running the pipeline and judging what it says is in fuzzed_books."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

BYTE, ROW_DROPPED, NUMBER, WORD, ATTRIBUTE, ROW_DOUBLED, TRUNCATED = KINDS = (
    "byte flipped", "row dropped", "number changed", "word changed", "attribute dropped", "row doubled",
    "document truncated",
)  # fmt: skip
_ROW = re.compile(r"^<(\w+) (.*?) ?/?>$")
_CELL = re.compile(r'(\w+)="([^"]*)"')
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$|^\d{8};\d{6}$")
_WORDS = {
    "BUY": "SELL", "SELL": "BUY", "USD": "GBP", "EUR": "USD", "GBP": "EUR", "CHF": "EUR", "STK": "OPT", "OPT": "STK",
    "BOND": "STK", "CASH": "STK", "FUT": "STK", "Dividends": "Other Fees", "Withholding Tax": "Other Fees",
    "Other Fees": "Dividends", "Deposits/Withdrawals": "Other Fees", "Broker Interest Received": "Other Fees",
    "Broker Interest Paid": "Other Fees", "IN": "OUT", "OUT": "IN", "BASE_SUMMARY": "USD", "Po": "Re", "Re": "Po",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row of a document: its line, its section's tag, its own tag with the level of detail, its filled cells."""

    line: int
    section: str
    element: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Mutation:
    """What was changed: its kind, and the section, row (with its cells) and attribute that it hit, if it is one."""

    kind: str
    section: str
    element: str
    attribute: str
    line: int
    change: str
    cells: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        place = " ".join(part for part in (self.section, self.element, self.attribute) if part)
        return f"{self.kind}: {place or 'document'}, line {self.line + 1}: {self.change}"


def rows_of(lines: Sequence[str]) -> list[Row]:
    """The rows of a document that has one element a line; the statement's own head is a row of it too."""
    found, section = [], ""
    for number, line in enumerate(lines):
        row = _ROW.match(line)
        if row is None:
            section = line.strip("<>") if not line.startswith("</") else ""
        elif row[1] not in {"FlexQueryResponse", "FlexStatements"}:
            cells = tuple((name, value) for name, value in _CELL.findall(row[2]) if value)
            level = dict(cells).get("levelOfDetail", "")
            found.append(Row(number, section or row[1], f"{row[1]} {level}".strip(), cells))
    return found


class Mutator:
    """Changes the lines of one document; all chance comes from the given generator."""

    def __init__(self, lines: Sequence[str], random: Random, sections: Callable[[str], bool]) -> None:
        """`sections`: which ones may be changed."""
        self._lines = list(lines)
        self._random = random
        rows = [row for row in rows_of(lines) if sections(row.section)]
        self._by_element: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            self._by_element.setdefault((row.section, row.element), []).append(row)
        self._whole = [row.line for row in rows]

    def mutate(self, kind: str) -> tuple[Mutation, bytes]:
        """One change of this kind at a place by chance: each sort of row is as likely, then each attribute."""
        if kind == TRUNCATED:
            return self._truncated()
        if kind == BYTE:
            return self._flipped()
        row = self._random.choice(self._by_element[self._random.choice(sorted(self._by_element))])
        if kind in {ROW_DROPPED, ROW_DOUBLED}:
            return self.mutate(kind) if row.section == "FlexStatement" else self.change_row(row, kind)
        cells = [name for name, value in row.cells if is_open_to(kind, value)]
        return self.change_cell(row, self._random.choice(cells), kind) if cells else self.mutate(kind)

    def at(self, element: str, attribute: str, having: str) -> tuple[Mutation, bytes]:
        """This number changed in the first such row that has the cell `having` (name=value, or nothing).

        Raises LookupError where there is none.
        """
        for row in (row for rows in self._by_element.values() for row in rows if row.element == element):
            cells = dict(row.cells)
            told = not having or having in {f"{name}={value}" for name, value in row.cells}
            if told and is_open_to(NUMBER, cells.get(attribute, "")):
                return self.change_cell(row, attribute, NUMBER, _other_day(cells[attribute]))
        raise LookupError(f"no {element} with a number in {attribute}")

    def change_cell(self, row: Row, name: str, kind: str, other: str | None = None) -> tuple[Mutation, bytes]:
        """The document with this cell of the row changed (to `other`, else by chance) or left out."""
        value = dict(row.cells)[name]
        line = self._lines[row.line]
        if kind == ATTRIBUTE:
            changed, told = line.replace(f' {name}="{value}"', "", 1), f"{name} left out (was {value})"
        else:
            other = other or (_WORDS[value] if kind == WORD else self._other_number(value))
            changed = line.replace(f' {name}="{value}"', f' {name}="{other}"', 1)
            told = f"{name} {value} → {other}"
        return self._with(row, name, kind, told, [changed])

    def change_row(self, row: Row, kind: str) -> tuple[Mutation, bytes]:
        """The document without this row, or with it twice."""
        line = self._lines[row.line]
        return self._with(row, "", kind, line[:60], [] if kind == ROW_DROPPED else [line, line])

    def _with(self, row: Row, name: str, kind: str, told: str, put: list[str]) -> tuple[Mutation, bytes]:
        lines = [*self._lines[: row.line], *put, *self._lines[row.line + 1 :]]
        return Mutation(kind, row.section, row.element, name, row.line, told, row.cells), _bytes(lines)

    def _other_number(self, value: str) -> str:
        """Another digit somewhere, but not one whose change is less than rounding."""
        whole = value.split(".")
        near = len(whole[0]) + (3 if len(whole) > 1 and len(whole[0].strip("-0")) < 2 else 0)
        digits = [at for at, char in enumerate(value[:near]) if char.isdigit()]
        at = self._random.choice(digits)
        other = self._random.choice([d for d in "123456789" if d != value[at]])
        return value[:at] + other + value[at + 1 :]

    def _truncated(self) -> tuple[Mutation, bytes]:
        content = _bytes(self._lines)
        end = self._random.randrange(1, len(content))
        return Mutation(TRUNCATED, "", "", "", content[:end].count(b"\n"), f"{end} bytes"), content[:end]

    def _flipped(self) -> tuple[Mutation, bytes]:
        line = self._random.choice(self._whole)
        raw = bytearray(self._lines[line].encode())
        at, bit = self._random.randrange(len(raw)), self._random.randrange(8)
        near = bytes(raw[max(at - 12, 0) : at + 12]).decode(errors="replace")
        raw[at] ^= 1 << bit
        now = bytes(raw[max(at - 12, 0) : at + 12]).decode(errors="replace")
        before, after = (_bytes(part) for part in (self._lines[:line], self._lines[line + 1 :]))
        row = next(row for rows in self._by_element.values() for row in rows if row.line == line)
        cells = _CELL.finditer(self._lines[line])
        name = next((cell[1] for cell in cells if cell.start() <= at < cell.end()), "")
        mutation = Mutation(BYTE, row.section, row.element, name, line, f"…{near}… → …{now}…", row.cells)
        return mutation, before + bytes(raw) + b"\n" + after


def _other_day(value: str) -> str | None:
    """Another day of the same month, if the value is a date or an instant."""
    if not re.match(r"^(19|20)\d{6}(;\d{6})?$", value):
        return None
    return f"{value[:6]}{'17' if value[6:8] != '17' else '18'}{value[8:]}"


def is_open_to(kind: str, value: str) -> bool:
    """Whether a change of this kind can hit a cell of this value."""
    if kind == WORD:
        return value in _WORDS
    return kind == ATTRIBUTE or bool(_NUMBER.match(value))


def _bytes(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
