"""A real Apache Kafka as it is secured in the world: TLS, logins of four kinds, and rights that nobody has by default.

One broker with a listener for each way to connect. Item: the options of a client, by who connects how.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket
from typing import Any

from certificates import Authority
from identity_provider import AUDIENCE, IdentityProvider, identity_provider
from kafka import KafkaAdminClient, KafkaProducer

from streaming.kafka.broker import new_cluster_id
from streaming.kafka.broker_config import write_log_config
from streaming.machine.java import KAFKA, find_java, resolve_jars
from streaming.machine.java_paths import class_path, java_environment

HOST = "127.0.0.1"
# Words that nothing but these secrets has, so that a search of logs finds them.
PASSWORDS = {
    name: f"{name}-pass-Zq7wX"
    for name in (
        *("admin", "producer", "watcher", "query", "consumer", "replayer", "redriver", "eraser", "administrator"),
        "nobody",
    )
}
CLIENT_SECRET, KEY_PASSWORD = "client-secret-Zq7wX", "key-pass-Zq7wX"
SECRETS = (*PASSWORDS.values(), CLIENT_SECRET, KEY_PASSWORD)
# The listeners: one for logins, one for client certificates, and two whose server is not who it should be.
_LISTENERS = ("LOGIN", "MTLS", "EXPIRED", "OTHERNAME", "INTERNAL", "CONTROLLER")
_LOGIN_MODULE = "org.apache.kafka.common.security"
_START_SECONDS = 60


@dataclass(frozen=True)
class SecureBroker:
    """A running broker: its ports by listener, its certificates, its identity provider, and its log."""

    folder: Path
    ports: Mapping[str, int]
    authority: Authority
    other_authority: Authority
    provider: IdentityProvider

    def servers(self, listener: str = "LOGIN", host: str = HOST) -> str:
        """Return the address of a listener."""
        return f"{host}:{self.ports[listener]}"

    @property
    def tls(self) -> dict[str, str]:
        """Options of a client that knows the authority."""
        return {
            "security.protocol": "SSL",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.file),
        }

    def login(self, user: str, mechanism: str = "SCRAM-SHA-512", password: str | None = None) -> dict[str, str]:
        """Return the options of a user with a password."""
        module = f"{_LOGIN_MODULE}." + ("plain.Plain" if mechanism == "PLAIN" else "scram.Scram") + "LoginModule"
        secret = PASSWORDS.get(user, "") if password is None else password
        return {
            **self.tls,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": mechanism,
            "sasl.jaas.config": f'{module} required username="{user}" password="{secret}";',
        }

    def token(self, client: str = "robot", secret: str = CLIENT_SECRET, url: str | None = None) -> dict[str, str]:
        """Return the options of a client with a token of the identity provider."""
        return {
            **self.tls,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.token.endpoint.url": url or self.provider.token_url,
            "sasl.jaas.config": f"{_LOGIN_MODULE}.oauthbearer.OAuthBearerLoginModule required "
            f'clientId="{client}" clientSecret="{secret}" scope="kafka";',
        }

    def certificate(self, file: Path, password: str = "") -> dict[str, str]:
        """Return the options of a client with a certificate."""
        return {
            **self.tls,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(file),
            **({"ssl.key.password": password} if password else {}),
        }

    def admin(self) -> KafkaAdminClient:
        """Return a client of the super user."""
        return KafkaAdminClient(**self._as_admin())

    def send(self, topic: str, key: bytes, value: bytes, **more: Any) -> Any:
        """Send a record as the super user; returns what Kafka says of it."""
        producer = KafkaProducer(**self._as_admin())
        sent = producer.send(topic, key=key, value=value, **more).get(timeout=30)
        producer.close()
        return sent

    def _as_admin(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.servers(),
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(self.authority.file),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": "admin",
            "sasl_plain_password": PASSWORDS["admin"],
        }


@contextmanager
def secure_broker(folder: Path) -> Iterator[SecureBroker]:
    """Run the broker for as long as the context lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        provider = stack.enter_context(identity_provider(folder, {"robot": CLIENT_SECRET}))
        authority, other = Authority(folder, "authority"), Authority(folder, "other-authority")
        broker = SecureBroker(folder, _free_ports(), authority, other, provider)
        config = _write_properties(broker)
        jvm = [
            str(find_java()), "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
            f"-Dlog4j2.configurationFile={write_log_config(folder).as_uri()}",
            f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={provider.jwks_url}",
            "-cp", class_path(resolve_jars(KAFKA)),
        ]  # fmt: skip
        log = stack.enter_context((folder / "kafka.log").open("ab"))
        scram = [
            part
            for name, password in PASSWORDS.items()
            for part in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
        ]
        subprocess.run(
            [*jvm, "kafka.tools.StorageTool", "format", "--cluster-id", new_cluster_id(), "--config", config, *scram],
            stdout=log, stderr=log, cwd=folder, env=java_environment(), check=True,
        )  # fmt: skip
        process = subprocess.Popen(
            [*jvm, "kafka.Kafka", str(config)], stdout=log, stderr=log, cwd=folder, env=java_environment(),
            start_new_session=True,
        )  # fmt: skip
        try:
            _wait_until_up(process, broker)
            yield broker
        finally:
            process.terminate()
            process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], broker: SecureBroker) -> None:
    for _ in range(_START_SECONDS * 10):
        try:
            create_connection((HOST, broker.ports["LOGIN"]), timeout=1).close()
        except OSError:
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        # It listens a moment before it serves.
        broker.admin().close()
        return
    raise AssertionError((broker.folder / "kafka.log").read_text()[-3000:])


def _free_ports() -> dict[str, int]:
    sockets = [socket() for _ in _LISTENERS]
    for one in sockets:
        one.bind((HOST, 0))
    ports = {name: one.getsockname()[1] for name, one in zip(_LISTENERS, sockets, strict=True)}
    for one in sockets:
        one.close()
    return ports


def _write_properties(broker: SecureBroker) -> Path:
    here = "DNS:localhost,IP:127.0.0.1"
    stores = {
        "login": broker.authority.sign("server", hosts=here),
        "expired": broker.authority.sign("expired", hosts=here, days=-1),
        "othername": broker.authority.sign("othername", hosts="DNS:kafka.example"),
    }
    stores["mtls"] = stores["login"]
    plain = " ".join(f'user_{name}="{password}"' for name, password in PASSWORDS.items())
    oauth = f"{_LOGIN_MODULE}.oauthbearer.OAuthBearer"
    protocols = {"LOGIN": "SASL_SSL", "INTERNAL": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
    addresses = {name: f"{name}://{HOST}:{port}" for name, port in broker.ports.items()}
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{broker.ports['CONTROLLER']}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "INTERNAL",
        "listeners": ",".join(addresses.values()),
        "advertised.listeners": ",".join(text for name, text in addresses.items() if name != "CONTROLLER"),
        "listener.security.protocol.map": ",".join(f"{name}:{protocols.get(name, 'SSL')}" for name in addresses),
        "log.dirs": "data",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        "num.network.threads": 1,
        "auto.create.topics.enable": "false",
        # Nobody may do anything that is not granted; ANONYMOUS is the broker itself, on its two plain listeners.
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": "User:admin;User:ANONYMOUS",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": broker.authority.file,
        "ssl.keystore.type": "PEM",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]*).*$/$1/,DEFAULT",
        **{f"listener.name.{name}.ssl.keystore.type": "PEM" for name in stores},
        **{f"listener.name.{name}.ssl.keystore.location": store for name, store in stores.items()},
        "listener.name.mtls.ssl.client.auth": "required",
        "listener.name.login.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512,OAUTHBEARER",
        "listener.name.login.plain.sasl.jaas.config": f"{_LOGIN_MODULE}.plain.PlainLoginModule required {plain};",
        "listener.name.login.scram-sha-512.sasl.jaas.config": f"{_LOGIN_MODULE}.scram.ScramLoginModule required;",
        "listener.name.login.oauthbearer.sasl.jaas.config": f"{oauth}LoginModule required;",
        "listener.name.login.oauthbearer.sasl.server.callback.handler.class": f"{oauth}ValidatorCallbackHandler",
        "sasl.oauthbearer.jwks.endpoint.url": broker.provider.jwks_url,
        "sasl.oauthbearer.expected.audience": AUDIENCE,
    }
    config = broker.folder / "server.properties"
    config.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return config
