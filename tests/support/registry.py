"""A schema registry for tests: Apicurio Registry, by the API that Confluent's clients use; and a server in front of it that
counts the questions and fails as it is told."""
import http.client
import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from process import Process, free_port, wait_until

API = "/apis/ccompat/v7"
JSON = "application/vnd.schemaregistry.v1+json"


class Registry:
    """In memory, on a port of its own."""

    def __init__(self, folder, jars):
        runner = next(iter((jars / "registry").glob("*-runner.jar")), None)
        assert runner is not None, f"no registry in {jars}: tests/run.sh fetches it"
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{API}"
        self.client = SchemaRegistryClient({"url": self.url, "timeout": 60})
        self.process = Process("registry", [
            "java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dquarkus.http.host=127.0.0.1",
            f"-Dquarkus.http.port={self.port}", "-Dquarkus.log.level=WARN", "-jar", runner], folder / "registry.log", cwd=folder)

    def start(self):
        self.process.start()
        wait_until(self._answers, 90, lambda: f"the registry answers\n{self.process.output()[-4000:]}", interval=0.1)
        return self

    def _answers(self):
        self.process.require_alive()
        try:
            with urllib.request.urlopen(self.url + "/subjects", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def register(self, subject, schema):
        """Its id. schema: a dict, or text."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        return self.client.register_schema(subject, Schema(text, "AVRO"))

    def set_compatibility(self, subject, level):
        self.client.set_compatibility(subject, level)

    def close(self):
        self.process.close()


class Front:
    """In front of a registry. mode: None passes on; "hang" answers nothing; a function (method, path) gives (status, content
    type, body), None to pass on, or "drop": no answer."""

    def __init__(self, port):
        self.target = port
        self.mode = None
        self.asked = []  # (method, path, Authorization)
        self.released = threading.Event()
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                front.serve(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}{API}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def secure(self, context):
        """From now on over TLS."""
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")
        return self

    def serve(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        self.asked.append((request.command, request.path, request.headers.get("Authorization")))
        released = self.released  # before the mode is looked at: recover() sets the one that was there before it
        if self.mode == "hang":
            released.wait()
            request.close_connection = True
            return
        answer = self.mode(request.command, request.path) if self.mode else None
        if answer == "drop":
            request.close_connection = True
            return
        status, kind, text = answer or self._pass(request, body)
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(text)))
        if status == 302:
            request.send_header("Location", f"http://127.0.0.1:{self.target}{request.path}")
        request.end_headers()
        request.wfile.write(text)

    def _pass(self, request, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
        try:
            connection.request(request.command, request.path, body, {"Content-Type": JSON, "Accept": JSON})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", JSON), answer.read()
        finally:
            connection.close()

    def recover(self):
        """Whoever hangs is let go, and it works again."""
        self.mode = None
        self.released.set()
        self.released = threading.Event()

    def ids(self):
        """Ids that were asked for, in their order."""
        return [int(path.rsplit("/", 1)[1]) for _, path, _ in self.asked if "/schemas/ids/" in path]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
