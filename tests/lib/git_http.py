#!/usr/bin/env python3
"""git_http.py FOLDER: Git repositories in FOLDER, for who is "u" with the
password "p w", by http on a port of 127.0.0.1, which is printed.

It is git http-backend behind a server that does what libgit2 needs."""
import base64
import http.server
import os
import subprocess
import sys

ALLOWED = "Basic " + base64.b64encode(b"u:p w").decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = b""
        while True:
            n = int(self.rfile.readline(), 16)
            found += self.rfile.read(n)
            self.rfile.readline()
            if n == 0:
                return found

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_any(self):
        body = self.body()
        if self.headers.get("Authorization") != ALLOWED:
            return self.answer(
                401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
        path, _, query = self.path.partition("?")
        env = dict(os.environ, GIT_PROJECT_ROOT=sys.argv[1],
                   GIT_HTTP_EXPORT_ALL="1", REMOTE_USER="u", PATH_INFO=path,
                   QUERY_STRING=query, REQUEST_METHOD=self.command,
                   CONTENT_TYPE=self.headers.get("Content-Type", ""),
                   CONTENT_LENGTH=str(len(body)))
        out = subprocess.run(["git", "http-backend"], input=body, env=env,
                             stdout=subprocess.PIPE, check=True).stdout
        head, _, body = out.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1)
                   for line in head.decode().split("\r\n")]
        status = [int(value.split()[0]) for name, value in headers
                  if name == "Status"] or [200]
        return self.answer(status[0], [h for h in headers
                                       if h[0] != "Status"], body)

    do_GET = do_POST = do_any


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
