"""The rules of the containers: this project keeps them, and each of them notices what breaks it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.check.compose import COMPOSE, DOCKERFILE, ROOT, read_compose
from deploy.check.gateway import problems_of_the_probe
from deploy.check.rules import broken_rules

PROBE = ROOT / "deploy/gateway_answers.sh"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that the rules read, to be changed."""
    for name in (COMPOSE, DOCKERFILE, "pyproject.toml", "deploy/dagster/dagster.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def service(content: dict[str, Any], name: str) -> dict[str, Any]:
    """A service, to be changed without its neighbours: YAML's anchors make them share what they have."""
    own: dict[str, Any] = yaml.safe_load(yaml.safe_dump(content["services"][name]))
    content["services"][name] = own
    return own


def change(name: str, *path: str, to: Any) -> Change:
    """A change of one value of a service; with `to` None the key is removed."""

    def apply(content: dict[str, Any]) -> None:
        at = service(content, name)
        for key in path[:-1]:
            at = at[key]
        if to is None:
            del at[path[-1]]
        else:
            at[path[-1]] = to

    return apply


def test_the_project_keeps_every_rule() -> None:
    assert list(broken_rules(ROOT)) == []


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (change("postgres", "image", to="postgres"), "image 'postgres' has no version"),
        (change("ib-gateway", "image", to="ghcr.io/gnzsnz/ib-gateway:stable"), "has no version"),
        (change("webserver", "user", to="0:0"), "user '0:0' is root"),
        (change("daemon", "user", to=None), "user '' is root"),
        (change("dashboard", "ports", to=["8501:8501"]), "are not on 127.0.0.1 alone"),
        (change("ib-gateway", "ports", to=["0.0.0.0:4002:4004"]), "are not on 127.0.0.1 alone"),
        (change("live", "healthcheck", to=None), "no health check"),
        (change("live", "healthcheck", "timeout", to=None), "does not say ['timeout']"),
        (change("daemon", "restart", to="no"), "restart is 'no'"),
        (change("postgres", "cap_add", to=["NET_RAW"]), "it keeps capabilities"),
        (change("dashboard", "security_opt", to=[]), "it may gain privileges"),
        (change("code-server", "read_only", to=False), "its root can be written"),
        (change("code-server", "environment", "FLEX_TOKEN", to="${FLEX_TOKEN:-}"), "FLEX_TOKEN would show"),
        (change("ib-gateway", "environment", "TWS_PASSWORD", to=""), "TWS_PASSWORD would show"),
        (
            change(
                "daemon", "environment", "DB_URL", to="postgresql+psycopg2://tieout:word@postgres:5432/state"
            ),
            "the address in DB_URL bears a password",
        ),
        (change("live", "env_file", to=".env"), "env_file would hand over"),
        (change("daemon", "environment", "DAGSTER_DISABLE_TELEMETRY", to="false"), "statistics are not off"),
        (change("webserver", "depends_on", "code-server", "condition", to="service_started"), "is healthy"),
        (change("dashboard", "depends_on", "postgres", to=None), "it does not wait for postgres"),
        (change("webserver", "volumes", to=["printed:/dagster"]), "is not in the long form"),
        (
            change(
                "webserver", "volumes", to=[{"type": "volume", "source": "elsewhere", "target": "/dagster"}]
            ),
            "the volume elsewhere is not declared",
        ),
        (change("live", "profiles", to=None), "profiles are []"),
        (change("dashboard", "logging", "options", to={}), "its log may grow"),
        (change("postgres", "networks", to=["inside", "outside"]), "postgres: its networks are"),
        (change("code-server", "networks", to=None), "code-server: its networks are None"),
        (change("ib-gateway", "networks", to=["inside"]), "ib-gateway: its networks are"),
        (change("dashboard", "network_mode", to="host"), "dashboard: network_mode puts it outside"),
        (change("code-server", "ports", to=["127.0.0.1:4000:4000"]), "code-server: it publishes a port"),
        (change("ib-gateway", "environment", "READ_ONLY_API", to="no"), "READ_ONLY_API is 'no'"),
        (change("ib-gateway", "environment", "TRADING_MODE", to="live"), "TRADING_MODE is 'live'"),
        (change("ib-gateway", "volumes", to=[]), "its settings are not kept"),
        (
            change("ib-gateway", "healthcheck", "test", to=["CMD", "bash", "-c", "</dev/tcp/127.0.0.1/4004"]),
            "asks the forwarder",
        ),
        (change("code-server", "environment", "BENCHMARK", to=None), "do not reach it: ['BENCHMARK']"),
        (change("live", "image", to="tieout:9.9.9"), "its image is not tieout:"),
        (lambda content: content["networks"]["inside"].clear(), "inside is not internal"),
        (lambda content: content["secrets"]["pgpass"].update(file="./pgpass"), "the secret pgpass is not"),
        (lambda content: content["services"].pop("live"), "services are missing: ['live']"),
    ],
)
def test_a_broken_rule_is_told(project: Path, broken: Change, told: str) -> None:
    content = yaml.safe_load((project / COMPOSE).read_text())
    broken(content)
    (project / COMPOSE).write_text(yaml.safe_dump(content))
    assert [problem for problem in broken_rules(project) if told in problem]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (DOCKERFILE, "FROM python:3", "FROM python\n# 3", "has no version"),
        (DOCKERFILE, "USER 1000:1000", "USER root", "runs as root"),
        (DOCKERFILE, "COPY tws tws\n", "", "the package tws* is not copied"),
        (DOCKERFILE, "COPY apps apps", "ADD https://example.org/apps apps", "ADD may fetch"),
        (
            "deploy/dagster/dagster.yaml",
            "max_concurrent_runs: 1",
            "max_concurrent_runs: 2",
            "concurrency differs",
        ),
        ("deploy/dagster/dagster.yaml", "  enabled: false", "  enabled: true", "telemetry differs"),
    ],
)
def test_a_broken_file_is_told(project: Path, file: str, old: str, new: str, told: str) -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new, 1))
    assert [problem for problem in broken_rules(project) if told in problem]


def test_the_guide_names_every_variable_of_the_file() -> None:
    guide = (ROOT / "docs/guides/docker.md").read_text()
    names = set(re.findall(r"\$\{(\w+)", (ROOT / COMPOSE).read_text()))
    assert names
    assert {name for name in names if f"`{name}`" not in guide} == set()


def test_variables_are_filled_in_as_compose_does() -> None:
    text = "services: {one: {user: '${A:-7}:${B:-8}', command: '$${A}', environment: {A: , C: , D: 1}}}"
    compose = read_compose(text, {"A": "5", "B": ""})
    assert compose.services["one"]["user"] == "5:8"
    assert compose.services["one"]["command"] == "${A}"
    assert compose.environment("one") == {"A": "5", "D": "1"}


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_the_health_check_of_the_gateway_is_not_content_with_an_open_port(mode: str) -> None:
    assert list(problems_of_the_probe(PROBE, mode)) == []


def test_a_probe_that_only_connects_is_found_out(tmp_path: Path) -> None:
    script = tmp_path / "probe.sh"
    script.write_text("port=4002\nexec 3<>/dev/tcp/127.0.0.1/$port\n")
    assert any("only takes connections" in problem for problem in problems_of_the_probe(script))
