"""A real PostgreSQL of the machine on a free loopback port, in a folder of its own, for the check and for tests."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_START_SECONDS, _STOP_SECONDS = 60.0, 20.0
MISSING = "no PostgreSQL on this machine (Debian: apt-get install postgresql)"


class PostgresError(Exception):
    """The server did not start; the message has its last words."""


@dataclass(frozen=True)
class Server:
    """A running server. The password is asked for on every connection."""

    binaries: Path
    port: int
    user: str
    password: str

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's address of a database."""
        password = quote(self.password, safe="")
        return f"postgresql+psycopg2://{self.user}:{password}@127.0.0.1:{self.port}/{database}"

    def run(self, *arguments: str) -> None:
        """Give psql a command or a file; raises `PostgresError` with what it said."""
        done = subprocess.run(
            [
                *(str(self.binaries / "psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"),
                *("--host=127.0.0.1", f"--port={self.port}", f"--username={self.user}", "--dbname=postgres"),
                *arguments,
            ],
            env={"PATH": os.environ["PATH"], "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            raise PostgresError(f"psql {' '.join(arguments)}: {done.stderr.strip()}")


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL that is installed, or None."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return debian[-1].parent if debian else None


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_postgres(user: str, password: str, initdb: Sequence[str] = ()) -> Iterator[Server]:
    """A new, empty server, gone with its folder after the block. Raises `PostgresError` if it cannot start."""
    programs = binaries()
    if programs is None:
        raise PostgresError(MISSING)
    with tempfile.TemporaryDirectory(prefix="tieout-postgres-") as name:
        folder = Path(name)
        account = _account(folder)
        secret = folder / "password"
        secret.write_text(password)
        if account:
            os.chown(secret, *account)
        _initialise(programs, folder, user, secret, initdb, account)
        server = Server(programs, free_port(), user, password)
        log = folder / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(server.port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                    *("-c", "fsync=off", "-c", "max_connections=60"),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                **_as(account),
            )
        try:
            _wait(server, process, log)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # ends the connections that are left, and then itself
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _account(folder: Path) -> tuple[int, int] | None:
    """Who runs the server: PostgreSQL refuses root, so its own user does; None for who runs us."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, found.pw_uid, found.pw_gid)
        return found.pw_uid, found.pw_gid
    raise PostgresError("PostgreSQL does not run as root, and there is no user postgres")


def _as(account: tuple[int, int] | None) -> dict[str, object]:
    return {"user": account[0], "group": account[1], "extra_groups": []} if account else {}


def _initialise(
    programs: Path,
    folder: Path,
    user: str,
    secret: Path,
    more: Sequence[str],
    account: tuple[int, int] | None,
) -> None:
    done = subprocess.run(
        [
            *(str(programs / "initdb"), "--no-sync", "--no-instructions", "-D", str(folder / "data")),
            *(
                "--username",
                user,
                "--pwfile",
                str(secret),
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                *more,
            ),
        ],
        capture_output=True,
        text=True,
        timeout=_START_SECONDS,
        check=False,
        cwd=folder,
        **_as(account),
    )
    if done.returncode:
        raise PostgresError(f"initdb: {done.stderr.strip()}")


def _wait(server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.run("--command=select 1", "--output=/dev/null")
        except PostgresError:
            time.sleep(0.1)
        else:
            return
    raise PostgresError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")
