"""Is this container at work? By what it was started as (HEALTH): a page that answers, or a port.

HEALTH=http://127.0.0.1:9000/health   an answer of 200
HEALTH=4000                           somebody listens (the code server; the default)
"""

import os
import socket
import sys
import urllib.request

PATIENCE_SECONDS = 4


def main() -> int:
    """0 where it is."""
    what = os.environ.get("HEALTH", "4000")
    try:
        if what.isdecimal():
            socket.create_connection(("127.0.0.1", int(what)), PATIENCE_SECONDS).close()
        else:
            urllib.request.urlopen(what, timeout=PATIENCE_SECONDS).close()  # noqa: S310 - our own address
    except OSError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
