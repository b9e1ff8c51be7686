"""Adds up the JUnit files of ctest and prints `N passed, N failed, N skipped`.

Fails where a test failed or could not run, or nothing passed; a missing file counts as a failure.
"""

import sys
import xml.etree.ElementTree


def outcome(case):
    status = case.get("status")
    if status == "run":
        return "passed"
    # ctest marks tests whose program is missing as not run, too.
    skipped = case.find("skipped")
    if status == "disabled" or (skipped is not None and skipped.get("message").startswith("SKIP_")):
        return "skipped"
    return "failed"


def main(paths):
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for path in paths:
        try:
            root = xml.etree.ElementTree.parse(path).getroot()
        except (OSError, xml.etree.ElementTree.ParseError) as error:
            print(f"no test results: {error}", file=sys.stderr)
            count["failed"] += 1
            continue
        for case in root.iter("testcase"):
            count[outcome(case)] += 1
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return count["failed"] == 0 and count["passed"] > 0


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
