"""A headless Chromium, spoken to in the DevTools protocol over a pair of pipes."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time


class Browser:
    """One browser with one page. Everything the page complains of is in `complaints`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="flotilla-browser-")
        from_us, to_browser = os.pipe()
        from_browser, to_us = os.pipe()

        def wire():
            # The protocol wants them as 3 and 4, whatever numbers they have here.
            first, second = os.dup(from_us), os.dup(to_us)
            high = os.dup2(first, 100), os.dup2(second, 101)
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [
                "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--disable-extensions", "--disable-background-networking",
                "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                "--user-data-dir=" + self.folder, "--remote-debugging-pipe", "about:blank",
            ],
            preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(from_us)
        os.close(to_us)
        self.writer = os.fdopen(to_browser, "wb", 0)
        self.reader = from_browser
        self.buffer = b""
        self.number = 0
        self.session = None
        self.complaints = []
        self.requests = []
        self.answers = {}
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Accessibility"]:
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except Exception:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.writer.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(method + ": " + str(answer["error"]))
                return answer["result"]

    def receive(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.reader, 1 << 20)
            if not piece:
                raise RuntimeError("the browser ended")
            self.buffer += piece
        data, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(data)
        self.note(message)
        return message

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.consoleAPICalled":
            self.complaints.append(str(parameters["args"]))
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        if method == "Log.entryAdded":
            url = parameters["entry"].get("url", "")
            # The browser asks for an icon by itself where it shows JSON, which can't name one.
            if not url.endswith("/favicon.ico"):
                self.complaints.append((parameters["entry"]["text"] + " " + url).strip())
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        if method == "Network.responseReceived":
            self.answers[parameters["response"]["url"]] = parameters["response"]["status"]
        if method == "Page.javascriptDialogOpening":
            self.complaints.append("dialog: " + parameters["message"])
        if method:
            self.events.append(method)

    def open(self, path):
        """Loads a file or an address; gives the seconds until its load event was over."""
        self.events.clear()
        start = time.monotonic()
        self.call("Page.navigate", url=path if path.startswith("http:") else "file://" + os.path.abspath(path))
        self.loaded()
        return time.monotonic() - start

    def loaded(self):
        while "Page.loadEventFired" not in self.events:
            self.receive()

    def follow(self, selector):
        """Clicks on a link to another page, and waits until that is there."""
        self.events.clear()
        self.click(selector)
        self.loaded()

    def run(self, script):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def size(self, width, height, scale=1):
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
            mobile=width < 600)

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def scripts(self, are_on):
        self.call("Emulation.setScriptExecutionDisabled", value=not are_on)

    def key(self, key, code=None, text=None):
        shared = {"key": key, "code": code or key}
        if text:
            shared["text"] = text
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        if key in codes:
            shared["windowsVirtualKeyCode"] = codes[key]
        self.call("Input.dispatchKeyEvent", type="keyDown", **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def type(self, text):
        for character in text:
            self.key(character, text=character)

    def click(self, selector):
        """Presses the mouse in the middle of an element."""
        x, y = self.run(
            "(() => { const e = document.querySelector(%s); e.scrollIntoView({ block: 'center' });"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()"
            % json.dumps(selector))
        for kind in ["mousePressed", "mouseReleased"]:
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path, whole=False):
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole, **self.clip(whole))
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))

    def clip(self, whole):
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def pdf(self, path):
        answer = self.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))
