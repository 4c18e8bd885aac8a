"""Chromium without a window, driven over the WebDriver protocol (Debian's chromium and chromium-driver)."""
import base64
import json
import shutil
import tempfile
import urllib.request

from process import Process, free_port, wait_until

OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-quic",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
           "--host-resolver-rules=MAP * ~NOTFOUND"]  # whatever a page asks for, nothing leaves the machine


PATIENCE_S = 120  # a busy machine takes half a minute to start it


class Browser:
    """One session; use as a context manager. Pages are local files."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="la-browser-")
        self.port = free_port()
        self.driver = Process("chromedriver", ["chromedriver", f"--port={self.port}"], f"{self.folder}/log").start()
        wait_until(self._answers, 60, self.driver.output)
        options = {"binary": shutil.which("chromium"), "args": [*OPTIONS, f"--user-data-dir={self.folder}/profile"]}
        wanted = {"goog:chromeOptions": options, "timeouts": {"script": PATIENCE_S * 1000, "pageLoad": PATIENCE_S * 1000}}
        made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{made['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._ask("DELETE", self.session)
        finally:
            self.driver.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"},
                                         method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)["value"]

    def _answers(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except OSError:
            return False

    def devtools(self, command, **parameters):
        return self._ask("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(self, scheme, width):
        """The colour scheme ("light", "dark") and the width of the window for what follows."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)

    def open(self, path):
        self._ask("POST", f"{self.session}/url", {"url": path.absolute().as_uri()})

    def run(self, script, *args):
        """The value of a function's body in the page."""
        return self._ask("POST", f"{self.session}/execute/sync", {"script": script, "args": list(args)})

    def run_async(self, script, *args):
        """The same, but the body calls its last argument with the value."""
        return self._ask("POST", f"{self.session}/execute/async", {"script": script, "args": list(args)})

    def picture(self, top=0, height=None):
        """A PNG of the page, or of a part of it."""
        width, whole = self.run("const page = document.documentElement; return [innerWidth, page.scrollHeight];")
        clip = {"x": 0, "y": top, "width": width, "height": min(height or whole, whole - top), "scale": 1}
        return base64.b64decode(self.devtools("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"])
