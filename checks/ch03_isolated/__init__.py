"""What "done" means in the exercise of chapter 3: a bounded program, a hardened app, a leak closed."""

from __future__ import annotations

IMAGES = ()
MB = 2**20
PYTHON = "localhost:5001/python:3.13"

PROGRAM = """
greedy = []
while True:
    greedy = greedy[-9:] + [b"x" * 2**20]
"""

COUNTER = """
import http.server
class Counter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("/tmp/visits", "a+") as kept:
            kept.write("x")
            kept.seek(0)
            visits = len(kept.read())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(visits).encode())
http.server.HTTPServer(("", 8080), Counter).serve_forever()
"""
"""The programs that the notebook gives; a test holds them against it."""
