"""The configuration files of the embedded broker: its server.properties, and what it logs.

Every value that differs from Kafka's own default is for one node on one machine.
"""

from __future__ import annotations

from pathlib import Path

HOST = "127.0.0.1"
# The name of the file tells a broker of this data dir from every other process.
SERVER_PROPERTIES = "server.properties"
DATA = "data"
# The largest request that Kafka takes by default, in bytes.
_REQUEST_BYTES = 100 * 1024 * 1024


def write_server_properties(folder: Path, *, port: int, controller_port: int, largest_record: int) -> Path:
    """Write the broker's configuration and return its path; the broker must run in `folder`, and its data go to `data`.

    `largest_record` is in bytes: a request must hold it.
    """
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        # From the folder in which the broker runs: Kafka takes a comma in a path for the beginning of another one.
        "log.dirs": DATA,
        # One node: nothing can be replicated.
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # Kafka's 50 partitions of each bookkeeping would cost a small machine a second at every start.
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
        # With these three an idle broker uses 0.016 of a core instead of 0.029 (measurements.md, idle broker).
        "num.network.threads": 1,
        "num.io.threads": 2,
        "metadata.max.idle.interval.ms": 5000,
        # A mistyped topic name must be an error, not a new topic with the wrong limits.
        "auto.create.topics.enable": "false",
        "socket.request.max.bytes": max(_REQUEST_BYTES, 2 * largest_record),
    }
    config = folder / SERVER_PROPERTIES
    config.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return config


def write_log_config(folder: Path) -> Path:
    """Write what Kafka logs to its standard output (warnings and its own milestones) and return the file's path."""
    config = folder / "log4j2.properties"
    config.write_text(
        "rootLogger.level=warn\n"
        "rootLogger.appenderRef.out.ref=OUT\n"
        "logger.server.name=kafka.server.KafkaRaftServer\n"
        "logger.server.level=info\n"
        "appender.out.type=Console\n"
        "appender.out.name=OUT\n"
        "appender.out.layout.type=PatternLayout\n"
        "appender.out.layout.pattern=%d %p %m (%c)%n\n"
    )
    return config
