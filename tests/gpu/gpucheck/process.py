"""Runs programs under a time limit, with their output in the log, and reads what gtest found."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from .verdict import FAILED, INCOMPLETE, PASSED, Outcome

POLL_SECONDS = 0.01


@dataclasses.dataclass
class Result:
    code: int  # as of subprocess: negative for a signal
    output: str
    seconds: float
    timed_out: bool
    peak_bytes: int  # of memory on the host

    @property
    def last_line(self):
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1].strip() if lines else "no output"

    @property
    def end(self):
        if self.code < 0:
            return f"ended by {signal.Signals(-self.code).name}"
        return f"exit code {self.code}"


def wait(process, deadline):
    """Returns (exit code or None after the deadline, resource usage)."""
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > deadline:
            return None, None
        time.sleep(POLL_SECONDS)


def kill_group(process):
    """Ends the process and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if process.returncode is None:
        process.wait()


def run(command, limit, log, **environment):
    """Runs the command for at most `limit` seconds. A program that cannot be started has code 127,
    as in a shell."""
    command = [str(part) for part in command]
    variables = {name: str(value) for name, value in environment.items()}
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        code, usage = 127, None
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=os.environ | variables, start_new_session=True)
        except OSError as error:
            output.write(f"{command[0]}: {error.strerror}\n".encode())
        else:
            try:
                code, usage = wait(process, started + limit)
            finally:
                kill_group(process)
        output.seek(0)
        text = output.read().decode(errors="replace")
    timed_out = code is None
    result = Result(-signal.SIGKILL if timed_out else code, text, time.monotonic() - started,
                    timed_out, usage.ru_maxrss * 1024 if usage else 0)
    prefix = "".join(f"{name}={value} " for name, value in variables.items())
    end = f"stopped after {limit:.0f} s" if timed_out else result.end
    log(f"$ {prefix}{' '.join(command)}\n{text.rstrip()}\n[{end}, {result.seconds:.1f} s]\n")
    return result


@dataclasses.dataclass
class Tests:
    """What a gtest program reports, and how it ended."""

    result: Result
    passed: list
    failed: dict  # name: first message
    skipped: list
    properties: dict  # those that the passed tests recorded

    def outcome(self, what, may_skip=False):
        details = {"passed": len(self.passed), "failed": self.failed, "skipped": self.skipped}
        details |= self.properties
        verdict, remark = self._judge(what, may_skip)
        return Outcome(verdict, remark, details)

    def _judge(self, what, may_skip):
        result = self.result
        if self.failed:
            name, message = next(iter(self.failed.items()))
            return FAILED, f"{len(self.failed)} of {what} failed; {name}: {message}"
        if result.timed_out:
            last = running_test(result.output)
            return INCOMPLETE, f"stopped after {result.seconds:.0f} s in {last}"
        if result.code == 127:
            return INCOMPLETE, result.last_line
        if result.code != 0:
            return FAILED, f"{result.end} in {running_test(result.output)}: {result.last_line}"
        if not self.passed and not self.skipped:
            return INCOMPLETE, f"there are no {what}"
        if self.skipped and not may_skip:
            return FAILED, f"{len(self.skipped)} of {what} skipped, {self.skipped[0]} first"
        words = f"{len(self.passed)} {what} passed"
        return PASSED, words + (f", {len(self.skipped)} skipped" if self.skipped else "")


def failures_shown(output):
    """Tests that failed before their program was ended."""
    return {line.split()[3].rstrip(","): "see the log" for line in output.splitlines()
            if line.startswith("[  FAILED  ] ") and len(line.split()) > 3}


def running_test(output):
    """The test that was under way at the end of the output."""
    starts = [line for line in output.splitlines() if line.startswith("[ RUN      ]")]
    return starts[-1].removeprefix("[ RUN      ]").strip() if starts else "no test"


def first_line(text):
    """Of a failure; gtest puts the place in the source before it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[1:3] if len(lines) > 1 else lines)


STANDARD_KEYS = {"name", "file", "line", "status", "result", "timestamp", "time", "classname",
                 "failures", "skipped", "value_param", "type_param"}


def gtest(program, chosen, limit, log, wrapper=(), **environment):
    """Runs the chosen tests (a gtest filter); `wrapper` is a command to run the program under."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        command = [*wrapper, program, f"--gtest_filter={chosen}", f"--gtest_output=json:{report}"]
        result = run(command, limit, log, **environment)
        try:
            suites = json.loads(report.read_text())["testsuites"]
            failed = {}
        except (OSError, ValueError, KeyError):
            suites, failed = [], failures_shown(result.output)
    tests = Tests(result, [], failed, [], {})
    for suite in suites:
        for test in suite["testsuite"]:
            name = f"{suite['name']}.{test['name']}"
            if test.get("failures"):
                tests.failed[name] = first_line(test["failures"][0]["failure"])
            elif test.get("result") == "SKIPPED":
                tests.skipped.append(name)
            elif test.get("result") == "COMPLETED":
                tests.passed.append(name)
                tests.properties |= {k: v for k, v in test.items() if k not in STANDARD_KEYS}
    return tests
