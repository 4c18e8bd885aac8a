"""A Redis Cluster of private servers on loopback: three masters, the first of which has a replica."""
import re
import subprocess
import time

import redis

from process import free_port, wait_until
from services import Redis

PATIENCE_MS = 60000  # a node that the machine has no time for is not dead
IMPATIENCE_MS = 3000  # when a master is to be replaced
MANUAL_FAILOVER_S = 5.5  # a replica gives up after 5


class Cluster:
    """durable=False: nothing on disk, and no replica. tls: certificate and key of all nodes, which then speak nothing else."""

    def __init__(self, folder, durable=True, tls=None):
        self.nodes = [Redis(folder / f"n{number}", aof=durable, options=[
            "--cluster-enabled", "yes", "--cluster-port", free_port(), "--cluster-node-timeout", PATIENCE_MS,
            "--repl-diskless-sync-delay", "0"]) for number in range(4 if durable else 3)]
        self.tls = tls
        for node in self.nodes if tls else ():
            node.process.args += ["--port", "0", "--tls-port", str(node.port), "--tls-cluster", "yes", "--tls-replication", "yes",
                                  "--tls-auth-clients", "no", "--tls-cert-file", tls[0], "--tls-key-file", tls[1],
                                  "--tls-ca-cert-file", tls[0]]
            node.client = redis.Redis(port=node.port, socket_timeout=20, ssl=True, ssl_ca_certs=str(tls[0]))
        self.masters, self.replica = self.nodes[:3], self.nodes[3] if durable else None

    def start(self):
        for node in self.nodes:
            node.start()
        places = [f"127.0.0.1:{node.port}" for node in self.masters]
        self.cli("create", *places, "--cluster-yes")
        if self.replica:
            self.cli("add-node", f"127.0.0.1:{self.replica.port}", places[0], "--cluster-slave", "--cluster-master-id",
                     self.id(self.masters[0]))
            wait_until(lambda: self.replica.client.info("replication").get("master_link_status") == "up", 60, "a replica")
        wait_until(lambda: all("cluster_state:ok" in str(node.client.execute_command("CLUSTER", "INFO")) for node in self.nodes),
                   60, "a cluster")
        return self

    def cli(self, *args):
        secure = ["--tls", "--cacert", self.tls[0]] if self.tls else []
        done = subprocess.run(["redis-cli", *secure, "--cluster", *map(str, args)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    @staticmethod
    def id(node):
        return node.client.execute_command("CLUSTER", "MYID").decode()

    @property
    def url(self):
        return " ".join(f"{'rediss' if self.tls else 'redis'}://127.0.0.1:{node.port}" for node in self.masters[:2])

    def reshard(self, count):
        """Slots with what is in them, from the second master to the third."""
        self.cli("reshard", f"127.0.0.1:{self.masters[1].port}", "--cluster-from", self.id(self.masters[1]),
                 "--cluster-to", self.id(self.masters[2]), "--cluster-slots", count, "--cluster-pipeline", "1", "--cluster-yes")

    def hand_over(self, meanwhile=lambda: None):
        """The first master and its replica change places, without a loss; meanwhile() is called until they have."""
        old, new = self._pair()
        asked_at = None

        def has_handed_over():
            nonlocal asked_at
            meanwhile()
            try:
                if new.client.info("replication")["role"] == "master":
                    return old.client.info("replication").get("master_link_status") == "up"
                if self._is_known_to_all(new, old) and (asked_at is None or time.monotonic() - asked_at > MANUAL_FAILOVER_S):
                    asked_at = time.monotonic()
                    new.client.execute_command("CLUSTER", "FAILOVER")
            except redis.RedisError:  # it is one already, or a node has no time for us: asked again
                pass
            return False

        wait_until(has_handed_over, 60, "they have changed places")
        self.masters[0], self.replica = new, old

    def _is_known_to_all(self, replica, master):
        """A master ignores the request of a replica that it does not know as its own yet; others would not vote for it."""
        ids = self.id(replica), self.id(master)
        return all(any(line.split()[0] == ids[0] and line.split()[3] == ids[1] and "slave" in line
                       for line in node.client.execute_command("CLUSTER", "NODES").decode().splitlines())
                   for node in self.nodes)

    def _pair(self):
        """The first master and its replica, as they are now."""
        def ask():
            try:
                for self.masters[0], self.replica in ((self.masters[0], self.replica), (self.replica, self.masters[0])):
                    if [node.client.info("replication")["role"] for node in (self.masters[0], self.replica)] == ["master", "slave"]:
                        return self.masters[0], self.replica
            except redis.RedisError:
                pass
            return None

        return wait_until(ask, 60, "a master and a replica")

    def lose_first_master(self):
        """Killed, when its replica has all that it acknowledged until now; replaced when may_take_over() was called."""
        master, replica = self._pair()

        def is_copied():
            info = master.client.info("replication")
            copies = [info[name] for name in info if re.fullmatch(r"slave\d+", name) and info[name]["port"] == replica.port]
            return [copy["offset"] for copy in copies] == [info["master_repl_offset"]] and self._is_known_to_all(replica, master)

        wait_until(is_copied, 60, "the replica has all")
        replica.client.config_set("cluster-replica-no-failover", "yes")
        for node in self.nodes:
            node.client.config_set("cluster-node-timeout", IMPATIENCE_MS)
        master.kill()

    def may_take_over(self):
        self.replica.client.config_set("cluster-replica-no-failover", "no")

    def is_taken_over(self):
        try:
            return self.replica.client.info("replication")["role"] == "master"
        except redis.RedisError:
            return False

    def close(self):
        for node in self.nodes:
            node.close()
