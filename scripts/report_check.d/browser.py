"""A headless Chromium that is told what to do through a pair of pipes (its --remote-debugging-pipe)."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
PATIENCE = 60


class NoBrowser(Exception):
    """There is none, or it does not start."""


def find():
    """The program, $CHROMIUM before all others."""
    return next(filter(None, map(shutil.which, [os.environ.get("CHROMIUM", "")] + NAMES)), None)


def install():
    """Whether the distribution's package could be installed."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    commands = [["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"]]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return all(subprocess.run(command, env=environment, check=False, **quiet).returncode == 0 for command in commands)


class Browser:
    """One browser process; messages are JSON, each ended by a zero byte."""

    def __init__(self):
        program = find() or (install() and find())
        if not program:
            raise NoBrowser("no chromium on the PATH, and apt-get could not install it")
        self.profile = tempfile.mkdtemp(prefix="report_check.")
        self.number, self.buffer, self.events = 0, b"", []
        commands, self.out = os.pipe()
        self.inn, answers = os.pipe()
        os.set_inheritable(commands, True)
        os.set_inheritable(answers, True)
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
        options += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
        # The browser reads from descriptor 3 and answers on 4.
        shell = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
        arguments = ["bash", "-c", shell, program, *options, "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen(
            arguments, pass_fds=(commands, answers), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(commands)
        os.close(answers)
        try:
            self.call("Browser.getVersion")
        except (OSError, TimeoutError) as error:
            self.close()
            raise NoBrowser(f"{program} does not start: {error}") from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the process and removes its profile."""
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.inn)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, session=None, **params):
        """The result of a command; events that come meanwhile are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        """Waits for an event."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.next())

    def rest(self, seconds):
        """Takes in the events of some time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if b"\0" in self.buffer or select.select([self.inn], [], [], left)[0]:
                self.events.append(self.next())

    def next(self):
        """The next message."""
        until = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            if not select.select([self.inn], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("no answer from the browser")
            chunk = os.read(self.inn, 1 << 20)
            if not chunk:
                raise OSError("the browser has ended")
            self.buffer += chunk
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)
