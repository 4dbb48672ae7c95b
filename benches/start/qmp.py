"""Starts QEMU for each line of standard input, and prints how many seconds it took to greet over QMP.

As programs in Python do: QEMU makes a socket, and its path is tried until QEMU listens there.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time

from qemu.qmp import ConnectError, QMPClient


async def start(command, path):
    begin = time.monotonic()
    process = subprocess.Popen(command + ["-qmp", f"unix:{path},server=on,wait=off"])
    client = QMPClient()
    while True:
        try:
            await client.connect(path)
            break
        except ConnectError:
            await asyncio.sleep(0.01)
    seconds = time.monotonic() - begin
    process.kill()
    process.wait()
    try:
        await client.disconnect()
    except Exception:
        # The connection ended with QEMU.
        pass
    os.unlink(path)
    return seconds


with tempfile.TemporaryDirectory() as folder:
    for _ in sys.stdin:
        print(asyncio.run(start(sys.argv[1:], os.path.join(folder, "qmp"))), flush=True)
