"""What a test control plane can be filled with: a believable cluster, a catalogue of sick objects, or a large one."""

from tests.controlplane.populate_demo import populate_demo
from tests.controlplane.populate_scale import populate_kinds, populate_scale
from tests.controlplane.populate_sick import populate_sick
from tests.controlplane.secrecy import SECRET_CANARY

__all__ = ["SECRET_CANARY", "populate_demo", "populate_kinds", "populate_scale", "populate_sick"]
