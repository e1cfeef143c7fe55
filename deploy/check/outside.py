"""A container's command on this machine: paths, hosts and ports put elsewhere, its user, its end. No checks here."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deploy.check.compose import DOCKERFILE, Compose, copied, image_environment

_HOST = re.compile(r"(?<![\w.-])(?:postgres|code-server|ib-gateway|0\.0\.0\.0)(?=:|$)")
_PATH = re.compile(r"(?<![\w/.:])(?:/[\w.-]+)+")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml", "check", "local")
_STOP_SECONDS = 30.0


@dataclass
class Outside:
    """Where the containers' things are on this machine."""

    compose: Compose
    project: Path
    """A folder with what deploy/prepare.sh made: .env, data, deploy/local."""
    app: Path
    """What the image has in /app; the containers' user cannot write to it."""
    scratch: Path
    """Volumes, temporary folders and what the services print."""
    ports: Mapping[str, int]
    """Port in a container → free port of this machine."""
    programs: tuple[Path, ...]
    """Folders of programs that stand before those of the system."""
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def user(self) -> tuple[int, int]:
        """User and group of the containers."""
        uid, _, gid = str(self.compose.services["code-server"]["user"]).partition(":")
        return int(uid), int(gid)

    def text(self, service: str, text: str) -> str:
        """A word of a command or a variable's value, as it has to be here."""
        text = _HOST.sub("127.0.0.1", text)
        for inside, here in self.ports.items():
            text = re.sub(rf"(?<![\w.]){inside}(?![\w.])", str(here), text)
        mounts = self._mounts(service)
        return _PATH.sub(lambda found: _moved(found[0], mounts), text)

    def environment(self, service: str) -> dict[str, str]:
        """All that the process gets; nothing of our own environment."""
        given = image_environment((self.app / DOCKERFILE).read_text()) | self.compose.environment(service)
        moved = {name: self.text(service, value) for name, value in given.items()}
        return moved | {"PATH": self._path}

    def start(self, service: str) -> None:
        """Start a service's command; it ends with `end`."""
        command = [self.text(service, str(word)) for word in self.compose.services[service]["command"]]
        with self.log(service).open("wb") as output:
            self.running[service] = subprocess.Popen(
                [*self.as_user, *command],
                cwd=self.app,
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def health(self, service: str, seconds: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Run a service's health check once."""
        command = [self.text(service, word) for word in self.compose.health_check(service)]
        return self.run(service, command, seconds)

    def run(self, service: str, command: list[str], seconds: float) -> "subprocess.CompletedProcess[str]":
        """Run a command as `docker compose exec` would, to its end."""
        return subprocess.run(
            [*self.as_user, *command],
            cwd=self.app,
            env=self.environment(service),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def log(self, service: str) -> Path:
        """What a service prints."""
        return self.scratch / f"{service}.log"

    def end(self) -> None:
        """End all services, the last one first, and whatever they left behind."""
        for process in reversed(self.running.values()):
            with suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def _path(self) -> str:
        return ":".join(str(folder) for folder in (*self.programs, "/usr/bin", "/bin"))

    def _mounts(self, service: str) -> dict[str, Path]:
        written = self.compose.services[service]
        found = {"/app": self.app}
        for volume in written.get("volumes", []):
            source, inside = str(volume).split(":")[:2]
            named = not source.startswith((".", "/"))
            found[inside] = self.scratch / "volumes" / source if named else self.project / source
        for inside in written.get("tmpfs", []):
            if not inside.startswith("/app/"):
                found[inside] = self.scratch / service / inside.strip("/").replace("/", "-")
        for secret in written.get("secrets", []):
            found[f"/run/secrets/{secret}"] = self.project / self.compose.content["secrets"][secret]["file"]
        for folder in found.values():
            if self.scratch in folder.parents and not folder.exists():
                folder.mkdir(parents=True)
                folder.chmod(0o1777)
        return found

    @cached_property
    def as_user(self) -> list[str]:
        """What makes root's process the containers' user's, if we are root. It may read what root may, but write
        only what is its own: the interpreter of this machine may lie where only root can read."""
        if os.getuid() != 0:
            return []
        uid, gid = self.user
        prefix = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"]
        may_read = [*prefix, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        for tried in (prefix, may_read):
            imports = [*tried, "python", "-c", "import pydantic"]
            where = {"PATH": self._path}
            if not subprocess.run(imports, env=where, cwd="/", capture_output=True, check=False).returncode:
                return tried
        raise OSError(f"user {uid} cannot run Python here: run the check as another user than root")


def copy_image(root: Path, app: Path, user: tuple[int, int], compose: Compose) -> None:
    """Make the image's /app: what the Dockerfile copies, written by nobody, and the folders that tmpfs gives."""
    app.mkdir()
    for path in (*copied((root / DOCKERFILE).read_text()), DOCKERFILE):
        if (root / path).is_dir():
            shutil.copytree(root / path, app / path, ignore=_LEFT_OUT)
        else:
            shutil.copyfile(root / path, app / path)
    for service in compose.services.values():
        for inside in service.get("tmpfs", []):
            if inside.startswith("/app/"):
                own = app / inside.removeprefix("/app/")
                own.mkdir()
                if os.getuid() == 0:
                    os.chown(own, *user)
    if os.getuid() != 0:
        _writable(app, False)


def remove_image(app: Path) -> None:
    """Remove it again."""
    if os.getuid() != 0:
        _writable(app, True)
    shutil.rmtree(app)


def _writable(app: Path, yes: bool) -> None:
    for folder, _, _ in os.walk(app):
        if Path(folder).name != "target":
            Path(folder).chmod(0o755 if yes else 0o555)


def _moved(path: str, mounts: Mapping[str, Path]) -> str:
    """A path of a container here. What is not mounted there is nowhere here."""
    for inside in sorted(mounts, key=len, reverse=True):
        if path == inside or path.startswith(f"{inside}/"):
            return f"{mounts[inside]}{path.removeprefix(inside)}"
    return f"/nonexistent{path}"
