"""A receiver of reports for tests: it behaves as the path says and records what it got.

Usage: receiver.py RECORDS [CERTIFICATE KEY AUTHORITY]...

It prints one line with its ports on 127.0.0.1: plain HTTP first, then one with TLS for each certificate, which asks
for a client's certificate by AUTHORITY where that isn't "-". Each
request is appended to RECORDS/ID.jsonl, ID being its webhook-id. It ends when standard input does, and after two
minutes in any case.
"""

import base64
import gzip
import hashlib
import hmac
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

records = sys.argv[1]
lock = threading.Lock()
seen = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        # Asked as a proxy, it gets the whole address.
        url = urllib.parse.urlsplit(self.path)
        behaviour, *arguments = [urllib.parse.unquote(part) for part in url.path.strip("/").split("/")]
        if behaviour == "early":  # Refuses before it has read the body.
            self.answer(int(arguments[0]))
            self.close_connection = True
            return
        if behaviour == "cut":  # Hangs up in the middle of the body, once; its id is all that is recorded.
            self.body = {"text": "", "sha256": "", "missing": 1}
            if self.record() == 1:
                self.rfile.read(int(self.headers["Content-Length"]) // 2)
                self.close_connection = True
                return
            behaviour, arguments = "status", ["200"]
        self.body = self.read_body()
        self.times = self.record()
        getattr(self, behaviour)(*arguments)

    do_PUT = do_POST

    def status(self, code, text=""):
        self.answer(int(code), text.encode())

    def verify(self, *secrets):
        """Does by itself what the Standard Webhooks scheme asks of a receiver."""
        headers = [self.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")]
        if None in headers or abs(time.time() - int(headers[1])) > 300:
            return self.answer(401, b"headers or clock")
        content = f"{headers[0]}.{headers[1]}.".encode() + self.bytes
        for secret in secrets:
            key = base64.b64decode(secret.replace("-", "/").removeprefix("whsec_"))
            wanted = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
            if not any(hmac.compare_digest(wanted, given) for given in headers[2].split(" ")):
                return self.answer(401, b"signature")
        self.answer(200)

    def fail(self, code, times, retry_after=None):
        """Answers CODE so many times, then 200."""
        if self.times <= int(times):
            self.answer(int(code), b"not now", {"Retry-After": retry_after} if retry_after else {})
        else:
            self.answer(200)

    def redirect(self, code, target):
        self.answer(int(code), headers={"Location": target})

    def slow(self, seconds):
        time.sleep(float(seconds))
        self.answer(200)

    def drop(self, times):
        """Hangs up without an answer so many times, then 200."""
        if self.times <= int(times):
            self.close_connection = True
        else:
            self.answer(200)

    def halfway(self, code):
        """Hangs up in the middle of its answer."""
        self.send_response(int(code))
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def garbage(self):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        self.close_connection = True

    def endless(self, code):
        self.send_response(int(code))
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"no end " * 1000)
        except OSError:
            pass

    def echo(self, code, times="1"):
        """Repeats what should have been kept secret."""
        secrets = f"{self.headers['Authorization']} {self.path} \x1b[31mred\x07\r\n"
        self.answer(int(code), (secrets * int(times)).encode())

    def answer(self, code, body=b"", headers={}):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read_body(self):
        rest = int(self.headers["Content-Length"])
        digest = hashlib.sha256()
        is_gzip = self.headers["Content-Encoding"] == "gzip"
        self.bytes = b""
        while rest:
            chunk = self.rfile.read(min(rest, 65536))
            if not chunk:
                break
            rest -= len(chunk)
            digest.update(chunk)
            if is_gzip or len(self.bytes) < 65536:
                self.bytes += chunk
        text = gzip.decompress(self.bytes) if is_gzip and not rest else self.bytes
        return {"text": text[:4096].decode(errors="replace"), "expanded": len(text), "sha256": digest.hexdigest(), "missing": rest}

    def record(self):
        """Records the request and returns how many came under this id."""
        id = self.headers["webhook-id"]
        headers = {name.lower(): value for name, value in self.headers.items()}
        entry = {"method": self.command, "path": self.path, "headers": headers, "body": self.body}
        with lock:
            seen[id] = seen.get(id, 0) + 1
            with open(os.path.join(records, id + ".jsonl"), "a") as file:
                file.write(json.dumps(entry) + "\n")
            return seen[id]

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # Tests come all at once; with the usual 5 some would not get in in time.

    def handle_error(self, request, address):
        pass  # Clients that hang up are part of the tests.


def serve(certificate=None, key=None, authority="-"):
    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if authority != "-":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(authority)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


ports = [serve()]
for certificate, key, authority in zip(sys.argv[2::3], sys.argv[3::3], sys.argv[4::3]):
    ports.append(serve(certificate, key, authority))
print(*ports, flush=True)

threading.Thread(target=lambda: (time.sleep(120), os._exit(0)), daemon=True).start()
sys.stdin.read()
os._exit(0)
