"""A TCP proxy in front of a server: it delays what passes, cuts connections, or takes none."""
import select
import socket
import threading
import time


class Proxy:
    """Listens on `port`. `delay`: seconds that each piece waits, in both directions; `refuses`: new connections are cut
    at once."""

    def __init__(self, target_port, port=0):
        self.target_port = target_port
        self.delay = 0
        self.refuses = False
        self.connections = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client):
        server = None
        try:
            while True:
                port = self.target_port
                server = socket.create_connection(("127.0.0.1", port), 60)
                server.settimeout(None)  # a server that hangs does so for ever
                with self.lock:
                    self.connections |= {client, server}
                if self.target_port == port and (self._talk(client, server) or self.target_port == port):
                    return
                self._drop(server)  # the next one takes its place, and the client does not see it
        except OSError:
            pass
        finally:
            self._drop(client)
            self._drop(server)

    def _talk(self, client, server):
        """Until one of them ends; was it the client?"""
        while True:
            for source in select.select([client, server], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return source is client
                time.sleep(self.delay)
                (server if source is client else client).sendall(data)

    def _drop(self, connection):
        if connection is not None:
            with self.lock:
                self.connections.discard(connection)
            connection.close()

    def _servers(self, port):
        found = []
        with self.lock:
            for one in self.connections:
                try:
                    found += [one] if one.getpeername()[1] == port else []
                except OSError:
                    pass  # it has ended just now
        return found

    def count(self, port):
        """So many lead to that server."""
        return len(self._servers(port))

    def switch(self, target_port):
        """Leads to another server from now on, and clients that are connected and silent notice nothing."""
        before, self.target_port = self.target_port, target_port
        self._end(self._servers(before))

    def cut(self):
        """Ends all connections, in the middle of whatever they say; gives how many there were."""
        with self.lock:
            cut = list(self.connections)
        self._end(cut)
        return len(cut) // 2

    @staticmethod
    def _end(connections):
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        self.cut()
