"""The committed list of a suite: what becomes of each of its tests, and why.

One line a test: NAME STATE REASON. States:
  pass     it passes
  not-yet  it fails: what it wants is not there yet; the reason says what
  n/a      it is not run: what it wants is no part of S3 or cannot be asked of any other server
"""

STATES = ("pass", "not-yet", "n/a")


class Expected:
    def __init__(self, path):
        self.path = path
        self.states = {}
        self.reasons = {}
        self.head = (f"# NAME STATE REASON of every test of {path.stem}; see expected.py. "
                     "Written by run.py --update.")
        if not path.exists():
            return
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if line.startswith("#") or not line.strip():
                continue
            name, state, *reason = line.split(None, 2)
            if state not in STATES or (state != "pass" and not reason):
                raise SystemExit(f"{path}:{number}: NAME, {', '.join(STATES)}, and why unless pass")
            self.states[name] = state
            self.reasons[name] = reason[0] if reason else ""

    def state(self, name):
        return self.states.get(name, "pass")

    def set(self, name, state, reason=""):
        """Keeps the reason that somebody wrote before, as long as the state is the same."""
        if self.states.get(name) == state and self.reasons.get(name):
            reason = self.reasons[name]
        self.states[name] = state
        self.reasons[name] = "" if state == "pass" else reason

    def forget_all_but(self, names):
        for name in set(self.states) - set(names):
            del self.states[name], self.reasons[name]

    def save(self):
        width = max(map(len, self.states), default=0)
        lines = [f"{name:<{width}} {state:<7} {self.reasons[name]}".rstrip()
                 for name, state in sorted(self.states.items())]
        self.path.write_text("\n".join([self.head, *lines]) + "\n")
