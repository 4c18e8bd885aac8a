"""Runs the unit tests of a build without sanitizers under valgrind: valgrind.py BUILD JUNIT_FILE.

Any error and any lost block fails a test.
"""
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor

VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite,possible",
            "--errors-for-leak-kinds=definite,possible", "--track-origins=no", "--"]
LIMIT_S = 900


def unit_tests(build):
    answer = subprocess.run(["ctest", "--test-dir", build, "-L", "unit", "--show-only=json-v1"], check=True,
                            capture_output=True, text=True)
    for test in json.loads(answer.stdout)["tests"]:
        folder = next((p["value"] for p in test.get("properties", []) if p["name"] == "WORKING_DIRECTORY"), None)
        yield test["name"], test["command"], folder


def run(test):
    name, command, folder = test
    try:
        done = subprocess.run([*VALGRIND, *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT_S, env={**os.environ, "LA_UNDER_VALGRIND": "1"})
        return name, done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return name, f"no end within {LIMIT_S} s", (late.stdout or b"").decode(errors="replace")


def main():
    build, junit = sys.argv[1:]
    suite = xml.Element("testsuite", name="valgrind")
    good = True
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, code, output in pool.map(run, unit_tests(build)):
            case = xml.SubElement(suite, "testcase", classname="valgrind", name=name)
            if code != 0:
                good = False
                xml.SubElement(case, "failure", message=f"exit {code}")
                print(output[-6000:])
            print(f"valgrind {name}: {'ok' if code == 0 else f'FAILED ({code})'}", flush=True)
    xml.ElementTree(suite).write(junit)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
