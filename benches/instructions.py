#!/usr/bin/env python3
"""Counts the instructions that decoding and storing a deal take, which another guest of the machine does not change.

    benches/instructions.py             fails where a step takes 5 % more than instructions.json says
    benches/instructions.py --write     writes down what was counted

What the preparation takes cancels out: each step is done with 4 and with 8 pages of 500 deals, and the difference is
counted. Needs valgrind. Another compiler or another version of SQLite may well move the figures: write them down again, in
a commit of its own.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BASELINE = HERE / "instructions.json"
STEPS = ("decode", "store", "store again, unchanged", "decode and store")
FEW, MANY, ROWS = 4, 8, 500
TOLERANCE = 0.05


def bench():
    """Builds the bench, and returns where it is."""
    build = ["cargo", "bench", "--locked", "--no-run", "--bench", "mirror", "--message-format=json"]
    said = subprocess.run(build, cwd=HERE.parent, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = map(json.loads, filter(None, said.splitlines()))
    return next(message["executable"] for message in messages
                if message["reason"] == "compiler-artifact" and message["target"]["name"] == "mirror")


def instructions(program, step, pages):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "count", step, str(pages)]
    counted = subprocess.run(command, check=False, capture_output=True, text=True)
    if counted.returncode != 0:
        sys.exit(f"{step}: {counted.stderr}")
    return int(re.search(r"Collected : (\d+)", counted.stderr)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write down what was counted")
    options = parser.parse_args()
    program = bench()
    counted = {step: round((instructions(program, step, MANY) - instructions(program, step, FEW)) / (MANY - FEW) / ROWS)
               for step in STEPS}
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    failed = False
    for step, count in counted.items():
        was = known.get(step, count)
        change = count / was - 1
        print(f"{step:<24}{count:>10,} instructions a deal, {change:+.1%}")
        if change > TOLERANCE and not options.write:
            failed = True
            print(f"{step}: more than {TOLERANCE:.0%} above {was:,}", file=sys.stderr)
    if options.write:
        BASELINE.write_text(json.dumps(counted, indent=2) + "\n")
    sys.exit(failed)


if __name__ == "__main__":
    main()
