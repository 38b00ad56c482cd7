"""A receiver that does what the stock library's page says, and nothing else: standard.py SECRET [expand].

It prints its port on 127.0.0.1, answers 200 to what the library verifies and 401 to the rest, and prints a line a
request: the size of what it parsed, or the error. With `expand` it decompresses first, as many frameworks do. It ends
when standard input does, and after two minutes in any case.
"""

import gzip
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "expand" in sys.argv and self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        try:
            Webhook(sys.argv[1]).verify(body, dict(self.headers))
            status, line = 200, str(len(body))
        except Exception as error:
            status, line = 401, type(error).__name__
        print(line, flush=True)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
threading.Thread(target=lambda: (time.sleep(120), os._exit(0)), daemon=True).start()
sys.stdin.read()
os._exit(0)
