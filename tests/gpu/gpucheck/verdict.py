"""Verdicts of steps, of the whole check, and the table that shows them."""

import dataclasses

PASSED, FAILED, INCOMPLETE, LEFT_OUT = "passed", "failed", "INCOMPLETE", "left out"

EXIT_CODES = {PASSED: 0, FAILED: 1, INCOMPLETE: 4}
EXIT_USAGE, EXIT_NO_GPU = 2, 3


@dataclasses.dataclass
class Outcome:
    verdict: str
    remark: str
    details: dict = dataclasses.field(default_factory=dict)


def worst(verdicts):
    """A failure outweighs what could not be found out; what was left out does not count."""
    counted = [verdict for verdict in verdicts if verdict != LEFT_OUT]
    for verdict in (FAILED, INCOMPLETE):
        if verdict in counted:
            return verdict
    return PASSED if counted else INCOMPLETE


def combined(outcomes, remark):
    """One outcome of several; the remarks of those that did not pass take the place of `remark`."""
    verdict = worst(outcome.verdict for outcome in outcomes)
    bad = [outcome.remark for outcome in outcomes if outcome.verdict == verdict != PASSED]
    return Outcome(verdict, "; ".join(bad) or remark)


def table(steps):
    rows = [("step", "verdict", "seconds", "remark")]
    rows += [(s["name"], s["verdict"], f"{s['seconds']:.1f}", s["remark"]) for s in steps]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join(
        f"{name:<{widths[0]}}  {verdict:<{widths[1]}}  {seconds:>{widths[2]}}  {remark}".rstrip()
        for name, verdict, seconds, remark in rows)
