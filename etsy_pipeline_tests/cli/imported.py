"""What commands import: the process that the terminal's are forked from has it already; it takes 0.2 seconds each time.

The commands themselves are forgotten again, for they look at their surroundings: how wide a terminal is, for one.
"""

import sys

import etsy_pipeline.cli.main

COMMANDS = etsy_pipeline.cli.__name__

for name in [name for name in sys.modules if f"{name}.".startswith(f"{COMMANDS}.")]:
    del sys.modules[name]
