"""A server on loopback that says some bytes to whoever comes and then waits, or hangs up. It speaks no protocol."""

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def odd_server(says: bytes = b"", hangs_up: bool = False) -> Iterator[int]:
    """The port of such a server, ended with the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        guests: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    guest, _ = listener.accept()
                except OSError:
                    return
                guest.sendall(says)
                if hangs_up:
                    guest.shutdown(socket.SHUT_RDWR)
                guests.append(guest)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for guest in guests:
                guest.close()


@contextlib.contextmanager
def silent_host() -> Iterator[int]:
    """A port that answers no further connection, as a host behind a firewall: its queue of guests is full."""
    with socket.socket() as listener, contextlib.ExitStack() as guests:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            guest = guests.enter_context(socket.socket())
            guest.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                guest.connect(listener.getsockname())
        yield int(listener.getsockname()[1])


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
