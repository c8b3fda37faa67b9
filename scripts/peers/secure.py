"""nginx over TLS, in place of `gregaria serve`, which has none."""

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from .running import Failed, children_s, free_port

# One cipher and one curve, so that the work is the same with each client.
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000;
  ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
  ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; ssl_ecdh_curve X25519;
  ssl_session_tickets off; ssl_session_cache off;
  server {{ listen 127.0.0.1:{port} ssl; location / {{ return 200 '{{"status":"healthy"}}'; }} }}
  server {{ listen 127.0.0.1:{status_port}; location / {{ stub_status; }} }}
}}
"""
CERTIFICATE = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
               "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]


class Nginx:
    """One worker on the server's cores, for the time of a `with`."""

    def __init__(self, cores, folder):
        self.cores = cores
        self.folder = Path(folder)
        self.program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        self.address = None
        # Both are known when it has ended.
        self.requests = None
        self.cpu_s = None

    def __enter__(self):
        if not self.program:
            raise Failed("nginx is not installed")
        port, self.status_port = free_port(), free_port()
        files = ["-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"]
        subprocess.run([*CERTIFICATE, *files], check=True, capture_output=True)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder, port=port,
                                                      status_port=self.status_port))
        self.process = subprocess.Popen(
            ["taskset", "-c", self.cores, self.program, "-c", configuration, "-p", self.folder],
            stderr=subprocess.DEVNULL, start_new_session=True)
        self.wait_until_it_answers()
        self.seen_before = self.seen()
        self.address = f"127.0.0.1:{port}"
        return self

    def wait_until_it_answers(self):
        for _ in range(100):
            try:
                return self.seen()
            except OSError:
                time.sleep(0.05)
        raise Failed("nginx does not answer:\n" + (self.folder / "error.log").read_text())

    def seen(self):
        """All requests so far, this one included."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}/", timeout=5) as answer:
            text = answer.read().decode()
        return int(re.search(r"^ (\d+) (\d+) (\d+)", text, re.MULTILINE).group(3))

    def __exit__(self, *_):
        # This request is one more.
        self.requests = self.seen() - self.seen_before - 1
        before = children_s()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)
        self.cpu_s = children_s() - before
