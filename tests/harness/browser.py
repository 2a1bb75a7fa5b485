# SPDX-License-Identifier: MIT
"""A headless Chromium, driven through W3C WebDriver over plain HTTP."""

import base64
import contextlib
import http.client
import json
import shutil
import urllib.parse

from .folder import free_port, make_folder, remove_folder
from .process import Child, processes_under
from .wait import wait_for

# The key under which WebDriver passes an element.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


class Browser:
    def __init__(self):
        self.folder = make_folder("tlsrpt-browser-")
        self.port = free_port()
        self.log = self.folder / "chromedriver.log"
        driver = shutil.which("chromedriver")
        chromium = shutil.which("chromium")
        assert driver and chromium, "install chromium and chromium-driver"
        self.session = None
        self.child = Child(
            [driver, f"--port={self.port}"],
            self.log,
            cwd=self.folder,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self.folder),
                "LC_ALL": "C.UTF-8",
                "TZ": "UTC",
            },
        )
        try:
            wait_for(self._answers, "chromedriver answers")
            options = {
                "binary": chromium,
                "args": ARGUMENTS + [f"--user-data-dir={self.folder}/profile"],
            }
            answer = self._call(
                "POST",
                "/session",
                {
                    "capabilities": {
                        "alwaysMatch": {
                            "browserName": "chrome",
                            "goog:chromeOptions": options,
                            "goog:loggingPrefs": {
                                "browser": "ALL",
                                "performance": "ALL",
                            },
                        }
                    }
                },
            )
            self.session = answer["sessionId"]
        except BaseException:
            self.close()
            raise

    def _answers(self):
        with contextlib.suppress(OSError):
            return self._call("GET", "/status")["ready"]
        return False

    def _call(self, method, path, body=None):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=60
        )
        try:
            connection.request(
                method,
                path,
                None if body is None else json.dumps(body),
                {"Content-Type": "application/json"},
            )
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        assert not (isinstance(value, dict) and "error" in value), value
        return value

    def ask(self, method, path, body=None):
        return self._call(method, f"/session/{self.session}{path}", body)

    def devtools(self, command, **parameters):
        return self.ask(
            "POST",
            "/goog/cdp/execute",
            {"cmd": command, "params": parameters},
        )

    # Pages

    def look(self, width, height=900, scheme="light", media=""):
        """Sets the window's width and the colour scheme its user prefers."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.devtools(
            "Emulation.setEmulatedMedia",
            media=media,
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    def open(self, path):
        self.ask("POST", "/url", {"url": f"file://{urllib.parse.quote(str(path))}"})

    def run(self, script, *arguments):
        """Returns the result of the test's script; the page itself has none."""
        return self.ask(
            "POST",
            "/execute/sync",
            {"script": script, "args": list(arguments)},
        )

    def find(self, selector):
        found = self.ask(
            "POST", "/element", {"using": "css selector", "value": selector}
        )
        return found[ELEMENT]

    def click(self, selector):
        self.ask("POST", f"/element/{self.find(selector)}/click", {})

    def text(self, selector):
        return self.ask("GET", f"/element/{self.find(selector)}/text")

    def is_shown(self, selector):
        return self.ask("GET", f"/element/{self.find(selector)}/displayed")

    def screenshot(self):
        """Returns the whole page as a PNG."""
        shot = self.devtools(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True
        )
        return base64.b64decode(shot["data"])

    def pdf(self):
        return base64.b64decode(self.ask("POST", "/print", {}))

    def requests(self):
        """Returns the addresses requested since the last call."""
        entries = self.ask("POST", "/se/log", {"type": "performance"})
        found = []
        for entry in entries:
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def complaints(self):
        """Returns the console's messages since the last call."""
        return [
            entry["message"]
            for entry in self.ask("POST", "/se/log", {"type": "browser"})
        ]

    def close(self):
        with contextlib.suppress(OSError, AssertionError):
            if self.session:
                self._call("DELETE", f"/session/{self.session}")
        with contextlib.suppress(AssertionError):
            self.child.stop()
        wait_for(
            lambda: not processes_under(self.folder), "the browser ends", 20
        )
        remove_folder(self.folder)

    def logs(self):
        return {"chromedriver": self.log.read_text(errors="replace")}
