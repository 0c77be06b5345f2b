"""What libraries print about a JVM that ended goes to the log; gistream's own warnings stay where a user sees them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import logging, socket, sys
from pathlib import Path
from pyspark.accumulators import AccumulatorTCPServer, UpdateRequestHandler
from streaming.spark.jvm.library_logs import library_logs

with library_logs(Path(sys.argv[1])):
    logging.exception("Exception while sending command.")
    logging.getLogger("py4j.clientserver").error("There was an exception")
    logging.getLogger("streaming.kafka.group_offsets").warning("lag tools see old offsets")
    server = AccumulatorTCPServer(("127.0.0.1", 0), UpdateRequestHandler, "token")
    # A JVM that ends within a message.
    client = socket.create_connection(server.server_address)
    client.sendall(b"token")
    client.close()
    server.handle_request()
    server.server_close()
"""


def test_only_gistreams_own_warnings_reach_standard_error(tmp_path: Path) -> None:
    log = tmp_path / "spark.log"
    ended = subprocess.run([sys.executable, "-c", CODE, log], capture_output=True, text=True, check=True)
    assert ended.stderr == "lag tools see old offsets\n"
    assert "Exception while sending command." in log.read_text()
    assert "There was an exception" in log.read_text()
    assert "EOFError" in log.read_text()
