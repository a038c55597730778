"""A headless Chromium that is told what to do over a pipe: the DevTools protocol, without a library.

Debian's `chromium` is installed where it is missing and this is root; axe-core comes from npm, pinned, into the cache.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import select
import shutil
import subprocess
import tarfile
import tempfile
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration import docker_engine

AXE = ("axe-core", "4.14.1", "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745")
_SECONDS = 60  # until an answer of the browser is missed

WIDE, NARROW = (1280, 900), (360, 740)


class Browser:
    """One page in a headless browser."""

    def __init__(self, program: str, profile: str) -> None:
        down, up = os.pipe(), os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        # The protocol's file descriptors are 3 and 4: the shell puts them there (dash knows none of two digits).
        words = [program, *flags, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{down[0]} 4>&{up[1]}', "bash", *words],
            pass_fds=(down[0], up[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(down[0])
        os.close(up[1])
        self._to, self._from = down[1], up[0]
        self._rest = b""
        self._number = 0
        self._session = ""
        self.errors: list[str] = []
        self._events: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def close(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            self._session = ""
            self._call("Browser.close")
        os.close(self._to)
        os.close(self._from)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _call(self, method: str, **parameters: t.Any) -> t.Any:
        """The result of a command; what happened meanwhile is noted."""
        self._number += 1
        message: dict[str, t.Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, f"{method}: {told['error']}"
                return told["result"]
            self._note(told)

    def _next(self) -> t.Any:
        deadline = time.monotonic() + _SECONDS
        while b"\0" not in self._rest:
            if not select.select([self._from], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self._from, 1 << 20)
            assert part, "the browser ended"
            self._rest += part
        text, _end, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def _note(self, told: t.Any) -> None:
        method, said = told.get("method", ""), told.get("params", {})
        self._events.append(method)
        if method == "Runtime.exceptionThrown":
            self.errors.append(str(said["exceptionDetails"].get("exception", said["exceptionDetails"])))
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.errors.append(str(said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.errors.append(said["entry"]["text"])

    def open(
        self,
        path: Path,
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        scripting: bool = True,
        fragment: str = "",
        media: str = "",
    ) -> None:
        """Load a file, and wait until it is there; errors of earlier pages are forgotten."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._call("Emulation.setEmulatedMedia", media=media, features=scheme)
        self._call("Emulation.setScriptExecutionDisabled", value=not scripting)
        self._call(
            "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False
        )
        self._load("about:blank")  # a fragment alone would load nothing
        self.errors = []
        self._load(f"{path.as_uri()}{fragment}")

    def _load(self, url: str) -> None:
        self._events = []
        self._call("Page.navigate", url=url)
        while "Page.loadEventFired" not in self._events:
            self._note(self._next())

    def run(self, expression: str) -> t.Any:
        """The value of an expression in the page; a promise is waited for."""
        told = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until an expression is true."""
        deadline = time.monotonic() + _SECONDS
        while not self.run(expression):
            assert time.monotonic() < deadline, expression
            time.sleep(0.02)

    def inject(self, source: str) -> None:
        """Run a script that is none of the page's, past its policy."""
        self._call("Runtime.evaluate", expression=source)

    def text(self) -> str:
        """The page as the browser understood it (also without scripting)."""
        root = self._call("DOM.getDocument", depth=0)["root"]["nodeId"]
        return str(self._call("DOM.getOuterHTML", nodeId=root)["outerHTML"])

    def press(self, key: str, text: str = "", control: bool = False) -> None:
        """A key, as a keyboard sends it."""
        codes = {"Enter": 13, "Escape": 27, "PageDown": 34, "End": 35, "Home": 36}
        codes.update({"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9})
        code = codes.get(key, ord(key[0].upper()))
        same = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 if control else 0}
        self._call("Input.dispatchKeyEvent", type="keyDown", **same, **({"text": text} if text else {}))
        self._call("Input.dispatchKeyEvent", type="keyUp", **same)

    def type(self, text: str) -> None:
        self._call("Input.insertText", text=text)

    def picture(self, path: Path, whole: bool = True) -> None:
        """A screenshot, of the whole page up to 6,000 pixels of height."""
        told: dict[str, t.Any] = {}
        if whole:
            size = self._call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
            told = {"clip": clip, "captureBeyondViewport": True}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", **told)["data"]))


@contextlib.contextmanager
def running() -> t.Iterator[Browser]:
    """A browser, until the end of the block."""
    program = _chromium()
    with tempfile.TemporaryDirectory(prefix="traceops-browser-", ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            yield browser
        finally:
            browser.close()


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        require(os.geteuid() == 0 and shutil.which("apt-get"), "chromium, or root and apt-get to install it")
        docker_engine.install("chromium")
        found = shutil.which("chromium")
    assert found, "chromium was installed, but is not on the path"
    return found


def axe() -> str:
    """The source of axe-core, from the cache or fresh from npm."""
    name, version, digest = AXE
    kept = docker_engine.CACHE / f"{name}-{version}.min.js"
    if not kept.is_file():
        require(shutil.which("npm"), f"npm, to get {name}")
        docker_engine.CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=docker_engine.CACHE) as place:
            done = subprocess.run(
                ["npm", "pack", f"{name}@{version}", "--silent"], cwd=place, capture_output=True, text=True, check=False
            )
            archive = Path(place) / f"{name}-{version}.tgz"
            if done.returncode or not archive.is_file():
                require(None, f"{name} of npm ({done.stderr.strip()[-200:]})")
            found = hashlib.sha256(archive.read_bytes()).hexdigest()
            if found != digest:
                pytest.fail(f"{name} {version} has the checksum {found} instead of {digest}")
            with tarfile.open(archive) as tar:
                source = tar.extractfile("package/axe.min.js")
                assert source is not None
                partial = Path(place) / "axe.min.js"
                partial.write_bytes(source.read())
            partial.rename(kept)
    return kept.read_text(encoding="utf-8")
