"""What the READMEs name is there: files, folders, tests."""
import fnmatch
import os
import re

import pytest

from services import SOURCE

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#:\s]+)\)")
BARE = re.compile(r"(?:(?:consumer|tests|deploy)/[\w./*-]+|\btest_\w+\.(?:c|py))")  # without backticks
INDENTED = re.compile(r"^(?: {4,}|\t).*$", re.M)
PATH = re.compile(r"[\w.…*<>/-]+")
ENDINGS = (".c", ".h", ".py", ".md", ".cmake", ".avsc")  # others may be a program's output, or Kafka's
FOLDERS = ("consumer", "tests", "deploy", "schemas", "templates", "cmake")
TEST_NAME = re.compile(r"[a-z]\w*(?:_\w+){3,}")
MADE = ("build", ".git", "node_modules", "__pycache__", ".pytest_cache")


def tree():
    """Files and folders, as paths from the root of the sources."""
    found = set()
    for folder, folders, files in os.walk(SOURCE):
        folders[:] = [one for one in folders if one not in MADE]
        found.update(os.path.relpath(os.path.join(folder, one), SOURCE) for one in folders + files)
    return found


TREE = tree()
READMES = sorted(one for one in TREE if one.endswith(".md") and os.path.basename(one) != "CHANGELOG.md")


def sources():
    for one in TREE:
        if one.startswith(("consumer/", "tests/")) and one.endswith((".c", ".h", ".py")):
            yield (SOURCE / one).read_text(errors="replace")


def names(text):
    """The words between backticks, and what links lead to."""
    text = INDENTED.sub("", text)
    for span in CODE.findall(text):
        yield from (word.rstrip(".,:;") for word in span.split())
    yield from LINK.findall(text)
    yield from (word.rstrip(".") for word in BARE.findall(CODE.sub("", LINK.sub("", text))))


def is_path(word):
    return (PATH.fullmatch(word) is not None and not word.startswith(("/", "-", "<", "."))
            and (word.endswith(ENDINGS) or word.split("/")[0] in FOLDERS and "/" in word))


def is_there(word, folder):
    """From the root, from the README's folder, or below any folder."""
    pattern = re.sub(r"…|<[^>]*>", "*", word).rstrip("/")
    here = os.path.normpath(os.path.join(folder, pattern))
    return any(fnmatch.fnmatch(one, place) for place in (pattern, here, f"*/{pattern}") for one in TREE)


@pytest.mark.parametrize("readme", READMES)
def test_each_path_that_a_readme_names_is_there(readme):
    words = {word for word in names((SOURCE / readme).read_text()) if is_path(word) and not word.startswith("build/")}
    missing = sorted(word for word in words if not is_there(word, os.path.dirname(readme)))
    assert missing == [], f"{readme} names what is not there"


def test_each_test_that_a_readme_names_is_there():
    known = set(re.findall(r"\b[a-z]\w*(?:_\w+){3,}", "\n".join(sources())))
    missing = []
    for readme in READMES:
        for word in names((SOURCE / readme).read_text()):
            pattern = word.replace("…", "*")
            if TEST_NAME.fullmatch(word.replace("…", "")) and not fnmatch.filter(known, pattern):
                missing.append(f"{readme}: {word}")
    assert missing == []


def test_each_file_of_the_flat_folder_is_in_its_table():
    table = [word for word in names((SOURCE / "consumer/common/README.md").read_text()) if "." not in word and "/" not in word]
    stems = {os.path.basename(one).rsplit(".", 1)[0] for one in TREE
             if one.startswith("consumer/common/") and one.endswith((".c", ".h"))}
    assert sorted(one for one in stems if not any(fnmatch.fnmatch(one, row) for row in table)) == []
