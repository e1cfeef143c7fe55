"""What docker-compose.yml and its files must keep to, one rule each. Nothing is started."""

import re
import tomllib
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from config.settings import NO_STATISTICS, Settings
from deploy.check.compose import COMPOSE, DOCKERFILE, Compose, copied, instructions, read_compose
from orchestration.instance import DAGSTER_YAML

OURS = frozenset({"code-server", "daemon", "dashboard", "live", "webserver"})
UNDER_TWS = frozenset({"ib-gateway", "live"})
# IB Gateway's image is not ours: it shares a network with who asks it for something, and with nobody else.
NETWORKS = {
    "postgres": ["inside"],
    "daemon": ["inside"],
    "webserver": ["inside", "pages"],
    "dashboard": ["inside", "pages"],
    "code-server": ["inside", "outside"],
    "live": ["inside", "outside"],
    "ib-gateway": ["outside"],
}
WRITES_ITS_ROOT = frozenset({"ib-gateway"})
SECRETS = "./deploy/local/secrets/"
# Settings that the containers are given by other means than a variable of the same name.
GIVEN_OTHERWISE = frozenset(
    {
        *("DB_URL_FILE", "FLEX_TOKEN", "FRED_API_KEY", "POLYGON_API_KEY", "STOOQ_API_KEY"),
        # of what runs on more than one machine, and these containers do not
        *("TIEOUT_EXECUTOR", "TIEOUT_CELERY_BROKER_URL", "TIEOUT_CELERY_BROKER_URL_FILE"),
    }
)

_VERSION = re.compile(r":v?\d+\.\d+[\w.-]*$")
_SECRET_NAME = re.compile(r"PASSWORD|PASSPHRASE|TOKEN|SECRET|_KEY$")
_ABOUT_A_SECRET = ("_FILE", "_EXPIRES")
_PASSWORD_IN_URL = re.compile(r"//[^/@\s:]*:[^/@\s]+@")

ServiceRule = Callable[[Compose, str], str | None]


def pinned(compose: Compose, service: str) -> str | None:
    """The image is named with a version."""
    image = compose.services[service].get("image", "")
    return None if _VERSION.search(image) else f"image {image!r} has no version"


def not_root(compose: Compose, service: str) -> str | None:
    """It runs as a user who is not root."""
    user = str(compose.services[service].get("user", ""))
    return None if re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) else f"user {user!r} is root, or could be"


def loopback_only(compose: Compose, service: str) -> str | None:
    """What it publishes is published on 127.0.0.1."""
    ports = compose.services[service].get("ports", [])
    open_ports = [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", str(port))]
    return f"ports {open_ports} are not on 127.0.0.1 alone" if open_ports else None


def health_checked(compose: Compose, service: str) -> str | None:
    """It has a health check with a deadline."""
    check = compose.services[service].get("healthcheck", {})
    if check.get("test", [""])[0] != "CMD":
        return "no health check with a command"
    missing = {"interval", "timeout", "start_period"} - check.keys()
    return f"its health check does not say {sorted(missing)}" if missing else None


def comes_back(compose: Compose, service: str) -> str | None:
    """It starts again after a failure or a restart of the machine."""
    restart = compose.services[service].get("restart")
    return None if restart == "unless-stopped" else f"restart is {restart!r}"


def without_rights(compose: Compose, service: str) -> str | None:
    """It has no capability, and no program in it can gain one."""
    written = compose.services[service]
    if written.get("cap_drop") != ["ALL"] or written.get("cap_add") or written.get("privileged"):
        return "it keeps capabilities"
    return None if written.get("security_opt") == ["no-new-privileges:true"] else "it may gain privileges"


def read_only_root(compose: Compose, service: str) -> str | None:
    """Its root is read-only, but for images that cannot have it so."""
    if service in WRITES_ITS_ROOT:
        return None
    return None if compose.services[service].get("read_only") is True else "its root can be written"


def no_secret_told(compose: Compose, service: str) -> str | None:
    """No secret stands in its variables or its command, where `docker inspect` would show it."""
    written = compose.services[service]
    for name, value in written.get("environment", {}).items():
        if _SECRET_NAME.search(name) and not name.endswith(_ABOUT_A_SECRET):
            return f"the variable {name} would show a secret"
        if _PASSWORD_IN_URL.search(str(value)):
            return f"the address in {name} bears a password"
    if written.get("env_file"):
        return "env_file would hand over every line of .env, secrets too"
    return "its command bears a password" if _PASSWORD_IN_URL.search(str(written.get("command"))) else None


def secrets_are_files(compose: Compose, service: str) -> str | None:
    """Each secret that it takes is a file that deploy/prepare.sh makes."""
    declared = compose.content.get("secrets", {})
    for name in compose.services[service].get("secrets", []):
        if declared.get(name, {}).get("file") != SECRETS + name:
            return f"the secret {name} is not the file {SECRETS}{name}"
    return None


def sends_no_statistics(compose: Compose, service: str) -> str | None:
    """Usage statistics are off."""
    if service not in OURS:
        return None
    given = compose.environment(service)
    told = sorted(name for name, value in NO_STATISTICS.items() if given.get(name) != value)
    return f"usage statistics are not off: {told}" if told else None


def waits_for_the_healthy(compose: Compose, service: str) -> str | None:
    """What it needs is named, and has to be well before it starts."""
    needed = compose.services[service].get("depends_on", {})
    if service in OURS and "postgres" not in needed:
        return "it does not wait for postgres"
    if not isinstance(needed, dict):
        return "depends_on has no conditions"
    for name, how in needed.items():
        if name not in compose.services or how.get("condition") != "service_healthy":
            return f"it does not wait until {name} is healthy"
    return None


def volumes_are_declared(compose: Compose, service: str) -> str | None:
    """A volume is declared, a folder has to be there: the short form would have root make one that is missing."""
    for volume in compose.services[service].get("volumes", []):
        if not isinstance(volume, dict) or not {"type", "source", "target"} <= volume.keys():
            return f"the volume {volume!r} is not in the long form"
        if volume["type"] == "volume" and volume["source"] not in compose.content.get("volumes", {}):
            return f"the volume {volume['source']} is not declared"
    return None


def profile_tws(compose: Compose, service: str) -> str | None:
    """What needs TWS starts only when asked for."""
    profiles = compose.services[service].get("profiles", [])
    wanted = ["tws"] if service in UNDER_TWS else []
    return None if profiles == wanted else f"profiles are {profiles}, not {wanted}"


def small_log(compose: Compose, service: str) -> str | None:
    """What it prints does not fill the disk."""
    options = compose.services[service].get("logging", {}).get("options", {})
    return None if {"max-size", "max-file"} <= options.keys() else "its log may grow without end"


SERVICE_RULES: tuple[ServiceRule, ...] = (
    pinned, not_root, loopback_only, health_checked, comes_back, without_rights, read_only_root, no_secret_told,
    secrets_are_files, sends_no_statistics, waits_for_the_healthy, volumes_are_declared, profile_tws, small_log,
)  # fmt: skip


def broken_rules(root: Path) -> Iterator[str]:
    """Every rule that the project in this folder breaks, in one sentence each."""
    text = (root / COMPOSE).read_text()
    compose = read_compose(text, {})
    for service in compose.services:
        for rule in SERVICE_RULES:
            if problem := rule(compose, service):
                yield f"{service}: {problem}"
    if missing := (OURS | UNDER_TWS | {"postgres"}) - compose.services.keys():
        yield f"services are missing: {sorted(missing)}"
        return
    yield from _networks(compose)
    yield from _gateway(compose)
    yield from _settings(compose)
    project = tomllib.loads((root / "pyproject.toml").read_text())
    yield from _image(compose, (root / DOCKERFILE).read_text(), project)
    yield from _instance(yaml.safe_load((root / "deploy/dagster/dagster.yaml").read_text()))


def _networks(compose: Compose) -> Iterator[str]:
    """Each is in its own networks. The database and the server that runs code for whoever asks publish nothing."""
    if not (compose.content["networks"].get("inside") or {}).get("internal"):
        yield "the network inside is not internal"
    for service, written in compose.services.items():
        if "network_mode" in written:
            yield f"{service}: network_mode puts it outside of every network"
        if (found := written.get("networks")) != NETWORKS.get(service):
            yield f"{service}: its networks are {found}, not {NETWORKS.get(service)}"
    for service in ("postgres", "code-server", "daemon", "live"):
        if compose.services[service].get("ports"):
            yield f"{service}: it publishes a port"


def _gateway(compose: Compose) -> Iterator[str]:
    """IB Gateway trades paper and reads only, unless somebody says otherwise, and keeps UTC."""
    given = compose.environment("ib-gateway")
    wanted = {"TRADING_MODE": "paper", "READ_ONLY_API": "yes", "TIME_ZONE": "Etc/UTC"}
    for name, value in wanted.items():
        if given.get(name) != value:
            yield f"ib-gateway: {name} is {given.get(name)!r}, not {value!r}"
    if not given.get("TWS_PASSWORD_FILE", "").startswith("/run/secrets/"):
        yield "ib-gateway: the password is not read from a secret"
    mounted = [volume["target"] for volume in compose.services["ib-gateway"].get("volumes", [])]
    if given.get("TWS_SETTINGS_PATH") not in mounted:
        yield "ib-gateway: its settings are not kept in a volume"
    if re.search(r"400[34]", " ".join(compose.health_check("ib-gateway"))):
        yield "ib-gateway: its health check asks the forwarder, which always answers"


def _settings(compose: Compose) -> Iterator[str]:
    """Every setting of the README reaches the code server, where runs are."""
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    written = compose.services["code-server"]["environment"]
    if missing := known - written.keys() - GIVEN_OTHERWISE:
        yield f"code-server: settings do not reach it: {sorted(missing)} (x-settings)"


def _image(compose: Compose, dockerfile: str, project: Any) -> Iterator[str]:
    """The image is pinned, bears the package's version and all packages, and does not run as root."""
    wanted = f"tieout:{project['project']['version']}"
    for service in sorted(OURS):
        if compose.services[service].get("image") != wanted:
            yield f"{service}: its image is not {wanted}"
    for name, rest in instructions(dockerfile):
        if name == "FROM" and not _VERSION.search(rest.split()[0]):
            yield f"Dockerfile: {rest!r} has no version"
        if name == "ADD":
            yield "Dockerfile: ADD may fetch from the network; use COPY"
    users = [rest for name, rest in instructions(dockerfile) if name == "USER"]
    if not users or not re.match(r"[1-9]", users[-1]):
        yield "Dockerfile: the image runs as root"
    needed = project["tool"]["setuptools"]["packages"]["find"]["include"]
    for pattern in needed:
        if not any(fnmatch(path, pattern) for path in copied(dockerfile)):
            yield f"Dockerfile: the package {pattern} is not copied"


def _instance(ours: dict[str, Any]) -> Iterator[str]:
    """Dagster's instance differs from the one in the data folder in where things are kept, and in nothing else."""
    embedded = yaml.safe_load(DAGSTER_YAML)
    for key in embedded.keys() - {"storage"}:
        if ours.get(key) != embedded[key]:
            yield f"deploy/dagster/dagster.yaml: {key} differs from the embedded instance"
    if set(ours.get("storage", {})) != {"postgres"}:
        yield "deploy/dagster/dagster.yaml: storage is not PostgreSQL"
