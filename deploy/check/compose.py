"""Reading docker-compose.yml and the Dockerfile as they will be used. No judgement here, and nothing is started."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE, DOCKERFILE = "docker-compose.yml", "Dockerfile"

_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})")


@dataclass(frozen=True)
class Compose:
    """The file with its variables filled in from an environment."""

    content: Mapping[str, Any]
    variables: Mapping[str, str]

    @property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        """Each service as it is written."""
        found: Mapping[str, Mapping[str, Any]] = self.content["services"]
        return found

    def environment(self, service: str) -> dict[str, str]:
        """What a container is given: a name without a value comes from our variables, or is absent."""
        written = self.services[service].get("environment", {})
        values = {
            name: self.variables.get(name) if value is None else value for name, value in written.items()
        }
        return {name: str(value) for name, value in values.items() if value is not None}

    def health_check(self, service: str) -> list[str]:
        """The command that says whether a service is well."""
        return [str(word) for word in self.services[service]["healthcheck"]["test"][1:]]


def read_compose(text: str, variables: Mapping[str, str]) -> Compose:
    """The file's text, with variables such as those of .env."""
    return Compose(_filled(yaml.safe_load(text), variables), variables)


def read_variables(path: Path) -> dict[str, str]:
    """The lines NAME=VALUE of a .env file."""
    lines = (line.partition("=") for line in path.read_text().splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip() for name, equals, value in lines if equals}


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, in order, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", dockerfile))
    parts = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return [(name.upper(), rest.strip()) for name, rest in parts]


def image_environment(dockerfile: str) -> dict[str, str]:
    """The variables that the image sets."""
    found = (rest for name, rest in instructions(dockerfile) if name == "ENV")
    return {
        name: value for rest in found for name, _, value in (word.partition("=") for word in rest.split())
    }


def copied(dockerfile: str) -> list[str]:
    """What the image copies from the project, in order."""
    return [word for name, rest in instructions(dockerfile) if name == "COPY" for word in rest.split()[:-1]]


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def fill(found: re.Match[str]) -> str:
        if found["name"] is None:
            return "$"
        return variables.get(found["name"]) or found["default"] or ""

    return _VARIABLE.sub(fill, value)
