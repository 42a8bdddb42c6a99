"""What a suite says: a line for each test, and `N passed, N failed` at the end."""

import sys
import time
import traceback


WAIT_SECONDS_MAX = 20


class Skip(Exception):
    """What the test needs is not there; the text says what, and how to get it."""


class Failure(Exception):
    """What was seen is not what must be."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def wait_until(condition, text):
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        expect(time.monotonic() < deadline, text)
        time.sleep(0.01)


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def run(self, name, test, *arguments):
        """Runs one test. Returns whether it passed, so that others may build on it."""
        begun = time.monotonic()
        try:
            note = test(*arguments)
        except Skip as reason:
            self.skipped += 1
            print(f"SKIP {name}: {reason}", flush=True)
            return False
        except Failure as failure:
            self.failed += 1
            print(f"FAIL {name}: {failure}", flush=True)
            return False
        except Exception:
            self.failed += 1
            print(f"FAIL {name}: {traceback.format_exc()}", flush=True)
            return False
        self.passed += 1
        note = f" ({note})" if note else ""
        print(f"ok   {name}: {time.monotonic() - begun:.1f} s{note}", flush=True)
        return True

    def close(self):
        """Prints the closing line and exits."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{skipped}", flush=True)
        sys.exit(1 if self.failed else 0)
