"""The demo from end to end, in processes of its own: what it says, what it leaves alone, and that it can be cleared."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.command import query, runs, tieout, version
from tests.support.papers import write_papers


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of a person: two good ones, and one that was cut off."""
    return write_papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture
def own_demo(demo: Path, tmp_path: Path) -> Path:
    """A copy of the finished demo."""
    return Path(shutil.copytree(demo, tmp_path / "data", symlinks=True))


def test_the_demo_ends_with_a_summary_that_ties(demo: Path) -> None:
    said = (demo / "demo.txt").read_text()
    assert "U1000001" in said
    assert "U2000002" in said
    assert "broken" not in said
    (tied,) = query(demo, "select count(*) as n from marts.reconciliation where status = 'tied'")
    assert f"{tied['n']:,} of {tied['n']:,} tied" in said


def test_the_demo_twice_is_a_no_op(own_demo: Path) -> None:
    before, standing = runs(own_demo), version(own_demo)
    done = tieout(own_demo, "demo")
    assert "U1000001" in done.stdout
    assert (runs(own_demo), version(own_demo)) == (before, standing)
    assert list((own_demo / "inbox").iterdir()) == []


def test_the_demo_of_another_seed_does_not_mix_with_the_one_that_is_there(own_demo: Path) -> None:
    standing = version(own_demo)
    done = tieout(own_demo, "demo", "--seed", "8", expect=2)
    assert "seed 7" in done.stderr
    assert "demo --clear" in done.stderr
    assert version(own_demo) == standing


@pytest.mark.parametrize("way", ["in the inbox", "still being copied in", "loaded"])
def test_the_demo_does_not_mix_with_documents_of_a_person(papers: Path, tmp_path: Path, way: str) -> None:
    """Even if the account and the file bear the names of the demo's own."""
    data = tmp_path / "data"
    name = "U1000001_2023-01.xml.part" if way == "still being copied in" else "U1000001_2023-01.xml"
    (data / "inbox").mkdir(parents=True)
    shutil.copy(papers / "january.xml", data / "inbox" / name)
    if way == "loaded":
        tieout(data, "ingest", str(papers / "january.xml"))
    waiting = sorted((data / "inbox").iterdir())

    done = tieout(data, "demo", expect=2)

    assert re.search(
        r"holds \d document\(s\) that are not the demo's \(such as U1000001_2023-01", done.stderr
    )
    assert "TIEOUT_DATA_DIR" in done.stderr
    assert "no demo" in tieout(data, "demo", "--clear").stdout
    assert sorted((data / "inbox").iterdir()) == waiting
    assert (data / "raw" / "manifest.json").exists() == (way == "loaded")
    assert not (data / "published").exists()


def test_clearing_the_demo_leaves_nothing_of_it(own_demo: Path) -> None:
    shutil.copy(own_demo / "demo.txt", own_demo / "inbox" / ".hidden")
    (own_demo / "inbox" / "folder").mkdir()
    tieout(own_demo, "demo", "--clear")
    left = {str(p.relative_to(own_demo)) for p in own_demo.rglob("*") if p.is_file()}
    mine = {"demo.txt", "finished", "inbox/.hidden"}
    assert {name for name in left - mine if not name.endswith(".lock")} == set()
    assert (own_demo / "inbox" / "folder").is_dir()
    assert "nothing is published" in tieout(own_demo, "summary", expect=2).stderr


def test_clearing_the_demo_gives_a_person_the_own_documents_back(own_demo: Path, papers: Path) -> None:
    """Loaded, waiting and set aside: all three are a person's, and none of them is lost."""
    own = {path.name: path.read_bytes() for path in papers.iterdir()}
    tieout(own_demo, "ingest", str(papers / "january.xml"), str(papers / "cut.xml"), expect=2)
    shutil.copy(papers / "february.xml", own_demo / "inbox" / "U1000001_2023.xml")

    done = tieout(own_demo, "demo", "--clear")

    assert "1 document(s) of your own (such as january.xml) are back" in done.stdout
    inbox = {path.name: path.read_bytes() for path in (own_demo / "inbox").iterdir()}
    assert inbox == {"january.xml": own["january.xml"], "U1000001_2023.xml": own["february.xml"]}
    (kept,) = (own_demo / "quarantine").glob("*-cut.xml")
    assert kept.read_bytes() == own["cut.xml"]
    assert not (own_demo / "raw").exists()


def test_a_demo_that_was_killed_while_it_wrote_goes_on(own_demo: Path, tmp_path: Path) -> None:
    """Its documents lie in the inbox, nothing is loaded: they are its own, and clearing takes them away."""
    stopped = tmp_path / "stopped"
    shutil.copytree(own_demo / "state", stopped / "state")
    (stopped / "inbox").mkdir()
    receipts = json.loads((own_demo / "raw" / "manifest.json").read_bytes())["receipts"]
    for receipt in receipts[:3]:
        document_id = receipt["document_id"]
        source = own_demo / "raw" / "documents" / document_id[:2] / document_id
        shutil.copy(source, stopped / "inbox" / receipt["file_name"])

    assert "not the demo's" not in tieout(stopped, "demo", "--seed", "8", expect=2).stderr
    assert tieout(stopped, "demo", "--clear").stdout.startswith("The demo is removed")
    assert list((stopped / "inbox").iterdir()) == []
