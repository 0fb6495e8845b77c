"""The subscriber of docs/stock-both-ways.md in a real Medusa: compiled as `medusa build` does, in a server beside the first.

The second server has the same database, and a folder of its own; the app that MEDUSA_APP names is left as it is. Events
are told inside of one server only: what is to be told is changed through the second one.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from etsy_pipeline_tests.everything_up import free_port, until
from etsy_pipeline_tests.real_medusa.server import Server

APP = os.environ.get("MEDUSA_APP", "")
PAGE = Path(__file__).parents[2] / "docs" / "stock-both-ways.md"
COMPILED = {  # as in Medusa's own starter, and stricter: whoever is strict can take it, too
    "target": "ES2021", "esModuleInterop": True, "module": "Node16", "moduleResolution": "Node16", "strict": True,
    "emitDecoratorMetadata": True, "experimentalDecorators": True, "skipLibCheck": True, "outDir": "server",
    "rootDir": ".",
}  # fmt: skip


def recipe() -> str:
    """The subscriber as the docs print it."""
    found = re.findall(r"```typescript\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (code,) = (code for code in found if "webhook-signature" in code)
    return str(code)


@contextmanager
def medusa_with_subscriber(folder: Path, env: Mapping[str, str]) -> Iterator[Server]:
    """Start a second server of the app with the subscriber in it; `env` is what the docs tell to set there."""
    if not APP:
        pytest.skip("MEDUSA_APP names no folder of the server's app (and DATABASE_URL etc., as that server has them)")
    app = Path(APP)
    _compile(folder, app)
    port, said = free_port(), folder / "medusa.log"
    command = ["node", "node_modules/@medusajs/cli/cli.js", "start", "-H", "127.0.0.1", "-p", str(port)]
    with said.open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder / "server", env={**os.environ, **env, "NODE_ENV": "production"}, stdout=log, stderr=log
        )
        try:
            until(lambda: process.poll() is not None or _answers(port), said)
            assert process.poll() is None, said.read_text()
            yield Server(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=30)


def _compile(folder: Path, app: Path) -> None:
    source = folder / "src" / "subscribers" / "etsy-pipeline.ts"
    source.parent.mkdir(parents=True)
    source.write_text(recipe())
    (folder / "node_modules").symlink_to(app / "node_modules")
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILED, "include": ["src"]}))
    compiler = ["node", str(app / "node_modules" / "typescript" / "bin" / "tsc"), "-p", "."]
    done = subprocess.run(compiler, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (folder / "server" / "static").mkdir()
    (folder / "server" / "node_modules").symlink_to(app / "node_modules")
    for name in ("medusa-config.js", "package.json"):
        shutil.copy(app / name, folder / "server" / name)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").is_success
    except httpx.HTTPError:
        return False
