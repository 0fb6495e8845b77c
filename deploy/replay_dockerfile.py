"""Carries out the steps of deploy/Dockerfile in a bare Debian where there is no Docker, and tries what was built.

    sudo python deploy/replay_dockerfile.py [--folder /var/tmp/etsy_pipeline_image]

Needs debootstrap, root and some minutes. The package sources, certificates and pip settings are this machine's. What is
built is then run as the image would be: its user, its environment, a read-only root with an empty /tmp. The code server
is started and its health check asked; the other commands are tried. Ends with status 1 if anything fails.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
FILE = PROJECT / "deploy" / "Dockerfile"
OF_THIS_MACHINE = (
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d",
    "/etc/resolv.conf",
    "/etc/hosts",
)
SUITE = "bookworm"
PATIENCE_SECONDS = 240
CODE_PORT = "4000"  # in the command that the image starts by itself
TRIED = (
    ["etsy-pipeline", "--version"],
    ["etsy-pipeline", "db", "new-key"],
    ["dagster-webserver", "--version"],
    ["dagster-daemon", "--help"],
    ["celery", "--version"],
    [
        "python",
        "-c",
        "import dagster_celery.launcher, dagster_postgres, dagster_k8s, dagster_aws, etsy_pipeline.definitions",
    ],
    ["python", "-c", "import opentelemetry.exporter.otlp.proto.http"],
)


@dataclass
class Stage:
    """A root that is being built. `env`, `user`, `folder`, `command` and `health` are as its instructions say."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    user: str = "0"
    folder: str = "/"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def run(self, words: str, env: Mapping[str, str]) -> None:
        """In the root, writable, as RUN does."""
        told = {**self.env, **env, "DEBIAN_FRONTEND": "noninteractive"}
        command = ["chroot", f"--userspec={self.user}", self.root, "/bin/sh", "-c", f"cd {self.folder} && {words}"]
        subprocess.run(command, env=told, check=True)

    def as_image(self, words: list[str], **env: str) -> list[str]:
        """The command that runs something in it as a container would be run: read-only, with an empty /tmp."""
        script = (
            f"mount --bind {self.root} {self.root} && mount -o remount,ro,bind {self.root} && "
            f"mount -t tmpfs -o mode=1777 tmpfs {self.root}/tmp && mount -t proc proc {self.root}/proc && "
            f"exec chroot --userspec={self.user}:{self.user} {self.root} /usr/bin/env -i "
            f"{shlex.join(f'{name}={value}' for name, value in {**self.env, **env}.items())} "
            f"/bin/sh -c {shlex.quote(f'cd {self.folder} && exec {shlex.join(words)}')}"
        )
        return ["unshare", "--mount", "--", "/bin/sh", "-c", script]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's lines: (what, rest)."""
    text = re.sub(r"\\\n\s*", " ", FILE.read_text())
    lines = (line.strip() for line in text.splitlines())
    return [(line.split()[0], line.partition(" ")[2]) for line in lines if line and not line.startswith("#")]


def build(folder: Path) -> Stage:
    """All stages; the last one."""
    base = folder / "base"
    if not base.exists():
        subprocess.run(["debootstrap", "--variant=minbase", SUITE, base], check=True, stdout=subprocess.DEVNULL)
    stages: dict[str, Stage] = {}
    stage = Stage(base)
    for what, rest in instructions():
        print(what, rest, flush=True)
        if what == "FROM":
            name = rest.partition(" AS ")[2] or "image"
            shutil.rmtree(folder / name, ignore_errors=True)
            subprocess.run(["cp", "-a", base, folder / name], check=True)
            stage = stages[name] = Stage(folder / name)
        else:
            carry_out(stage, stages, what, rest)
    return stage


def carry_out(stage: Stage, stages: dict[str, Stage], what: str, rest: str) -> None:
    """One instruction."""
    if what == "RUN":
        with lent(stage.root) as env:
            stage.run(rest, env)
    elif what == "COPY":
        copy(stage, stages, rest.split())
    elif what == "ENV":
        stage.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
    elif what == "WORKDIR":
        stage.folder = rest
        (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif what == "USER":
        stage.user = rest
    elif what == "CMD":
        stage.command = json.loads(rest)
    elif what == "HEALTHCHECK":
        stage.health = json.loads(rest.partition("CMD ")[2])
    elif what != "EXPOSE":
        raise SystemExit(f"{what} is not known here")


def copy(stage: Stage, stages: dict[str, Stage], words: list[str]) -> None:
    """COPY [--from=stage] what … where."""
    whence = PROJECT
    if words[0].startswith("--from="):
        whence = stages[words.pop(0).partition("=")[2]].root
    *what, where = words
    target = Path(
        os.path.normpath(
            stage.root / stage.folder.lstrip("/") / where
            if not where.startswith("/")
            else stage.root / where.lstrip("/")
        )
    )
    for name in what:
        source = whence / name.lstrip("/")
        if source.is_dir():
            shutil.copytree(
                source, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            place = target / source.name if where.endswith("/") else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)


@contextmanager
def lent(root: Path) -> Iterator[dict[str, str]]:
    """What a build takes of the machine that it runs on: where packages come from, whom to trust, /proc."""
    for name in OF_THIS_MACHINE:
        source, target = Path(name), root / name.lstrip("/")
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)
    (root / "etc/apt/apt.conf.d").mkdir(exist_ok=True)
    for conf in Path("/etc/apt/apt.conf.d").iterdir():
        if "Invoke" not in conf.read_text():  # hooks call programs that are not there
            shutil.copy(conf, root / "etc/apt/apt.conf.d")
    trusted = root / "run" / "trusted.crt"
    shutil.copy(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"), trusted)
    subprocess.run(["mount", "--bind", "/proc", root / "proc"], check=True)
    try:
        told = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        yield {
            **told,
            "PIP_CERT": "/run/trusted.crt",
            "SSL_CERT_FILE": "/run/trusted.crt",
            "PIP_DEFAULT_TIMEOUT": "180",
        }
    finally:
        subprocess.run(["umount", root / "proc"], check=True)
        trusted.unlink()


def try_out(image: Stage) -> bool:
    """Run it as it is meant to be run; whether all of that worked."""
    is_good = True
    for words in TRIED:
        done = subprocess.run(image.as_image(words), capture_output=True, text=True, check=False)
        is_good = is_good and done.returncode == 0
        verdict = "FAILED" if done.returncode else "ok"
        print(f"{verdict}: {' '.join(words)}: {(done.stdout or done.stderr).strip()[-300:]}")
    written = subprocess.run(image.as_image(["touch", "/srv/file"]), capture_output=True, check=False).returncode
    print(f"{'ok' if written else 'FAILED'}: its root cannot be written")
    return is_good and bool(written) and is_healthy(image)


def is_healthy(image: Stage) -> bool:
    """Start what it starts by itself, on a port that nobody else has, and ask its health check."""
    port = free_port()
    command = [port if word == CODE_PORT else word for word in image.command]
    check = image.as_image(image.health, HEALTH=port)
    if port not in command or subprocess.run(check, capture_output=True, check=False).returncode == 0:
        print(f"FAILED: {' '.join(command)}: no port to be changed, or healthy before it was started")
        return False
    process = subprocess.Popen(image.as_image(command), start_new_session=True)
    began = time.monotonic()
    try:
        while time.monotonic() - began < PATIENCE_SECONDS and process.poll() is None:
            if subprocess.run(check, capture_output=True, check=False).returncode == 0:
                print(f"ok: {' '.join(command)}: healthy after {time.monotonic() - began:.0f} s")
                return True
            time.sleep(1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    print(f"FAILED: {' '.join(command)} (status {process.returncode})")
    return False


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def megabytes(folder: Path) -> str:
    """How large a folder is."""
    return subprocess.run(["du", "-sm", folder], capture_output=True, text=True, check=True).stdout.split()[0]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/etsy_pipeline_image"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    image = build(given.folder)
    print(f"{megabytes(image.root)} MB, of which {megabytes(image.root / 'opt')} MB are ours with their libraries")
    return 0 if try_out(image) else 1


if __name__ == "__main__":
    sys.exit(main())
