"""Whether TWS is configured: only where somebody said where it listens."""

from pathlib import Path

import pytest

from config.settings import load_settings


@pytest.mark.parametrize("name", ["IBKR_HOST", "IBKR_PORT"])
def test_tws_is_configured_by_saying_where_it_listens(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("IBKR_HOST", "IBKR_PORT", "IBKR_CLIENT_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("IBKR_CLIENT_ID", "7")
    assert not load_settings().tws_configured
    monkeypatch.setenv(name, {"IBKR_HOST": "127.0.0.1", "IBKR_PORT": "7497"}[name])
    assert load_settings().tws_configured


def test_a_env_file_configures_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("IBKR_HOST", "IBKR_PORT"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / ".env").write_text("IBKR_PORT=4002\n")
    assert load_settings().tws_configured
