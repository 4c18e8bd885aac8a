"""Adds up the JUnit files of ctest, pytest and valgrind: summary.py FOLDER FAILED_STEPS.

Prints "N passed, N failed" alone on a line; exits 0 only when something ran and nothing failed.
"""
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def count(folder):
    passed = failed = skipped = 0
    for path in sorted(Path(folder).glob("*.xml")):
        for case in xml.parse(path).iter("testcase"):
            # ctest writes a test whose program is missing as "notrun" and skipped: that is a failure.
            if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "notrun":
                failed += 1
                print(f"failed: {case.get('classname')} {case.get('name')}")
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                passed += 1
    return passed, failed, skipped


def main():
    folder, failed_steps = sys.argv[1], int(sys.argv[2])
    passed, failed, skipped = count(folder)
    if failed_steps and not failed:  # a runner ended before it could write which test failed
        failed = failed_steps
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
