"""Runs rows, inside the machine: `guest.py RESULTS NAME[=SPOIL]...`. A line of JSON for each row goes to the file RESULTS."""

import json
import sys
import time
import traceback
from pathlib import Path

# For `cni.py`, which the judges of both kinds of nodes share.
sys.path.append(str(Path(__file__).resolve().parent.parent))
import node  # noqa: E402
from row import Row, Wrong  # noqa: E402
from rows import ROWS  # noqa: E402
from spoil import SPOILS  # noqa: E402


def run_row(name, spoil):
    """One row from bare links to bare links: how many checks it made, and what was wrong."""
    started = time.monotonic()
    row = Row(name, SPOILS[spoil][1] if spoil else None)
    try:
        ROWS[name][0](row)
    except Wrong:
        pass
    except node.Broken as broken:
        row.wrong.append(str(broken))
    except Exception:  # a mistake of the judge itself fails the row that shows it
        row.wrong.append(traceback.format_exc())
    checks, wrong = row.checks, row.wrong
    try:
        row.end()
    except node.Broken as broken:
        # What stays would be in the way of the next row.
        wrong.append(str(broken))
    return {"row": name, "spoil": spoil, "spoilt": row.is_spoilt, "checks": checks, "wrong": wrong, "seconds": round(time.monotonic() - started, 1)}


def main():
    results, *wanted = sys.argv[1:]
    node.start_services()
    for word in wanted:
        name, _, spoil = word.partition("=")
        with open(results, "a", encoding="utf-8") as file:
            file.write(json.dumps(run_row(name, spoil)) + "\n")


if __name__ == "__main__":
    main()
