"""Every public sample document: no row is lost, every section is known, and every value can be typed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from transforms.flex.reader import SectionBatch, read_flex
from transforms.flex.registry import load_registry
from transforms.flex.values import typed

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "samples" / "flex"
FILES = sorted(SAMPLES.glob("*/*.xml"))

pytestmark = pytest.mark.skipif(not FILES, reason="the samples are not on this machine")


def counted(path: Path) -> dict[str, int]:
    """Rows per section as lxml counts them."""
    counts: Counter[str] = Counter()
    for statement in etree.parse(path).getroot().iter("FlexStatement"):
        for container in statement.iterchildren(etree.Element):
            rows = sum(1 for _ in container.iterdescendants(etree.Element))
            counts[container.tag] += rows + bool(container.attrib)
    return dict(counts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_row_of_every_section_is_read(path: Path) -> None:
    batches: list[SectionBatch] = []
    with path.open("rb") as stream:
        found = read_flex(stream, "d", batches.append)
    assert found.rows_read == counted(path)
    emitted: Counter[str] = Counter()
    for batch in batches:
        emitted[batch.section] += batch.frame.height
    assert emitted == Counter(found.rows_read)
    assert found.unknown_sections == ()
    assert found.unknown_attributes == {}
    values = sum(
        len(e.attrib) for e in etree.parse(path).getroot().iterfind("FlexStatements/FlexStatement/*//")
    )
    containers = sum(
        len(e.attrib) for e in etree.parse(path).getroot().iterfind("FlexStatements/FlexStatement/*")
    )
    own = [name for name in batches[0].frame.columns if name.startswith("_")] if batches else []
    kept = sum(
        b.frame.drop(own).select(pl.all().is_not_null().sum()).sum_horizontal().item() for b in batches
    )
    assert kept == values + containers


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_value_is_typed(path: Path) -> None:
    registry = load_registry()
    batches: list[SectionBatch] = []
    with path.open("rb") as stream:
        read_flex(stream, "d", batches.append)
    for batch in batches:
        kinds = {
            name: kind
            for name in batch.frame.columns
            if (kind := registry.kind(batch.section, name)) is not None
        }
        result, issues = typed(batch.frame, kinds)
        assert issues.is_empty(), (batch.section, issues.rows())
        assert result.height == batch.frame.height
