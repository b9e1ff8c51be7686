"""The event files of runs: against metrics.jsonl, and as TensorBoard itself reads them.

    test_tensorboard.py build/host/sslcuda                 with a reader of its own
    test_tensorboard.py build/host/sslcuda --tensorboard   with the package tensorboard; exits with
                                                           77 where there is none
"""

import array
import sys

import command
import events
import files
from command import TrainerTest

LOSS = "train/loss"


def event_files(run):
    return sorted(run.rglob("events.out.tfevents.*"))


def losses_of(run):
    """As float32, which both files hold."""
    return list(array.array("f", files.read_losses(run)))


class EventFiles(TrainerTest):
    def test_scalars_are_the_metrics(self):
        self.train("autoencoder", "--epochs", 2, "--eval-every", 1)
        (path,) = event_files(self.out)
        found = events.read(path)
        self.assertEqual(found[:2], [(0, "version", "brain.Event:2"), (1, "start", None)])
        tags = {tag for _, tag, _ in found[2:]}
        self.assertIn(LOSS, tags)
        losses = [value for _, tag, value in found if tag == LOSS]
        self.assertEqual(losses, losses_of(self.out))
        steps = [step for step, tag, _ in found if tag == LOSS]
        self.assertEqual(steps, list(range(1, len(losses) + 1)))

    def test_resuming_makes_a_file_that_follows(self):
        self.train("autoencoder", "--epochs", 1)
        self.train("autoencoder", "--epochs", 2, "--resume")
        first, second = map(events.read, event_files(self.out))
        last = max(step for step, tag, _ in first if tag == LOSS)
        self.assertEqual(second[1], (last + 1, "start", None))
        steps = [step for step, tag, _ in first + second if tag == LOSS]
        self.assertEqual(steps, list(range(1, 2 * last + 1)))

    def test_none_if_not_wanted(self):
        self.train("autoencoder", "--steps", 1, "--no-eval", "--no-tensorboard")
        self.assertEqual(event_files(self.out), [])


class InTensorBoard(TrainerTest):
    def scalars(self, run):
        accumulator = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0})
        accumulator.Reload()
        return {
            tag: [(event.step, event.value) for event in accumulator.Scalars(tag)]
            for tag in accumulator.Tags()["scalars"]
        }

    def test_reads_a_resumed_run(self):
        self.train("autoencoder", "--epochs", 1, "--eval-every", 1)
        self.train("autoencoder", "--epochs", 3, "--resume")
        scalars = self.scalars(self.out)
        self.assertEqual(scalars[LOSS], list(enumerate(losses_of(self.out), 1)))
        self.assertEqual(len(scalars["eval/knn"]), 3)

    def test_a_cut_file_does_not_hide_the_next(self):
        self.train("autoencoder", "--epochs", 1)
        (path,) = event_files(self.out)
        path.write_bytes(path.read_bytes()[:-5])
        self.train("autoencoder", "--epochs", 2, "--resume")
        steps = [step for step, _ in self.scalars(self.out)[LOSS]]
        self.assertEqual(steps[-1], len(losses_of(self.out)))


if __name__ == "__main__":
    if "--tensorboard" in sys.argv:
        sys.argv.remove("--tensorboard")
        try:
            from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        except ImportError:
            print("this Python has no tensorboard")
            sys.exit(77)
        del EventFiles
    else:
        del InTensorBoard
    command.main()
