"""However large pictures are, and however many threads convert them: the process stays small."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from etsy_pipeline.pictures.memory import PixelRoom

MOST_MEGABYTES = 640  # of the whole process, with Python and its libraries; measured: 480 (RGB) and 573 (RGBA)
SIDE = 8888  # 79 million pixels

DRAWN = """
import sys
from PIL import Image
image = Image.new(sys.argv[1], (int(sys.argv[2]),) * 2, (10, 20, 30, 200)[: len(sys.argv[1])])
image.paste((200, 100, 50, 30)[: len(sys.argv[1])], (0, 0, 4000, 4000))
image.save(sys.argv[3], compress_level=1)
"""
CONVERTED = """
import resource, sys, threading
from pathlib import Path
from etsy_pipeline.pictures.conversion import acceptable
content, made = Path(sys.argv[1]).read_bytes(), []
convert = lambda: made.append(acceptable(content, "http://pictures.test/large.png"))
threads = [threading.Thread(target=convert) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(made) == 4
status = Path("/proc/self/status")  # of this program alone; what getrusage tells includes who started it
lines = status.read_text().splitlines() if status.exists() else []
peak = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), None)
print((peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024)
"""


def run(script: str, *words: str) -> str:
    """What a Python of its own prints."""
    return subprocess.run([sys.executable, "-c", script, *words], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_four_threads_with_a_huge_picture_each_take_little_memory(mode: str, tmp_path: Path) -> None:
    """3.3 and 5.2 GB, while each was decoded at once, and copied for each step."""
    path = str(tmp_path / "large.png")
    run(DRAWN, mode, str(SIDE), path)
    assert int(run(CONVERTED, path)) < MOST_MEGABYTES


def test_room_is_given_in_turn_and_a_large_one_is_not_passed_over_for_ever() -> None:
    room, came, let_go = PixelRoom(10), list[str](), threading.Event()

    def come(name: str, pixels: int) -> None:
        with room.taken(pixels):
            came.append(name)
            let_go.wait(10)

    threads = [threading.Thread(target=come, args=(name, 6)) for name in ("first", "second")]
    threads[0].start()
    while came != ["first"]:
        threading.Event().wait(0.01)
    threads[1].start()
    threading.Event().wait(0.05)
    small = threading.Thread(target=come, args=("small", 1))
    small.start()
    threading.Event().wait(0.05)
    assert came == ["first"], "the second does not fit beside it, and the small one came later"
    let_go.set()
    for thread in (*threads, small):
        thread.join(10)
    assert sorted(came) == ["first", "second", "small"]


def test_what_is_larger_than_the_room_gets_in_alone() -> None:
    room = PixelRoom(10)
    with room.taken(1000):
        pass
    with room.taken(5), room.taken(5):
        pass
