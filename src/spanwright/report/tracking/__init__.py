"""A run in an experiment tracker: what it was made with, its figures step by step, its report and its winner.

    tracker   `Tracker`: where to, with presets; the contract of a sheet, which writes to one tracker
    figures   events into points: the figures of a run after so many rollouts
    clerk     the thread that writes, behind a bounded queue of events
    tracking  all trackers of one run
    folder    the files of a run that trackers keep
    mlflow, wandb   sheets

Everything is a fold over the run's events. So a run that is resumed goes on where the tracker's last point is, and one
that is over can still be tracked. Nothing here slows or fails a run: what does not arrive is said once, at its end.
"""

from spanwright.report.tracking.folder import files_of
from spanwright.report.tracking.tracker import Point, Sheet, Tracker, Undertaking
from spanwright.report.tracking.tracking import Tracking, track

__all__ = ["Point", "Sheet", "Tracker", "Tracking", "Undertaking", "files_of", "track"]
