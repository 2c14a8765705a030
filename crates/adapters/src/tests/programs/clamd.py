"""clamd on a free port, and on the socket `clamd` in a directory. Says the port; ends when its input ends.

clamd.py CLAMD DIRECTORY: CLAMD is the program. It knows the test file of EICAR, and a pattern that may stand in any
file; signatures of others would have to be downloaded, and take a minute to load.
"""

import os
import signal
import socket
import sys
import time

PATTERN = b"SKILLBUDDY-TEST-VIRUS"

CONFIGURATION = """Foreground yes
DatabaseDirectory {directory}/signatures
LocalSocket {directory}/clamd
TCPAddr 127.0.0.1
TCPSocket {port}
StreamMaxLength 11M
"""


def write(directory, name, text):
    with open(os.path.join(directory, name), "w") as file:
        file.write(text)


def configure(directory, port):
    write(directory, "clamd.conf", CONFIGURATION.format(directory=directory, port=port))
    signatures = os.path.join(directory, "signatures")
    os.mkdir(signatures)
    write(signatures, "file.hdb", "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test\n")
    write(signatures, "pattern.ndb", f"Pattern-Test:0:*:{PATTERN.hex()}\n")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def watch(clamd, port):
    """Beside clamd: says the port once it is open, and ends clamd when nobody needs it any more."""
    while os.getppid() == clamd:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
    else:
        return
    print(port, flush=True)
    sys.stdin.read()
    if os.getppid() == clamd:
        os.kill(clamd, signal.SIGKILL)


def main(program, directory):
    port = free_port()
    configure(directory, port)
    clamd = os.getpid()
    if os.fork() == 0:
        watch(clamd, port)
    else:
        # What it says is a log; only the port is for the test.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        os.execv(program, [program, "--config-file", os.path.join(directory, "clamd.conf")])


main(*sys.argv[1:])
