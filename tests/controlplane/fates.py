"""What may become of a pod's containers, and what its kubelet then says about it.

A table from a pod's fate to what it says; who writes that down, and when, is
`kubelet`'s.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# The annotation in which a pod says its fate.
FATE = "kubelet.acme.example/fate"
# A condition that a pod may be made to wait for, besides its containers.
GATE = "acme.example/in-rotation"


class Fate(StrEnum):
    """What becomes of a pod's containers."""

    RUNNING = "Running"
    JUST_STARTED = "JustStarted"
    RESTARTED_LONG_AGO = "RestartedLongAgo"
    RESTARTED_BY_OOM = "RestartedByOOM"
    UNREADY = "Unready"
    JUST_UNREADY = "JustUnready"
    GATED = "Gated"
    CRASH_LOOP = "CrashLoopBackOff"
    OOM_LOOP = "CrashLoopBackOffByOOM"
    INIT_CRASH_LOOP = "Init:CrashLoopBackOff"
    BETWEEN_RESTARTS = "BetweenRestarts"
    IMAGE_PULL = "ImagePullBackOff"
    PULL_ERROR = "ErrImagePull"
    INVALID_IMAGE = "InvalidImageName"
    CONFIG_ERROR = "CreateContainerConfigError"
    MOUNTING = "ContainerCreating"
    JUST_MOUNTING = "JustMounting"
    COMPLETED = "Completed"
    FAILED = "Error"
    OOM_KILLED = "OOMKilled"
    FROBNICATED = "Frobnicated"


@dataclass(frozen=True)
class Exit:
    """How a container ended, and how long ago."""

    code: int
    reason: str
    ago: timedelta


@dataclass(frozen=True)
class Course:
    """What a pod of one fate says about itself."""

    phase: str = "Running"
    ready: bool = True
    age: timedelta = timedelta(days=6, hours=4)
    restarts: int = 0
    waiting: str = ""
    message: str = ""
    ended: Exit | None = None
    last: Exit | None = None
    # The pod's own word, which kubectl prints in place of its phase.
    reason: str = ""
    # The condition, of the pod's readiness gates, that nobody has made True.
    gate: str = ""
    # Whether it is the init containers that fare like this, and the others wait for them.
    initializing: bool = False

    @property
    def is_over(self) -> bool:
        """Whether no container will run again."""
        return self.phase in ("Succeeded", "Failed")

    @property
    def is_mounting(self) -> bool:
        """Whether the pod has no sandbox yet, and so no address."""
        return self.waiting == "ContainerCreating"


COURSES = {
    Fate.RUNNING: Course(),
    Fate.JUST_STARTED: Course(age=timedelta()),
    Fate.RESTARTED_LONG_AGO: Course(
        age=timedelta(days=98), restarts=2, last=Exit(1, "Error", timedelta(days=41))
    ),
    Fate.RESTARTED_BY_OOM: Course(
        restarts=4, last=Exit(137, "OOMKilled", timedelta(minutes=9, seconds=30))
    ),
    Fate.UNREADY: Course(ready=False, age=timedelta(minutes=17)),
    Fate.JUST_UNREADY: Course(ready=False, age=timedelta()),
    Fate.GATED: Course(age=timedelta(), gate=GATE),
    Fate.CRASH_LOOP: Course(
        ready=False,
        age=timedelta(minutes=38),
        restarts=11,
        waiting="CrashLoopBackOff",
        message="back-off 5m0s restarting failed container",
        last=Exit(1, "Error", timedelta(minutes=2, seconds=14)),
    ),
    Fate.OOM_LOOP: Course(
        ready=False,
        age=timedelta(minutes=38),
        restarts=11,
        waiting="CrashLoopBackOff",
        message="back-off 5m0s restarting failed container",
        last=Exit(137, "OOMKilled", timedelta(minutes=2, seconds=14)),
    ),
    Fate.INIT_CRASH_LOOP: Course(
        phase="Pending",
        ready=False,
        age=timedelta(minutes=12),
        restarts=7,
        waiting="CrashLoopBackOff",
        message="back-off 5m0s restarting failed container",
        last=Exit(1, "Error", timedelta(minutes=1)),
        initializing=True,
    ),
    Fate.BETWEEN_RESTARTS: Course(
        ready=False,
        age=timedelta(minutes=3),
        restarts=1,
        ended=Exit(1, "Error", timedelta(seconds=4)),
        last=Exit(1, "Error", timedelta(seconds=50)),
    ),
    Fate.IMAGE_PULL: Course(
        phase="Pending",
        ready=False,
        age=timedelta(minutes=126),
        waiting="ImagePullBackOff",
        message="Back-off pulling image: not found",
    ),
    Fate.PULL_ERROR: Course(
        phase="Pending",
        ready=False,
        age=timedelta(minutes=2),
        waiting="ErrImagePull",
        message="failed to pull and unpack image: not found",
    ),
    Fate.INVALID_IMAGE: Course(
        phase="Pending",
        ready=False,
        age=timedelta(minutes=8),
        waiting="InvalidImageName",
        message="couldn't parse image name: invalid reference format",
    ),
    Fate.CONFIG_ERROR: Course(
        phase="Pending",
        ready=False,
        age=timedelta(minutes=51),
        waiting="CreateContainerConfigError",
        message='secret "crawler-token" not found',
    ),
    Fate.MOUNTING: Course(
        phase="Pending", ready=False, age=timedelta(minutes=33), waiting="ContainerCreating"
    ),
    Fate.JUST_MOUNTING: Course(
        phase="Pending", ready=False, age=timedelta(), waiting="ContainerCreating"
    ),
    Fate.COMPLETED: Course(
        phase="Succeeded",
        ready=False,
        age=timedelta(minutes=56),
        ended=Exit(0, "Completed", timedelta(minutes=52)),
    ),
    Fate.FAILED: Course(
        phase="Failed",
        ready=False,
        age=timedelta(minutes=86),
        ended=Exit(1, "Error", timedelta(minutes=84)),
    ),
    Fate.OOM_KILLED: Course(
        phase="Failed",
        ready=False,
        age=timedelta(minutes=26),
        ended=Exit(137, "OOMKilled", timedelta(minutes=22)),
    ),
    # No kubelet of today says so; the next one may say something else that nobody knows.
    Fate.FROBNICATED: Course(reason="Frobnicated", message="The pod has been frobnicated."),
}
# What the containers are up to while the init containers are not done.
BEHIND_INIT = Course(phase="Pending", ready=False, waiting="PodInitializing")
