#!/usr/bin/env python3
"""Counts single tests; prints "PASSED FAILED".

count.py unit FOLDER       of ctest: FOLDER/ctest.xml, and a JSON file of each GoogleTest program
count.py suite LOG CODE    of a suite that says `N passed, N failed` and exited with CODE

A test that was skipped counts as failed where CI is set: what CI does not run is not proved.
"""

import json
import os
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

SKIPPED_IS_FAILED = bool(os.environ.get("CI"))
CLOSING_LINE = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")


def cases_of(program):
    """Passed, failed and skipped cases of one GoogleTest program, from what it wrote."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for suite in json.loads(program.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            if case["status"] != "RUN":
                continue
            if "failures" in case:
                counts["failed"] += 1
            elif case["result"] == "SKIPPED":
                counts["skipped"] += 1
                print(f"skipped: {suite['name']}.{case['name']}", file=sys.stderr)
            else:
                counts["passed"] += 1
    return counts["passed"], counts["failed"], counts["skipped"]


def count_unit(folder):
    passed = failed = skipped = 0
    for test in xml.parse(folder / "ctest.xml").getroot().iter("testcase"):
        good = test.get("status") == "run"
        program = folder / f"{test.get('name')}_test.json"
        cases = cases_of(program) if program.exists() else (int(good), 0, 0)
        if not good and cases[1] == 0:
            cases = (cases[0], 1, cases[2])  # It died without a word, or took too long.
        passed, failed, skipped = passed + cases[0], failed + cases[1], skipped + cases[2]
    return passed, failed, skipped


def count_suite(log, code):
    found = None
    for line in log.read_text(errors="replace").splitlines():
        found = CLOSING_LINE.fullmatch(line.strip()) or found
    if found is None:
        return 0, 1, 0
    passed, failed, skipped = (int(number or 0) for number in found.groups())
    if code != 0 and failed == 0:
        failed = 1
    if passed + failed == 0:
        failed = 1  # A suite that ran nothing proved nothing.
    return passed, failed, skipped


def main():
    if sys.argv[1] == "unit":
        passed, failed, skipped = count_unit(pathlib.Path(sys.argv[2]))
    else:
        passed, failed, skipped = count_suite(pathlib.Path(sys.argv[2]), int(sys.argv[3]))
    if SKIPPED_IS_FAILED:
        failed += skipped
    print(passed, failed)


if __name__ == "__main__":
    main()
