"""Servers that live as long as a `with`, in a folder that goes with them."""
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def started(make, prefix="la-kafka-"):
    """make(folder) gives a server, which is started here, and closed in the end."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    server = make(path)
    try:
        yield server.start()
    finally:
        server.close()
        shutil.rmtree(path, ignore_errors=True)
