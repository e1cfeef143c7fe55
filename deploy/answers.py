"""`python -m deploy.answers URL`: exit 0 if a server answers with success. A health check; the image has no curl."""

import sys
import urllib.error
import urllib.request

PATIENCE_SECONDS = 5.0


def main(url: str) -> int:
    """Ask once; says what is wrong in one line."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as response:
            response.read(1)
    except (urllib.error.URLError, OSError) as error:
        print(f"{url}: {getattr(error, 'reason', None) or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
