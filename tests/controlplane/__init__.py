"""A real Kubernetes control plane on loopback, for the tests, the demo and the benchmark."""
