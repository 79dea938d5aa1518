"""Certificates for the tests: `ours` for droverd and its clients, `stranger` from another authority.

A stranger trusts our server, but our server has no reason to trust the stranger.
"""

import shutil
import subprocess

from harness.engine import REPOSITORY


def make(directory):
    for owner in ("ours", "stranger"):
        command = [REPOSITORY / "contrib/make-certs", directory / owner, "127.0.0.1", "localhost"]
        subprocess.run(command, check=True, capture_output=True)
    shutil.copy(directory / "ours/ca.pem", directory / "stranger/ca.pem")
    return directory
