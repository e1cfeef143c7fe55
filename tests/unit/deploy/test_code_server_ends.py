"""The code server ends when it is told to, with calls under way too: else its container is killed."""

import os
import runpy
import sys

import pytest
from dagster._grpc.utils import default_grpc_server_shutdown_grace_period

from deploy.check.compose import COMPOSE, ROOT, read_compose
from orchestration import code_server


def test_calls_under_way_end_before_the_container_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(sys, "argv", [])
    seconds: list[float] = []
    monkeypatch.setattr(
        runpy, "run_module", lambda *_, **__: seconds.append(default_grpc_server_shutdown_grace_period())
    )
    code_server._serve("127.0.0.1", "4000")
    service = read_compose((ROOT / COMPOSE).read_text(), {}).services["code-server"]
    assert seconds == [code_server.CALLS_END_SECONDS]
    assert seconds[0] + 5 < int(service["stop_grace_period"].removesuffix("s"))
