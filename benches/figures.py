#!/usr/bin/env python3
"""Measures the program as a whole, against the built-in emulator in a process of its own.

    benches/figures.py                      a few minutes: what README's table shows, but a million deals
    benches/figures.py --deals 1000000      another size
    benches/figures.py --write              and puts the table into README.md

Each case begins with an emulator and a database of its own. Wall time, CPU seconds and peak memory are those of the
mirror's process alone, from wait4(2). `floor` is what the source's limit allows at best: requests divided by requests a
second. Times are those of this machine and of its other guests: compare within one run only. Needs nothing but Python's
standard library and a release build.
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- benches/figures.py -->\n", "<!-- end -->\n"
# A source that sets no limit of its own is asked no faster than the smallest plan allows: this one sets a high one.
UNLIMITED = 1_000_000
LISTING = ("deals",)
CHILDREN = ("deals", "deal_products", "deal_installments")
# Asked deal by deal.
TRICKLE = ("deals", "deal_followers")


class Source:
    """An emulator that answers `latency` late and at most `limit` times within 2 s."""

    def __init__(self, program, deals, latency, limit):
        command = [program, "emulator", "--listen", "127.0.0.1:0", "--deals", str(deals), "--latency", f"{latency}ms",
                   "--requests-per-2s", str(limit or UNLIMITED), "--daily-budget", "1000000000"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said = ""
        while "Mirror it:" not in said:
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"the emulator ended with exit code {self.process.wait()}")
            said += line
        self.address = re.search(r"http://(127\.0\.0\.1:\d+)", said)[1]
        self.token = re.search(r"x-api-token: (\w+)", said)[1]

    def call(self, connection, method, path, body=None):
        """Returns what the source answers; limits are waited for."""
        headers = {"x-api-token": self.token, "content-type": "application/json"}
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text[:200]}")
        return json.loads(text)

    def edit(self, part):
        """Changes the title of every `part`th deal; returns how many those are."""
        ids, cursor = [], ""
        connection = http.client.HTTPConnection(self.address)
        while cursor is not None:
            page = self.call(connection, "GET", f"/api/v2/deals?limit=500{cursor}")
            ids += [deal["id"] for deal in page["data"]]
            after = page["additional_data"]["next_cursor"]
            cursor = None if after is None else f"&cursor={after}"
        ids = ids[::part]

        def patch(chunk):
            connection = http.client.HTTPConnection(self.address)
            for deal in chunk:
                self.call(connection, "PATCH", f"/api/v2/deals/{deal}", {"title": f"Changed {deal} {time.time()}"})

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(patch, (ids[worker::4] for worker in range(4))))
        return len(ids)

    def close(self):
        self.process.terminate()
        self.process.wait()


class Mirror:
    """A database in a folder of its own, and the program that fills it."""

    def __init__(self, program, source, folder):
        self.program, self.source, self.database = program, source, folder / "mirror.db"
        self.config = folder / "config.toml"
        self.config.write_text("[limits]\ndaily_budget = 1000000000\ndaily_share = 1.0\n")

    def run(self, *command):
        """Runs `command`; returns its report, wall seconds, CPU seconds and peak memory in MiB."""
        environment = {"PATH": os.environ["PATH"], "PIPEDRIVE_API_TOKEN": self.source.token,
                       "PIPEDRIVE_BASE_URL": f"http://{self.source.address}"}
        words = [self.program, *command, "--config", self.config, "--database", self.database, "--quiet", "--json"]
        with tempfile.TemporaryFile("w+") as out:
            began = time.monotonic()
            process = subprocess.Popen(words, stdout=out, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            text = out.read()
        if process.returncode != 0:
            sys.exit(f"{command} ended with exit code {process.returncode}: {text}")
        return json.loads(text), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def case(program, work, deals, latency, limit, entities):
    """Measures one case, and returns a row of the table for it and for what follows on it."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = Source(program, deals, latency, limit)
        with contextlib.closing(source):
            mirror = Mirror(program, source, pathlib.Path(folder))
            only = ("--entities", ",".join(entities))
            for name, prepare, command in work:
                changed = prepare(source)
                report, wall, cpu, memory = mirror.run(*command, *only)
                requests = report["requests"]
                floor = requests / (limit / 2) if limit else None
                seen = sum(entity["seen"] for entity in report["entities"])
                rows.append([name, deals, changed, latency, limit, requests, seen, wall, cpu, memory, floor])
                print(*rows[-1], sep="\t", file=sys.stderr, flush=True)
    return rows


def nothing(_):
    return None


FIRST = [("first load", nothing, ("backfill",))]
AGAIN = [
    *FIRST,
    ("nothing changed, all read", nothing, ("backfill", "--restart")),
    ("1 % changed, `sync`", lambda source: source.edit(100), ("sync",)),
    ("nothing changed, `sync`", nothing, ("sync",)),
    ("all changed, `sync`", lambda source: source.edit(1), ("sync",)),
]


def cases(sizes):
    """Yields what is measured: work, deals, latency in ms, requests in 2 s (0: any number), entities."""
    for deals in sizes:
        yield AGAIN if deals <= 100_000 else AGAIN[:2], deals, 0, 0, LISTING
        if deals <= 100_000:
            for latency in (0, 50, 200):
                for limit in (20, 100):
                    yield FIRST, deals, latency, limit, LISTING
            yield FIRST, deals, 50, 0, LISTING
            yield FIRST, deals, 200, 0, LISTING
            yield [("first load with products and installments", *FIRST[0][1:])], deals, 200, 40, CHILDREN
        yield FIRST, deals, 200, 40, LISTING
    yield [("first load with followers", *FIRST[0][1:])], 2_000, 200, 40, TRICKLE


def table(rows):
    lines = ["| | deals | latency | limit | requests | seconds | of the floor | deals a second | CPU s | peak MiB |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, deals, _, latency, limit, requests, seen, wall, cpu, memory, floor in rows:
        limit = f"{limit} in 2 s" if limit else "none"
        ratio = f"{wall / floor:.2f}" if floor else ""
        lines.append(f"| {name} | {deals:,} | {latency} ms | {limit} | {requests:,} | {wall:.1f} | {ratio} | "
                     f"{seen / wall:,.0f} | {cpu:.1f} | {memory:.0f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / "target/release/pipedrive-mirror", help="a release build")
    parser.add_argument("--deals", type=int, nargs="+", default=[10_000, 100_000], help="sizes of the company")
    parser.add_argument("--only", default="", help="only cases whose name, latency or limit say so: 'first load 200 40'")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    rows = []
    for number in cases(options.deals):
        work, deals, latency, limit, entities = number
        if options.only and options.only not in f"{work[-1][0]} {latency} {limit}":
            continue
        rows += case(options.program, work, deals, latency, limit, entities)
    text = table(rows)
    print(text)
    if options.write:
        readme = ROOT / "README.md"
        before, rest = readme.read_text().split(BEGIN, 1)
        _, after = rest.split(END, 1)
        readme.write_text(before + BEGIN + text + END + after)


if __name__ == "__main__":
    main()
