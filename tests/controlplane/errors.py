"""The one error of the test control plane: it could not be built, started or asked."""


class ControlPlaneError(Exception):
    """What was attempted and why it failed; the last lines of a log may follow."""
