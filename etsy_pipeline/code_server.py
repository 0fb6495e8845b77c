"""Dagster's code server as this project runs it (`orchestration/code_server.py`); takes what `dagster api grpc` takes.

    python -m etsy_pipeline.code_server --port 4000 [--host 0.0.0.0]
    python -m etsy_pipeline.code_server --socket PATH

It imports nothing by itself: each process that it starts imports it again.
"""

import os
import sys


def main() -> int:
    """The command."""
    from etsy_pipeline.orchestration.code_server import serve

    return serve(sys.argv[1:])


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # gRPC would take ten seconds to tidy up; runs go on without us
