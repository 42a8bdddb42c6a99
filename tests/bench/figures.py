"""The figures to reach: what was measured beside each target, and the table of all of them."""

import json


class Figures:
    """Rows of {figure, target, measured, ratio, ok}. A ratio of 1 or more is a target reached."""

    def __init__(self):
        self.rows = []

    def at_least(self, name, target, measured, note=""):
        self.add(name, f">= {shown(target)}", measured, measured / target if target else 0, note)

    def at_most(self, name, target, measured, note=""):
        self.add(name, f"<= {shown(target)}", measured, target / measured if measured else 0, note)

    def add(self, name, target, measured, ratio, note):
        self.rows.append({"figure": name, "target": target, "measured": measured,
                          "ratio": ratio, "ok": ratio >= 1, "note": note})

    def missing(self, name, reason):
        self.rows.append({"figure": name, "target": "", "measured": None, "ratio": None,
                          "ok": False, "note": reason})

    def table(self):
        lines = [f"{'figure':<44}{'target':>12}{'measured':>12}{'ratio':>8}"]
        for row in self.rows:
            measured = "-" if row["measured"] is None else shown(row["measured"])
            ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f}"
            state = "ok" if row["ok"] else "short" if row["ratio"] is not None else "missing"
            lines.append(f"{row['figure']:<44}{row['target']:>12}{measured:>12}{ratio:>8}  "
                         f"{state:<8}{row['note']}".rstrip())
        return "\n".join(lines)

    def write(self, path):
        path.write_text(json.dumps(self.rows, indent=2) + "\n")

    @property
    def reached(self):
        return sum(row["ok"] for row in self.rows)


def shown(number):
    if number >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}"


class GoogleBenchmark:
    """What a program of the parts left as JSON."""

    def __init__(self, path):
        self.runs = json.loads(path.read_text())["benchmarks"] if path.exists() else []

    def find(self, part):
        """The first benchmark with `part` in its name, or None."""
        return next((run for run in self.runs if part in run["name"]), None)


def engine(figures, parts):
    """The engine beside its chain, both measured by vault_bench."""
    for name, part, target in (
            ("engine: new data, incompressible, of chain", "write_new_incompressible", 0.65),
            ("engine: new data, compressible, of chain", "write_new_compressible", 0.75),
            ("engine: known data, of chain", "write_known", 0.70),
            ("engine: read, incompressible, of chain", "read_incompressible", 0.60),
            ("engine: read, compressible, of chain", "read_compressible", 0.60)):
        run = parts.find(part)
        if run is None:
            figures.missing(name, "vault_bench did not run")
        else:
            figures.at_least(name, target, run["of_chain"], f"{run['cpu_s_per_GB']:.2f} CPU s/GB")


def large_objects(figures, parts, unsigned, signed):
    """What S3 adds to the engine: both by processor seconds a gigabyte of the whole process."""
    write, read = parts.find("write_new_incompressible"), parts.find("read_incompressible")
    if write is None or read is None:
        figures.missing("S3: 64 MiB objects, of the engine", "vault_bench did not run")
        return
    for name, load, hashes in (("S3: PUT 64 MiB unsigned, of engine + MD5", unsigned, ("md5",)),
                               ("S3: PUT 64 MiB signed, of engine + MD5 + SHA", signed,
                                ("md5", "sha256"))):
        cost = load.run("put")["server"]["cpu_s_per_gb"]
        sum_of_parts = write["cpu_s_per_GB"] + sum(load.limit(f"{hash}_cpu_s_per_gb") for hash in hashes)
        figures.at_most(name, 1.15, cost / sum_of_parts, f"{cost:.2f} / {sum_of_parts:.2f} CPU s/GB")
    cost = unsigned.run("get")["server"]["cpu_s_per_gb"]
    figures.at_most("S3: GET 64 MiB, of the engine's read", 1.6, cost / read["cpu_s_per_GB"],
                    f"{cost:.2f} / {read['cpu_s_per_GB']:.2f} CPU s/GB")


def small_objects(figures, net, put_1k, put_4k, get_1k):
    syncs = put_1k.limit("fdatasync_per_s")
    figures.at_least("S3: PUT 1 KiB durable, 64 connections, /s", min(6000, 10 * syncs),
                     put_1k.run("put")["requests_per_s"], f"{syncs:.0f} fdatasync/s")
    figures.at_most("S3: PUT 4 KiB, CPU s per 1,000", 0.25, put_4k.run("put")["server"]["cpu_s_per_1000"])
    bare = net.find("get_1_kib_from_bare_beast")
    if bare is None:
        figures.missing("S3: GET and STAT, of bare Beast", "net_bench did not run")
        return
    for name, operation, target in (("S3: GET 1 KiB, of bare Beast", "get", 0.5),
                                    ("S3: STAT, of bare Beast", "stat", 0.6)):
        cost = get_1k.run(operation)["server"]["cpu_s_per_1000"]
        bare_cost = 1000 / bare["items_per_second"]  # Of its thread's processor time.
        figures.at_least(name, target, bare_cost / cost,
                         f"{cost * 1000:.0f} us CPU a request, Beast {bare_cost * 1000:.1f}")


def peaks(figures, listing, streams):
    figures.at_most("S3: LIST, CPU s per 1,000 keys", 0.02,
                    listing.run("list")["server"]["cpu_s_per_1000_keys"])
    peak = max(run["server"]["peak_rss_bytes"] for run in streams.runs)
    figures.at_most("RSS peak, 64 streams, MiB", 512, peak / 2**20)


def backups(figures, ours, theirs):
    figures.at_most("tree: bytes stored, of restic's", 1.1, ours.stored / theirs.stored,
                    f"{ours.stored / 1e6:.0f} / {theirs.stored / 1e6:.0f} MB, {theirs.name}")
    figures.at_most("tree: CPU, of restic's", 1.0, ours.cpu_seconds / theirs.cpu_seconds,
                    f"{ours.cpu_seconds:.1f} / {theirs.cpu_seconds:.1f} s")
