#!/usr/bin/env python3
"""Looks at the daemon's page in a headless Chromium, as people do.

    page.py FOLDER --binary target/release/pipedrive-mirror     starts an emulator and a daemon of its own
    page.py FOLDER --url http://127.0.0.1:PORT/ --database FILE looks at a daemon that runs

On a phone and on a desk, in a light and in a dark theme, the page must fit its window, break no rule of its policy, load
nothing else, and say what the database says. Pictures of what was seen are left in FOLDER. Nothing but Python's standard
library and Chromium is needed: it is driven over its pipe.
"""

import argparse
import base64
import contextlib
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

WIDTHS = (400, 1280)
THEMES = ("light", "dark")
FIGURES = """[...document.querySelectorAll('[data-metric]')]
    .map(e => [e.dataset.metric, e.dataset.of || '', e.dataset.value])"""
# What sticks out of the window, or out of what it stands in.
WIDE = """[...document.querySelectorAll('body, section, table, td, th, dd, p, li')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5 || e.scrollWidth > e.clientWidth + 8)
    .map(e => e.tagName + ' ' + (e.className.baseVal ?? e.className) + ': ' + e.textContent.slice(0, 60))"""


class Browser:
    """Chromium's own protocol over a pipe: messages of JSON that end in a zero byte."""

    def __init__(self, profile):
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if program is None:
            sys.exit("no chromium here")
        from_us, to_browser = os.pipe()
        from_browser, to_us = os.pipe()
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--disable-gpu",
                   "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars", *sandbox, "about:blank"]
        # The shell puts the pipes where Chromium looks for them.
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec 7<&{from_us} 8>&{to_us}; exec "$@" 3<&7 4>&8', "sh", *command],
            pass_fds=(from_us, to_us), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(from_us)
        os.close(to_us)
        self.out, self.into = os.fdopen(to_browser, "wb", 0), os.fdopen(from_browser, "rb", 0)
        self.pending, self.number, self.events = b"", 0, []
        target = self.call("Target.createTarget", url="about:blank", session=None)["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True, session=None)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network", "Audits"):
            self.call(f"{domain}.enable")

    def message(self):
        while b"\0" not in self.pending:
            some = os.read(self.into.fileno(), 1 << 20)
            if not some:
                sys.exit("chromium went away")
            self.pending += some
        message, self.pending = self.pending.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session="own", **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = self.session
        self.out.write(json.dumps(request).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def evaluate(self, script):
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"]["value"]

    def open(self, url, width, theme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=2, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def picture(self, path):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        with contextlib.suppress(Exception):
            self.call("Browser.close", session=None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()


class Truth:
    """What the figures have to be, asked of the database directly; what the limits make of it, of `/api/status`."""

    def __init__(self, database, url, figures):
        self.conn = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self.conn.execute("BEGIN")
        self.shown = {(metric, of): value for metric, of, value in figures}
        self.as_of = self.shown["as-of", ""]
        with urllib.request.urlopen(url + "api/status") as answer:
            self.budget = json.load(answer)["budget"]

    def one(self, sql, *values):
        return self.conn.execute(sql, values).fetchone()[0]

    def expected(self, metric, of):
        live = "is_deleted = 0 AND _missing_since IS NULL"
        if metric.startswith("board-"):
            return self.board(metric, *of.split(" ", 1))
        if metric in ("deals-live", "backfilled"):
            return self.one(f"SELECT count(*) FROM deals WHERE {live}")
        since = self.shown["runs-since", ""]
        plain = {
            "deals-archived": (f"SELECT count(*) FROM deals WHERE {live} AND is_archived = 1",),
            "deals-deleted": ("SELECT count(*) FROM deals WHERE is_deleted = 1",),
            "deals-missing": ("SELECT count(*) FROM deals WHERE _missing_since IS NOT NULL",),
            "lag": ("SELECT max(0, strftime('%s', ?) - strftime('%s', complete_began_at)) FROM sync_checkpoints "
                    "WHERE entity = ? AND until IS NULL", self.as_of, of),
            "owed": ("SELECT count(*) FROM sync_due WHERE kind = ? AND why <> 'not shown'", of),
            "owed-failing": ("SELECT count(*) FROM sync_due WHERE kind = ? AND why <> 'not shown' AND attempts > 0", of),
            "quarantined": ("SELECT count(*) FROM sync_quarantine WHERE entity = ?", of),
            "runs-24h": ("SELECT count(*) FROM sync_runs WHERE entity = ? AND started_at >= ?", of, since),
            "cost-24h": ("SELECT (SELECT coalesce(sum(cost), 0) FROM sync_api_usage WHERE hour >= "
                         "strftime('%Y-%m-%dT%H:00:00Z', ?, '-1 day')) + coalesce((SELECT value + 0 FROM sync_state "
                         "WHERE key = 'reservation'), 0)", self.as_of),
            "cost-day": ("SELECT coalesce(sum(cost), 0) FROM sync_api_usage_daily WHERE day = ?", of),
            "cost-day-highest": ("SELECT coalesce(max(cost), 0) FROM (SELECT sum(cost) AS cost FROM sync_api_usage_daily "
                                 "WHERE day > date(?, '-30 days') GROUP BY day)", self.as_of),
            "company-left": ("SELECT value + 0 FROM sync_state WHERE key = 'daily_left'",),
            "schema": ("SELECT user_version FROM pragma_user_version",),
        }
        if metric in plain:
            return self.one(*plain[metric])
        if metric == "runs-at":
            entity, at, width = of.split(" ")
            return self.one("SELECT count(*) FROM sync_runs WHERE entity = ? AND started_at >= ? AND "
                            "strftime('%s', started_at) - strftime('%s', ?) BETWEEN 0 AND ? - 1",
                            entity, since, at, int(width))
        if metric == "share-counted":
            return self.budget["share"] - self.budget["share_left"]
        # What only the program knows.
        known = {"share": self.budget["share"], "share-left": self.budget["share_left"]}
        return known.get(metric, self.shown[metric, of] if metric in ("as-of", "runs-since", "version", "sqlite", "wal-bytes")
                         else f"nothing says what {metric} has to be")

    def board(self, metric, stage, currency=None):
        what = "count(*)" if metric == "board-count" else "round(total(value), 2)"
        found = self.one(f"SELECT {what} FROM deals WHERE stage_id = ? AND currency IS ? AND status = 'open' AND "
                         "is_deleted = 0 AND _missing_since IS NULL AND is_archived = 0", int(stage), currency)
        return f"{found:.2f}" if isinstance(found, float) else found

    def differences(self):
        found = []
        for (metric, of), shown in self.shown.items():
            expected = self.expected(metric, of)
            shown = f"{float(shown):.2f}" if metric == "board-value" else shown
            if str(expected) != shown:
                found.append(f"{metric} {of}: the page says {shown}, the database {expected}")
        return found


def looked_at(browser, url, database, width, theme):
    """Opens the page and returns what is wrong with it; while the mirror is written to, it looks again."""
    for _ in range(5):
        browser.open(url, width, theme)
        figures = browser.evaluate(FIGURES)
        wrong = Truth(database, url, figures).differences() if figures else ["there is no figure on the page"]
        if not wrong:
            break
        time.sleep(1)
    for event in browser.events:
        method, what = event.get("method"), event.get("params", {})
        if method == "Log.entryAdded" and "favicon.ico" not in what["entry"].get("url", ""):
            wrong.append("logged: " + what["entry"]["text"])
        if method in ("Audits.issueAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            wrong.append(f"{method}: {json.dumps(what)[:300]}")
        if method == "Network.requestWillBeSent" and what["request"]["url"] != url:
            if not what["request"]["url"].endswith("/favicon.ico"):
                wrong.append("loaded: " + what["request"]["url"])
    broad = browser.evaluate("document.documentElement.scrollWidth")
    if broad > width:
        wrong.append(f"the page is {broad} pixels wide")
    wrong += ["sticks out: " + one for one in browser.evaluate(WIDE)]
    if browser.evaluate("getComputedStyle(document.body).maxWidth") == "none":
        wrong.append("the stylesheet is not in force")
    print(f"{width} {theme}: {len(figures)} figures, {len(wrong)} faults", flush=True)
    return wrong


def free_port():
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


def wait_for(url, process, what):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"{what} ended with {process.returncode}")
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(url, timeout=5):
                return
        time.sleep(0.2)
    sys.exit(f"{what} did not get ready in time")


@contextlib.contextmanager
def running(binary, folder):
    """An emulator, and a daemon that has mirrored it."""
    source, page = free_port(), free_port()
    database, config = folder / "mirror.db", folder / "config.toml"
    config.touch(mode=0o600)
    config.write_text(f'[pipedrive]\nbase_url = "http://127.0.0.1:{source}"\n'
                      f'api_token = "0123456789abcdef0123456789abcdef01234567"\n'
                      f'[database]\npath = "{database}"\n[daemon]\nlisten = "127.0.0.1:{page}"\n')
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    started = [subprocess.Popen([binary, "emulator", "--deals", "400", "--listen", f"127.0.0.1:{source}"], **quiet)]
    try:
        started.append(subprocess.Popen([binary, "--config", str(config), "daemon"], **quiet))
        wait_for(f"http://127.0.0.1:{page}/readyz", started[1], "the daemon")
        yield f"http://127.0.0.1:{page}/", database
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--binary")
    arguments.add_argument("--url")
    arguments.add_argument("--database")
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        temporary = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        if given.url:
            url, database = given.url, given.database
        else:
            url, database = stack.enter_context(running(given.binary, temporary))
        browser = Browser(temporary / "profile")
        stack.callback(browser.close)
        wrong = []
        for width in WIDTHS:
            for theme in THEMES:
                wrong += [f"{width} {theme}: {one}" for one in looked_at(browser, url, database, width, theme)]
                browser.picture(given.folder / f"page-{width}-{theme}.png")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
