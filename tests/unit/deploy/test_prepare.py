"""deploy/prepare.sh: what it makes on a new machine, and that it changes nothing that is there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.check.compose import ROOT, read_variables


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/prepare.sh", tmp_path / "deploy")
    return tmp_path


def prepare(project: Path, **settings: str) -> str:
    """Run it as a user does, with these settings in the shell; what it prints."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SUDO_", "TIEOUT_"))
    } | settings
    return subprocess.run(
        ["sh", str(project / "deploy/prepare.sh")],
        env=environment,
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=30,
    ).stdout


def test_it_makes_secrets_that_belong_together_and_keeps_others_out(project: Path) -> None:
    said = prepare(project)
    secrets = project / "deploy/local/secrets"
    password = (secrets / "postgres_password").read_text()
    assert len(password) == 48
    assert (secrets / "pgpass").read_text() == f"*:*:*:tieout:{password}\n"
    assert password not in said
    modes = {path.name: path.stat().st_mode & 0o777 for path in (secrets.parent, secrets, *secrets.iterdir())}
    assert modes == {
        "local": 0o700,
        "secrets": 0o700,
        "pgpass": 0o600,
        "postgres_password": 0o644,
        "flex_token": 0o644,
        "fred_api_key": 0o644,
        "polygon_api_key": 0o644,
        "stooq_api_key": 0o644,
        "tws_password": 0o644,
    }
    variables = read_variables(project / ".env")
    assert variables["TIEOUT_UID"] == str(os.getuid() or 1000)
    assert (project / ".env").stat().st_uid == int(variables["TIEOUT_UID"])
    assert (project / "data/inbox").is_dir()


def test_it_changes_nothing_that_is_there(project: Path) -> None:
    (project / ".env").write_text(f"BASE_CURRENCY=CHF\nTIEOUT_DATA_DIR='{project}/books'\nTIEOUT_UID=1234")
    prepare(project)
    secrets = project / "deploy/local/secrets"
    (secrets / "flex_token").write_text("a token")
    before = {path: path.read_bytes() for path in (project / ".env", *secrets.iterdir())}
    prepare(project)
    assert {path: path.read_bytes() for path in before} == before
    variables = read_variables(project / ".env")
    assert (variables["BASE_CURRENCY"], variables["TIEOUT_UID"]) == ("CHF", "1234")
    assert (project / "books/inbox").is_dir()
    assert not (project / "data").exists()


def test_what_the_shell_says_counts_more_than_the_file_as_for_compose(project: Path) -> None:
    (project / ".env").write_text("TIEOUT_DATA_DIR=books\n")
    said = prepare(project, TIEOUT_DATA_DIR=str(project / "elsewhere"))
    assert f"the data folder is {project / 'elsewhere'}." in said
    assert (project / "elsewhere/inbox").is_dir()
    assert not (project / "books").exists()
